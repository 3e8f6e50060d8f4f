"""Callers who arrive at random: most know what they want, some press wrong keys, some lose patience."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Sequence
from pathlib import Path

from drivers import wire

log = logging.getLogger(__name__)

MENU_SECONDS = (2.0, 7.0)  # when a caller presses: some during the prompt, some after it
IMPATIENT = 0.15  # share of callers who hang up by themselves
LOST = 0.12  # share of callers who press a key that leads nowhere first
MESSAGE = 0.1  # share of callers who press 0 while they wait, which means voicemail where it means anything


class Callers:
    """Rings idle modems through the emulated network's control socket until cancelled."""

    def __init__(
        self,
        socket: Path,
        lines: Sequence[str],
        speech: Sequence[Path],
        *,
        every_seconds: float,
        dice: random.Random,
    ) -> None:
        self._socket = socket
        self._lines = lines
        self._speech = speech
        self._every_seconds = every_seconds
        self._dice = dice
        self._busy: dict[str, str] = {}  # line -> call

    async def run(self) -> None:
        """Poisson arrivals, `every_seconds` apart on average; with all lines busy nobody gets through."""
        network = await self._connected()
        try:
            while not network.closed:
                await asyncio.sleep(self._dice.expovariate(1 / self._every_seconds))
                free = [line for line in self._lines if line not in self._busy]
                if free:
                    await self._ring(network, self._dice.choice(free))
        finally:
            network.close()

    async def _connected(self) -> wire.Peer:
        while True:
            with contextlib.suppress(OSError):
                return wire.Peer(wire.connect(self._socket), on_event=self._heard)
            await asyncio.sleep(0.1)

    async def _ring(self, network: wire.Peer, line: str) -> None:
        dice = self._dice
        first = dice.uniform(*MENU_SECONDS)
        wanted, at = dice.choice("12"), first
        digits = [[round(at, 2), wanted]]
        if dice.random() < LOST:
            at += dice.uniform(4, 6)
            digits = [[round(first, 2), dice.choice("34567")], [round(at, 2), wanted]]
        if dice.random() < MESSAGE:
            digits.append([round(at + dice.uniform(2, 6), 2), "0"])
        patience = dice.uniform(1, 25) if dice.random() < IMPATIENT else None
        self._busy[line] = "dialling"
        try:
            reply = await network.request(
                "call",
                modem=line,
                number=f"+1555{dice.randrange(10**7):07}",
                wav=str(dice.choice(self._speech)),
                loop=True,
                digits=digits,
                hang_up_after_s=patience,
            )
        except (wire.WireError, wire.WireLost) as error:
            log.info("caller: %s: %s", line, error)
            self._busy.pop(line, None)
            return
        self._busy[line] = str(reply["call"])

    def _heard(self, message: wire.Message, fds: list[int]) -> None:
        wire.close_all(fds)
        if message.get("event") == "ended":
            self._busy.pop(str(message.get("modem")), None)
