"""Who may register at the edge and who may sign in, in `state/accounts.db`: accounts, passwords, tokens.

The brain alone writes it; Kamailio sees each commit at the next REGISTER. Every method takes some
milliseconds of disk: on the loop, call it by `asyncio.to_thread`. All raise StoreError when the file cannot
be used. The columns are told in `account_tables.py`; checking an agent's password is `sign_in.py`.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import peewee
from peewee import SqliteDatabase

from appliance.config.edge import Phone
from appliance.store import opening
from appliance.store.account_tables import (
    SUBSCRIBER_VERSION,
    TABLES,
    AgentPasswordTable,
    Kind,
    Origin,
    SubscriberTable,
    TokenTable,
    VersionTable,
)
from appliance.store.models import Values, put_rows
from appliance.store.opening import StoreError

log = logging.getLogger(__name__)

FILE = "accounts.db"  # in the state folder
TYPED = "abcdefghjkmnpqrstuvwxyz23456789"  # no two look alike on a phone's screen
PASSWORD_LETTERS = 16  # 79 bits
TOKEN_SECONDS = 24 * 3600


class AccountRefused(Exception):
    """What was asked for an account is not possible; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """A user of the edge; `until_s` and `made_s` are wall-clock seconds, 0 = never."""

    user: str
    agent: str
    kind: Kind
    origin: Origin
    until_s: int
    made_s: int


def ha1_of(user: str, realm: str, password: str) -> str:
    """MD5 of user, realm and password, as digest authentication wants it (RFC 3261 22.4)."""
    return hashlib.md5(f"{user}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()


class Accounts:
    """The accounts of one realm."""

    def __init__(self, path: Path, *, realm: str, wall: Callable[[], float] = time.time) -> None:
        self._path = path
        self._realm = realm
        self._wall = wall

    def prepare(self) -> None:
        """Make the file and its tables where they are missing; a damaged file is set aside."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._make()
        except peewee.PeeweeException as error:
            if not opening.is_corruption(error):
                raise StoreError(f"{self._path} cannot be used: {error}") from error
            opening.set_aside(self._path, f"{error}; phones need new passwords: callbox phones password NAME")
            self._make()

    def set_phones(self, phones: Mapping[str, Phone], agents: Collection[str]) -> None:
        """Have exactly these phones; what belonged to others, to agents no more, or another realm ends.

        A password made for a phone stays while the configuration gives none.
        """
        with self._writing() as db:
            known = {row["username"]: row for row in self._rows(db)}
            self._drop(db, SubscriberTable.domain != self._realm)
            self._drop(
                db, (SubscriberTable.kind == Kind.PHONE.value) & SubscriberTable.username.not_in([*phones])
            )
            self._drop(db, SubscriberTable.agent.not_in([*agents]))
            for name, phone in phones.items():
                self._put(db, self._phone_row(name, phone, known.get(name)))
            _delete(db, AgentPasswordTable, AgentPasswordTable.agent.not_in([*agents]))
            _delete(db, TokenTable, TokenTable.phone.not_in([*phones]))

    def new_password(self, phone: str) -> str:
        """Make a password for a phone of the configuration, ending the one before; told here and never again.

        Raises AccountRefused for a phone there is not, or one whose `ha1` the configuration gives.
        """
        password = _typed(PASSWORD_LETTERS)
        with self._writing() as db:
            row = self._phone(db, phone)
            if row["origin"] == Origin.CONFIGURED.value:
                raise AccountRefused(
                    f"phone {phone}: its password is set by `ha1` in the configuration. "
                    "Leave that out there, and the box can make one."
                )
            made = {"ha1": ha1_of(phone, self._realm, password), "origin": Origin.MADE.value}
            self._put(db, {**row, **made, "made_s": int(self._wall())})
        return password

    def add_browser(self, agent: str, seconds: float) -> tuple[str, str]:
        """User and password of a new account that ends by itself after `seconds`."""
        user, password = f"{agent}.{_typed(8)}", secrets.token_urlsafe(24)
        now = self._wall()
        with self._writing() as db:
            self._drop(db, (SubscriberTable.until_s > 0) & (SubscriberTable.until_s < now))
            row = self._row(user, agent, Kind.BROWSER, Origin.MADE, ha1_of(user, self._realm, password))
            self._put(db, {**row, "until_s": int(now + seconds), "made_s": int(now)})
        return user, password

    def prolong_browser(self, user: str, seconds: float) -> None:
        """The browser is still there: its account ends `seconds` from now; nothing for one that has ended."""
        with self._writing() as db:
            later = SubscriberTable.update(until_s=int(self._wall() + seconds))
            later.where(_is_browser(user)).execute(db)

    def end_browser(self, user: str) -> None:
        """The agent signed out."""
        with self._writing() as db:
            self._drop(db, _is_browser(user))

    def all(self) -> list[Account]:
        """Every account, phones first."""
        with self._writing() as db:
            rows = sorted(self._rows(db), key=lambda row: (row["kind"] != Kind.PHONE.value, row["username"]))
        return [
            Account(
                row["username"],
                row["agent"],
                Kind(row["kind"]),
                Origin(row["origin"]),
                row["until_s"],
                row["made_s"],
            )
            for row in rows
        ]

    # --- fetching settings --------------------------------------------------------------------------

    def new_token(self, phone: str, seconds: float = TOKEN_SECONDS) -> str:
        """A word with which this phone may fetch its settings once; ends the one before.

        Raises AccountRefused for a phone there is not.
        """
        token = secrets.token_urlsafe(24)
        with self._writing() as db:
            self._phone(db, phone)
            _delete(db, TokenTable, TokenTable.phone == phone)
            row = {"hash": _hashed(token), "phone": phone, "until_s": int(self._wall() + seconds)}
            TokenTable.insert(row).execute(db)
        return token

    def token_phone(self, token: str) -> str:
        """The phone that may fetch its settings with this token, "" for none."""
        with self._writing() as db:
            return self._token_phone(db, token)

    def take_token(self, token: str) -> str:
        """The same, and the token is good no more."""
        with self._writing() as db:
            phone = self._token_phone(db, token)
            _delete(db, TokenTable, TokenTable.hash == _hashed(token))
            return phone

    # --- agents' own passwords ------------------------------------------------------------------------

    def agent_hash(self, agent: str) -> str:
        """The argon2id hash of an agent's password, "" for one who has none."""
        with self._writing() as db:
            row = AgentPasswordTable.select().where(AgentPasswordTable.agent == agent).dicts().execute(db)
            return next((str(found["hash"]) for found in row), "")

    def set_agent_hash(self, agent: str, hash: str) -> None:
        """From now on this one; "" takes it away."""
        with self._writing() as db:
            _delete(db, AgentPasswordTable, AgentPasswordTable.agent == agent)
            if hash:
                row = {"agent": agent, "hash": hash, "set_s": int(self._wall())}
                AgentPasswordTable.insert(row).execute(db)

    # --- inside ---------------------------------------------------------------------------------------

    def _make(self) -> None:
        with opening.writing(self._path) as db:
            list(db.execute_sql("PRAGMA quick_check(1)"))  # type: ignore[no-untyped-call] # the stubs
            with db.bind_ctx(TABLES):
                db.create_tables(TABLES, safe=True)
            row = {"table_name_": SubscriberTable._meta.table_name, "table_version": SUBSCRIBER_VERSION}
            put_rows(db, VersionTable, "table_name_", [row])
        self._path.chmod(0o660)  # an HA1 is as good as its password

    @contextmanager
    def _writing(self) -> Iterator[SqliteDatabase]:
        """One transaction, which holds the write lock from its beginning."""
        try:
            with opening.writing(self._path) as db, db.atomic("IMMEDIATE"):
                yield db
        except peewee.PeeweeException as error:
            raise StoreError(
                f"{self._path} cannot be used: {error}. Is it damaged? Starting the box sets it aside."
            ) from error

    def _phone_row(self, name: str, phone: Phone, known: Values | None) -> Values:
        if phone.ha1:
            return self._row(name, phone.agent, Kind.PHONE, Origin.CONFIGURED, phone.ha1)
        if (
            known is not None
            and known["domain"] == self._realm
            and known["origin"] != Origin.CONFIGURED.value
        ):
            return {**known, "agent": phone.agent}
        return self._row(name, phone.agent, Kind.PHONE, Origin.NONE, secrets.token_hex(16))

    def _row(self, user: str, agent: str, kind: Kind, origin: Origin, ha1: str) -> Values:
        return {
            "username": user,
            "domain": self._realm,
            "ha1": ha1,
            "agent": agent,
            "kind": kind.value,
            "until_s": 0,
            "origin": origin.value,
            "made_s": 0,
        }

    def _phone(self, db: SqliteDatabase, name: str) -> Values:
        phones = {row["username"]: row for row in self._rows(db) if row["kind"] == Kind.PHONE.value}
        if name not in phones:
            known = ", ".join(sorted(phones)) or "none"
            raise AccountRefused(f"there is no phone {name!r} in the configuration. Known phones: {known}.")
        return phones[name]

    def _rows(self, db: SqliteDatabase) -> list[Values]:
        return list(SubscriberTable.select().dicts().execute(db))

    def _put(self, db: SqliteDatabase, row: Values) -> None:
        SubscriberTable.insert(row).on_conflict("REPLACE").execute(db)

    def _drop(self, db: SqliteDatabase, which: peewee.Expression) -> None:
        _delete(db, SubscriberTable, which)

    def _token_phone(self, db: SqliteDatabase, token: str) -> str:
        fits = (TokenTable.hash == _hashed(token)) & (TokenTable.until_s >= self._wall())
        return next((str(row["phone"]) for row in TokenTable.select().where(fits).dicts().execute(db)), "")


def _delete(db: SqliteDatabase, table: type[peewee.Model], which: peewee.Expression) -> None:
    table.delete().where(which).execute(db)


def _is_browser(user: str) -> peewee.Expression:
    return (SubscriberTable.username == user) & (SubscriberTable.kind == Kind.BROWSER.value)


def _typed(length: int) -> str:
    return "".join(secrets.choice(TYPED) for _ in range(length))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
