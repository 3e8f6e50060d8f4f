"""The stock ModemManager on a D-Bus of its own, joined to an emulated modem by an abstract unix socket.

Its test mode takes no device from udev; `Test.SetProfile` gives it the socket's name in the place of a port,
and the emulator is the one that listens there. What it knows is asked by mmcli, as a technician would.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pytest

INSTALL = "apt-get install modemmanager"
SERVICE = "org.freedesktop.ModemManager1"
TEST_MODE = (
    *("--test-session", "--test-enable", "--test-no-udev", "--no-auto-scan"),
    *("--test-no-qrtr", "--test-no-suspend-resume", "--debug"),
)
START_SECONDS = 40.0
COMMAND_SECONDS = 60.0  # a message may take as long

needs_modem_manager = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("ModemManager", "mmcli", "dbus-daemon", "gdbus")),
    reason=f"ModemManager is missing: {INSTALL}",
)


class AbstractPort:
    """Stands for a modem's AT port: everyone who connects gets what the modem says."""

    def __init__(self, name: str, feed: Callable[[bytes], None]) -> None:
        self.name = name
        self._feed = feed
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Be there."""
        self._server = await asyncio.start_unix_server(self._client, path=f"\0abstract:{self.name}")

    def send(self, data: bytes) -> None:
        """Bytes of the modem."""
        for client in self._clients:
            client.write(data)

    async def close(self) -> None:
        """Hang up everyone."""
        assert self._server is not None
        self._server.close()
        for client in tuple(self._clients):
            client.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # transports close at the loop's next turn

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while data := await reader.read(4096):
                self._feed(data)
        except ConnectionError:
            pass
        finally:
            self._clients.discard(writer)
            writer.close()


class ModemManager:
    """`async with ModemManager(folder, port="name", plugin="simtech") as it: await it.mmcli("-m", "any")`."""

    def __init__(self, folder: Path, *, port: str, plugin: str) -> None:
        self.log = folder / "modem-manager.log"
        self._port = port
        self._plugin = plugin
        self._started: list[subprocess.Popen[str]] = []
        self._environment: dict[str, str] = {}

    async def __aenter__(self) -> ModemManager:
        try:
            bus = self._start("dbus-daemon", "--session", "--nofork", "--print-address=1")
            assert bus.stdout is not None
            address = await asyncio.to_thread(bus.stdout.readline)
            self._environment = {
                "DBUS_SESSION_BUS_ADDRESS": address.strip(),
                "DBUS_SYSTEM_BUS_ADDRESS": address.strip(),  # mmcli asks there
            }
            self._start("ModemManager", *TEST_MODE)
            await self._run("gdbus", "wait", "--session", "--timeout", "10", SERVICE)
            await self._profile()
            await self.until(r"Modem/0", "-L")
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def mmcli(self, *arguments: str) -> str:
        """What mmcli prints; raises AssertionError with it when it fails."""
        return await self._run("mmcli", "--timeout", "50", *arguments)

    async def until(self, pattern: str, *arguments: str) -> str:
        """Ask until the answer matches; raises TimeoutError."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                answer = await self.mmcli(*arguments)
                if re.search(pattern, answer):
                    return answer
                await asyncio.sleep(0.2)

    async def _profile(self) -> None:
        where = ("--dest", SERVICE, "--object-path", "/" + SERVICE.replace(".", "/"))
        method = ("--method", f"{SERVICE}.Test.SetProfile")
        what = ("callbox", self._plugin, f"['abstract:{self._port}']")
        await self._run("gdbus", "call", "--session", *where, *method, *what)

    async def _run(self, *command: str) -> str:
        child = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        async with asyncio.timeout(COMMAND_SECONDS):
            said = (await child.communicate())[0].decode()
        assert child.returncode == 0, f"{command}: {said}"
        return said

    def _start(self, *command: str) -> subprocess.Popen[str]:
        with self.log.open("a") as log:
            child = subprocess.Popen(
                command,
                env={**os.environ, **self._environment},
                stdout=subprocess.PIPE if command[0] == "dbus-daemon" else log,
                stderr=log,
                text=True,
            )
        self._started.append(child)
        return child

    async def _end(self) -> None:
        for child in reversed(self._started):
            child.terminate()
            await asyncio.to_thread(child.wait, 10)
            if child.stdout is not None:
                child.stdout.close()
