"""Text messages of a line in the chaos: none lost between the network and a disk, none kept or sent twice.

What is kept here outlives the deaths of the brain, as the box's database does; the reader does with each
message what the box does: keep it, let the modem forget it, note that it is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

from drivers.emulated.modem import Modem
from drivers.emulated.network import Network
from drivers.messages import Messages, TextPart
from drivers.port import DriverError
from drivers.sms import encode

SENDER = "+4917088"
RECIPIENT = "+49305"


class Texts:
    """The messages of one modem; `read` and `write` run while a port is open, `arrive` all the time."""

    def __init__(self, name: str, modem: Modem, network: Network, dice: random.Random) -> None:
        self.name = name
        self.arrived: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self._modem = modem
        self._network = network
        self._dice = dice
        self._in_modem: set[tuple[str, str]] = set()  # kept, and not yet seen to be gone
        self._sure: set[str] = set()
        self._tried = 0

    async def arrive(self) -> None:
        """Messages come, now and then in storms."""
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / 30))
            for _ in range(self._dice.choice((1, 1, 1, 5, 30))):
                text = f"{self.name} message {len(self.arrived)}"
                self._network.sms.send(self._modem.mailbox, SENDER, text)
                self.arrived[text] += 1

    async def read(self, messages: Messages) -> None:
        """What the box does with what comes in."""
        while True:
            arrival = await messages.next_arrival()
            named = (arrival.slot, arrival.pdu)
            if isinstance(arrival, TextPart) and named not in self._in_modem:
                self.kept[arrival.text] += 1
            self._in_modem.add(named)
            await asyncio.sleep(self._dice.choice((0, 0, 0.1, 2)))
            if await messages.forget(arrival):
                self._in_modem.discard(named)

    async def write(self, messages: Messages) -> None:
        """The box sends; after a time-out or a loss nobody knows, and it is not sent again."""
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / 60))
            self._tried += 1
            text = f"{self.name} answer {self._tried}"
            (part,) = encode(RECIPIENT, text)
            with contextlib.suppress(DriverError):
                await messages.send(part.tpdu)
                self._sure.add(text)

    def check(self) -> None:
        """All that came is kept, once; all that was sent is there, and nothing twice."""
        lost, more = self.arrived - self.kept, self.kept - self.arrived
        assert (lost, more) == (Counter(), Counter()), f"{self.name}: lost {lost}, too many {more}"
        sent = Counter(sms.text for sms in self._network.sms.sent if sms.modem == self._modem.name)
        assert [text for text, times in sent.items() if times > 1] == []
        assert self._sure - set(sent) == set()

    @property
    def complete(self) -> bool:
        """Whether everything that came is kept."""
        return self.kept == self.arrived
