"""The trunk lines as Kamailio's templates and its table of registrations want them."""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.config.check_trunks import is_ipv4, split_host
from appliance.config.edge import Edge
from appliance.config.schema import Config
from appliance.config.trunks import TrunkLine

FILE = "trunks.db"  # in the state folder
AUTHORITIES = "trunks-ca.pem"  # in the run folder
FIRST_SET = 100  # dispatcher's set of the first trunk's sources; the workers are set 1
TOKEN_BYTES = 12
REGISTER_SECONDS = 300
#: The uac module's table and its version, as Kamailio 5.6 makes them (db_sqlite/uac-create.sql).
TABLE_VERSION = 5
COLUMNS = [
    "l_uuid",
    "l_username",
    "l_domain",
    "r_username",
    "r_domain",
    "realm",
    "auth_username",
    "auth_password",
    "auth_ha1",
    "auth_proxy",
    "expires",
    "flags",
    "reg_delay",
    "contact_addr",
    "socket",
]


@dataclass(frozen=True)
class Server:
    """One server of a trunk: where requests go, from which of our sockets, how often it is asked."""

    line: str
    host: str  # as written in the configuration
    uri: str
    socket: str
    seconds: int
    from_uri: str


@dataclass(frozen=True)
class TrunkSet:
    """One trunk: its dispatcher set of sources, its servers' places, the address it registers."""

    name: str
    set_id: int
    transport: str
    transport_param: str
    sources: tuple[str, ...]
    first: int
    last: int
    domain: str
    user: str
    ca: str
    contacts: tuple[str, ...]  # user parts of what it registers, one at each server


def trunk_lines(config: Config) -> dict[str, TrunkLine]:
    """The trunks in service."""
    lines = config.lines.items()
    return {name: line for name, line in lines if isinstance(line, TrunkLine) and line.enabled}


def domain_of(trunk: TrunkLine) -> str:
    """The domain of the account."""
    return trunk.domain or split_host(trunk.hosts[0])[0]


def hosts_file(path: Path = Path("/etc/hosts")) -> dict[str, str]:
    """The IPv4 addresses of the names in it, which Kamailio's look-ups pass over; small letters."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    words = [line.partition("#")[0].split() for line in lines]
    return {name.lower(): row[0] for row in reversed(words) if row and is_ipv4(row[0]) for name in row[1:]}


def servers(config: Config, names: Mapping[str, str]) -> list[Server]:
    """All servers of all trunks, each trunk's in their order; `names` are those of `hosts_file`."""
    return [
        Server(
            line=name,
            host=host,
            uri=server_uri(trunk, host, names),
            socket=_socket(trunk, config.edge),
            seconds=trunk.options_seconds,
            from_uri=f"sip:{trunk.user or 'box'}@{domain_of(trunk)}",
        )
        for name, trunk in trunk_lines(config).items()
        for host in trunk.hosts
    ]


def trunk_sets(config: Config, secret: str, names: Mapping[str, str]) -> list[TrunkSet]:
    """All trunks; `names` are those of `hosts_file`.

    `secret` is the box's own: without it nobody can guess an address that was registered.
    """
    found, first = [], 0
    for number, (name, trunk) in enumerate(trunk_lines(config).items()):
        found.append(
            TrunkSet(
                name=name,
                set_id=FIRST_SET + number,
                transport=trunk.transport,
                transport_param=_param(trunk),
                sources=sources_of(trunk, names),
                first=first,
                last=first + len(trunk.hosts) - 1,
                domain=domain_of(trunk),
                user=trunk.user,
                ca=trunk.ca,
                contacts=tuple(contact_user(name, host, secret) for host in _registrars(trunk)),
            )
        )
        first += len(trunk.hosts)
    return found


def contact_user(line: str, host: str, secret: str) -> str:
    """The user of the address that a trunk registers: the same after a restart, and nobody's to guess."""
    told = hmac.new(secret.encode(), f"trunk {line} {host}".encode(), hashlib.sha256)
    return told.hexdigest()[: 2 * TOKEN_BYTES]


def write_authorities(config: Config, folder: Path, path: Path) -> None:
    """The authorities that trunks bring along, in one file; `folder` is the configuration's."""
    files = [folder / trunk.ca for trunk in trunk_lines(config).values() if trunk.ca]
    path.write_text("\n".join(file.read_text() for file in files))


def write_registrations(config: Config, path: Path, secret: str, names: Mapping[str, str]) -> None:
    """The table from which Kamailio registers: whole or not at all, readable for our user alone.

    It has passwords in clear, as it must answer whatever challenge a provider makes.
    """
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    database = sqlite3.connect(new)
    try:
        with database:
            database.execute("CREATE TABLE version (table_name TEXT PRIMARY KEY, table_version INTEGER)")
            database.execute("INSERT INTO version VALUES ('uacreg', ?)", (TABLE_VERSION,))
            database.execute(f"CREATE TABLE uacreg (id INTEGER PRIMARY KEY, {', '.join(COLUMNS)})")
            places = ", ".join("?" * len(COLUMNS))
            insert = f"INSERT INTO uacreg ({', '.join(COLUMNS)}) VALUES ({places})"
            database.executemany(insert, list(_rows(config, secret, names)))
    finally:
        database.close()
    new.replace(path)


def _rows(config: Config, secret: str, names: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    edge = config.edge
    for name, trunk in trunk_lines(config).items():
        port = edge.tls_port if trunk.transport == "tls" else edge.sip_port
        for host in _registrars(trunk):
            row: dict[str, object] = {
                "l_uuid": contact_user(name, host, secret),
                "l_username": name,  # nothing of ours but a mark: whose row that is
                "l_domain": edge.realm,
                "r_username": trunk.user,
                "r_domain": domain_of(trunk),
                "auth_username": trunk.user,
                "auth_password": trunk.password,
                "auth_proxy": server_uri(trunk, host, names),
                "expires": REGISTER_SECONDS,
                "flags": 0,
                "reg_delay": 0,
                "contact_addr": f"{edge.public_address or edge.address}:{port}{_param(trunk)}",
                "socket": _socket(trunk, edge),
            }
            yield tuple(row.get(column, "") for column in COLUMNS)


def _registrars(trunk: TrunkLine) -> list[str]:
    """Every server is told where we are: which of them will call is not known."""
    return trunk.hosts if trunk.registers else []


def sources_of(trunk: TrunkLine, names: Mapping[str, str]) -> tuple[str, ...]:
    """Where its calls come from."""
    return tuple(dict.fromkeys(_address(entry, names) for entry in (*trunk.hosts, *trunk.sources)))


def server_uri(trunk: TrunkLine, host: str, names: Mapping[str, str]) -> str:
    """The address of one of the trunk's servers."""
    return f"sip:{_address(host, names)}{_param(trunk)}"


def _address(entry: str, names: Mapping[str, str]) -> str:
    host, colon, port = entry.partition(":")
    return f"{names.get(host.lower(), host)}{colon}{port}"


def _param(trunk: TrunkLine) -> str:
    return "" if trunk.transport == "udp" else f";transport={trunk.transport}"


def _socket(trunk: TrunkLine, edge: Edge) -> str:
    port = edge.tls_port if trunk.transport == "tls" else edge.sip_port
    return f"{trunk.transport}:{edge.address}:{port}"
