"""Our messages: a text as SMS-SUBMIT, in as many parts as it takes (3GPP 23.040 9.2.2.2, 9.2.3.24.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drivers.port import MessageRefused
from drivers.sms import gsm7
from drivers.sms.octets import encoded_address
from drivers.sms.pdu import HAS_HEADER, SUBMIT, WANTS_REPORT
from drivers.sms.user_data import CONCATENATED_8, CONCATENATED_16, USER_OCTETS, Alphabet

NUMBER = re.compile(r"\+?[0-9*#]{1,20}")  # 23.040 9.1.2.5: 20 digits at most
MOST_PARTS = 10  # more is a letter, or a mistake; the standard has room for 255
RELATIVE_VALIDITY = 0x10  # TP-VPF
FLASH = 0x10  # message class 0


@dataclass(frozen=True)
class Part:
    """One SMS-SUBMIT. `units` are septets or, in UCS2, 16-bit units, of the `room` there is for text."""

    tpdu: str  # hex, for `Messages.send`
    text: str
    alphabet: Alphabet
    units: int
    room: int


def encode(
    number: str,
    text: str,
    *,
    report: bool = True,
    flash: bool = False,
    reference: int = 0,
    validity_hours: float | None = None,
    most_parts: int = MOST_PARTS,
) -> list[Part]:
    """`text` for `number` as parts to be sent in their order.

    `report` asks for a status report of each part, `flash` for the far end's screen (class 0), `reference`
    (0 to 65535; over 255 it costs a character) tells long messages to one number apart, `validity_hours` says
    how long the network tries (None: as long as it likes).
    Raises MessageRefused, which cannot pass, for a number or a text that cannot be sent.
    """
    if not NUMBER.fullmatch(number):
        raise _refused(
            f"{number!r} is no number that a message can be sent to; 1 to 20 digits, * and #, with or "
            "without a + in front, are"
        )
    if not text:
        raise _refused("the message is empty. Give it a text")
    alphabet, units = _units(text)
    pieces, room = _split(units, alphabet, reference)
    if len(pieces) > min(most_parts, 255):
        raise _refused(
            f"the message takes {len(pieces)} parts of {room} characters, {most_parts} are allowed. "
            f"Shorten it{_why_so_many(alphabet, text)}"
        )
    first = SUBMIT | (WANTS_REPORT if report else 0) | (0 if validity_hours is None else RELATIVE_VALIDITY)
    dcs = alphabet.value << 2 | (FLASH if flash else 0)
    coding = bytes((0, dcs)) + (b"" if validity_hours is None else bytes((_relative(validity_hours),)))
    parts, start = [], 0
    for index, piece in enumerate(pieces, 1):
        header = _header(reference, len(pieces), index) if len(pieces) > 1 else b""
        tpdu = bytes((first | (HAS_HEADER if header else 0), 0)) + encoded_address(number) + coding
        tpdu += _user_data(header, b"".join(piece), alphabet)
        here = text[start : start + len(piece)]
        parts.append(Part(tpdu.hex().upper(), here, alphabet, _size(piece, alphabet), room))
        start += len(piece)
    return parts


def _refused(why: str) -> MessageRefused:
    return MessageRefused(why, may_pass=False)


def _units(text: str) -> tuple[Alphabet, list[bytes]]:
    """What must not be cut: the septets, or the octets in UTF-16, of each character."""
    septets = gsm7.encoded(text)
    if septets is not None:
        return Alphabet.GSM7, septets
    return Alphabet.UCS2, [_utf16(character) for character in text]


def _utf16(character: str) -> bytes:
    """Half a surrogate pair alone is no character: it becomes the replacement character."""
    return ("\ufffd" if "\ud800" <= character <= "\udfff" else character).encode("utf-16-be")


def _header(reference: int, parts: int, part: int) -> bytes:
    """User data header with its length (9.2.3.24.1, and .8 for 16-bit references)."""
    if reference < 256:
        return bytes((5, CONCATENATED_8, 3, reference, parts, part))
    return bytes((6, CONCATENATED_16, 4, reference >> 8, reference & 255, parts, part))


def _split(units: list[bytes], alphabet: Alphabet, reference: int) -> tuple[list[list[bytes]], int]:
    """The units of each part, and how many have room in one."""
    room = _room(USER_OCTETS, alphabet)
    if _size(units, alphabet) <= room:
        return [units], room
    room = _room(USER_OCTETS - len(_header(reference, 1, 1)), alphabet)
    return list(_pieces(units, room if alphabet is Alphabet.GSM7 else room * 2)), room


def _room(octets: int, alphabet: Alphabet) -> int:
    return octets * 8 // 7 if alphabet is Alphabet.GSM7 else octets // 2


def _size(units: Sequence[bytes], alphabet: Alphabet) -> int:
    return sum(map(len, units)) // (1 if alphabet is Alphabet.GSM7 else 2)


def _pieces(units: Sequence[bytes], room: int) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    used = 0
    for unit in units:
        if used + len(unit) > room:
            yield piece
            piece, used = [], 0
        piece.append(unit)
        used += len(unit)
    yield piece


def _user_data(header: bytes, payload: bytes, alphabet: Alphabet) -> bytes:
    if alphabet is not Alphabet.GSM7:
        return bytes((len(header) + len(payload),)) + header + payload
    filled = (len(header) * 8 + 6) // 7
    packed = gsm7.pack(payload, filled * 7 - len(header) * 8)
    return bytes((filled + len(payload),)) + header + packed


def _relative(hours: float) -> int:
    """TP-VP of 9.2.3.12.1, rounded up to what it can say: 5 minutes to 63 weeks."""
    if hours <= 12:
        return max(0, _up(hours * 12) - 1)
    if hours <= 24:
        return 143 + _up((hours - 12) * 2)
    if hours <= 30 * 24:
        return 166 + _up(hours / 24)
    return min(255, 192 + _up(hours / (7 * 24)))


def _up(value: float) -> int:
    return -int(-value // 1)


def _why_so_many(alphabet: Alphabet, text: str) -> str:
    """What makes a part hold 67 characters in place of 153."""
    if alphabet is Alphabet.GSM7:
        return ""
    odd = next(character for character in text if gsm7.encoded(character) is None)
    return f", or leave out characters like {odd!r}, which make all others take twice the room"
