"""What the command line asks of the way out, and what it makes of the answers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.api.outbound_requests import OutboundRequests, explain_from_file, moment
from appliance.console.outbound_commands import explained, used
from drivers.wire import WireError
from tests.appliance.dialplan.rig import ABROAD, DEAR, INLAND, Box, permission, site


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "callbox.db")


async def asked(box: Box, op: str, **fields: str) -> Any:
    reply, fds = await OutboundRequests(box.config, box.guard, box.clock).answer({"op": op, **fields})
    assert fds == ()
    return reply


async def test_the_state_has_every_cap_the_locks_and_the_calls_that_are_up(box: Box) -> None:
    for _ in range(5):
        box.refusal(DEAR, "ben")
    with box.up(ABROAD):
        box.passes(61.0)
        told = await asked(box, "outbound")
    assert [lock["of"] for lock in told["locks"]] == ["agent ben"]
    assert len(told["caps"]) == 3 + 3 * 4
    assert told["calls"] == [
        {"agent": "ana", "number": "+4930123456", "kind": "international", "seconds": 61.0, "reserved": 1.0}
    ]
    text = used(told)
    assert text.startswith(
        "LOCKED agent ben: 4 of 4 calls a minute are used. Unlock it: callbox outbound unlock ben"
    )
    assert ["agent", "ana", "spend", "a", "day", "1", "3"] in [line.split() for line in text.splitlines()]
    assert "agent eve" not in text


async def test_a_person_unlocks_once(box: Box) -> None:
    for _ in range(5):
        box.refusal(DEAR, "ben")
    assert await asked(box, "outbound_unlock", agent="ben", by="root") == {"done": True}
    box.passes(61.0)
    assert box.refusal(INLAND, "ben") == ""
    with pytest.raises(WireError, match="agent ben cannot be unlocked"):
        await asked(box, "outbound_unlock", agent="ben", by="root")
    with pytest.raises(WireError, match=r"there is no agent 'bob'. Agents: ana, ben, eve"):
        await asked(box, "outbound_unlock", agent="bob", by="root")


async def test_a_number_is_explained_for_an_agent_and_counts_as_no_try(box: Box) -> None:
    for _ in range(50):
        told = await asked(box, "outbound_explain", dialled="0049 30 123456", agent="ana")
    assert box.stamped == []
    assert explained(told).splitlines() == [
        "number: +4930123456, international, DE",
        "agents who may dial it: ana, ben",
        "lines: trunk",
        "costs: 1 a minute, 60 for the longest call of 60 minutes",
        "at 2026-11-20 12:00: goes out",
    ]


@pytest.mark.parametrize(
    ("dialled", "agent", "why"),
    [
        (
            DEAR,
            "ana",
            "agent ana may not dial premium numbers. permissions.desk.classes would have to name them",
        ),
        (DEAR, "", "no agent may dial it"),
        (INLAND, "", ""),
        (INLAND, "eve", "agent eve may dial no outside number. Give agents.eve a permission"),
        ("999", "eve", ""),
        (
            "\x1b[2Jx",
            "",
            "what was dialled is no telephone number: it holds other characters than digits and +. ",
        ),
        ("", "", "what was dialled is no telephone number: there is no digit in it. Dial digits"),
    ],
)
async def test_why_a_number_does_not_go_out_is_told(box: Box, dialled: str, agent: str, why: str) -> None:
    told = await asked(box, "outbound_explain", dialled=dialled, agent=agent)
    assert told["why"].startswith(why)
    assert bool(told["why"]) == bool(why)
    assert explained(told).isprintable() or "\n" in explained(told)


async def test_a_lock_and_a_cap_that_would_be_passed_are_told_and_locks_nothing(box: Box) -> None:
    box.talks(ABROAD, 150.0)
    told = await asked(box, "outbound_explain", dialled=INLAND, agent="ana")
    assert told["why"] == "agent ana would be locked: 3 of 3 spend a day are used"
    assert box.guard.locked() == []
    box.refusal(INLAND)
    told = await asked(box, "outbound_explain", dialled=INLAND, agent="ana")
    assert told["why"].startswith("agent ana: locked, 3 of 3 spend a day")


async def test_another_time_is_asked_for(tmp_path: Path) -> None:
    box = Box(tmp_path / "callbox.db", site(permissions=permission(from_time="08:00", until_time="18:00")))
    for at, goes in (
        ("17:59", True),
        ("18:00", False),
        ("2026-11-21 09:00", True),
        ("2026-11-21T07:00", False),
    ):
        told = await asked(box, "outbound_explain", dialled=INLAND, agent="ana", at=at)
        assert (told["why"] == "") is goes
    with pytest.raises(WireError, match="is no time"):
        await asked(box, "outbound_explain", dialled=INLAND, at="tomorrow")


def test_a_moment_is_now_today_or_a_day(box: Box) -> None:
    assert moment("", box.clock) == datetime(2026, 11, 20, 12, 0)
    assert moment("07:05", box.clock) == datetime(2026, 11, 20, 7, 5)
    assert moment("2027-01-02 07:05", box.clock) == datetime(2027, 1, 2, 7, 5)


async def test_where_no_box_runs_the_file_and_the_journal_are_asked(box: Box, tmp_path: Path) -> None:
    told = await explain_from_file(box.config, tmp_path / "none.db", dialled=INLAND, agent="ana", at="")
    assert told["why"] == ""
    for _ in range(5):
        box.refusal(INLAND)
    box.ledger.commit()
    told = await explain_from_file(box.config, box.ledger.path, dialled=INLAND, agent="ana", at="")
    assert told["why"].startswith("agent ana: locked")
