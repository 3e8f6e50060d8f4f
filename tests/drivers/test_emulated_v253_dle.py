"""DLE shielding on the modem's side: any bytes in any pieces."""

from __future__ import annotations

import random

import pytest

from drivers.emulated.v253.dle import Unshielder, code, shield


def taken(pieces: list[bytes]) -> list[bytes | int]:
    """What an unshielder makes of pieces, runs of data joined."""
    unshielder = Unshielder()
    found: list[bytes | int] = []
    for piece in pieces:
        while piece:
            data, command, piece = unshielder.feed(piece)
            if data and found and isinstance(found[-1], bytes):
                found[-1] += data
            elif data:
                found.append(data)
            if command is not None:
                found.append(command)
    return found


@pytest.mark.parametrize("pairs", [False, True])
@pytest.mark.parametrize(
    "data", [b"", b"\x10", b"\x10\x10", b"\x10\x10\x10", b"a\x10\x10b\x10", bytes(range(256))]
)
def test_shielded_data_comes_back(data: bytes, pairs: bool) -> None:
    assert b"".join(part for part in taken([shield(data, pairs=pairs)]) if isinstance(part, bytes)) == data


def test_pairs_are_shorter() -> None:
    assert shield(b"\x10\x10\x10", pairs=True) == b"\x10\x1a\x10\x10"
    assert shield(b"\x10\x10\x10") == b"\x10" * 6


def test_codes_stand_between_data() -> None:
    stream = shield(b"ab\x10") + code("5") + shield(b"c") + code("\x03")
    assert taken([stream]) == [b"ab\x10", ord("5"), b"c", 3]


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_mean_the_same_in_any_pieces(seed: int) -> None:
    luck = random.Random(seed)
    stream = bytes(luck.choice((0x10, 0x10, 0x1A, 0x03, 0x41, 0xFF)) for _ in range(400))
    pieces, at = [], 0
    while at < len(stream):
        size = luck.randint(1, 5)
        pieces.append(stream[at : at + size])
        at += size
    assert taken(pieces) == taken([stream]) == taken([bytes([byte]) for byte in stream])
