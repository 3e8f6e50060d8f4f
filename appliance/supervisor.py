"""Starts the box's processes and starts them again when they die. On a box systemd does this instead.

The brain, the engine, every SIP worker and the edge are children of this one, not of each other: any of them
may be killed and the others, with the calls they carry, go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.config.schema import Config
from appliance.edge.programs import Installed, edge_commands
from drivers.discovery.sysfs import SYSFS

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 5.0
SETTLED_SECONDS = 5.0  # one that lived this long may be restarted at once again
STOP_SECONDS = 10.0
GROUP_LOOK_SECONDS = 0.02
GROUP_LOOKS = 10
PR_SET_PDEATHSIG = 1  # prctl(2)


class AlreadyRunning(Exception):
    """Another box works in the same state folder."""


@dataclass
class Program:
    """One process to keep alive; `pid` is 0 while it is down."""

    name: str
    argv: list[str]
    pid: int = 0
    starts: int = 0


def programs(
    config: Config, config_file: Path, state: Path, sysfs: Path = SYSFS, *, edge: Installed | None = None
) -> list[Program]:
    """What a box consists of; the brain last, so that it finds the others. `sysfs` is where it sees USB.

    `edge` is what of Kamailio and rtpengine is installed; without it, or where it lacks something, the box
    has no edge.
    """
    run = state / "run"
    bin = Path(sys.executable).parent  # our programs by their own names, as ps and top show them
    commands = edge_commands(config, config_file, state, edge) if edge else {}
    behind = _behind_edge(config) if commands else []
    workers = [
        Program(
            f"sip-{number}",
            [
                str(bin / "callbox-sip"),
                *("--socket", str(run / f"sip-{number}.sock")),
                *("--name", f"sip-{number}"),
                *("--listen", config.sip.listen),
                *("--port", str(config.sip.port + number)),
                *behind,
            ],
        )
        for number in range(config.sip.workers)
    ]
    media = Program("media", [str(bin / "callbox-media"), "--socket", str(run / "media.sock")])
    before = [Program(name, list(command)) for name, command in commands.items()]
    own = ["--config", str(config_file), "--state", str(state), "--sysfs", str(sysfs)]
    return [media, *workers, *before, Program("brain", [str(bin / "callboxd"), *own])]


def _behind_edge(config: Config) -> list[str]:
    """What a worker is told when the edge stands before it."""
    edge = config.edge
    outside = ["--public-address", edge.public_address] if edge.public_address else []
    return ["--edge", f"127.0.0.1:{edge.internal_port}", "--media-address", edge.address, *outside]


class Supervisor:
    """Keeps programs alive until `stop`; `log_file` takes what they print (the terminal if None)."""

    def __init__(self, children: list[Program], *, state: Path, log_file: Path | None = None) -> None:
        self.children = children
        self._state = state
        self._log_file = log_file
        self._stop = asyncio.Event()
        self._lock = -1

    async def run(self) -> None:
        """Start all and keep them; ends when cancelled, with every child ended (the brain first).

        Raises AlreadyRunning when another supervisor holds the state folder.
        """
        self._take_lock()
        tasks = [asyncio.create_task(self._keep(child), name=child.name) for child in self.children]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await self._end(tasks)
            os.close(self._lock)

    def _take_lock(self) -> None:
        run = self._state / "run"
        run.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._lock)
            raise AlreadyRunning(
                f"a box is already running in {self._state} (process {holder}). "
                "Stop that one first, or give this one a folder of its own with --state."
            ) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())

    async def _keep(self, child: Program) -> None:
        pause = 0.0
        while not await self._stop_asked(pause):
            began = time.monotonic()
            code = await self._run_once(child)
            lived = time.monotonic() - began
            level = logging.INFO if self._stop.is_set() else logging.WARNING
            log.log(level, "%s ended (%s) after %.1f s", child.name, _said(code), lived)
            longer = min(max(pause * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
            pause = FIRST_PAUSE_SECONDS if lived > SETTLED_SECONDS else longer

    async def _stop_asked(self, seconds: float) -> bool:
        """Pause, unless the box stops before or meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        return self._stop.is_set()

    async def _run_once(self, child: Program) -> int:
        output = self._log_file.open("ab") if self._log_file else None
        try:
            process = await asyncio.create_subprocess_exec(
                *child.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_parent(),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in order
            )
        finally:
            if output:
                output.close()
        child.pid = process.pid
        child.starts += 1
        log.info("%s started, process %d", child.name, process.pid)
        code = await process.wait()
        child.pid = 0
        await _end_group(process.pid)
        return code

    def _signal(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        for child in self.children:
            if child.name == name and child.pid:
                os.kill(child.pid, number)

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """The brain first, then everybody; who does not listen within STOP_SECONDS is killed."""
        self._stop.set()
        by_name = dict(zip((child.name for child in self.children), tasks, strict=True))
        for name in ("brain", *by_name):
            self._signal(name)
            if name == "brain" and name in by_name:
                await asyncio.wait({by_name[name]}, timeout=STOP_SECONDS)
        await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for name in by_name:
            self._signal(name, signal.SIGKILL)
        await asyncio.wait(tasks, timeout=1)
        for task in tasks:
            task.cancel()


async def _end_group(group: int) -> None:
    """End what a dead child leaves behind: Kamailio's others would hold its ports, and serve on headless."""
    for _ in range(GROUP_LOOKS):
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # nobody left; or init reaps them this moment
            return
        await asyncio.sleep(GROUP_LOOK_SECONDS)


def _die_with_parent() -> Callable[[], None]:
    """For the child: be told to end when the supervisor is gone, however it went (prctl(2))."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _said(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
