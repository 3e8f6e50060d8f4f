"""What differs between voice modem chips, as one table each. A new chip is a table (and its emulator's).

Sources: USRobotics 5637 OEM manual; Conexant CX930xx reference manual and bench notes on a real CX93001;
Silicon Labs AN93; vgetty's drivers for Lucent (facts only). A command that a chip does not know answers ERROR
and is passed over, so a table says what is needed, not what is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """One chip. Commands are sent as they stand; `{}` takes the value."""

    name: str
    known_by: str  # a pattern found in what ATI, +GMI and +GMM answer
    leave: bytes = b"\x10^"  # out of duplex; others are tried when it does not help
    country: str = "AT+GCI={}"
    caller_id_type: str = ""  # chooses Bellcore, British or Japanese caller ID where +GCI does not
    init: tuple[str, ...] = ()
    silence_off: str = "AT+VSD=128,0"  # else the modem ends a call in which nobody speaks
    receive_gain: str = "AT+VGR={}"
    transmit_gain: str = "AT+VGT={}"
    dial: str = "ATD{}{};"  # T or P, and the number
    digit: str = "AT+VTS={}"
    digit_length: str = "AT+VTD=10"  # 1/100 s; the default of 100 is a second for each digit
    flash: str = "AT+VTS=!"


#: After AT&F on every chip; refusals do not matter.
INIT = (
    "ATS0=0",  # never answers by itself
    "ATM0",  # no loudspeaker
    "AT&D0",  # a dropped DTR must not end the call
)

USR5637 = Chip("usr5637", r"U\.?S\.? ?ROBOTICS|USROBOTICS|56K FAX USB", leave=b"\x10\x03")
CX930XX = Chip(
    "cx930xx",
    r"CX93\d\d\d|CX[0-9]{5}|CONEXANT",
    init=("ATS24=0",),  # no sleep: a sleeping chip misses the caller ID of the first call (field reports)
)
SI24XX = Chip(
    "si24xx",
    r"SI24\d\d|SILICON LAB|\b24(39|9[34]|57|34|15|04)\b",
    caller_id_type="AT+VCDT={}",
    silence_off="AT+VSD=128,0",
)
LUCENT = Chip("lucent", r"LUCENT|AGERE|LT V\.9")
GENERIC = Chip("generic", "")

CHIPS = (USR5637, CX930XX, SI24XX, LUCENT, GENERIC)


def chip_of(texts: Iterable[str]) -> Chip:
    """The chip by what it says of itself; GENERIC when nothing is known of it."""
    said = " ".join(texts).upper()
    return next(chip for chip in CHIPS if re.search(chip.known_by, said))
