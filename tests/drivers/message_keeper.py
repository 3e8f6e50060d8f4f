"""Whoever takes a modem's messages in tests: keeps them, forgets them, and notices what comes twice."""

from __future__ import annotations

import asyncio

from drivers.emulated.storage import UNSENT, Memory, Stored
from drivers.gsm.messages import GsmMessages
from drivers.messages import Arrival, TextPart
from drivers.sms import join
from tests.drivers.gsm_bench import Bench

SENDER = "+4917012345678"


class Keeper:
    """Stands for the box: `kept` is its disk, and outlives its tasks."""

    def __init__(self, messages: GsmMessages, kept: dict[tuple[str, str], Arrival] | None = None) -> None:
        self.kept = {} if kept is None else kept
        self._messages = messages
        self._given: set[tuple[str, str]] = set()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while True:
            arrival = await self._messages.next_arrival()
            key = (arrival.slot, arrival.pdu)
            assert key not in self._given, f"given twice: {arrival}"
            self._given.add(key)
            self.kept[key] = arrival
            await self._messages.forget(arrival)

    def reborn(self) -> Keeper:
        """Another reader of the same modem, with the same disk."""
        return Keeper(self._messages, self.kept)

    def texts(self) -> list[str]:
        """Every text, whole, in alphabetical order; as often as it was kept."""
        long: dict[tuple[str, int, int], list[TextPart]] = {}
        texts: list[str] = []
        for part in self.kept.values():
            if isinstance(part, TextPart):
                if part.parts == 1:
                    texts.append(part.text)
                else:
                    long.setdefault((part.sender, part.reference, part.parts), []).append(part)
        return sorted([*texts, *(join(parts) for parts in long.values())])

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled():
            self._task.result()


class OwnMemory:
    """A memory of the emulated modem, to look into and to write into as another program does."""

    def __init__(self, memory: Memory) -> None:
        self.places = memory.places
        self._memory = memory

    def add_own(self, pdu: str) -> None:
        self._memory.add(Stored(pdu, UNSENT))


def memory(b: Bench, name: str = "SM") -> OwnMemory:
    return OwnMemory(b.modem.mailbox.memories[name])


def stored(b: Bench, name: str = "SM") -> int:
    return len(b.modem.mailbox.memories[name].places)


def gets(b: Bench, text: str, *, flash: bool = False, reference: int = 9) -> None:
    """Somebody sends a text to the modem."""
    b.network.sms.send(b.modem.mailbox, SENDER, text, flash=flash, reference=reference)
