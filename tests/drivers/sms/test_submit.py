"""Want 18: what we send: edges of the room, cuts, refusals, and what independent codecs read in it."""

from __future__ import annotations

import random

import gsmmodem.pdu as peer
import pytest

from drivers.port import MessageRefused
from drivers.sms import encode, gsm7
from drivers.sms.pdu import decode_submit
from drivers.sms.user_data import Alphabet, text_of
from tests.drivers.sms.texts import random_text

NUMBER = "+4917012345678"


def test_the_example_everybody_knows() -> None:
    """The hello of the PDU tutorials, octet by octet."""
    (part,) = encode("+46708251358", "hellohello", report=False)
    assert part.tpdu == "01000B916407281553F800000AE8329BFD4697D9EC37"


@pytest.mark.parametrize(
    ("text", "parts", "alphabet"),
    [
        ("x" * 160, 1, Alphabet.GSM7),
        ("x" * 161, 2, Alphabet.GSM7),
        ("x" * 306, 2, Alphabet.GSM7),
        ("x" * 307, 3, Alphabet.GSM7),
        ("€" * 80, 1, Alphabet.GSM7),
        ("€" * 81, 2, Alphabet.GSM7),
        ("[]" * 80, 3, Alphabet.GSM7),  # 320 septets; 76 pairs a part, for no pair is cut
        ("ж" * 70, 1, Alphabet.UCS2),
        ("ж" * 71, 2, Alphabet.UCS2),
        ("😀" * 35, 1, Alphabet.UCS2),
        ("😀" * 36, 2, Alphabet.UCS2),
        ("x" * 152 + "€" + "x" * 10, 2, Alphabet.GSM7),
    ],
)
def test_how_many_parts_a_text_takes(text: str, parts: int, alphabet: Alphabet) -> None:
    made = encode(NUMBER, text)
    assert (len(made), {part.alphabet for part in made}) == (parts, {alphabet})
    assert "".join(part.text for part in made) == text
    for part in made:
        assert part.units <= part.room
        assert len(part.tpdu) // 2 <= 164  # 23.040 9.2.2.2


def test_no_part_ends_within_a_character() -> None:
    for shift in range(4):
        for text in ("x" * shift + "€" * 300, "x" * shift + "ж😀" * 100):
            for part in encode(NUMBER, text):
                submit = decode_submit(part.tpdu)
                assert text_of([submit.user]) == part.text
                assert submit.user.payload[-1] != 0x1B or submit.user.alphabet is Alphabet.UCS2


@pytest.mark.parametrize(("reference", "room"), [(0, 153), (255, 153), (256, 152), (65535, 152)])
def test_a_reference_takes_8_or_16_bits(reference: int, room: int) -> None:
    parts = encode(NUMBER, "x" * 400, reference=reference)
    places = [decode_submit(part.tpdu).user.place for part in parts]
    assert [(place.reference, place.parts, place.part) for place in places] == [
        (reference, 3, number) for number in (1, 2, 3)
    ]
    assert {part.room for part in parts} == {room}


def test_the_options_stand_in_the_pdu() -> None:
    plain = decode_submit(encode(NUMBER, "x", report=False)[0].tpdu)
    assert (plain.report, plain.dcs, plain.validity) == (False, 0, b"")
    flash = decode_submit(encode(NUMBER, "x", flash=True)[0].tpdu)
    assert (flash.report, flash.dcs) == (True, 0x10)
    assert decode_submit(encode(NUMBER, "ж", flash=True)[0].tpdu).dcs == 0x18


@pytest.mark.parametrize(
    ("hours", "octet"),
    [
        *((0, 0), (1 / 12, 0), (1, 11), (12, 143), (12.5, 144), (24, 167), (25, 168), (48, 168)),
        *((720, 196), (721, 197), (5 * 7 * 24, 197), (63 * 7 * 24, 255), (1e6, 255)),
    ],
)
def test_a_validity_is_rounded_up_to_what_can_be_said(hours: float, octet: int) -> None:
    """3GPP 23.040 9.2.3.12.1."""
    assert decode_submit(encode(NUMBER, "x", validity_hours=hours)[0].tpdu).validity == bytes((octet,))


@pytest.mark.parametrize("number", ["", "+", "abc", "+49 170", "1" * 21, "0170;1", "+49\u0661"])
def test_a_number_nothing_can_be_sent_to_is_refused(number: str) -> None:
    with pytest.raises(MessageRefused, match="no number that a message can be sent to") as refused:
        encode(number, "x")
    assert not refused.value.may_pass


@pytest.mark.parametrize("number", ["1", "12345678901234567890", "+4917012345678", "*100#", "017012345678"])
def test_numbers_arrive_as_they_were_given(number: str) -> None:
    assert decode_submit(encode(number, "x")[0].tpdu).recipient == number


def test_an_empty_text_and_a_long_one_are_refused_with_what_to_do() -> None:
    with pytest.raises(MessageRefused, match="empty"):
        encode(NUMBER, "")
    assert len(encode(NUMBER, "x" * 1530)) == 10
    with pytest.raises(
        MessageRefused, match=r"takes 11 parts of 153 characters, 10 are allowed\. Shorten it$"
    ):
        encode(NUMBER, "x" * 1531)
    with pytest.raises(MessageRefused, match="leave out characters like '’'"):
        encode(NUMBER, "don’t " * 200)
    assert len(encode(NUMBER, "x" * 153 * 255, most_parts=1000)) == 255
    with pytest.raises(MessageRefused, match="256 parts"):
        encode(NUMBER, "x" * (153 * 255 + 1), most_parts=1000)


def test_half_a_surrogate_pair_is_sent_as_the_replacement_character() -> None:
    assert decode_submit(encode(NUMBER, "a\ud83d")[0].tpdu).text == "a\ufffd"


def test_gsmmodem_reads_what_we_write() -> None:
    luck = random.Random(1)
    for _ in range(60):
        text = random_text(luck).replace("@", "a")  # it drops one at the end of a part
        # 16-bit references only in UCS-2: with a header of 7 octets it drops the first septet
        most = 255 if gsm7.encoded(text) else 65535
        parts = encode(NUMBER, text, reference=luck.randint(0, most), most_parts=255)
        read = [peer.decodeSmsPdu("00" + part.tpdu) for part in parts]
        assert {one["number"] for one in read} == {NUMBER}
        # its table has ` in the place of §, its form feed is U+00FF, and it pairs no surrogates
        theirs = "".join(one["text"] for one in read).replace("`", "§").replace("\xff", "\f")
        assert theirs.encode("utf-16-be", "surrogatepass").decode("utf-16-be") == text
