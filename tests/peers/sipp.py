"""A real sipp on loopback, as a SIP provider or another exchange: its scenario from `sipp_scenarios`.

`async with Sipp(folder, answering(*answers(sound.port))) as provider:` serves at `provider.port` until the
block ends; `await Sipp(...).run()` is for a scenario that calls and ends by itself.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.peers.baresip import free_port

needs_sipp = pytest.mark.skipif(
    shutil.which("sipp") is None, reason="sipp is missing: apt-get install sip-tester"
)

_LOGGED = re.compile(r"^-{20,} .*$", re.MULTILINE)


class Sipp:
    """One process; `to` is whom a calling scenario calls, HOST:PORT. `transport` "u1" is UDP, "t1" TCP."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        *,
        to: str = "",
        address: str = "127.0.0.1",
        port: int = 0,
        transport: str = "u1",
        calls: int = 1,
        a_second: int = 10,
    ) -> None:
        self.port = port or free_port()
        self.address = address
        self.host = f"{address}:{self.port}"
        self._folder = folder / f"sipp-{self.port}"
        self._folder.mkdir(parents=True)
        file = self._folder / "scenario.xml"
        file.write_text(scenario)
        calling = [to, "-m", str(calls), "-r", str(a_second)] if to else []
        self._command = [
            *("sipp", *calling, "-sf", str(file), "-i", address, "-mi", address, "-p", str(self.port)),
            *("-t", transport, "-nostdin", "-trace_msg", "-message_file", str(self._folder / "messages")),
            *("-trace_err", "-error_file", str(self._folder / "errors"), "-recv_timeout", "30000"),
        ]

    async def __aenter__(self) -> Sipp:
        with (self._folder / "screen").open("wb") as screen:
            self.process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=screen, stderr=screen
            )
        await asyncio.sleep(0.1)
        if self.process.returncode not in (None, 0):
            raise RuntimeError(f"sipp did not start: {self.said()}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def run(self, *, seconds: float = 20.0) -> None:
        """Until the scenario is over; raises AssertionError with what sipp says when it did not go so."""
        async with self:
            await self.over(seconds=seconds)

    async def over(self, *, seconds: float = 20.0) -> None:
        """Wait for the end of a calling scenario."""
        code = await asyncio.wait_for(self.process.wait(), seconds)
        assert code == 0, f"sipp ended with {code}: {self.said()}"

    def received(self, first: str = "") -> list[str]:
        """The messages that came in so far whose first line begins so."""
        log = self._folder / "messages"
        if not log.exists():
            return []
        parts = _LOGGED.split(log.read_text(errors="replace"))
        came = [part for part in parts if " received " in part.strip().split("\n", 1)[0]]
        texts = [part.strip().split("\n", 1)[1].strip() for part in came if "\n" in part.strip()]
        return [text for text in texts if text.startswith(first)]

    async def until_received(self, first: str, *, times: int = 1, seconds: float = 10.0) -> list[str]:
        """Wait for so many messages that begin so."""
        async with asyncio.timeout(seconds):
            while len(found := self.received(first)) < times:  # noqa: ASYNC110 - a file sets no event
                await asyncio.sleep(0.02)
        return found

    def said(self) -> str:
        """Its errors, and the end of its screen."""
        files = (self._folder / name for name in ("errors", "screen"))
        return "\n".join(file.read_text(errors="replace")[-1500:] for file in files if file.exists())


def header(message: str, name: str) -> str:
    """A header's value in a message; "" when it is not there."""
    found = re.search(rf"^{re.escape(name)}[ \t]*:[ \t]*(.*?)\r?$", message, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""
