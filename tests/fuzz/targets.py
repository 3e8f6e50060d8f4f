"""What is fuzzed: for each target how inputs are made, and what must hold for any input at all.

A check raises on failure; that nothing else raises is the first thing that is checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from drivers.at.channel import Channel
from drivers.at.parser import LINE_BYTES, Item, Line, Parser, Result, fields, number
from drivers.gsm.messages import GsmMessages
from drivers.gsm.simcom import SIM7600
from drivers.gsm.ussd import Ussd
from drivers.messages import Arrival, TextPart
from drivers.port import DriverError
from drivers.sms import decode, encode, join, ussd
from drivers.sms.octets import Malformed
from drivers.sms.pdu import decode_submit
from drivers.sms.user_data import text_of
from drivers.v253.dle import Code, Packet, Piece, Reader, shield
from tests.conftest import run
from tests.fuzz import soup

TPDU_OCTETS = 164  # of the longest SMS-SUBMIT, 23.040 9.2.2.2


@dataclass(frozen=True)
class Target:
    """`make` gives an input from a seed, `check` raises when something does not hold for it."""

    make: Callable[[random.Random], bytes]
    check: Callable[[bytes], None]
    share: int = 10  # of the inputs, beside the other targets


def pieces_of(data: bytes) -> list[bytes]:
    """Cut anywhere, always the same way for the same bytes."""
    luck = random.Random(zlib.crc32(data))
    pieces = []
    while data:
        size = luck.choice((1, 2, 3, luck.randint(1, 40)))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def check_parser(data: bytes) -> None:
    """Any cut gives the same; what is kept stays small; the next answer is understood."""
    whole, cut = Parser(), Parser()
    items = whole.feed(data)
    pieces: list[Item] = []
    for piece in pieces_of(data):
        pieces += cut.feed(piece)
        assert len(cut._rest) <= LINE_BYTES
        assert len(cut._quoted) <= 2 * LINE_BYTES + 1
    if not whole.dropped_bytes:
        assert items == pieces
    for item in items:
        if isinstance(item, Line):
            number((fields(item.text) or [""])[0])
    for parser in (whole, cut):
        assert parser.feed(b"\r\nOK\r\n")[-1] == Result("OK")


def check_channel(data: bytes) -> None:
    """Whatever comes in between, commands end, and the next one gets its own answer."""
    run(_talk(data))


async def _talk(data: bytes) -> None:
    answers = {b"AT+CMEE?\r": b"\r\n+CMEE: 1\r\n\r\nOK\r\n", b"AT+CSQ\r": b"\r\n+CSQ: 9,9\r\n\r\nOK\r\n"}
    loop = asyncio.get_running_loop()

    def write(sent: bytes) -> None:
        if is_well and sent in answers:
            loop.call_soon(channel.feed, answers[sent])

    is_well = False
    channel = Channel("fuzz", write=write, on_urc=lambda text: None)
    pieces = pieces_of(data)
    asked = [
        channel.command("AT+CSQ", "+CSQ:", seconds=1),
        channel.pdus("AT+CMGR=3", "+CMGR:", seconds=1),
        channel.submit("AT+CMGS=10", "+CMGS:", "0011", seconds=1),
        channel.command("ATD1;", dialling=True, seconds=1),
    ]
    tasks = [asyncio.ensure_future(one) for one in asked]
    for at, piece in enumerate(pieces):
        loop.call_later(at * 20 / len(pieces), channel.feed, piece)
    async with asyncio.timeout(120):
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert not isinstance(outcome, BaseException) or isinstance(outcome, DriverError), outcome
        await asyncio.sleep(21)
        channel.feed(b"\r\nOK\r\n")
        is_well = True
        channel.distrust()
        assert await channel.command("AT+CSQ", "+CSQ:") == ["+CSQ: 9,9"]


def check_pdu(data: bytes) -> None:
    """Decoding gives an arrival; what it gives can be joined."""
    for pdu in (data.hex(), data.decode("latin-1")):
        arrival = decode("SM:1", pdu)
        assert isinstance(arrival, Arrival)
        assert (arrival.slot, arrival.pdu) == ("SM:1", pdu)
        if isinstance(arrival, TextPart):
            assert 1 <= arrival.part <= arrival.parts
            assert arrival.text in join([arrival])
    with contextlib.suppress(Malformed):
        assert isinstance(decode_submit(data.hex()).text, str)


def check_encode(data: bytes) -> None:
    """Any text that may be sent comes out as it went in."""
    text = data.decode("utf-8", "replace")
    if not text:
        return
    parts = encode("+4917012345678", text, reference=zlib.crc32(data) % 65536, most_parts=255)
    submits = [decode_submit(part.tpdu) for part in parts]
    assert text_of([submit.user for submit in submits]) == text == "".join(one.text for one in submits)
    assert all(len(part.tpdu) <= 2 * TPDU_OCTETS for part in parts)


def check_ussd(data: bytes) -> None:
    """Any string and coding gives a text."""
    if not data:
        return
    string = data[1:].decode("utf-8", "replace")
    for is_packed in (False, True):
        assert isinstance(ussd.decode(string, data[0], is_packed=is_packed), str)
        Ussd("fuzz", is_packed=is_packed).read(string)


def check_reports(data: bytes) -> None:
    """Whatever a modem reports of messages, the port goes on."""
    messages = GsmMessages("fuzz", SIM7600, call=lambda: None)
    for line in data.decode("utf-8", "replace").splitlines():
        if messages.hears(line):
            messages.understand(line)
            messages.understand(f"{line}\n{data.hex()}")


def check_dle(data: bytes) -> None:
    """Any cut gives the same sound, codes and packets; what is shielded comes back as it was."""
    whole, cut = Reader(), Reader()
    pieces = [piece for part in pieces_of(data) for piece in cut.feed(part)]
    assert _merged(whole.feed(data)) == _merged(pieces)
    assert _merged(Reader().feed(shield(data))) == ([data] if data else [])


def _merged(pieces: list[Piece]) -> list[Piece]:
    merged: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Code | Packet) or not merged or not isinstance(merged[-1], bytes):
            merged.append(piece)
        else:
            merged[-1] += piece
    return [piece for piece in merged if piece != b""]


TARGETS: dict[str, Target] = {
    "parser": Target(soup.at_bytes, check_parser, share=30),
    "channel": Target(soup.at_bytes, check_channel, share=2),
    "pdu": Target(soup.pdu_bytes, check_pdu, share=25),
    "encode": Target(lambda luck: soup.text(luck).encode(), check_encode, share=5),
    "ussd": Target(soup.ussd_bytes, check_ussd, share=25),
    "reports": Target(soup.at_bytes, check_reports, share=5),
    "dle": Target(soup.shielded_bytes, check_dle, share=20),
}
