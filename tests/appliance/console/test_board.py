"""The board fits 80x24 whatever happens in the centre."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.console.board import HEIGHT, WIDTH, draw


def status(lines: int, agents: int, queues: int) -> dict[str, Any]:
    return {
        "box": "callbox",
        "engine": True,
        "lines": [{"line": f"gsm-{n}", "state": "idle", "reason": ""} for n in range(lines)],
        "agents": [
            {
                "agent": f"agent-{n}",
                "state": "paused",
                "reason": "no answer",
                "since_seconds": 4000.0,
                "handled": 9,
            }
            for n in range(agents)
        ],
        "queues": [
            {"queue": f"queue-{n}", "waiting": 3, "longest_wait_seconds": 75.0, "ready": 0, "logged_in": 4}
            for n in range(queues)
        ],
        "calls": [
            {"line": "gsm-0", "stage": "talking", "agent": "agent-1", "stage_seconds": 61.0},
        ],
    }


def call(**more: Any) -> dict[str, Any]:
    plain = {"arrived_ms": 0, "line": "gsm-1", "queue": "sales", "agent": "ana", "outcome": "answered"}
    return {**plain, "wait_ms": 2000, "talk_ms": 14000, **more}


@pytest.mark.parametrize(("lines", "agents", "queues"), [(1, 1, 1), (6, 4, 2), (60, 50, 8)])
def test_the_board_fits_the_screen(lines: int, agents: int, queues: int) -> None:
    rows = draw(status(lines, agents, queues), [call()] * 40)
    assert len(rows) <= HEIGHT
    assert max(len(row) for row in rows) <= WIDTH


def test_a_talking_line_shows_with_whom_and_for_how_long() -> None:
    rows = draw(status(2, 2, 1), [])
    assert any("gsm-0" in row and "talking agent-1 1:01" in row for row in rows)
    assert any("agent-0" in row and "paused (no answer) 1:06:40, 9 calls" in row for row in rows)


def test_want_13_a_pause_shows_its_reason_since_when_and_the_total_of_the_day() -> None:
    shown = status(1, 1, 1)
    shown["agents"][0] |= {
        "since_seconds": 30.0,
        "paused_today_seconds": {"lunch": 1800.0, "no answer": 90.0},
    }
    assert any("agent-0  paused (no answer) 30 s of 31:30" in row for row in draw(shown, []))


def test_what_is_left_out_is_said() -> None:
    rows = draw(status(60, 4, 2), [])
    assert any("... " in row and " more" in row for row in rows)


def test_a_call_without_queue_agent_or_end_is_shown_too() -> None:
    row = draw(status(1, 1, 1), [call(queue=None, agent=None, outcome=None, wait_ms=None, talk_ms=None)])[-1]
    assert "gsm-1" in row
    assert "going on" in row
