"""A whole box for a test: real processes, emulated modems at the far ends of ptys, room for real phones."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, BrainAway, ask_once
from appliance.config.load import load
from appliance.demo.site import PROMPTS
from appliance.edge.programs import Installed
from appliance.store.read import calls, open_calls
from appliance.supervisor import Program, Supervisor, programs
from drivers import wire
from drivers.gsm.families import FAMILIES
from tests.peers.baresip import free_port

CONFIG = """\
[sip]
port = {sip_port}
workers = {workers}

{lines}
[menus.main]
prompt = "welcome"
wrong_key = "wrong-key"
keys = {{ 1 = "queue:sales" }}

[queues.sales]
agents = [{agents}]
ring_seconds = {ring_seconds}
wrap_up_seconds = {wrap_up_seconds}
music = "music"

{phones}
[prompts]
{prompts}
"""


class Box:
    """`async with Box(folder, phones={"ana": uri}) as box:` starts everything and ends it after the body.

    There are `lines` SIM7600, or one line of each of `kinds`: GSM families (gsm-1, ...), voice modems by
    chip (fxo-1, ...).
    """

    def __init__(
        self,
        folder: Path,
        *,
        phones: Mapping[str, str],
        lines: int = 1,
        kinds: Sequence[str] = (),
        workers: int = 1,
        ring_seconds: float = 10,
        wrap_up_seconds: float = 2,
        ready: bool = True,
        drift_ppm: str = "0",
        start_seconds: float = 15.0,
    ) -> None:
        self.state = folder / "state"
        self.run = self.state / "run"
        self.database = self.state / "callbox.db"
        self.sip_port = free_port()
        self.config_file = folder / "callbox.toml"
        self.kinds = named(kinds or ["sim7600"] * lines)
        self.lines = list(self.kinds)
        self.news: list[wire.Message] = []
        self.killed: list[str] = []
        self._start_seconds = start_seconds
        ports = folder / "ports"
        self.run.mkdir(parents=True)
        self._write_config(ports, phones, workers, ring_seconds, wrap_up_seconds, ready)
        modems = [
            *(sys.executable, "-m", "drivers.emulated", "--dir", str(ports), *self._modems()),
            *("--drift-ppm", drift_ppm, "--boot-seconds", "0.5", "--control", str(self.run / "modems.sock")),
        ]
        self.ready_lines = self.lines  # those the start waits for
        self.edge: Installed | None = None  # what of Kamailio and rtpengine stands before it
        self.hold_back = False  # start only the modems; `start_the_box` the rest
        self.log_file = folder / "box.log"
        self.supervisor = Supervisor([Program("modems", modems)], state=self.state, log_file=self.log_file)

    async def __aenter__(self) -> Box:
        box = programs(load(self.config_file).config, self.config_file, self.state, edge=self.edge)
        if not self.hold_back:
            self.supervisor.children += box
        self._running = [asyncio.create_task(self.supervisor.run())]
        try:
            await self.until(lambda: (self.run / "modems.sock").exists())
            self.network = wire.Peer(wire.connect(self.run / "modems.sock"), on_event=self._heard)
            if not self.hold_back:
                await self._ready()
        except BaseException:
            await self._end()
            raise
        return self

    async def start_the_box(self) -> None:
        """The rest, when the start was held back."""
        (self.state / "own").mkdir()
        children = programs(load(self.config_file).config, self.config_file, self.state)
        rest = Supervisor(children, state=self.state / "own", log_file=self.log_file)
        self._running.append(asyncio.create_task(rest.run()))
        await self._ready()

    async def _ready(self) -> None:
        def ready(status: dict[str, Any]) -> bool:
            idle = [line["line"] for line in status["lines"] if line["state"] == "idle"]
            return (
                set(self.ready_lines) <= set(idle) and status["sip"]["state"] == "idle" and status["engine"]
            )

        await self.until_status(ready, self._start_seconds)

    async def __aexit__(self, *error: object) -> None:
        self.network.close()
        await self._end()
        if error[0] is not None or self.died_alone():
            sys.stderr.write(self.log_file.read_text(errors="replace")[-20000:])
        assert self.died_alone() == [], "a process died by itself"

    def died_alone(self) -> list[str]:
        """Processes that were started more often than we killed them."""
        children = self.supervisor.children
        return [child.name for child in children if child.starts > 1 + self.killed.count(child.name)]

    async def _end(self) -> None:
        for running in reversed(self._running):
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    # --- the outside world ----------------------------------------------------------------------------

    async def rings(self, line: str = "", *, key: str = "1", key_at: float = 1.5, **plan: Any) -> str:
        """A caller rings (the first line), presses a key; the emulated network's id of the call."""
        plan = {"number": "+15550123", "tone_hz": 0, **plan}
        digits = [[key_at, key]] if key else []
        reply = await self.network.request("call", modem=line or self.lines[0], digits=digits, **plan)
        return str(reply["call"])

    async def hangs_up(self, caller: str) -> None:
        """The caller hangs up."""
        await self.network.request("hangup", call=caller)

    def _heard(self, message: wire.Message, fds: list[int]) -> None:
        wire.close_all(fds)
        self.news.append(message)

    # --- looking --------------------------------------------------------------------------------------

    async def status(self) -> dict[str, Any]:
        """What the brain says; {} while there is none."""
        try:
            return await ask_once(self.run / SOCKET, "status")
        except BrainAway:
            return {}

    async def agent(self, name: str, command: str, reason: str = "") -> None:
        """What `callbox agent NAME COMMAND` does."""
        await self.request("agent", agent=name, command=command, reason=reason)

    async def request(self, op: str, **fields: Any) -> wire.Message:
        """Ask the brain."""
        return await ask_once(self.run / SOCKET, op, **fields)

    async def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait for something other processes do."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._still_running()
                await asyncio.sleep(0.02)

    async def until_status(
        self, condition: Callable[[dict[str, Any]], bool], seconds: float = 15.0
    ) -> dict[str, Any]:
        """Wait until the brain's status is as wanted, and give it."""
        status: dict[str, Any] = {}
        try:
            async with asyncio.timeout(seconds):
                while not ((status := await self.status()) and condition(status)):
                    self._still_running()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise TimeoutError(f"not within {seconds} s; the last status was {status}") from None
        return status

    async def until_stage(self, stage: str, seconds: float = 15.0) -> dict[str, Any]:
        """Wait until the one call is in `stage`; the call."""
        status = await self.until_status(
            lambda status: any(call["stage"] == stage for call in status["calls"]), seconds
        )
        return next(call for call in status["calls"] if call["stage"] == stage)

    async def until_over(self, count: int = 1, seconds: float = 15.0) -> list[dict[str, Any]]:
        """Wait until `count` calls are over and written up, nothing open; their rows, newest first."""
        await self.until(
            lambda: (
                len([row for row in calls(self.database) if row.outcome]) >= count
                and open_calls(self.database) == []
            ),
            seconds,
        )
        return [asdict(row) for row in calls(self.database)]

    def _still_running(self) -> None:
        for running in self._running:
            if running.done():
                running.result()

    # --- breaking -------------------------------------------------------------------------------------

    def pid(self, name: str) -> int:
        """Process id of brain, media, sip-0, modems; 0 while it is down."""
        return next(child.pid for child in self.supervisor.children if child.name == name)

    def kill(self, name: str) -> int:
        """kill -9; the id of the process that was."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        self.killed.append(name)
        return pid

    async def until_back(self, name: str, old: int, seconds: float = 10.0) -> None:
        """Wait for the process that replaces `old`."""
        await self.until(lambda: self.pid(name) not in (0, old), seconds)

    # --- inside ---------------------------------------------------------------------------------------

    def _modems(self) -> list[str]:
        """The emulator's options for our lines."""
        options = []
        for count, which, prefix in (("--modems", "--family", "gsm-"), ("--v253", "--chip", "fxo-")):
            kinds = [kind for line, kind in self.kinds.items() if line.startswith(prefix)]
            options += [count, str(len(kinds)), *([which, ",".join(kinds)] if kinds else [])]
        return options

    def _write_config(
        self,
        ports: Path,
        phones: Mapping[str, str],
        workers: int,
        ring_seconds: float,
        wrap_up_seconds: float,
        ready: bool,
    ) -> None:
        lines = "".join(_section(line, kind, ports) for line, kind in self.kinds.items())
        agents = "".join(
            f'[agents.{name}]\nphone = "{uri}"\nready_at_start = {str(ready).lower()}\n\n'
            for name, uri in phones.items()
        )
        prompts = "".join(f'{path.stem} = "{path}"\n' for path in sorted(PROMPTS.glob("*.wav")))
        self.config_file.write_text(
            CONFIG.format(
                sip_port=self.sip_port,
                workers=workers,
                lines=lines,
                agents=", ".join(f'"{name}"' for name in phones),
                ring_seconds=ring_seconds,
                wrap_up_seconds=wrap_up_seconds,
                phones=agents,
                prompts=prompts,
            )
        )


def named(kinds: Sequence[str]) -> dict[str, str]:
    """The kind of each line by its name, gsm-1, gsm-2, ... and fxo-1, ... in the order given."""
    lines: dict[str, str] = {}
    for kind in kinds:
        prefix = "gsm-" if kind in FAMILIES else "fxo-"
        lines[f"{prefix}{1 + sum(name.startswith(prefix) for name in lines)}"] = kind
    return lines


def _section(line: str, kind: str, ports: Path) -> str:
    """The line in the configuration."""
    if kind in FAMILIES:
        place = f'driver = "{kind}"\nport = "{ports / line}-at"\naudio_port = "{ports / line}-audio"\n'
    else:
        place = f'driver = "v253"\ncountry = "us"\nport = "{ports / line}"\n'
    return f'[lines.{line}]\nto = "menu:main"\n{place}\n'
