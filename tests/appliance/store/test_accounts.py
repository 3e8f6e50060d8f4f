"""Accounts: what Kamailio reads is always right, no password is kept in clear, what ends does end."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from appliance.config.edge import Phone
from appliance.store.account_tables import Kind, Origin
from appliance.store.accounts import AccountRefused, Accounts, ha1_of
from appliance.store.opening import StoreError

HA1 = "0123456789abcdef0123456789abcdef"
AGENTS = ["ana", "ben"]
PHONES = {"ana-desk": Phone(agent="ana"), "ben-desk": Phone(agent="ben", ha1=HA1)}


class Desk:
    """Accounts on a clock of their own, and Kamailio's view of them."""

    def __init__(self, folder: Path, realm: str = "callbox") -> None:
        self.now = 1.7e9
        self.path = folder / "accounts.db"
        self.accounts = self.of(realm)
        self.accounts.prepare()
        self.accounts.set_phones(PHONES, AGENTS)

    def of(self, realm: str) -> Accounts:
        return Accounts(self.path, realm=realm, wall=lambda: self.now)

    def credentials(self, user: str, realm: str = "callbox") -> dict[str, object] | None:
        """What auth_db loads for this user."""
        with sqlite3.connect(self.path) as db:
            db.row_factory = sqlite3.Row
            found = db.execute(
                "SELECT ha1, agent, kind, until_s FROM subscriber WHERE username=? AND domain=?",
                (user, realm),
            ).fetchall()
        db.close()
        return dict(found[0]) if found else None


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_ha1_is_that_of_the_standard() -> None:
    # RFC 2617 3.5: user Mufasa, realm testrealm@host.com, password "Circle Of Life"
    assert ha1_of("Mufasa", "testrealm@host.com", "Circle Of Life") == "939e7578ed9e3c518a452acee763bce9"


def test_kamailio_finds_a_phone_with_its_agent_and_no_end(desk: Desk) -> None:
    assert desk.credentials("ben-desk") == {"ha1": HA1, "agent": "ben", "kind": "phone", "until_s": 0}
    with sqlite3.connect(desk.path) as db:
        assert db.execute("SELECT * FROM version").fetchall() == [("subscriber", 7)]
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()
    assert desk.path.stat().st_mode & 0o777 == 0o660


def test_a_phone_without_a_password_has_one_that_nobody_knows(desk: Desk) -> None:
    row = desk.credentials("ana-desk")
    assert row is not None
    assert len(str(row["ha1"])) == 32
    assert row["ha1"] != ha1_of("ana-desk", "callbox", "")


def test_a_password_made_is_told_once_and_kept_as_ha1_alone(desk: Desk) -> None:
    password = desk.accounts.new_password("ana-desk")
    row = desk.credentials("ana-desk")
    assert row is not None
    assert row["ha1"] == ha1_of("ana-desk", "callbox", password)
    stored = b"".join(file.read_bytes() for file in desk.path.parent.iterdir())
    assert password.encode() not in stored
    assert desk.accounts.new_password("ana-desk") != password


def test_a_password_made_outlives_a_restart_and_a_change_of_the_agent(desk: Desk) -> None:
    desk.accounts.new_password("ana-desk")
    before = desk.credentials("ana-desk")
    desk.accounts.set_phones({"ana-desk": Phone(agent="ben")}, AGENTS)
    after = desk.credentials("ana-desk")
    assert before is not None
    assert after == {**before, "agent": "ben"}
    assert desk.credentials("ben-desk") is None


def test_a_password_taken_out_of_the_configuration_is_good_no_more(desk: Desk) -> None:
    desk.accounts.set_phones({"ben-desk": Phone(agent="ben")}, AGENTS)
    row = desk.credentials("ben-desk")
    assert row is not None
    assert row["ha1"] != HA1
    assert [(a.user, a.origin) for a in desk.accounts.all()] == [("ben-desk", Origin.NONE)]


def test_passwords_end_with_their_realm(desk: Desk) -> None:
    desk.accounts.new_password("ana-desk")
    moved = desk.of("office")
    moved.set_phones(PHONES, AGENTS)
    assert desk.credentials("ana-desk") is None
    assert {account.user: account.origin for account in moved.all()} == {
        "ana-desk": Origin.NONE,
        "ben-desk": Origin.CONFIGURED,
    }


def test_a_password_is_made_only_for_a_phone_that_has_none_configured(desk: Desk) -> None:
    with pytest.raises(AccountRefused, match=r"no phone 'anna'.*Known phones: ana-desk, ben-desk"):
        desk.accounts.new_password("anna")
    with pytest.raises(AccountRefused, match=r"phone ben-desk: its password is set by `ha1`"):
        desk.accounts.new_password("ben-desk")


def test_a_browsers_account_ends_by_itself_or_when_told(desk: Desk) -> None:
    user, password = desk.accounts.add_browser("ana", 600)
    assert user.startswith("ana.")
    assert desk.credentials(user) == {
        "ha1": ha1_of(user, "callbox", password),
        "agent": "ana",
        "kind": "browser",
        "until_s": int(desk.now + 600),
    }
    desk.now += 300
    desk.accounts.prolong_browser(user, 600)
    desk.now += 500
    other, _ = desk.accounts.add_browser("ana", 600)
    assert desk.credentials(user) is not None
    desk.now += 200
    third, _ = desk.accounts.add_browser("ben", 600)
    assert desk.credentials(user) is None
    desk.accounts.end_browser(other)
    desk.accounts.end_browser("ana-desk")  # no browser: stays
    assert [account.user for account in desk.accounts.all()] == ["ana-desk", "ben-desk", third]
    assert desk.accounts.all()[-1].kind is Kind.BROWSER


def test_what_belonged_to_an_agent_ends_with_the_agent(desk: Desk) -> None:
    user, _ = desk.accounts.add_browser("ben", 600)
    desk.accounts.set_agent_hash("ben", "hash")
    token = desk.accounts.new_token("ben-desk")
    desk.accounts.set_phones({"ana-desk": Phone(agent="ana")}, ["ana"])
    assert desk.credentials(user) is None
    assert desk.accounts.agent_hash("ben") == ""
    assert desk.accounts.take_token(token) == ""


def test_a_token_is_good_once_and_for_a_day(desk: Desk) -> None:
    token = desk.accounts.new_token("ana-desk")
    assert desk.accounts.token_phone(token) == "ana-desk"
    assert desk.accounts.take_token(token) == "ana-desk"
    assert desk.accounts.take_token(token) == ""
    late, newer = desk.accounts.new_token("ana-desk"), desk.accounts.new_token("ana-desk")
    assert desk.accounts.token_phone(late) == ""
    desk.now += 24 * 3600 + 1
    assert desk.accounts.take_token(newer) == ""
    assert desk.accounts.take_token("\udcff\0") == ""
    with pytest.raises(AccountRefused, match="no phone"):
        desk.accounts.new_token("nobody")


def test_a_write_waits_for_another_program_that_writes(desk: Desk) -> None:
    other = sqlite3.connect(desk.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.2, lambda: other.execute("COMMIT")).start()
    assert len(desk.accounts.new_password("ana-desk")) == 16
    other.close()


def test_a_reader_in_the_middle_of_a_read_stops_nobody(desk: Desk) -> None:
    reader = sqlite3.connect(desk.path, isolation_level=None)
    reader.execute("BEGIN")
    before = reader.execute("SELECT ha1 FROM subscriber WHERE username='ana-desk'").fetchone()
    desk.accounts.new_password("ana-desk")
    assert reader.execute("SELECT ha1 FROM subscriber WHERE username='ana-desk'").fetchone() == before
    reader.execute("COMMIT")
    assert reader.execute("SELECT ha1 FROM subscriber WHERE username='ana-desk'").fetchone() != before
    reader.close()


def test_a_damaged_file_is_set_aside_and_phones_registered_with_the_configured_passwords(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"accounts\.db cannot be used"):
        desk.accounts.new_password("ana-desk")
    desk.accounts.prepare()
    desk.accounts.set_phones(PHONES, AGENTS)
    assert desk.credentials("ben-desk") is not None
    assert "phones need new passwords" in caplog.text
