"""What the trunk lines say of themselves and of each other: called by `check.py`, nothing is looked up.

A name of a server is not resolved here: a provider whose name server is away does not make the file wrong.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from appliance.config.edge import Edge
from appliance.config.problem import Keys, Problem
from appliance.config.schema import Config
from appliance.config.trunks import TrunkLine

HIGHEST_PORT = 65535
PEM = "-----BEGIN CERTIFICATE-----"
SIP_PORT, SIPS_PORT = 5060, 5061  # RFC 3261 19.1.2, where nothing else is said


def trunk_problems(config: Config, folder: Path) -> Iterator[Problem]:
    """Every contradiction in the trunk lines of `config`, whose relative files are in `folder`."""
    trunks = {name: line for name, line in config.lines.items() if isinstance(line, TrunkLine)}
    for name, trunk in trunks.items():
        yield from _bad_addresses(name, trunk)
        yield from _own_address(name, trunk, config.edge)
        yield from _half_an_account(name, trunk)
        yield from _more_than_all(name, trunk)
        yield from _bad_authority(name, trunk, folder)
    yield from _shared_sources(trunks)


def split_host(written: str) -> tuple[str, int]:
    """Host and port of an entry of `hosts` or `sources`; 0 where it has none."""
    host, _, port = written.partition(":")
    return host, int(port or 0)


def _entries(name: str, trunk: TrunkLine) -> Iterator[tuple[Keys, str]]:
    for option, written in (("hosts", trunk.hosts), ("sources", trunk.sources)):
        yield from ((("lines", name, option, place), entry) for place, entry in enumerate(written))


def _bad_addresses(name: str, trunk: TrunkLine) -> Iterator[Problem]:
    seen: set[tuple[str | int, str]] = set()
    for path, entry in _entries(name, trunk):
        host, port = split_host(entry)
        if port > HIGHEST_PORT or (":0" in entry and not port):
            yield Problem(path=path, value=entry, wrong="no such port", allowed=f"1 to {HIGHEST_PORT}")
        if looks_numeric(host) and not is_ipv4(host):
            allowed = "an IPv4 address of four numbers up to 255, or a name"
            yield Problem(path=path, value=entry, wrong="no IPv4 address", allowed=allowed)
        if (path[2], entry.lower()) in seen:
            yield Problem(path=path, value=entry, wrong="stands twice in this list, leave one out")
        seen.add((path[2], entry.lower()))


def looks_numeric(host: str) -> bool:
    """True for what can only be meant as an address: no name's last part is a number (RFC 1123 2.1)."""
    return host.rpartition(".")[2].isdecimal()


def is_ipv4(host: str) -> bool:
    """True for four numbers up to 255."""
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _own_address(name: str, trunk: TrunkLine, edge: Edge) -> Iterator[Problem]:
    """A trunk to the box itself would ring the box for ever."""
    own_port = edge.tls_port if trunk.transport == "tls" else edge.sip_port
    usual_port = SIPS_PORT if trunk.transport == "tls" else SIP_PORT
    for place, entry in enumerate(trunk.hosts):
        host, port = split_host(entry)
        if host in (edge.address, edge.public_address) and (port or usual_port) == own_port:
            wrong = "this is the box itself, whose calls would come back to it"
            allowed = "a server of the provider"
            yield Problem(path=("lines", name, "hosts", place), value=entry, wrong=wrong, allowed=allowed)


def _half_an_account(name: str, trunk: TrunkLine) -> Iterator[Problem]:
    needs = {
        "registers": trunk.registers and not (trunk.user and trunk.password),
        "password": bool(trunk.password) and not trunk.user,
    }
    for option, is_half in needs.items():
        if is_half:
            lacking = " and ".join(f"`{part}`" for part in ("user", "password") if not getattr(trunk, part))
            wrong = f"goes with {lacking}, which is missing"
            yield Problem(path=("lines", name, option), wrong=wrong)
            return


def _more_than_all(name: str, trunk: TrunkLine) -> Iterator[Problem]:
    given = "outgoing_calls" in trunk.model_fields_set  # its default is no promise
    if given and trunk.outgoing_calls > trunk.calls:
        yield Problem(
            path=("lines", name, "outgoing_calls"),
            value=trunk.outgoing_calls,
            wrong="more than all calls together",
            allowed=f"at most lines.{name}.calls, which is {trunk.calls}",
        )


def _bad_authority(name: str, trunk: TrunkLine, folder: Path) -> Iterator[Problem]:
    if not trunk.ca:
        return
    path = ("lines", name, "ca")
    if trunk.transport != "tls":
        yield Problem(path=path, value=trunk.ca, wrong='goes with transport = "tls"')
        return
    try:
        wrong = "" if PEM in (folder / trunk.ca).read_text(errors="replace") else "no certificate is in it"
    except (OSError, ValueError) as error:
        wrong = f"cannot be read: {error}"
    if wrong:
        yield Problem(path=path, value=trunk.ca, wrong=wrong, allowed=f'a PEM file, with "{PEM}"')


def _shared_sources(trunks: dict[str, TrunkLine]) -> Iterator[Problem]:
    """Who calls from where must tell the line, unless the address a trunk has registered does."""
    placed: list[tuple[str, TrunkLine]] = []
    for name, trunk in trunks.items():
        if not trunk.enabled:
            continue
        others = [other for other in placed if not (trunk.registers and other[1].registers)]
        for path, entry in _entries(name, trunk):
            owner = next((other for other, line in others if _overlaps(entry, line)), "")
            if owner:
                wrong = f"calls from there belong to lines.{owner} already, a call must tell its line"
                allowed = "one line for this server; or HOST:PORT at both; or both with registers = true"
                yield Problem(path=path, value=entry, wrong=wrong, allowed=allowed)
        placed.append((name, trunk))


def _overlaps(entry: str, trunk: TrunkLine) -> bool:
    """True when calls from `entry` might be the trunk's; without a port it means every port there."""
    host, port = split_host(entry)
    for other in (*trunk.hosts, *trunk.sources):
        other_host, other_port = split_host(other)
        if host.lower() == other_host.lower() and (not port or not other_port or port == other_port):
            return True
    return False
