"""Octets read from the front, and the fields that several kinds of PDU share: addresses and times.

3GPP 23.040: addresses 9.1.2.5, time stamps 9.2.3.11.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from drivers.sms import gsm7

NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # for a time stamp that is no time
DIGITS = "0123456789*#abc"  # 23.040 9.1.2.3; 0xF fills up
INTERNATIONAL, UNKNOWN, ALPHANUMERIC = 0x91, 0x81, 0xD0  # type of number, with the ISDN numbering plan
_KIND = 0x70  # the bits of it that tell the type of number


class Malformed(Exception):
    """The PDU makes no sense; the text says why."""


class Octets:
    """Takes octets from the front of `data`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int, what: str) -> bytes:
        """The next `count` octets; raises Malformed when they are not there."""
        taken = self._data[self._at : self._at + count]
        if len(taken) < count:
            raise Malformed(f"it ends within {what}")
        self._at += count
        return taken

    def octet(self, what: str) -> int:
        """The next octet."""
        return self.take(1, what)[0]

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data) - self._at, "the rest")

    def address(self, what: str) -> str:
        """A number ("+49..."), or letters ("MyBank"), with its length and type in front."""
        length = self.octet(what)
        kind = self.octet(what)
        octets = self.take((length + 1) // 2, what)
        if kind & _KIND == ALPHANUMERIC & _KIND:
            return gsm7.decoded(gsm7.unpack(octets, length * 4 // 7))
        digits = "".join(_digit(nibble) for nibble in nibbles(octets)[:length])
        return f"+{digits}" if kind & _KIND == INTERNATIONAL & _KIND else digits

    def time(self, what: str) -> datetime:
        """A time stamp with its zone; NO_TIME when it is none."""
        return timestamp(self.take(7, what))


def nibbles(octets: bytes) -> list[int]:
    """Half octets in the order in which addresses and times are written: the low one first."""
    return [half for octet in octets for half in (octet & 15, octet >> 4)]


def semi_octets(digits: str) -> bytes:
    """As an address carries them: half octets, swapped, filled up with 0xF."""
    halves = [DIGITS.index(digit) for digit in digits] + [15] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(halves[::2], halves[1::2], strict=True))


def encoded_address(address: str) -> bytes:
    """Length, type and digits of a number, or letters when it is none (23.040 9.1.2.5)."""
    digits = address.removeprefix("+")
    if digits and set(digits) <= set(DIGITS):
        kind = INTERNATIONAL if address.startswith("+") else UNKNOWN
        return bytes((len(digits), kind)) + semi_octets(digits)
    septets = b"".join(gsm7.encoded(address) or [])
    packed = gsm7.pack(septets)
    return bytes(((len(septets) * 7 + 3) // 4, ALPHANUMERIC)) + packed


def timestamp(octets: bytes) -> datetime:
    """Seven octets: year to second, and the zone in quarters of an hour with its sign in bit 3."""
    halves = nibbles(octets)
    if max(halves[:12]) > 9:
        return NO_TIME
    year, month, day, hour, minute, second = (
        tens * 10 + ones for tens, ones in zip(halves[:12:2], halves[1:12:2], strict=True)
    )
    quarters = (halves[12] & 7) * 10 + halves[13]
    offset = timedelta(minutes=-15 * quarters if halves[12] & 8 else 15 * quarters)
    try:
        century = 1900 if year >= 90 else 2000
        return datetime(century + year, month, day, hour, minute, second, tzinfo=timezone(offset))
    except ValueError:
        return NO_TIME


def encoded_time(moment: datetime) -> bytes:
    """The seven octets of a time with a zone."""
    offset = moment.utcoffset() or timedelta()
    quarters = int(abs(offset).total_seconds()) // 900
    numbers = [moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second]
    swapped = [number % 10 << 4 | number // 10 for number in (*numbers, quarters)]
    if offset < timedelta():
        swapped[-1] |= 8
    return bytes(swapped)


def _digit(nibble: int) -> str:
    return DIGITS[nibble] if nibble < len(DIGITS) else ""
