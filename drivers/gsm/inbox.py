"""What is in a modem's message memories, what of it was given away, and what is to be deleted.

Nothing is lost: only what was forgotten on purpose is deleted, after a look that it is still the same.
Nothing is given twice: what was given is known by its place and PDU as long as this object lives.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields
from drivers.gsm.memory import Found, Memories, Place, Room, has_length, place_of
from drivers.messages import Arrival
from drivers.sms import decode

log = logging.getLogger(__name__)

FEW = 3  # announced places are read one by one; more of them by a list (F18)
TRIES = 3  # a PDU that is not as long as its line says is read again so often, then taken as it is
REMEMBERED = 1024  # given messages, of which a modem holds 255 at most

Key = tuple[str, str]  # slot and PDU


class Inbox:
    """One port's, across sessions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.given: asyncio.Queue[Arrival] = asyncio.Queue()
        self.trouble = ""  # why nothing comes in
        self._seen: dict[bytes, bool] = {}  # digest of what was given -> whether it was forgotten since
        self._held: dict[Place, str] = {}  # in the modem and given, as far as we know
        self._ours: dict[str, int] = {}  # messages in a memory that somebody wrote there
        self._doomed: dict[Key, Arrival] = {}  # to be deleted
        self._announced: dict[Place, int] = {}  # to be read -> how often it was tried
        self._unacknowledged: set[str] = set()  # PDUs handed over in this session
        self._removing = asyncio.Lock()  # from the look at a place to its deletion: a new one may move in

    def session_over(self) -> None:
        """Nothing can be acknowledged any more; the next sweep finds what was announced."""
        self._unacknowledged.clear()
        self._announced.clear()

    @property
    def unread(self) -> bool:
        """Whether something is known to be there that could not be read yet."""
        return bool(self._announced)

    # --- what the modem says ------------------------------------------------------------------------------

    def announce(self, memory: str, at: int) -> None:
        """+CMTI or +CDSI: something is in a place."""
        self._announced.setdefault(Place(memory, at), 0)

    def hand_over(self, report: str) -> None:
        """+CMT or +CDS with its PDU behind a line end: the modem does not keep it."""
        line, _, pdu = report.partition("\n")
        if not has_length(pdu, (fields(line) or [""])[-1]):
            log.warning("port %s: a message was handed over in pieces; the network sends it again", self.name)
            return
        self._unacknowledged.add(pdu)
        self._take("", pdu)

    # --- work over a channel; all of it raises DriverError ----------------------------------------------

    async def read_announced(self, memories: Memories) -> None:
        """Look where something was announced."""
        if len(self._announced) > FEW or any(place.memory not in memories.names for place in self._announced):
            await self.sweep(memories)
        else:
            await self._read_places(memories)

    async def sweep(self, memories: Memories) -> None:
        """Look everywhere. A list only says where: with a line lost in it a PDU seems to be in another place,
        so what is not known yet is read by itself."""
        for place in [place for place in self._announced if place.memory not in memories.names]:
            del self._announced[place]
        for memory in memories.names:
            everything = await memories.everything(memory)
            places = {found.place for found in everything}
            self._ours[memory] = sum(found.is_ours for found in everything)
            for gone in [place for place in self._held if place.memory == memory and place not in places]:
                self._is_empty(gone)
            for found in everything:
                if self._held.get(found.place) == found.pdu and not found.is_ours:
                    self._announced.pop(found.place, None)
                    self._take(str(found.place), found.pdu)
                elif not found.is_ours:
                    self._announced.setdefault(found.place, 0)
            await self._read_places(memories)

    async def _read_places(self, memories: Memories) -> None:
        for place in list(self._announced):
            if place.memory in memories.names:
                found = await memories.read(place)
                if found is None:
                    self._announced.pop(place, None)
                else:
                    self._take_found(found)

    def suspects(self, memories: Memories, rooms: list[Room]) -> bool:
        """Whether there may be something that we have not seen; notes whether the memory is full."""
        self._tell_full(memories, rooms)
        return any(room.used != self._count(room.memory) for room in rooms if room.memory in memories.names)

    async def remove_doomed(self, memories: Memories, channel: Channel) -> None:
        """Delete what could not be deleted before."""
        for arrival in list(self._doomed.values()):
            await self.remove(memories, channel, arrival)

    async def remove(self, memories: Memories, channel: Channel, arrival: Arrival) -> bool:
        """Delete or acknowledge one; whether it is seen to be gone."""
        place = place_of(arrival.slot)
        if place is None:
            await self._acknowledge(channel, arrival)
            return True
        async with self._removing:
            if await self._holds(memories, place, arrival.pdu):
                await memories.empty(place)
                if await self._holds(memories, place, arrival.pdu):
                    log.warning("port %s: the modem does not delete message %s", self.name, place)
                    return False
        self._forgotten(arrival)
        return True

    def doom(self, arrival: Arrival) -> None:
        """It may be deleted, now or when the modem can."""
        self._doomed[arrival.slot, arrival.pdu] = arrival

    # --- bookkeeping --------------------------------------------------------------------------------------

    async def _acknowledge(self, channel: Channel, arrival: Arrival) -> None:
        if arrival.pdu in self._unacknowledged:
            self._unacknowledged.discard(arrival.pdu)
            try:
                await channel.command("AT+CNMA")
            except CommandFailed as error:
                log.debug("%s", error)  # this modem has acknowledged it itself
        self._forgotten(arrival)

    async def _holds(self, memories: Memories, place: Place, pdu: str) -> bool:
        """Whether it is still there; what has taken its place is taken."""
        found = await memories.read(place)
        if found is not None and found.pdu != pdu and found.whole:
            self._take_found(found)
        return found is not None and (found.pdu == pdu or not found.whole)

    def _take_found(self, found: Found) -> None:
        tries = self._announced.pop(found.place, 0)
        if not found.whole and tries < TRIES:
            self._announced[found.place] = tries + 1
        elif not found.is_ours:
            self._held[found.place] = found.pdu
            self._take(str(found.place), found.pdu)

    def _take(self, slot: str, pdu: str) -> None:
        """Give it away, once. What was forgotten and is here again is deleted again."""
        digest = _digest(slot, pdu)
        if digest not in self._seen:
            self._remember(digest, forgotten=False)
            self.given.put_nowait(decode(slot, pdu))
        elif self._seen[digest] and (slot, pdu) not in self._doomed:
            log.info(
                "port %s: message %s is here again, it is deleted again", self.name, slot or "handed over"
            )
            self.doom(decode(slot, pdu))

    def _remember(self, digest: bytes, *, forgotten: bool) -> None:
        self._seen[digest] = forgotten
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def _forgotten(self, arrival: Arrival) -> None:
        self._doomed.pop((arrival.slot, arrival.pdu), None)
        self._remember(_digest(arrival.slot, arrival.pdu), forgotten=True)
        place = place_of(arrival.slot)
        if place is not None and self._held.get(place) == arrival.pdu:
            del self._held[place]

    def _is_empty(self, place: Place) -> None:
        pdu = self._held.pop(place)
        doomed = self._doomed.get((str(place), pdu))
        if doomed is not None:
            self._forgotten(doomed)

    def _count(self, memory: str) -> int:
        return self._ours.get(memory, 0) + sum(place.memory == memory for place in self._held)

    def _tell_full(self, memories: Memories, rooms: list[Room]) -> None:
        trouble = ""
        for room in rooms:
            if room.memory != memories.receiving or not room.used >= room.total > 0:
                continue
            ours, held = self._ours.get(room.memory, 0), self._count(room.memory)
            why = f"the message memory {room.memory} is full ({room.used} of {room.total}): "
            if ours:
                why += f"{ours} were written there by another program. Delete them, for example with gammu"
            else:
                why += f"{held} wait until this box has kept them. See why it does not (disk, log)"
            trouble = why
        if trouble and not self.trouble:
            log.error("port %s: %s", self.name, trouble)
        self.trouble = trouble


def _digest(slot: str, pdu: str) -> bytes:
    return hashlib.blake2b(f"{slot}|{pdu}".encode(), digest_size=16).digest()
