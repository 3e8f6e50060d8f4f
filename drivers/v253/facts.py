"""What a voice modem says of itself, and which of its lines nobody asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.at.channel import Channel, CommandFailed
from drivers.v253.caller import cadence, is_caller_line
from drivers.v253.quirks import GENERIC, Chip, chip_of

_RING = re.compile(r"RING( [A-Z0-9])?")  # RING A, RING B: distinctive ring
_QUESTIONS = ("ATI3", "ATI0", "AT+GMI", "AT+GMM")


def is_ring(text: str) -> bool:
    """RING, with or without the letter of a distinctive ring."""
    return _RING.fullmatch(text) is not None


def is_urc(text: str) -> bool:
    """Lines that answer nothing, wherever they stand."""
    return is_ring(text) or cadence(text) is not None or (is_caller_line(text) and "=" in text)


@dataclass
class Facts:
    """For `show lines`."""

    chip: str = ""
    model: str = ""
    coding: str = ""
    country: str = ""
    ring: str = ""  # the last cadence heard, "2.0 on 4.0 off"


async def identify(channel: Channel) -> tuple[Chip, str]:
    """The chip, and its own words for it; raises PortTimeout or PortLost."""
    texts: list[str] = []
    for question in _QUESTIONS:
        try:
            texts += await channel.command(question, "", may_be_empty=True)
        except CommandFailed:
            continue
    said = list(dict.fromkeys(text.partition(": ")[2] or text for text in texts))
    return (chip_of(texts) if texts else GENERIC), ", ".join(said)[:80]
