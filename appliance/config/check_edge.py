"""What the edge, its phones and the agents say of each other, and of the certificate's files: for `check.py`.

No port is opened, and no address is looked for on this machine.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

from appliance.config.edge import Phone
from appliance.config.problem import Keys, Problem
from appliance.config.schema import Config

EDGE_PORTS = ("sip_port", "tls_port", "wss_port", "https_port", "internal_port")
INTERNAL = ("workers and Kamailio", "Kamailio's news", "rtpengine")  # internal_port and the next two


def edge_problems(config: Config, folder: Path) -> Iterator[Problem]:
    """Every contradiction in [edge], [phones] and the agents' extensions; relative files are in `folder`."""
    yield from _bad_addresses(config)
    yield from _shared_numbers(config)
    yield from _bad_certificate(config, folder)
    yield from _half_provisioned(config)
    yield from _shared_macs(config)
    yield from _bad_hashes(config)
    yield from _shared_extensions(config)


def _bad_addresses(config: Config) -> Iterator[Problem]:
    for option in ("address", "public_address"):
        written = getattr(config.edge, option)
        if written and not _is_one_machine(written):
            allowed = "an IPv4 address of one machine, four numbers up to 255"
            yield Problem(path=("edge", option), value=written, wrong="no such address", allowed=allowed)


def _is_one_machine(written: str) -> bool:
    try:
        address = ipaddress.IPv4Address(written)
    except ValueError:
        return False
    return not (address.is_multicast or address.is_unspecified or address.is_reserved)


def _shared_numbers(config: Config) -> Iterator[Problem]:
    """Every port once: a port taken twice keeps Kamailio or a worker from starting."""
    if config.edge.start == "no":
        return
    owners: dict[int, str] = {}
    for path, port, what in _ports(config):
        here = ".".join(path) + what
        owner = owners.setdefault(port, here)
        if owner != here:
            yield Problem(
                path=path, value=port, wrong=f"{here} is the same port as {owner}, each needs its own"
            )
            return


def _ports(config: Config) -> Iterator[tuple[tuple[str, str], int, str]]:
    for option in EDGE_PORTS:
        port = getattr(config.edge, option)
        extra = range(len(INTERNAL)) if option == "internal_port" else range(1)
        yield from ((("edge", option), port + more, f" + {more}" if more else "") for more in extra)
    for number in range(config.sip.workers):
        yield ("sip", "port"), config.sip.port + number, f" + {number}" if number else ""


def _bad_certificate(config: Config, folder: Path) -> Iterator[Problem]:
    edge = config.edge
    for there, lacking in (("certificate", "key"), ("key", "certificate")):
        if getattr(edge, there) and not getattr(edge, lacking):
            wrong = f"goes with `{lacking}`, which is missing"
            yield Problem(path=("edge", there), value=getattr(edge, there), wrong=wrong)
            return
    if not edge.certificate:
        return
    files = {option: folder / getattr(edge, option) for option in ("certificate", "key")}
    unread = [
        Problem(path=("edge", option), value=getattr(edge, option), wrong=wrong)
        for option, file in files.items()
        if (wrong := _why_unreadable(file))
    ]
    yield from unread
    if not unread and (wrong := _why_no_pair(files["certificate"], files["key"])):
        allowed = "PEM: the certificate with its chain, and its own private key without a passphrase"
        yield Problem(path=("edge", "certificate"), value=edge.certificate, wrong=wrong, allowed=allowed)


def _why_unreadable(file: Path) -> str:
    if "\0" in str(file):
        return "no name of a file"
    try:
        if not file.is_file():  # asked first: opening a named pipe would wait for ever
            return f"there is no file {file}"
        with file.open("rb"):
            return ""
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _why_no_pair(certificate: Path, key: Path) -> str:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "is not that of `key`"
        return "cannot be used together with `key`" + (f": {error.reason}" if error.reason else "")
    except (OSError, ValueError) as error:
        return f"cannot be used together with `key`: {error}"
    return ""


def _half_provisioned(config: Config) -> Iterator[Problem]:
    for name, phone in config.phones.items():
        for there, lacking in (("mac", "model"), ("model", "mac")):
            if getattr(phone, there) and not getattr(phone, lacking):
                wrong = f"goes with `{lacking}`, which is missing"
                yield Problem(path=("phones", name, there), value=getattr(phone, there), wrong=wrong)


def _shared_macs(config: Config) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, phone in config.phones.items():
        mac = re.sub("[:-]", "", phone.mac).lower()
        owner = owners.setdefault(mac, name) if mac else name
        if owner != name:
            wrong = f"the same phone as phones.{owner}, every phone has an address of its own"
            yield Problem(path=("phones", name, "mac"), value=phone.mac, wrong=wrong)


def _bad_hashes(config: Config) -> Iterator[Problem]:
    """The name is part of what is hashed, so no two are alike; the worst passwords are known."""
    owners: dict[str, str] = {}
    for name, phone in config.phones.items():
        path: Keys = ("phones", name, "ha1")
        owner = owners.setdefault(phone.ha1, name) if phone.ha1 else name
        if owner != name:
            wrong = f"the same as that of phones.{owner}, but the name is part of it"
            yield Problem(path=path, value=phone.ha1, wrong=wrong, allowed=f"MD5 of {name}:realm:password")
        elif guessed := _guessed(name, phone, config.edge.realm):
            allowed = "one of a password nobody guesses; the box makes one: callbox phones password " + name
            yield Problem(path=path, value=phone.ha1, wrong=f"of {guessed}", allowed=allowed)


def _guessed(name: str, phone: Phone, realm: str) -> str:
    tried = {"": "an empty password", name: "the name as password", phone.agent: "the agent as password"}
    for password, words in tried.items():
        text = f"{name}:{realm}:{password}".encode()
        if hashlib.md5(text, usedforsecurity=False).hexdigest() == phone.ha1:
            return words
    return ""


def _shared_extensions(config: Config) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, agent in config.agents.items():
        owner = owners.setdefault(agent.extension, name) if agent.extension else name
        if owner != name:
            wrong = f"the same as that of agents.{owner}, every agent needs an own one"
            yield Problem(path=("agents", name, "extension"), value=agent.extension, wrong=wrong)
