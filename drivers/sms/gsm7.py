"""The GSM 7-bit default alphabet: text <-> septets <-> packed octets (3GPP 23.038 6.1, 6.2.1).

Septets are kept one to a byte; `pack` and `unpack` are the way to and from the octets of a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ESCAPE = 0x1B
DEFAULT = (  # the index is the septet
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {  # after ESCAPE
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}


class Tables(NamedTuple):
    """The alphabet in force: a national language may lock another one in, or shift single characters."""

    locking: str = DEFAULT
    single: Mapping[int, str] = EXTENSION


_SEPTETS: dict[str, bytes] = {
    **{character: bytes((septet,)) for septet, character in enumerate(DEFAULT) if septet != ESCAPE},
    **{character: bytes((ESCAPE, septet)) for septet, character in EXTENSION.items()},
}


_DEFAULT_TABLES = Tables()


def encoded(text: str) -> list[bytes] | None:
    """The septets of each character, one or two; None when the alphabet lacks one of them."""
    septets = [_SEPTETS.get(character) for character in text]
    return None if None in septets else [one for one in septets if one is not None]


def decoded(septets: bytes, tables: Tables = _DEFAULT_TABLES) -> str:
    """Text of septets. An escaped septet without a meaning is the character itself, an escaped escape or
    one at the end a blank (23.038 6.2.1.1)."""
    if ESCAPE not in septets:
        return "".join([tables.locking[septet & 0x7F] for septet in septets])
    text: list[str] = []
    escaped = False
    for septet in septets:
        septet &= 0x7F
        if escaped:
            text.append(" " if septet == ESCAPE else tables.single.get(septet, tables.locking[septet]))
            escaped = False
        elif septet == ESCAPE:
            escaped = True
        else:
            text.append(tables.locking[septet])
    return "".join(text) + (" " if escaped else "")


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Octets, beginning with `fill_bits` zero bits (those after a header)."""
    bits = 0
    for septet in reversed(septets):
        bits = bits << 7 | septet
    return (bits << fill_bits).to_bytes((len(septets) * 7 + fill_bits + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """The first `count` septets after `fill_bits`; zeros where octets are missing."""
    bits = int.from_bytes(octets, "little") >> fill_bits
    septets = bytearray(count)
    for index in range(count):
        septets[index] = bits & 0x7F
        bits >>= 7
    return bytes(septets)
