"""The edge alone, started for tests: real Kamailio (and rtpengine) on loopback, at ports of its own.

`async with Edge(folder, phones={"ana-desk": ("ana", "secret")}) as edge:` for one test; for a module's
tests `with Edge(...) as edge:` in a fixture, and `async with edge.listening():` in each. In place of the SIP
workers are FakeWorkers at `edge.workers` (`async with edge.staffed() as workers:`), or real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from appliance.config.load import load
from appliance.config.schema import Config
from appliance.edge import certificates
from appliance.edge.programs import installed
from appliance.edge.rpc import EdgeRpc
from appliance.store.accounts import FILE, Accounts
from tests.peers.baresip import free_port
from tests.peers.fake_worker import FakeWorker
from tests.peers.sip_text import ha1

REALM = "callbox"
START_SECONDS = 10.0

needs_kamailio = pytest.mark.skipif(
    not installed().kamailio,
    reason="kamailio is missing: apt-get install kamailio kamailio-sqlite-modules kamailio-tls-modules "
    "kamailio-extra-modules",
)
needs_rtpengine = pytest.mark.skipif(
    not installed().browsers,
    reason="rtpengine or WebSocket is missing: apt-get install rtpengine-daemon kamailio-websocket-modules",
)


class Edge:
    """One edge; `phones` are user -> (agent, password), `more` is added to the configuration (TOML)."""

    def __init__(
        self,
        folder: Path,
        *,
        phones: Mapping[str, tuple[str, str]] | None = None,
        workers: int = 2,
        more: str = "",
        address: str = "127.0.0.1",
        edge_options: str = "",
        rtpengine: bool = False,
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.run = self.state / "run"
        self.run.mkdir(parents=True)
        self.address = address
        ports = free_ports(4 + 3 + workers)
        self.sip_port, self.tls_port, self.wss_port, self.https_port, self.internal_port = ports[:5]
        self.workers = ports[7:]
        self.config_file = folder / "edge.toml"
        self.log_file = folder / "edge.log"
        self.news: list[dict[str, Any]] = []
        self._programs = ["rtpengine", "kamailio"] if rtpengine else ["kamailio"]
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._arrived = asyncio.Event()
        self._write(phones or {}, more, edge_options)
        self.config: Config = load(self.config_file).config

    def _write(self, phones: Mapping[str, tuple[str, str]], more: str, options: str) -> None:
        lines = [
            *("[sip]", f"port = {self.workers[0]}", f"workers = {len(self.workers)}"),
            *(
                "[edge]",
                f'address = "{self.address}"',
                f'realm = "{REALM}"',
                f"internal_port = {self.internal_port}",
            ),
            *(f"sip_port = {self.sip_port}", f"tls_port = {self.tls_port}", f"wss_port = {self.wss_port}"),
            *(f"https_port = {self.https_port}", options),
        ]
        for agent in dict.fromkeys(agent for agent, _ in phones.values()):
            lines.append(f"[agents.{agent}]")
        for user, (agent, password) in phones.items():
            lines += [f"[phones.{user}]", f'agent = "{agent}"', f'ha1 = "{ha1(user, REALM, password)}"']
        self.config_file.write_text("\n".join([*lines, more]) + "\n")

    @property
    def accounts(self) -> Accounts:
        """The accounts of this edge, to change as the brain would."""
        return Accounts(self.state / FILE, realm=REALM)

    @property
    def pid(self) -> int:
        """Kamailio's main process."""
        return self._children["kamailio"].pid

    # --- its processes --------------------------------------------------------------------------------

    def __enter__(self) -> Edge:
        accounts = self.accounts
        accounts.prepare()
        accounts.set_phones(self.config.phones, list(self.config.agents))
        try:
            for name in self._programs:
                self.begin(name)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._children):
            self.end(name)
        if error is not None:
            sys.stderr.write(self.log_file.read_text(errors="replace")[-8000:])

    def begin(self, name: str = "kamailio") -> None:
        """Start a program as the supervisor does, and wait until it serves."""
        own = ("--config", str(self.config_file), "--state", str(self.state))
        with self.log_file.open("ab") as log:
            self._children[name] = subprocess.Popen(
                (sys.executable, "-m", "appliance.edge.start", name, *own),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + START_SECONDS
        while not self._serves(name):
            if self._children[name].poll() is not None or time.monotonic() > end:
                raise RuntimeError(self.log_file.read_text(errors="replace")[-4000:])
            time.sleep(0.02)

    def end(self, name: str = "kamailio", number: signal.Signals = signal.SIGTERM) -> None:
        """End a program, and whatever of its process group is left."""
        child = self._children.pop(name)
        child.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        end = time.monotonic() + START_SECONDS
        while self._serves(name) and time.monotonic() < end:  # those of the group that are not gone yet
            time.sleep(0.01)

    def _serves(self, name: str) -> bool:
        """By the port of its that it opens last."""
        port = self.internal_port + (1 if name == "kamailio" else 2)
        kind = socket.SOCK_STREAM if name == "kamailio" else socket.SOCK_DGRAM
        return not _is_free(port, kind)

    def renew_certificate(self) -> None:
        """What the brain does once a minute: make a new one if it is time to."""
        certificates.current(self.config, self.folder, self.state)

    def alive(self) -> bool:
        """Whether all that was started still runs, every process of it."""
        return all(child.poll() is None for child in self._children.values())

    # --- inside a test --------------------------------------------------------------------------------

    async def __aenter__(self) -> Edge:
        await asyncio.to_thread(self.__enter__)
        self._listening = self.listening()
        await self._listening.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._listening.__aexit__(None, None, None)
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear its news, and ask it by `rpc`."""
        self.news.clear()
        self._arrived = asyncio.Event()
        self.rpc = EdgeRpc(self.run / "kamailio.rpc")
        connected = asyncio.Event()
        reading = asyncio.create_task(self._read(connected))
        try:
            async with asyncio.timeout(START_SECONDS):
                await connected.wait()
            yield
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading
            self.rpc.close()

    @asynccontextmanager
    async def staffed(self, *, code: int = 200) -> AsyncIterator[list[FakeWorker]]:
        """A fake worker at each place, known to be up; INVITEs get `code`."""
        async with AsyncExitStack() as stack:
            workers = [FakeWorker(port, code=code) for port in self.workers]
            for worker in workers:
                await stack.enter_async_context(worker)
                await self.rpc.ask("dispatcher.set_state", "ap", 1, f"sip:127.0.0.1:{worker.port}")
            yield workers

    async def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Kamailio ends by that signal, and is started again."""
        await asyncio.to_thread(self.end, "kamailio", number)
        await asyncio.to_thread(self.begin, "kamailio")

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for something real processes do."""
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - other processes set no event of ours
                await asyncio.sleep(0.01)

    async def told(self, kind: str, *, seconds: float = 3.0, **values: object) -> dict[str, Any]:
        """The next news of a kind with these values, taken off the list; hexadecimal values are decoded."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for news in self.news:
                        if news["news"] == kind and values.items() <= news.items():
                            self.news.remove(news)
                            return news
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise TimeoutError(f"edge: no {kind} {values} in {seconds} s, only {self.news}") from None

    async def _read(self, connected: asyncio.Event) -> None:
        """Every line of its news, and those after a restart."""
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.internal_port + 1)
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            connected.set()
            try:
                while line := await reader.readline():
                    self._heard(json.loads(line))
            except ConnectionError:
                pass
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    def _heard(self, news: dict[str, Any]) -> None:
        for key in [key for key in news if key.endswith("_hex")]:
            news[key.removesuffix("_hex")] = bytes.fromhex(news.pop(key)).decode()
        self.news.append(news)
        self._arrived.set()


def free_ports(count: int) -> list[int]:
    """Ports of loopback in a row that were free a moment ago, UDP and TCP."""
    while True:
        first = free_port()
        if all(_is_free(port) for port in range(first, first + count)):
            return list(range(first, first + count))


def _is_free(port: int, *kinds: int) -> bool:
    try:
        for kind in kinds or (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                if kind == socket.SOCK_STREAM:  # of UDP, two could have one
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def scanner(name: str) -> str:
    """Path of one of sipvicious's programs, "" if it is not installed."""
    return shutil.which(name) or ""
