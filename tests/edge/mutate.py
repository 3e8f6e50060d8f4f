"""Good SIP made bad, seeded: the same seed gives the same messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

HUGE = (b"4294967296", b"-1", b"99999999999999999999", b"0x41", b"1e9", b"")
ODD = (
    b"\x00",
    b"\xff\xfe",
    b"%00",
    b"%n%s%x",
    b"\r\n",
    b"\r\n ",
    b"\n",
    b";",
    b",",
    b'"',
    b"<",
    b">",
    b"@",
    b":",
    b"\\",
)
WORDS = (
    b";lr",
    b";tag=",
    b"sip:",
    b"SIP/2.0",
    b"Via:",
    b"[::1]",
    b"z9hG4bK",
    b"\r\n\r\n",
    b"v=0",
    b"a=rtpmap:",
    b"m=audio ",
)


def mutated(originals: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Bad messages without end, each of one to four changes to one of `originals`."""
    dice = random.Random(seed)
    while True:
        message = dice.choice(originals)
        for _ in range(dice.randint(1, 4)):
            message = dice.choice(CHANGES)(message, dice)[:60000]
        yield message


def _place(message: bytes, dice: random.Random) -> int:
    return dice.randrange(len(message) + 1)


def _flip(message: bytes, dice: random.Random) -> bytes:
    at = _place(message, dice)
    return message[:at] + bytes([dice.randrange(256)]) + message[at + 1 :]


def _cut(message: bytes, dice: random.Random) -> bytes:
    at = _place(message, dice)
    return message[:at] + message[at + dice.randint(1, 40) :]


def _truncate(message: bytes, dice: random.Random) -> bytes:
    return message[: _place(message, dice)]


def _insert(message: bytes, dice: random.Random) -> bytes:
    at = _place(message, dice)
    return message[:at] + dice.choice(ODD + WORDS) * dice.choice((1, 1, 2, 50)) + message[at:]


def _lengthen(message: bytes, dice: random.Random) -> bytes:
    at = _place(message, dice)
    return message[:at] + message[at : at + 1] * dice.choice((100, 1000, 5000)) + message[at:]


def _number(message: bytes, dice: random.Random) -> bytes:
    spots = [at for at, letter in enumerate(message) if letter in b"0123456789"]
    if not spots:
        return message
    at = dice.choice(spots)
    return message[:at] + dice.choice(HUGE) + message[at + 1 :]


def _lines(message: bytes, dice: random.Random) -> bytes:
    """A line twice, gone, many times, or elsewhere."""
    lines = message.split(b"\r\n")
    at = dice.randrange(len(lines))
    line = lines.pop(at)
    times = dice.choice((0, 1, 2, 30))
    to = dice.randrange(len(lines) + 1)
    return b"\r\n".join([*lines[:to], *[line] * times, *lines[to:]])


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip,
    _flip,
    _cut,
    _truncate,
    _insert,
    _insert,
    _lengthen,
    _number,
    _lines,
)
