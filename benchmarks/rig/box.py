"""A whole box for a benchmark: emulated modems, brain, engine and workers as real processes, our own phones.

`async with Box(phones=4, lines=4) as box:`; callers go straight to the queue, `box.rings` places them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET
from appliance.config.load import load
from appliance.supervisor import Program, Supervisor, programs
from benchmarks.rig.phone import Phone
from benchmarks.rig.processes import before_others
from drivers import wire

MUSIC = Path(__file__).resolve().parents[2] / "config" / "prompts" / "music.wav"
CALLER_HZ = 440.0
START_SECONDS = 30.0

CONFIG = """\
[sip]
port = {sip_port}
workers = {workers}

{lines}
[queues.sales]
agents = [{agents}]
ring_seconds = 10
wrap_up_seconds = 0
music = "music"

{phones}
[prompts]
music = "{music}"
"""


class Box:
    """Everything lives in a temporary folder and is gone after the block; on an error the log is printed.

    Modems and phones get real-time priority where that is allowed (`punctual`): a late one is not the box's
    doing. `voice_lines` are analogue, at V.253 modems, besides the others. `brain` is a module to run in the
    place of callboxd.
    """

    def __init__(
        self,
        *,
        phones: int,
        lines: int,
        voice_lines: int = 0,
        workers: int = 2,
        drift_ppm: str = "0",
        brain: str = "",
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="callbox-bench-"))
        self.state = self.folder / "state"
        self.run = self.state / "run"
        self.database = self.state / "callbox.db"
        self.gsm_lines = [f"gsm-{n + 1}" for n in range(lines)]
        self.voice_lines = [f"fxo-{n + 1}" for n in range(voice_lines)]
        self.lines = self.gsm_lines + self.voice_lines
        self.phones = [Phone(f"agent-{n + 1}") for n in range(phones)]
        self.on_news: Callable[[wire.Message], None] = lambda message: None  # gets the network's events
        self._free: dict[str, asyncio.Queue[None]] = {line: asyncio.Queue() for line in self.lines}
        self.run.mkdir(parents=True)
        config_file = self._write_config(workers)
        children = programs(load(config_file).config, config_file, self.state)
        if brain:
            children[-1].argv[:1] = [sys.executable, "-m", brain]
        self._log_file = self.folder / "box.log"
        self.supervisor = Supervisor(
            [self._modems(drift_ppm), *children], state=self.state, log_file=self._log_file
        )

    async def __aenter__(self) -> Box:
        for phone in self.phones:
            await phone.open()
        self._running = asyncio.create_task(self.supervisor.run())
        try:
            self.network = wire.Peer(await connected(self.run / "modems.sock"), on_event=self._heard)
            await self._until_status(
                lambda status: (
                    all(line["state"] == "idle" for line in status["lines"])
                    and all(worker["connected"] for worker in status["sip"]["workers"])
                    and status["engine"]
                )
            )
        except BaseException:
            await self._end(failed=True)
            raise
        self.punctual = before_others(self.pids()["modems"]) and before_others(os.getpid())
        return self

    async def __aexit__(self, *error: object) -> None:
        self.network.close()
        died = [child.name for child in self.supervisor.children if child.starts > 1]
        await self._end(failed=error[0] is not None or bool(died))
        if died and error[0] is None:
            raise RuntimeError(
                f"{', '.join(died)} died on the way and were started again: nothing is measured"
            )

    # --- callers ----------------------------------------------------------------------------------------

    async def rings(self, line: str) -> str:
        """Somebody who speaks a tone calls the line; the emulated network's id of the call."""
        plan: dict[str, Any] = {"tone_hz": CALLER_HZ, "loop": True}
        reply = await self.network.request("call", modem=line, number="+15550123", **plan)
        return str(reply["call"])

    async def hangs_up(self, call: str) -> None:
        """The caller puts the receiver down."""
        await self.network.request("hangup", call=call)

    async def line_free(self, line: str) -> None:
        """Wait for the end of the line's call."""
        await self._free[line].get()

    async def bridge_all(self, seconds: float = 60.0) -> None:
        """A caller on every line, each with a phone: all talking at the end."""
        for line in self.lines:
            await self.rings(line)
        await self._until_status(
            lambda status: sum(call["stage"] == "talking" for call in status["calls"]) == len(self.lines),
            seconds,
        )

    # --- looking ----------------------------------------------------------------------------------------

    async def ask(self, name: str, op: str) -> dict[str, Any]:
        """One request to the process that listens at run/`name`.sock; raises OSError, wire.WireLost."""
        peer = wire.Peer(wire.connect(self.run / f"{name}.sock"))
        try:
            async with asyncio.timeout(5):
                return await peer.request(op)
        finally:
            peer.close()

    async def status(self) -> dict[str, Any]:
        """What the brain says."""
        return await self.ask(SOCKET.removesuffix(".sock"), "status")

    def pids(self) -> dict[str, int]:
        """Process id by name: modems, media, sip-0, ..., brain."""
        return {child.name: child.pid for child in self.supervisor.children}

    # --- inside -----------------------------------------------------------------------------------------

    def _heard(self, message: wire.Message, fds: list[int]) -> None:
        wire.close_all(fds)
        self.on_news(message)
        if message["event"] == "ended":
            self._free[message["modem"]].put_nowait(None)

    async def _until_status(
        self, condition: Callable[[dict[str, Any]], bool], seconds: float = START_SECONDS
    ) -> None:
        status: dict[str, Any] = {}
        end = time.monotonic() + seconds
        while not (status and condition(status)):
            if time.monotonic() > end:
                raise TimeoutError(f"the box was not ready within {seconds:g} s; its last status: {status}")
            await asyncio.sleep(0.1)
            with contextlib.suppress(OSError, wire.WireLost, TimeoutError):
                status = await self.status()

    async def _end(self, *, failed: bool) -> None:
        logging.getLogger("appliance.supervisor").setLevel(logging.ERROR)  # that they end now is no news
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        if failed:
            sys.stderr.write(self._log_file.read_text(errors="replace")[-6000:])
        for phone in self.phones:
            phone.close()
        shutil.rmtree(self.folder)

    def _modems(self, drift_ppm: str) -> Program:
        options = [
            *("--dir", str(self.folder / "ports"), "--modems", str(len(self.gsm_lines))),
            *("--v253", str(len(self.voice_lines))),
            *("--drift-ppm", drift_ppm, "--boot-seconds", "0.5", "--control", str(self.run / "modems.sock")),
        ]
        return Program("modems", [sys.executable, "-m", "drivers.emulated", *options])

    def _write_config(self, workers: int) -> Path:
        ports = self.folder / "ports"
        lines = "".join(
            f'[lines.{line}]\ndriver = "sim7600"\nto = "queue:sales"\n'
            f'port = "{ports / line}-at"\naudio_port = "{ports / line}-audio"\n\n'
            for line in self.gsm_lines
        )
        lines += "".join(
            f'[lines.{line}]\ndriver = "v253"\nto = "queue:sales"\ncountry = "us"\n'
            f'port = "{ports / line}"\n\n'
            for line in self.voice_lines
        )
        phones = "".join(
            f'[agents.{phone.user}]\nphone = "{phone.uri}"\nready_at_start = true\n\n'
            for phone in self.phones
        )
        path = self.folder / "callbox.toml"
        path.write_text(
            CONFIG.format(
                sip_port=free_ports(workers),
                workers=workers,
                lines=lines,
                agents=", ".join(f'"{phone.user}"' for phone in self.phones),
                phones=phones,
                music=MUSIC,
            )
        )
        return path


async def connected(path: Path) -> socket.socket:
    """A connection to a process that is just starting; raises TimeoutError when it never listens."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                return wire.connect(path)
            except OSError:  # no socket yet, or bound and not listening yet
                await asyncio.sleep(0.05)


def free_ports(count: int) -> int:
    """The first of `count` UDP ports in a row that are free; raises OSError."""
    for first in range(25060, 60000, 20):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for number in range(count):
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                sock.bind(("127.0.0.1", first + number))
            return first
    raise OSError(f"no {count} free UDP ports in a row on 127.0.0.1; end what uses them")
