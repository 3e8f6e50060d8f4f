"""`callbox show` asks the processes and says plainly when nobody answers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.api.control import BrainAway
from appliance.console.show import show
from drivers import wire

pytestmark = pytest.mark.realtime  # real sockets and programs

STATUS = {
    "pid": 7,
    "lines": [
        {"line": "gsm-1", "state": "fault", "reason": "no SIM", "number": "100", "stage": ""},
        {
            "line": "trunk",
            "state": "fault",
            "reason": "no answer",
            "number": "",
            "stage": "talking",
            "calls": 3,
            "most_calls": 10,
            "fault_seconds": 95.0,
        },
    ],
    "queues": [
        {
            "queue": "sales",
            "waiting": 2,
            "longest_wait_seconds": 65.2,
            "agents": 2,
            "ready": 0,
            "logged_in": 1,
            "expected_wait_seconds": 95.0,
            "promises": 4,
            "ewt_rmse_s": 31.6,
            "ewt_bias_s": -12.2,
            "ewt_late_rate": 0.25,
        }
    ],
    "agents": [
        {
            "agent": "ana",
            "state": "paused",
            "reason": "lunch",
            "since_seconds": 61.0,
            "handled": 3,
            "call": "",
        }
    ],
    "calls": [
        {
            "call": "c1",
            "line": "gsm-2",
            "caller": "+1555",
            "stage": "menu",
            "node": "main/ask",
            "stage_seconds": 2.0,
        }
    ],
    "sip": {
        "state": "idle",
        "reason": "",
        "workers": [{"worker": "sip-0", "connected": True, "legs": 2, "max_legs": 60, "library": "lib 1"}],
    },
    "edge": {"state": "up", "reason": "", "since_s": 0.0, "phones": [], "trunks": [], "refused": []},
}


async def answered(run_folder: Path, what: str, *, as_json: bool = False) -> str:
    """What `show` says while a brain and an engine answer."""

    def answer(peer: wire.Peer, message: wire.Message, fds: list[int]) -> tuple[dict[str, Any], list[int]]:
        return {"status": STATUS, "counters": {"ticks": 5, "late_max_ms": 1.234}, "hello": {"pid": 8}}[
            message["op"]
        ], []

    servers = [wire.Server(run_folder / name, on_request=answer) for name in ("brain.sock", "media.sock")]
    try:
        return await asyncio.to_thread(show, what, run_folder, as_json=as_json)
    finally:
        for server in servers:
            server.close()


@pytest.mark.parametrize(
    ("what", "wanted"),
    [
        ("lines", ["gsm-1", "fault", "100", "no SIM"]),
        ("queues", ["sales", "2", "1:05", "0", "1", "1:35", "4", "32", "-12", "25", "%"]),
        ("agents", ["ana", "paused", "1:01", "lunch", "3"]),
        ("calls", ["c1", "gsm-2", "+1555", "menu", "main/ask", "2", "s"]),
    ],
)
async def test_a_list_has_a_line_for_each(tmp_path: Path, what: str, wanted: list[str]) -> None:
    heading, row, *_ = (await answered(tmp_path, what)).splitlines()
    assert heading.isupper()
    assert row.replace("no SIM", "no_SIM").split() == [word.replace("no SIM", "no_SIM") for word in wanted]


async def test_a_trunk_is_shown_with_its_calls_and_for_how_long_it_is_ill(tmp_path: Path) -> None:
    row = (await answered(tmp_path, "lines")).splitlines()[-1]
    assert row.split() == ["trunk", "fault", "3", "of", "10", "no", "answer", "(for", "1:35)"]


async def test_json_gives_the_values_as_they_are(tmp_path: Path) -> None:
    assert json.loads(await answered(tmp_path, "agents", as_json=True)) == STATUS["agents"]
    assert json.loads(await answered(tmp_path, "media", as_json=True)) == {"ticks": 5, "late_max_ms": 1.234}


async def test_processes_are_shown_with_their_ids(tmp_path: Path) -> None:
    assert json.loads(await answered(tmp_path, "processes", as_json=True)) == [
        {"process": "brain", "pid": 7, "answers": True},
        {"process": "media", "pid": 8, "answers": True},
    ]


async def test_sip_and_media_are_told_line_by_line(tmp_path: Path) -> None:
    told = await answered(tmp_path, "sip")
    assert told.startswith("library: lib 1\nlegs: 2 of 60\n")
    assert "edge: up" in told
    assert "late_max_ms: 1.2" in await answered(tmp_path, "media")


def test_without_a_box_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BrainAway, match="callbox run"):
        show("lines", tmp_path, as_json=False)


@pytest.mark.parametrize(
    "command", ["run", "demo", "check", "calls", "show", "agent", "line", "sms", "ussd", "phones"]
)
def test_every_command_has_help(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "appliance", command, "--help"], capture_output=True, text=True, check=True
    )
    assert ended.stdout.startswith(f"usage: callbox {command}")


def test_a_command_that_cannot_work_ends_with_one_line_and_code_1(tmp_path: Path) -> None:
    for words in (["show", "lines"], ["calls", "show", "x"], ["agent", "ana", "pause"]):
        ended = subprocess.run(
            [sys.executable, "-m", "appliance", *words, "--state", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("callbox: ")
        assert ended.stderr.count("\n") == 1
