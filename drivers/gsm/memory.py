"""The message memories of a modem over AT: which there are, what is in them, one place read or emptied.

3GPP 27.005. Reading acts on the memory chosen last (AT+CPMS), so that each method chooses its own first.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields, number
from drivers.gsm.refusals import number_of

OURS = (2, 3)  # <stat> of messages that were written here, not received
EMPTY = 321  # +CMS ERROR: invalid index
KNOWN = ("SM", "ME", "SR")  # SIM, modem, status reports; MT is SM and ME together


class Place(NamedTuple):
    """Where a message is; as text "SM:3"."""

    memory: str
    at: int

    def __str__(self) -> str:
        return f"{self.memory}:{self.at}"


class Found(NamedTuple):
    """What is in a place; `whole`: the PDU has as many octets as the modem says."""

    place: Place
    is_ours: bool
    pdu: str
    whole: bool


class Room(NamedTuple):
    """How full a memory is."""

    memory: str
    used: int
    total: int


class Memories:
    """One session's. The lock guards which memory is chosen, from AT+CPMS to the command that needs it.

    `calm` is awaited before anything goes out.
    """

    def __init__(self, channel: Channel, preferred: str, calm: Callable[[], Awaitable[None]]) -> None:
        self.names: tuple[str, ...] = (preferred,)
        self.receiving = preferred
        self._channel = channel
        self._calm = calm
        self._chosen = ""
        self._lock = asyncio.Lock()

    async def set_up(self) -> None:
        """Find the memories, and receive into the one preferred, else into the first. Raises DriverError."""
        await self._calm()
        async with self._lock:
            answer = await self._channel.command("AT+CPMS=?", "+CPMS:", may_be_empty=True)
            first = re.search(r"\(([^)]*)\)", answer[-1]) if answer else None
            there = re.findall(r'"(\w+)"', first[1]) if first else []
            self.names = tuple(name for name in KNOWN if name in there) or (self.receiving,)
            self.receiving = self.receiving if self.receiving in self.names else self.names[0]
            other = next((name for name in self.names if name != self.receiving), self.receiving)
            self._chosen = ""
            try:  # the middle one is for writing, which we never do: it only has its room told by `rooms`
                await self._choose(f'{self.receiving}","{other}","{self.receiving}')
            except CommandFailed:
                await self._choose(f'{self.receiving}","{self.receiving}","{self.receiving}')
            self._chosen = self.receiving

    async def rooms(self) -> list[Room]:
        """How full the memories in use are; the last one is where the modem receives. Raises DriverError."""
        await self._calm()
        async with self._lock:
            answer = await self._channel.command("AT+CPMS?", "+CPMS:")
        values = fields(answer[-1]) if answer else []
        named = zip(values[::3], values[1::3], values[2::3], strict=False)
        return [Room(name, number(used) or 0, number(total) or 0) for name, used, total in named]

    async def everything(self, memory: str) -> list[Found]:
        """All that is in a memory; "nothing" is believed when said twice. Raises DriverError."""
        await self._calm()
        async with self._lock:
            if memory != self._chosen:
                await self._choose(memory)
            listed = await self._channel.pdus("AT+CMGL=4", "+CMGL:")
            if not listed:
                self._channel.distrust()
                listed = await self._channel.pdus("AT+CMGL=4", "+CMGL:")
        found = []
        for line, pdu in listed:
            values = fields(line)
            index = number(values[0]) if values else None
            if index is not None:
                found.append(_found(Place(memory, index), values[1:], pdu))
        return found

    async def read(self, place: Place) -> Found | None:
        """What is in one place, None for nothing. Raises DriverError.

        "Nothing" is believed when it is said twice: the first OK or ERROR may be the late end of another
        command (F2, F19), and then every answer after it would be that of the place before.
        """
        await self._calm()
        async with self._lock:
            if place.memory != self._chosen:
                await self._choose(place.memory)
            for _ in range(2):
                if answer := await self._read(place.at):
                    line, pdu = answer[0]
                    return _found(place, fields(line), pdu)
                self._channel.distrust()
        return None

    async def _read(self, at: int) -> list[tuple[str, str]]:
        try:
            return await self._channel.pdus(f"AT+CMGR={at}", "+CMGR:")
        except CommandFailed as error:
            if error.answer != "ERROR" and number_of(error.answer) != EMPTY:
                raise
            return []

    async def empty(self, place: Place) -> None:
        """Delete what is in a place; a modem that says OK may have done nothing. Raises DriverError."""
        await self._calm()
        async with self._lock:
            if place.memory != self._chosen:
                await self._choose(place.memory)
            await self._channel.command(f"AT+CMGD={place.at}")

    async def _choose(self, memory: str) -> None:
        """Read and delete there from now on."""
        self._chosen = ""
        await self._channel.command(f'AT+CPMS="{memory}"', "+CPMS:", may_be_empty=True)
        self._chosen = memory


def place_of(slot: str) -> Place | None:
    """`SM:3` as a place; None for other text."""
    memory, colon, index = slot.partition(":")
    value = number(index)
    return Place(memory, value) if colon and value is not None else None


def has_length(pdu: str, octets: str) -> bool:
    """Whether a PDU has the octets that its line tells, which leaves out the service centre's address."""
    try:
        centre = int(pdu[:2], 16)
    except ValueError:
        return False
    return len(pdu) == 2 * (1 + centre + (number(octets) or 0))


def _found(place: Place, values: list[str], pdu: str) -> Found:
    """`values` are stat, alpha (perhaps not there) and length."""
    stat = number(values[0]) if values else None
    return Found(place, stat in OURS, pdu, has_length(pdu, values[-1] if values else ""))
