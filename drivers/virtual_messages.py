"""Messages and USSD with a script behind them, for tests and training; the other half of `virtual.py`.

A test holds the network: it delivers, refuses, answers codes. What is not forgotten is given again by
`restarts`, as a modem's memory gives it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from drivers.messages import Arrival, UssdReply, UssdState
from drivers.port import DriverError

Answer = UssdReply | DriverError


class VirtualMessages:
    """What `drivers.messages.Messages` asks for.

    `kept` is the modem's memory, `sent` every TPDU that it took. `outcomes` are used up by `send`, one each:
    a reference, or what goes wrong; without them it is sent. `codes` says what the network answers to a USSD
    code, and then to each answer in turn; other codes are not supported.
    """

    def __init__(self, codes: Mapping[str, Sequence[Answer]] | None = None) -> None:
        self.kept: list[Arrival] = []
        self.sent: list[str] = []
        self.outcomes: deque[int | DriverError] = deque()
        self.codes = dict(codes or {})
        self.send_seconds = 0.0
        self.ussd_seconds = 0.0
        self.ended = 0  # dialogues that the box gave up
        self._dialogue: deque[Answer] = deque()
        self._given: asyncio.Queue[Arrival] = asyncio.Queue()

    def delivers(self, *arrivals: Arrival) -> None:
        """Something comes in."""
        for arrival in arrivals:
            self.kept.append(arrival)
            self._given.put_nowait(arrival)

    def restarts(self) -> None:
        """The box was away: everything that is kept is given again."""
        self._given = asyncio.Queue()
        for arrival in self.kept:
            self._given.put_nowait(arrival)

    async def next_arrival(self) -> Arrival:
        """The next thing that came in."""
        return await self._given.get()

    async def forget(self, arrival: Arrival) -> bool:
        """Delete it; True also when it is gone already."""
        if arrival in self.kept:
            self.kept.remove(arrival)
        return True

    async def send(self, tpdu: str) -> int:
        """Take it, or do what `outcomes` says."""
        await asyncio.sleep(self.send_seconds)
        outcome = self.outcomes.popleft() if self.outcomes else len(self.sent) % 256
        if isinstance(outcome, DriverError):
            raise outcome
        self.sent.append(tpdu)
        return outcome

    async def ussd(self, text: str) -> UssdReply:
        """What `codes` says."""
        await asyncio.sleep(self.ussd_seconds)
        if not self._dialogue:
            self._dialogue = deque(self.codes.get(text, [UssdReply(UssdState.NOT_SUPPORTED, "")]))
        said = self._dialogue.popleft()
        if isinstance(said, DriverError):
            raise said
        return said

    async def end_ussd(self) -> None:
        """Give up the dialogue."""
        self._dialogue.clear()
        self.ended += 1
