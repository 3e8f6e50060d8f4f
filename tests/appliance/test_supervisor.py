"""Processes are kept alive, ended in order, and never two boxes in one folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config.schema import Config
from appliance.edge.programs import Installed
from appliance.supervisor import AlreadyRunning, Program, Supervisor, programs

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

SLEEPER = "import time\ntime.sleep(60)"
LAST_WORDS = """
import signal, sys, time
def bye(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
    sys.exit()
signal.signal(signal.SIGTERM, bye)
open(sys.argv[3], "w").close()
time.sleep(60)
"""


def program(name: str, code: str, *arguments: str) -> Program:
    return Program(name, [sys.executable, "-c", code, *arguments])


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something real processes do."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    child = program("media", SLEEPER)
    task = asyncio.create_task(Supervisor([child], state=tmp_path).run())
    await until(lambda: child.pid != 0)
    first = child.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.starts == 2 and child.pid not in (0, first), seconds=2)
    last = child.pid
    await ended(task)
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


async def test_the_brain_ends_before_the_processes_it_speaks_to(tmp_path: Path) -> None:
    words = tmp_path / "words"
    children = [
        program(name, LAST_WORDS, str(words), name, str(tmp_path / f"{name}-ready"))
        for name in ("media", "brain")
    ]
    task = asyncio.create_task(Supervisor(children, state=tmp_path).run())
    await until(lambda: all((tmp_path / f"{child.name}-ready").exists() for child in children))
    await ended(task)
    assert words.read_text().split() == ["brain", "media"]


async def test_a_second_box_in_the_same_folder_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    task = asyncio.create_task(Supervisor([program("media", SLEEPER)], state=tmp_path).run())
    await until(
        lambda: (tmp_path / "run" / "lock").exists() and (tmp_path / "run" / "lock").read_text() != ""
    )
    with pytest.raises(AlreadyRunning, match=rf"already running in .*\(process {os.getpid()}\)"):
        await Supervisor([], state=tmp_path).run()
    await ended(task)


async def test_a_program_that_dies_at_once_is_not_started_in_a_tight_loop(tmp_path: Path) -> None:
    child = program("media", "raise SystemExit(3)")
    task = asyncio.create_task(Supervisor([child], state=tmp_path).run())
    await asyncio.sleep(1.5)
    assert 2 <= child.starts <= 6
    await ended(task)


async def test_a_box_is_an_engine_its_workers_and_a_brain(tmp_path: Path) -> None:
    config = Config.model_validate({"sip": {"workers": 2, "port": 6000}})
    children = programs(config, tmp_path / "callbox.toml", tmp_path)
    assert [child.name for child in children] == ["media", "sip-0", "sip-1", "brain"]
    assert children[2].argv[-1] == "6001"


EDGE = Installed(kamailio="/usr/sbin/kamailio", rtpengine="/usr/bin/rtpengine")


async def test_a_box_with_an_edge_starts_it_before_the_brain_and_its_workers_hear_nobody_else(
    tmp_path: Path,
) -> None:
    edge = {"address": "192.0.2.7", "public_address": "203.0.113.9", "internal_port": 7090}
    config = Config.model_validate({"sip": {"workers": 1}, "edge": edge})
    children = programs(config, tmp_path / "callbox.toml", tmp_path, edge=EDGE)
    assert [child.name for child in children] == ["media", "sip-0", "rtpengine", "kamailio", "brain"]
    told = " ".join(children[1].argv)
    assert "--edge 127.0.0.1:7090 --media-address 192.0.2.7 --public-address 203.0.113.9" in told


async def test_a_box_that_wants_no_edge_has_none(tmp_path: Path) -> None:
    config = Config.model_validate({"sip": {"workers": 1}, "edge": {"start": "no"}})
    children = programs(config, tmp_path / "callbox.toml", tmp_path, edge=EDGE)
    assert [child.name for child in children] == ["media", "sip-0", "brain"]
    assert "--edge" not in children[1].argv


ORPHAN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    open(sys.argv[1], "a").write("x")
    time.sleep(60)
open(sys.argv[2], "a").write(f"{os.getpid()} ")
time.sleep(60)
"""


async def test_what_a_killed_process_leaves_behind_is_gone_before_it_is_started_again(tmp_path: Path) -> None:
    starts, orphans = tmp_path / "starts", tmp_path / "orphans"
    child = program("kamailio", ORPHAN, str(starts), str(orphans))
    task = asyncio.create_task(Supervisor([child], state=tmp_path).run())
    await until(lambda: orphans.exists() and starts.exists() and orphans.read_text().endswith(" "))
    os.kill(child.pid, signal.SIGKILL)
    await until(lambda: len(orphans.read_text().split()) == 2)
    first = int(orphans.read_text().split()[0])
    await until(lambda: not _alive(first))
    last = int(orphans.read_text().split()[1])
    os.kill(child.pid, signal.SIGKILL)
    await until(lambda: not _alive(last))
    await ended(task)


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
