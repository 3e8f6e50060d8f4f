"""Want 18: the alphabets against the tables of an independent codec, and the packing of septets."""

from __future__ import annotations

import random

import gsmcodecs  # noqa: F401  # registers its codecs
import pytest

from drivers.sms import gsm7
from drivers.sms.national import PORTUGUESE, SPANISH, TURKISH, tables

SEPTETS = bytes(septet for septet in range(128) if septet != gsm7.ESCAPE)


@pytest.mark.parametrize(
    ("locking", "single"), [(0, 0), (TURKISH, TURKISH), (0, SPANISH), (PORTUGUESE, PORTUGUESE), (0, TURKISH)]
)
def test_the_tables_are_those_of_the_standard(locking: int, single: int) -> None:
    ours, theirs = tables(locking, single), f"gsm23.038-{locking}-{single}"
    assert gsm7.decoded(SEPTETS, ours) == SEPTETS.decode(theirs)
    for septet in SEPTETS:
        try:
            escaped = bytes((gsm7.ESCAPE, septet)).decode(theirs)
        except UnicodeError:
            escaped = ours.locking[septet]  # without a meaning: as if it were not escaped
        assert gsm7.decoded(bytes((gsm7.ESCAPE, septet)), ours) == escaped


def test_a_language_that_is_not_known_reads_as_the_default() -> None:
    assert tables(4, 13) == tables()


def test_an_escape_of_an_escape_and_one_at_the_end_are_blanks() -> None:
    assert gsm7.decoded(b"a\x1b\x1bb\x1b") == "a b "


def test_every_character_goes_there_and_back() -> None:
    text = gsm7.DEFAULT.replace("\x1b", "") + "".join(gsm7.EXTENSION.values())
    encoded = gsm7.encoded(text)
    assert encoded is not None
    assert gsm7.decoded(b"".join(encoded)) == text
    assert gsm7.encoded("a\x1b") is None
    assert gsm7.encoded("ж") is None


def test_packing_with_any_fill_bits_is_undone_by_unpacking() -> None:
    luck = random.Random(4)
    for _ in range(300):
        septets = bytes(luck.randrange(128) for _ in range(luck.randrange(161)))
        fill = luck.randrange(7)
        packed = gsm7.pack(septets, fill)
        assert len(packed) == (len(septets) * 7 + fill + 7) // 8
        assert gsm7.unpack(packed, len(septets), fill) == septets
    assert gsm7.pack(b"hellohello").hex() == "e8329bfd4697d9ec37"
