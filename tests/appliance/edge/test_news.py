"""Every line of Kamailio's is news or a NewsError, whatever bytes it has."""

from __future__ import annotations

import json
import random

import pytest

from appliance.edge.link import LONGEST_LINE, Lines
from appliance.edge.news import (
    News,
    NewsError,
    Refer,
    Refused,
    Registered,
    TrunkNews,
    TrunkRegistration,
    Unregistered,
    Why,
    WorkerNews,
    parse,
)
from tests.appliance.edge.fake_kamailio import hexed

LINES: list[tuple[dict[str, object], News]] = [
    (
        {
            "news": "registered",
            "agent": "ana",
            "phone": "ana-desk",
            "contact_hex": hexed("<sip:ana-desk@192.0.2.7:5060>"),
            "ua_hex": hexed('Snom "D785"\n'),
            "source": "udp:192.0.2.7:5060",
            "expires": 300,
        },
        Registered(
            "ana", "ana-desk", "<sip:ana-desk@192.0.2.7:5060>", 'Snom "D785"\n', "udp:192.0.2.7:5060", 300
        ),
    ),
    (
        {"news": "registered", "agent_hex": hexed("ana"), "contact": "sip:a@b", "expires": "60"},
        Registered("ana", "", "sip:a@b", "", "", 60),
    ),
    (
        {"news": "unregistered", "agent": "ana", "contact_hex": hexed("sip:a@b"), "why": "expired"},
        Unregistered("ana", "", "sip:a@b", Why.EXPIRED),
    ),
    ({"news": "unregistered", "agent": "ana", "why": "eaten"}, Unregistered("ana", "", "", Why.LOST)),
    ({"news": "worker", "uri": "sip:127.0.0.1:5080", "up": False}, WorkerNews("sip:127.0.0.1:5080", False)),
    ({"news": "trunk", "line": "provider", "host": "h", "up": True}, TrunkNews("provider", "h", True)),
    (
        {"news": "trunk-registration", "line": "provider", "up": False, "code": 403},
        TrunkRegistration("provider", False, 403),
    ),
    (
        {
            "news": "refer",
            "call_id_hex": hexed("a@b"),
            "source": "udp:1.2.3.4:5",
            "to_hex": hexed("<sip:12>"),
        },
        Refer("a@b", "udp:1.2.3.4:5", "<sip:12>"),
    ),
    (
        {"news": "refused", "source": "192.0.2.66", "why": "scanner", "count": 9},
        Refused("192.0.2.66", "scanner", 9),
    ),
]


@pytest.mark.parametrize(("line", "news"), LINES, ids=lambda value: str(getattr(value, "get", str)("news")))
def test_a_line_is_the_news_it_tells(line: dict[str, object], news: News) -> None:
    assert parse(json.dumps(line).encode()) == news


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"news":"weather"}',
        b'{"news":["registered"]}',
        b'{"news":"registered"}',
        b'{"news":"registered","agent":"","contact":"x"}',
        b'{"news":"registered","agent":"ana","contact_hex":"xyz"}',
        b'{"news":"registered","agent":7,"contact":"x"}',
        b'{"news":"registered","agent":"ana","contact":"x","expires":1e999}',
        b'{"news":"registered","agent":"ana","contact":"x","expires":[]}',
        b'{"news":"refer","call_id_hex":"","to_hex":""}',
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_no_news_is_refused(line: bytes) -> None:
    with pytest.raises(NewsError):
        parse(line)


def test_bytes_of_others_are_read_as_text_with_marks_and_never_too_long() -> None:
    news = parse(
        json.dumps(
            {"news": "registered", "agent": "ana", "contact_hex": "ff41", "ua_hex": "41" * 9000}
        ).encode()
    )
    assert isinstance(news, Registered)
    assert (news.contact, len(news.user_agent)) == ("�A", 2000)


@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_in_any_pieces_survive(seed: int) -> None:
    dice = random.Random(seed)
    good = json.dumps(LINES[0][0]).encode()
    stream, whole = b"", 0
    for _ in range(60):
        kind = dice.randrange(4)
        if kind == 0:
            stream, whole = stream + good + b"\n", whole + 1
        elif kind == 1:
            stream += dice.randbytes(dice.randrange(300)).replace(b"\n", b"") + b"\n"
        elif kind == 2:
            cut = bytearray(good)
            cut[dice.randrange(len(cut))] = dice.randrange(256)
            stream += bytes(cut).replace(b"\n", b"") + b"\n"
        else:
            stream += b"x" * (LONGEST_LINE + dice.randrange(3)) + b"\n"
    lines, heard = Lines(), 0
    while stream:
        size = dice.choice((1, 7, 1000, 70_000))
        for line in lines.feed(stream[:size]):
            try:
                heard += parse(line) == LINES[0][1]
            except NewsError:
                assert line != good
        stream = stream[size:]
    assert heard >= whole


def test_a_line_too_long_is_passed_over_and_the_next_is_whole() -> None:
    lines = Lines()
    assert list(lines.feed(b"x" * LONGEST_LINE + b"yz")) == []
    assert list(lines.feed(b"x" * LONGEST_LINE)) == []
    assert list(lines.feed(b"end\ngood\r\n\n  \nbegun")) == [b"good\r"]
    assert list(lines.feed(b"\n")) == [b"begun"]
