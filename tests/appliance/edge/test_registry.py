"""Registrations follow news and lists, in whatever order they come."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.edge.news import Registered, Unregistered, Why
from appliance.edge.registry import Change, Registrations, uri_of
from tests.appliance.edge.fake_kamailio import contact, locations

DESK = "sip:ana-desk@192.0.2.7:5060"
HOME = "sip:ana-home@192.0.2.8:40112;transport=tls"


class Book:
    """Registrations on a clock of their own."""

    def __init__(self) -> None:
        self.now = 1.7e9
        names = {"ana-desk": "ana", "ana-home": "ana", "ben-desk": "ben"}
        self.seen = Registrations(names=names, wall=lambda: self.now)

    def came(self, address: str = DESK, *, agent: str = "ana", phone: str = "ana-desk") -> list[Change]:
        return self.seen.take(Registered(agent, phone, f"<{address}>", "snom", "udp:192.0.2.7:5060", 300))

    def went(self, address: str = DESK, why: Why = Why.ASKED, *, phone: str = "") -> list[Change]:
        return self.seen.take(Unregistered("ana", phone, address, why))

    def read(self, **agents: list[dict[str, Any]]) -> list[Change]:
        self.seen.reading_begins()
        return self.seen.read(locations(**agents))


def told(changes: list[Change]) -> list[tuple[str, Why | None]]:
    return [(change.device.phone, change.why) for change in changes]


def test_a_phone_comes_once_and_registers_again_without_news() -> None:
    book = Book()
    assert told(book.came()) == [("ana-desk", None)]
    book.now += 100
    assert book.came() == []
    (device,) = book.seen.devices("ana")
    assert (device.since_s, device.until_s, device.transport) == (1.7e9, 1.7e9 + 400, "udp")
    assert book.seen.registered("ana")
    assert not book.seen.registered("ben")


def test_an_agent_with_two_devices_is_there_until_both_are_gone() -> None:
    book = Book()
    book.came()
    book.came(HOME, phone="ana-home")
    assert told(book.went(HOME, Why.LOST)) == [("ana-home", Why.LOST)]
    assert book.seen.registered("ana")
    book.now += 60
    assert told(book.went()) == [("ana-desk", Why.ASKED)]
    assert not book.seen.registered("ana")
    seen = book.seen.last_seen("ana")
    assert seen is not None
    assert (seen.title, seen.wall_s) == ("ana-desk", 1.7e9 + 60)
    assert book.went() == []


def test_a_time_that_ended_too_soon_was_a_phone_that_answers_no_more() -> None:
    book = Book()
    book.came()
    assert told(book.went(why=Why.EXPIRED)) == [("ana-desk", Why.LOST)]
    book.came()
    book.now += 300
    assert told(book.went(why=Why.EXPIRED)) == [("ana-desk", Why.EXPIRED)]


def test_a_star_takes_out_the_phones_contacts_or_all() -> None:
    book = Book()
    book.came()
    book.came(HOME, phone="ana-home")
    assert told(book.went("*", phone="ana-home")) == [("ana-home", Why.ASKED)]
    book.came(HOME, phone="ana-home")
    assert len(book.went("*")) == 2


@pytest.mark.parametrize(
    "written",
    [
        "sip:a@b:5",
        "<sip:a@b:5>",
        '"Ana" <sip:a@b:5>;expires=60',
        "sip:a@b:5;transport=tls",
        "<sip:a@b:5;ob>;q=1",
    ],
)
def test_a_contact_is_known_however_it_is_written(written: str) -> None:
    assert uri_of(written) == "sip:a@b:5"


def test_the_list_adds_what_was_missed_and_takes_out_what_is_gone() -> None:
    book = Book()
    book.came()
    assert told(book.read(ana=[contact(DESK)], ben=[contact("sip:ben-desk@x", sock="tls")])) == [
        ("ben-desk", None)
    ]
    assert told(book.read(ben=[contact("sip:ben-desk@x", sock="")])) == [("ana-desk", Why.LOST)]
    assert [device.source for device in book.seen.devices("ben")] == ["tls:x"]


def test_the_list_keeps_names_and_leaves_out_what_has_ended() -> None:
    book = Book()
    book.seen.take(Registered("ana", "ana.web123", "sip:k3j@invalid", "JsSIP", "wss:192.0.2.9:1", 60))
    rows = [
        contact("sip:k3j@invalid"),
        contact("sip:x@y", expires="expired"),
        contact("sip:z@y", expires="deleted"),
    ]
    assert book.read(ana=rows) == []
    assert [device.phone for device in book.seen.devices()] == ["ana.web123"]


def test_a_name_is_taken_from_the_contact_of_a_phone_of_that_agent_alone() -> None:
    book = Book()
    book.read(ana=[contact(DESK), contact("sip:ben-desk@y", expires="permanent")])
    assert [device.title for device in book.seen.devices("ana")] == ["ana-desk", "baresip"]


def test_news_that_came_while_the_list_was_on_its_way_is_newer() -> None:
    book = Book()
    book.came(HOME, phone="ana-home")
    book.seen.reading_begins()
    book.came()
    book.went(HOME)
    assert book.seen.read(locations(ana=[contact(HOME)])) == []
    assert [device.phone for device in book.seen.devices("ana")] == ["ana-desk"]


def test_what_is_lost_in_a_lenient_time_is_in_doubt_and_may_come_back() -> None:
    book = Book()
    book.came()
    book.came(HOME, phone="ana-home")
    book.seen.lenient = True
    assert book.read() == []
    assert book.went(HOME, Why.LOST) == []
    assert book.seen.registered("ana")
    assert book.came() == []
    assert told(book.seen.settle()) == [("ana-home", Why.LOST)]
    assert told(book.went(why=Why.LOST)) == [("ana-desk", Why.LOST)]


def test_who_asks_to_go_is_gone_in_a_lenient_time_too() -> None:
    book = Book()
    book.came()
    book.seen.lenient = True
    assert told(book.went()) == [("ana-desk", Why.ASKED)]


def test_when_kamailio_is_away_nobody_is_there_and_names_are_kept() -> None:
    book = Book()
    book.seen.take(Registered("ana", "ana.web123", "sip:k3j@invalid", "JsSIP", "wss:192.0.2.9:1", 60))
    assert told(book.seen.forget_all()) == [("ana.web123", Why.LOST)]
    assert told(book.read(ana=[contact("sip:k3j@invalid")])) == [("ana.web123", None)]


@pytest.mark.parametrize(
    "listed", [None, [None], [{"AoR": "ana"}], [{"AoR": "ana", "Contacts": [{"Contact": {}}]}], "x"]
)
def test_a_list_that_is_none_is_refused_and_changes_nothing(listed: Any) -> None:
    book = Book()
    book.came()
    book.seen.reading_begins()
    with pytest.raises(ValueError, match="not a list of locations"):
        book.seen.read(listed)
    assert book.seen.registered("ana")
