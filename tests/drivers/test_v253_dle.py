"""The DLE machine: every split, every code, any bytes; and DTMF codes as presses."""

from __future__ import annotations

import random

import pytest

from drivers.v253.dle import PACKET_BYTES, Code, Packet, Piece, Reader, shield
from drivers.v253.keys import Keys

STREAM = b"ab\x10\x10c\x10l\x10\x1ad\x10X\r\nNMBR = 1\x10\x102\r\n\x10.e\x10\x03\r\nOK\r\n"
MEANT: list[Piece] = [
    b"ab\x10c",
    Code("l"),
    b"\x10\x10d",
    Packet("\r\nNMBR = 1\x102\r\n"),
    b"e",
    Code("\x03"),
    b"\r\nOK\r\n",
]


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if joined and isinstance(piece, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def test_v4_a_stream_means_the_same_wherever_it_is_cut() -> None:
    assert Reader().feed(STREAM) == MEANT
    for first in range(len(STREAM) + 1):
        for second in range(first, len(STREAM) + 1):
            reader = Reader()
            pieces = [
                *reader.feed(STREAM[:first]),
                *reader.feed(STREAM[first:second]),
                *reader.feed(STREAM[second:]),
            ]
            assert _joined(pieces) == MEANT


def test_every_other_pair_is_a_code() -> None:
    for byte in set(range(256)) - {0x10, 0x1A, ord("X")}:
        assert Reader().feed(b"\x10" + bytes([byte])) == [Code(chr(byte))]


def test_sound_comes_back_as_it_was_shielded() -> None:
    luck = random.Random(1)
    for _ in range(200):
        sound = bytes(luck.choice((0x10, 0x1A, 0x03, 0x58, luck.randrange(256))) for _ in range(400))
        reader, back = Reader(), b""
        shielded = shield(sound)
        while shielded:
            cut = luck.randint(1, 50)
            for piece in reader.feed(shielded[:cut]):
                assert isinstance(piece, bytes)
                back += piece
            shielded = shielded[cut:]
        assert back == sound


def test_a_false_packet_costs_no_more_than_its_length() -> None:
    reader = Reader()
    sound = bytes(0x40 for _ in range(4000))
    assert (
        sum(len(piece) for piece in reader.feed(b"\x10X" + sound) if isinstance(piece, bytes))
        == 4000 - PACKET_BYTES
    )
    assert reader.feed(b"\x10.") == [Code(".")]


def test_the_end_of_voice_ends_a_packet() -> None:
    assert Reader().feed(b"\x10Xab\x10\x03OK") == [Code("\x03"), b"OK"]


def test_any_bytes_in_any_pieces_give_no_more_than_they_are() -> None:
    luck = random.Random(7)
    for _ in range(1000):
        data = bytes(luck.choice(b"\x10\x10\x10\x1a\x03X.ab\r\n") for _ in range(luck.randrange(200)))
        whole, cut = Reader().feed(data), Reader()
        pieces = [piece for byte in data for piece in cut.feed(bytes([byte]))]
        assert _joined(pieces) == whole
        assert sum(len(piece) for piece in whole if isinstance(piece, bytes)) <= len(data)


def test_v1_a_digit_told_again_and_again_is_one_press() -> None:
    keys, heard = Keys(), ""
    for press, digit in enumerate("1122#"):
        at = press * 0.5
        for step, code in enumerate(f"/{digit * 4}~"):
            heard += keys.feed(code, at + step * 0.07)
    assert heard == "1122#"


@pytest.mark.parametrize("lost", ["/", "~", "/~"])
def test_v1_a_lost_mark_neither_doubles_nor_swallows_a_press(lost: str) -> None:
    keys, heard = Keys(), ""
    for press, digit in enumerate("5590"):
        for step, code in enumerate(f"/{digit * 3}~"):
            if code not in lost:
                heard += keys.feed(code, press * 0.6 + step * 0.07)
    assert heard in ("5590", "590")  # without its end, a press of the same key cannot be told from the last
    assert heard == "5590" or lost != "/"


def test_chips_without_marks_say_each_press_once() -> None:
    keys = Keys()
    assert "".join(keys.feed(digit, n * 0.3) for n, digit in enumerate("7702D*")) == "7702D*"
    assert [keys.feed(code, 9.0) for code in "bdlRqs\x03"] == [""] * 7
