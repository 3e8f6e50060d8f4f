"""The message memories of an emulated modem and its SIM: places with PDUs, which outlive a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

UNREAD, READ, UNSENT, SENT = range(4)  # <stat>, 27.005 3.1
ALL = 4


@dataclass
class Stored:
    """One message; `pdu` with the service centre's address."""

    pdu: str
    stat: int

    @property
    def length(self) -> int:
        """Octets of the TPDU, as AT commands count them."""
        return tpdu_octets(self.pdu)


class Memory:
    """Places 1 to `size`."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.places: dict[int, Stored] = {}

    @property
    def is_full(self) -> bool:
        return len(self.places) >= self.size

    def add(self, stored: Stored) -> int:
        """The first free place takes it; the memory must not be full."""
        place = next(number for number in range(1, self.size + 1) if number not in self.places)
        self.places[place] = stored
        return place

    def of(self, stat: int) -> Iterator[tuple[int, Stored]]:
        """Places with messages of one kind, or ALL, in order."""
        for number in sorted(self.places):
            if stat in (ALL, self.places[number].stat):
                yield number, self.places[number]


def tpdu_octets(pdu: str) -> int:
    """Length of a PDU without the service centre's address; -1 for nonsense."""
    try:
        octets = bytes.fromhex(pdu)
    except ValueError:
        return -1
    return len(octets) - 1 - octets[0] if octets else -1
