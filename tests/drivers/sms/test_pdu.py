"""Want 18: what comes in, by GSM7 and UCS2: examples of the standard and the field, nonsense."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import gsmmodem.pdu as peer
import pytest

from drivers.messages import Fate, StatusReport, TextPart, Unreadable
from drivers.sms import decode, encode, gsm7
from drivers.sms.octets import NO_TIME
from drivers.sms.pdu import decode_submit
from tests.drivers.sms.texts import random_text

TUTORIAL = "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"
TIME = datetime(1999, 3, 29, 15, 16, 59, tzinfo=timezone(timedelta(hours=2)))
FRONT = "00040D91947110325476F8"  # no service centre, SMS-DELIVER, +4917012345678
WITH_HEADER = "00440D91947110325476F8"
STAMP = "62112230405000"


def text_part(pdu: str) -> TextPart:
    arrival = decode("SM:1", pdu)
    assert isinstance(arrival, TextPart), arrival
    return arrival


def test_the_example_everybody_knows() -> None:
    assert decode("SM:3", TUTORIAL) == TextPart(
        slot="SM:3", pdu=TUTORIAL, sender="27838890001", sent_at=TIME, text="hellohello"
    )


@pytest.mark.parametrize(
    ("tpdu", "text"),  # written by pycrate 0.8.1
    [
        ("000D91947110325476F80000621122304050001347B9DF53060140E877BB0CDAA036E54D0A", "Grüße @ home {€}"),
        ("000D91947110325476F80008621122304050000C041F04400438043204350442", "Привет"),
    ],
)
def test_what_pycrate_writes_is_read(tpdu: str, text: str) -> None:
    part = text_part("00" + tpdu)
    assert (part.sender, part.text) == ("+4917012345678", text)
    assert part.sent_at == datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


def test_what_gsmmodem_writes_is_read() -> None:
    luck = random.Random(5)
    for _ in range(60):
        text = random_text(luck)
        if not set(text) & set("§`\f\xff😀🚀🇩🇪👩🏽𝄞👧"):  # its faults: see test_submit
            written = peer.encodeSmsSubmitPdu("+4917012345678", text, reference=luck.randrange(256))
            submits = [decode_submit(bytes(one.data).hex()[2:]) for one in written]
            assert "".join(one.text for one in submits) == text
            assert {one.recipient for one in submits} == {"+4917012345678"}


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("0BD0CDBC30EC5E03", "MyBank"),
        ("0CD0CDBC30EC5E03", "MyBank"),  # as gsmmodem counts its half octets
        ("0ED0D637396C7EBBCB", "Vodafone"),
        ("0B912143658709F1", "+12345678901"),
        ("05810180F6", "10086"),
        ("03A121F3", "123"),
        ("05811A00FB", "*100#"),
        ("0081", ""),
        ("0791214365F7", "+1234567"),
    ],
)
def test_senders_are_numbers_or_letters(address: str, sender: str) -> None:
    assert text_part(f"0004{address}0000{STAMP}00").sender == sender


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("99309251619580", TIME),
        ("621122304050" + "00", datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)),
        ("621122304050" + "4A", datetime(2026, 11, 22, 3, 4, 5, tzinfo=timezone(-timedelta(hours=6)))),
        ("00000000000000", NO_TIME),
        ("62112230405F00", NO_TIME),
        ("FFFFFFFFFFFFFF", NO_TIME),
        ("62319200000000", NO_TIME),  # the 29th of month 13
    ],
)
def test_time_stamps_have_a_zone_in_quarters_of_an_hour(stamp: str, time: datetime) -> None:
    part = text_part(f"{FRONT}0000{stamp}0141")
    assert (part.sent_at, part.text) == (time, "A")


@pytest.mark.parametrize(
    ("dcs", "message_class", "text"),
    [
        ("00", None, "@"),
        ("10", 0, "@"),
        ("11", 1, "@"),
        ("F0", 0, "@"),
        ("F2", 2, "@"),
        ("50", 0, "@"),  # class 0, and to be deleted
        ("C8", None, "@"),  # voice mail waits
        ("0C", None, "@"),  # reserved
        ("80", None, "@"),  # reserved
    ],
)
def test_data_codings_of_the_default_alphabet(dcs: str, message_class: int | None, text: str) -> None:
    part = text_part(f"{FRONT}00{dcs}{STAMP}0100")
    assert (part.message_class, part.text) == (message_class, text)


@pytest.mark.parametrize(
    ("dcs", "data", "text"),
    [
        ("08", "0416", "Ж"),
        ("18", "0416", "Ж"),
        ("E0", "0416", "Ж"),
        ("08", "D83DDE00", "😀"),
        ("08", "0041D83D", "A\ufffd"),
        ("04", "4772C3BCC39F65", "Grüße"),
        ("F4", "48690A", "Hi\n"),
        ("04", "00FF10", "00FF10"),
        ("04", "0102", "0102"),
    ],
)
def test_ucs2_and_data(dcs: str, data: str, text: str) -> None:
    assert text_part(f"{FRONT}00{dcs}{STAMP}{len(data) // 2:02X}{data}").text == text


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("050003070301", (7, 3, 1)),
        ("06080401020302", (0x102, 3, 2)),
        ("0B05040B8423F00003070302", (7, 3, 2)),  # ports in front
        ("050003070703", (7, 7, 3)),
        ("0500FF070301", (0, 1, 1)),  # elements that run over the header's end
        ("050003070300", (0, 1, 1)),  # part 0
        ("050003070304", (0, 1, 1)),  # part 4 of 3
        ("0400020703", (0, 1, 1)),
        ("00", (0, 1, 1)),
    ],
)
def test_headers(header: str, place: tuple[int, int, int]) -> None:
    octets = len(header) // 2 + 2
    part = text_part(f"{WITH_HEADER}0008{STAMP}{octets:02X}{header}0416")
    assert (part.reference, part.parts, part.part) == place
    assert part.text == "Ж"


def test_a_text_after_a_header_begins_at_a_septet() -> None:
    header = bytes.fromhex("050003070301")
    data = header + gsm7.pack(b"abc", fill_bits=1)  # 48 bits of header and 1 to fill: 7 septets
    assert text_part(f"{WITH_HEADER}0000{STAMP}0A{data.hex()}").text == "abc"


def test_a_national_language_of_the_header_is_used() -> None:
    header = bytes.fromhex("06240101250101")  # Turkish, to shift and locked in; 56 bits: 8 septets
    data = header + gsm7.pack(b"\x07\x1bs")
    assert text_part(f"{WITH_HEADER}0000{STAMP}0B{data.hex()}").text == "ış"


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (0x00, Fate.DELIVERED),
        (0x02, Fate.DELIVERED),
        (0x1F, Fate.DELIVERED),
        (0x20, Fate.TRYING),
        (0x30, Fate.TRYING),
        (0x40, Fate.FAILED),
        (0x46, Fate.FAILED),
        (0x60, Fate.FAILED),
        (0xFF, Fate.FAILED),
    ],
)
@pytest.mark.parametrize("more", ["", "00", "FF"])
def test_status_reports(status: int, fate: Fate, more: str) -> None:
    pdu = f"00062A0D91947110325476F8{STAMP}62112230406000{status:02X}{more}"
    assert decode("SR:2", pdu) == StatusReport(
        slot="SR:2",
        pdu=pdu,
        recipient="+4917012345678",
        reference=42,
        fate=fate,
        status=status,
        done_at=datetime(2026, 11, 22, 3, 4, 6, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("pdu", "why"),
    [
        ("", "ends within the service centre's address"),
        ("0", "not written in hex"),
        ("07917283", "ends within the service centre's address"),
        ("xyz", "not written in hex"),
        ("\u0661\u0661", "not written in hex"),
        (TUTORIAL[:-2], "should have 9 octets of text and has 8"),
        (TUTORIAL[:40], "ends within the time stamp"),
        ("00010003912143", "a message of our own"),
        (f"{FRONT}0020{STAMP}00", "compressed"),
        (f"{WITH_HEADER}0008{STAMP}0205000000", "header is longer than its text"),
    ],
)
def test_what_makes_no_sense_is_kept_with_the_reason(pdu: str, why: str) -> None:
    arrival = decode("SM:9", pdu)
    assert isinstance(arrival, Unreadable)
    assert (arrival.slot, arrival.pdu) == ("SM:9", pdu)
    assert why in arrival.why


def test_octets_after_the_end_do_no_harm() -> None:
    assert text_part(TUTORIAL + "FFFF").text == "hellohello"


def test_what_we_encode_we_decode() -> None:
    luck = random.Random(6)
    for _ in range(100):
        text = random_text(luck)
        parts = encode("+49170", text, reference=luck.randrange(65536), most_parts=255)
        assert "".join(decode_submit(part.tpdu).text for part in parts) == text
