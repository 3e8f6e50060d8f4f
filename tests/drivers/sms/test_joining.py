"""Want 18: long messages from their parts: order, repeats, gaps, and what bad senders cut in two."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime

from drivers.messages import TextPart
from drivers.sms import MISSING, decode, encode, gsm7, join
from drivers.sms.pdu import decode_submit
from tests.drivers.sms.texts import random_text

HEAD, STAMP = "00440D91947110325476F800", "62112230405000"


def arrived(dcs: int, data: Sequence[bytes]) -> list[TextPart]:
    """Payloads as the parts of one message; 16-bit reference, so that a header takes whole septets."""
    parts = []
    for number, payload in enumerate(data, 1):
        header = bytes((6, 8, 4, 1, 2, len(data), number))
        length = 8 + len(payload) if dcs == 0 else 7 + len(payload)
        octets = header + (gsm7.pack(payload) if dcs == 0 else payload)
        part = decode("", f"{HEAD}{dcs:02X}{STAMP}{length:02X}{octets.hex()}")
        assert isinstance(part, TextPart)
        parts.append(part)
    return parts


def delivered(text: str, reference: int) -> list[TextPart]:
    """What the far end gets of what we send."""
    parts = []
    for one in encode("+4917012345678", text, reference=reference, most_parts=255):
        submit = decode_submit(one.tpdu)
        first = "44" if submit.has_header else "04"
        head = f"00{first}0D91947110325476F800{submit.dcs:02X}{STAMP}{submit.length:02X}"
        part = decode("", head + submit.octets.hex())
        assert isinstance(part, TextPart)
        parts.append(part)
    return parts


def test_parts_in_any_order_some_twice_give_the_text() -> None:
    luck = random.Random(8)
    for _ in range(60):
        text = random_text(luck)
        parts = delivered(text, luck.randrange(65536))
        parts += luck.choices(parts, k=2)
        luck.shuffle(parts)
        assert join(parts) == text


def test_a_gap_is_marked_wherever_it_is() -> None:
    one, two, three, four = arrived(0, [b"one", b"two", b"three", b"four"])
    assert join([one, two, three, four]) == "onetwothreefour"
    assert join([four, one]) == f"one{MISSING}four"
    assert join([two, three]) == f"{MISSING}twothree{MISSING}"
    assert join([one]) == f"one{MISSING}"
    assert join([]) == ""


def test_an_escape_cut_off_its_character_is_mended() -> None:
    assert join(arrived(0, [b"a\x1b", b"\x65b"])) == "a€b"


def test_a_surrogate_pair_cut_in_two_is_mended() -> None:
    smile = "😀".encode("utf-16-be")
    assert join(arrived(8, [b"\0a" + smile[:2], smile[2:]])) == "a😀"
    assert join(arrived(8, [smile[:1], smile[1:]])) == "😀"  # even within a unit


def test_data_cut_within_a_character_is_mended() -> None:
    assert join(arrived(4, ["ü".encode()[:1], "ü".encode()[1:]])) == "ü"


def test_parts_of_different_alphabets_are_joined() -> None:
    latin, cyrillic = arrived(0, [b"abc", b""])[0], arrived(8, [b"", "ж".encode("utf-16-be")])[1]
    assert join([cyrillic, latin]) == "abcж"


def test_parts_without_a_pdu_give_their_own_text() -> None:
    now = datetime.now(UTC)
    parts = [TextPart("", "", "1", now, text, 7, 2, number) for number, text in ((2, "b"), (1, "a"))]
    assert join(parts) == "ab"
