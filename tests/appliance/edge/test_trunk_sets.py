"""Trunk lines as Kamailio is told of them, and what it says of them in return."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from appliance.config.schema import Config
from appliance.edge.trunk_sets import contact_user, hosts_file, servers, trunk_sets, write_registrations
from appliance.edge.trunk_views import ONGOING, ONLINE, TrunkReader
from drivers.sip.trunk import TrunkView

PASSWORD = "\"quotes', $dollars; and -- dashes"
NAMES = {"localhost": "127.0.0.1"}
LINES = {
    "plain": {"driver": "sip", "to": "hangup", "hosts": ["192.0.2.1:5070"], "sources": ["192.0.2.9"]},
    "off": {"driver": "sip", "to": "hangup", "hosts": ["192.0.2.2"], "enabled": False},
    "account": {
        "driver": "sip",
        "to": "hangup",
        "hosts": ["a.example.net", "b.example.net:5081"],
        "transport": "tls",
        "registers": True,
        "user": "box",
        "password": PASSWORD,
        "options_seconds": 7,
    },
}


@pytest.fixture
def config() -> Config:
    return Config.model_validate({"edge": {"address": "192.0.2.100"}, "lines": LINES})


def test_servers_stand_in_their_order_with_the_socket_of_their_transport(config: Config) -> None:
    found = [
        (each.line, each.uri, each.socket, each.from_uri, each.seconds) for each in servers(config, NAMES)
    ]
    tls = "tls:192.0.2.100:5061"
    assert found == [
        ("plain", "sip:192.0.2.1:5070", "udp:192.0.2.100:5060", "sip:box@192.0.2.1", 30),
        ("account", "sip:a.example.net;transport=tls", tls, "sip:box@a.example.net", 7),
        ("account", "sip:b.example.net:5081;transport=tls", tls, "sip:box@a.example.net", 7),
    ]


def test_a_trunk_knows_its_sources_and_the_places_of_its_servers(config: Config) -> None:
    plain, account = trunk_sets(config, "secret", NAMES)
    assert (plain.name, plain.sources, plain.first, plain.last, plain.contacts) == (
        "plain",
        ("192.0.2.1:5070", "192.0.2.9"),
        0,
        0,
        (),
    )
    assert (account.first, account.last, len(set(account.contacts))) == (1, 2, 2)
    assert account.set_id != plain.set_id


def test_names_of_the_hosts_file_are_known(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text(
        "127.0.0.1 localhost # us\n::1 localhost\n\n192.0.2.77\tA.example.NET pbx\n192.0.2.78 pbx\n"
    )
    names = hosts_file(file)
    assert names == {"localhost": "127.0.0.1", "a.example.net": "192.0.2.77", "pbx": "192.0.2.77"}
    assert servers(config, names)[1].uri == "sip:192.0.2.77;transport=tls"
    assert trunk_sets(config, "secret", names)[1].sources == ("192.0.2.77", "b.example.net:5081")
    assert hosts_file(tmp_path / "none") == {}


def test_nobody_guesses_an_address_that_was_registered() -> None:
    assert contact_user("a", "h", "secret") == contact_user("a", "h", "secret")
    others = [
        contact_user("a", "h", "other"),
        contact_user("b", "h", "secret"),
        contact_user("a", "i", "secret"),
    ]
    assert len({contact_user("a", "h", "secret"), *others}) == 4
    assert contact_user("a", "h", "secret").isalnum()


def test_the_table_of_registrations_is_whole_private_and_made_anew(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "trunks.db"
    for _ in range(2):
        write_registrations(config, path, "secret", NAMES)
    assert path.stat().st_mode & 0o777 == 0o600
    database = sqlite3.connect(path)
    rows = database.execute("SELECT auth_proxy, r_domain, auth_password, contact_addr FROM uacreg").fetchall()
    assert database.execute("SELECT table_version FROM version").fetchone() == (5,)
    database.close()
    contact = "192.0.2.100:5061;transport=tls"
    assert rows == [
        (f"sip:{host};transport=tls", "a.example.net", PASSWORD, contact)
        for host in ("a.example.net", "b.example.net:5081")
    ]


def test_providers_are_told_the_public_address(tmp_path: Path) -> None:
    edge = {"address": "192.0.2.100", "public_address": "203.0.113.5"}
    config = Config.model_validate({"edge": edge, "lines": {"account": LINES["account"]}})
    write_registrations(config, tmp_path / "trunks.db", "secret", NAMES)
    database = sqlite3.connect(tmp_path / "trunks.db")
    rows = database.execute("SELECT contact_addr, socket FROM uacreg").fetchall()
    database.close()
    assert set(rows) == {("203.0.113.5:5061;transport=tls", "tls:192.0.2.100:5061")}


# --- what Kamailio says --------------------------------------------------------------------------------


def table(*values: int) -> list[dict[str, Any]]:
    """As htable.dump prints it."""
    return [{"entry": n, "slot": [{"name": str(n), "value": value}]} for n, value in enumerate(values)]


def registration(host: str, flags: int) -> dict[str, Any]:
    return {
        "l_uuid": host,
        "l_username": "account",
        "flags": flags,
    }


def test_every_line_has_its_view(config: Config) -> None:
    rows = [registration("a.example.net", 16), registration("b.example.net:5081", 16 | ONLINE)]
    views = TrunkReader(config).read(table(0, 0, 1), rows, {"account": 200})
    assert views == {
        "plain": TrunkView(up=(), registered=False, code=0),
        "account": TrunkView(up=("b.example.net:5081",), registered=True, code=200),
    }


def test_a_renewal_under_way_changes_nothing_and_its_failure_does(config: Config) -> None:
    reader = TrunkReader(config)

    def registered(flags: int) -> bool:
        views = reader.read(table(1, 1, 1), [registration("a.example.net", flags)], {})
        assert views is not None
        return views["account"].registered

    assert [registered(flags) for flags in (ONGOING, ONLINE, ONGOING, 16, ONGOING)] == [
        False,
        True,
        True,
        False,
        False,
    ]


def test_nothing_is_said_before_every_server_was_asked(config: Config) -> None:
    assert TrunkReader(config).read(table(1, 1), [], {}) is None


def test_a_source_whose_name_was_not_found_is_missed(config: Config) -> None:
    reader = TrunkReader(config)

    def listed(*sets: tuple[int, int]) -> dict[str, Any]:
        return {"RECORDS": [{"SET": {"ID": number, "TARGETS": [{}] * size}} for number, size in sets]}

    assert not reader.lacks_sources(listed((1, 2), (100, 2), (101, 2)))
    assert reader.lacks_sources(listed((1, 8), (100, 2), (101, 1)))
    assert reader.lacks_sources(None)


@pytest.mark.parametrize("rubbish", [None, [], {}, "x", [None], [{"slot": 1}], [{"slot": [{"name": 0}]}]])
def test_rubbish_for_an_answer_breaks_nothing(config: Config, rubbish: Any) -> None:
    reader = TrunkReader(config)
    assert reader.read(rubbish, rubbish, {}) is None
    assert reader.read(table(1, 1, 1), rubbish, {}) is not None
