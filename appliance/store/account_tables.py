"""The tables of `accounts.db`. Kamailio's auth_db reads `subscriber`; no password stands in clear."""

from __future__ import annotations

import enum

from peewee import BigIntegerField, CharField, CompositeKey, IntegerField, Model


class Kind(enum.Enum):
    """Whose account it is."""

    PHONE = "phone"  # an entry of [phones]
    BROWSER = "browser"  # made when an agent signs in, ends by itself


class Origin(enum.Enum):
    """Where an account's password comes from."""

    NONE = "none"  # nobody has it: `ha1` is random
    CONFIGURED = "configured"  # `ha1` of the configuration
    MADE = "made"  # made by the box, told once


class SubscriberTable(Model):
    """A user of the edge.

    - username, domain: user and realm of the digest; a browser's user has a dot in it, a phone's has none
    - ha1: MD5(username:domain:password), 32 small hexadecimal digits (RFC 3261 22.4); never empty, as an
      empty one would let in whoever leaves the password out
    - agent: who is reached at it, and the address of record that it registers
    - kind, origin: values of the enums above
    - until_s: seconds since 1970 after which it is refused, 0 = never; made_s: when its password was made
    """

    username = CharField(max_length=64)
    domain = CharField(max_length=64)
    ha1 = CharField(max_length=128)
    agent = CharField(max_length=64)
    kind = CharField(max_length=16)
    until_s = BigIntegerField()
    origin = CharField(max_length=16)
    made_s = BigIntegerField()

    class Meta:
        table_name = "subscriber"
        primary_key = CompositeKey("username", "domain")


class VersionTable(Model):
    """What Kamailio asks before it uses a table of its own."""

    table_name_ = CharField(max_length=32, primary_key=True, column_name="table_name")
    table_version = IntegerField()

    class Meta:
        table_name = "version"


class AgentPasswordTable(Model):
    """An agent's own password, for pages: argon2id in its usual text form."""

    agent = CharField(max_length=64, primary_key=True)
    hash = CharField(max_length=256)
    set_s = BigIntegerField()

    class Meta:
        table_name = "agent_password"


class TokenTable(Model):
    """A one-time word with which a phone fetches its settings; `hash` is its SHA-256."""

    hash = CharField(max_length=64, primary_key=True)
    phone = CharField(max_length=64, index=True)
    until_s = BigIntegerField()

    class Meta:
        table_name = "provisioning_token"


TABLES: tuple[type[Model], ...] = (SubscriberTable, VersionTable, AgentPasswordTable, TokenTable)
SUBSCRIBER_VERSION = 7  # of Kamailio 5.6's auth_db
