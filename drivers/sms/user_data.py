"""The user data of a message: its alphabet, its header, and the text in it (3GPP 23.040 9.2.3.24, 23.038 4).

Text of several parts is decoded from their payloads put together (`text_of`), which mends characters that
a sender has cut in two.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drivers.sms import gsm7, national
from drivers.sms.octets import Malformed

CONCATENATED_8, CONCATENATED_16 = 0x00, 0x08  # information elements
SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25
USER_OCTETS = 140  # room of one message


class Alphabet(enum.Enum):
    """How characters are put into octets; the value is the two bits of a general data coding."""

    GSM7 = 0
    DATA = 1
    UCS2 = 2


@dataclass(frozen=True)
class Coding:
    """What a data coding scheme says (23.038 4)."""

    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False


@dataclass(frozen=True)
class Place:
    """Which part of which long message this is; the default is the only one."""

    reference: int = 0
    parts: int = 1
    part: int = 1


@dataclass(frozen=True)
class UserData:
    """`payload` is septets (GSM7, one to a byte) or octets, without the header."""

    alphabet: Alphabet
    payload: bytes
    place: Place = Place()
    locking: int = 0
    single: int = 0


def coding(dcs: int) -> Coding:
    """The alphabet and class of a data coding scheme; reserved ones are the default alphabet."""
    group = dcs >> 4
    if group < 0x8:  # general, and the same with automatic deletion
        bits = dcs >> 2 & 3
        alphabet = Alphabet(bits) if bits < 3 else Alphabet.GSM7
        return Coding(alphabet, dcs & 3 if dcs & 0x10 else None, bool(dcs & 0x20))
    if group == 0xF:
        return Coding(Alphabet.DATA if dcs & 4 else Alphabet.GSM7, dcs & 3)
    return Coding(Alphabet.UCS2 if group == 0xE else Alphabet.GSM7)  # 0xE: a message waits, in UCS2


def parsed(octets: bytes, length: int, *, alphabet: Alphabet, has_header: bool) -> UserData:
    """User data of `length` (septets in GSM7, else octets); raises Malformed when octets are missing."""
    size = (length * 7 + 7) // 8 if alphabet is Alphabet.GSM7 else length
    if len(octets) < size:
        raise Malformed(f"it should have {size} octets of text and has {len(octets)}")
    octets = octets[:size]
    header_size = 1 + octets[0] if has_header and octets else 0
    filled = (header_size * 8 + 6) // 7  # septets that the header takes up
    if header_size > size or (alphabet is Alphabet.GSM7 and filled > length):
        raise Malformed("its header is longer than its text")
    elements = dict(_elements(octets[1:header_size]))
    if alphabet is Alphabet.GSM7:
        fill_bits = filled * 7 - header_size * 8
        payload = gsm7.unpack(octets[header_size:], length - filled, fill_bits)
    else:
        payload = octets[header_size:]
    shifts = [(elements.get(kind) or b"\0")[0] for kind in (LOCKING_SHIFT, SINGLE_SHIFT)]
    return UserData(alphabet, payload, _place(elements), *shifts)


def text_of(pieces: Sequence[UserData]) -> str:
    """The text of pieces that follow each other; those of one kind are decoded together."""
    text: list[str] = []
    run: list[UserData] = []
    for piece in pieces:
        if run and _kind(run[-1]) != _kind(piece):
            text.append(_text(run))
            run = []
        run.append(piece)
    return "".join([*text, _text(run)]) if run else ""


def readable(data: bytes) -> str:
    """8-bit data as UTF-8 where that gives text, else in hex."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.hex().upper()
    return text if all(one.isprintable() or one in "\r\n\t" for one in text) else data.hex().upper()


def _text(run: Sequence[UserData]) -> str:
    payload = b"".join(piece.payload for piece in run)
    if run[0].alphabet is Alphabet.GSM7:
        return gsm7.decoded(payload, national.tables(run[0].locking, run[0].single))
    if run[0].alphabet is Alphabet.UCS2:
        return payload.decode("utf-16-be", "replace")
    return readable(payload)


def _kind(piece: UserData) -> tuple[Alphabet, int, int]:
    return piece.alphabet, piece.locking, piece.single


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """The information elements; one that runs over the header's end is left out."""
    at = 0
    while at + 1 < len(header):
        kind, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if len(value) == size:
            yield kind, value
        at += 2 + size


def _place(elements: dict[int, bytes]) -> Place:
    """Senseless numbers are as good as no header (23.040 9.2.3.24.1)."""
    short, wide = elements.get(CONCATENATED_8, b""), elements.get(CONCATENATED_16, b"")
    if len(wide) == 4:
        place = Place(int.from_bytes(wide[:2], "big"), wide[2], wide[3])
    elif len(short) == 3:
        place = Place(*short)
    else:
        return Place()
    return place if 1 <= place.part <= place.parts else Place()
