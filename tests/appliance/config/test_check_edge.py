"""Phones, extensions, ports and certificates that contradict each other are refused in their line."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.appliance.config.sites import GOOD, changed, told

AGENT = '\n[agents.cem]\nextension = "21"\n'
FIRST = GOOD.count("\n") + 5  # the line after [phones.cem-desk], which follows AGENT
EMPTY = "0e188cf94a79f77efe4524d8a9e05a93"  # md5 of cem-desk:callbox:


def with_phone(*options: str, agent: str = "cem") -> str:
    """GOOD with an agent who registers, and a phone; its options begin in line FIRST + 1."""
    return GOOD + AGENT + "\n".join(["[phones.cem-desk]", f'agent = "{agent}"', *options]) + "\n"


def test_a_phone_needs_nothing_but_its_agent(tmp_path: Path) -> None:
    options = ('mac = "00:15:65:12:34:56"', 'model = "yealink"', 'ha1 = "0123456789abcdef0123456789abcdef"')
    assert told(tmp_path, with_phone()) == []
    assert told(tmp_path, with_phone(*options)) == []
    assert told(tmp_path, with_phone(agent="ana")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            with_phone(agent="cam"),
            f'{FIRST}: phones.cem-desk.agent = "cam": there is no agent cam. Allowed: ana, bob, cem. '
            'Did you mean "cem"?',
        ),
        (
            with_phone('mac = "00-15-65-12-34-56"'),
            f'{FIRST + 1}: phones.cem-desk.mac = "00-15-65-12-34-56": goes with `model`, which is missing.',
        ),
        (
            with_phone('model = "snom"'),
            f'{FIRST + 1}: phones.cem-desk.model = "snom": goes with `mac`, which is missing.',
        ),
        (
            with_phone(
                'mac = "001565abcdef"',
                'model = "snom"',
                "[phones.other]",
                'agent = "cem"',
                'mac = "00:15:65:AB:CD:EF"',
                'model = "snom"',
            ),
            f'{FIRST + 5}: phones.other.mac = "00:15:65:AB:CD:EF": the same phone as phones.cem-desk, '
            "every phone has an address of its own.",
        ),
        (
            with_phone(f'ha1 = "{"7" * 32}"', "[phones.other]", 'agent = "cem"', f'ha1 = "{"7" * 32}"'),
            f'{FIRST + 4}: phones.other.ha1 = "{"7" * 32}": the same as that of phones.cem-desk, but the '
            "name is part of it. Allowed: MD5 of other:realm:password.",
        ),
        (
            with_phone(f'ha1 = "{EMPTY}"'),
            f'{FIRST + 1}: phones.cem-desk.ha1 = "{EMPTY}": of an empty password. Allowed: one of a password '
            "nobody guesses; the box makes one: callbox phones password cem-desk.",
        ),
        (
            GOOD + AGENT + '[agents.dan]\nextension = "21"\n',
            f'{FIRST}: agents.dan.extension = "21": the same as that of agents.cem, every agent needs '
            "an own one.",
        ),
        (
            changed("[prompts]", '[edge]\naddress = "192.0.2.300"\n[prompts]'),
            '21: edge.address = "192.0.2.300": no such address. Allowed: an IPv4 address of one machine, '
            "four numbers up to 255.",
        ),
        (
            changed("[prompts]", '[edge]\npublic_address = "224.0.0.1"\n[prompts]'),
            '21: edge.public_address = "224.0.0.1": no such address. Allowed: an IPv4 address of one '
            "machine, four numbers up to 255.",
        ),
        (
            changed("[prompts]", "[edge]\ntls_port = 5060\n[prompts]"),
            "21: edge.tls_port = 5060: edge.tls_port is the same port as edge.sip_port, each needs its own.",
        ),
        (
            changed("[prompts]", "[edge]\ninternal_port = 5079\n[prompts]"),
            "0: sip.port = 5080: sip.port is the same port as edge.internal_port + 1, each needs its own.",
        ),
        (
            changed("[prompts]", "[edge]\nhttps_port = 5092\n[prompts]"),
            "0: edge.internal_port = 5092: edge.internal_port + 2 is the same port as edge.https_port, "
            "each needs its own.",
        ),
        (
            changed("[prompts]", "[sip]\nport = 5059\nworkers = 2\n[prompts]"),
            "21: sip.port = 5060: sip.port + 1 is the same port as edge.sip_port, each needs its own.",
        ),
        (
            changed("[prompts]", '[edge]\ncertificate = "box.pem"\n[prompts]'),
            '21: edge.certificate = "box.pem": goes with `key`, which is missing.',
        ),
        (
            changed("[prompts]", '[edge]\nkey = "box.key"\n[prompts]'),
            '21: edge.key = "box.key": goes with `certificate`, which is missing.',
        ),
    ],
)
def test_what_contradicts_itself_is_refused_in_its_line(tmp_path: Path, text: str, expected: str) -> None:
    line, _, rest = expected.partition(": ")
    place = f"box.toml:{line}: " if line != "0" else "box.toml"
    problems = told(tmp_path, text)
    assert len(problems) == 1
    assert problems[0].startswith(place)
    assert problems[0].endswith(rest)


def test_ports_of_an_edge_that_others_start_are_their_affair(tmp_path: Path) -> None:
    assert told(tmp_path, changed("[prompts]", '[edge]\nstart = "no"\ntls_port = 5060\n[prompts]')) == []


def write_pair(folder: Path, name: str) -> None:
    """NAME.pem and NAME.key, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        title, title, key.public_key(), 1, now, now + datetime.timedelta(days=1)
    )
    made = builder.sign(key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    locked = key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"x"))
    (folder / f"{name}.locked").write_bytes(locked)


@pytest.mark.parametrize(
    ("certificate", "key", "expected"),
    [
        ("box.pem", "box.key", []),
        ("none.pem", "box.key", ['21: edge.certificate = "none.pem": there is no file none.pem.']),
        ("box.pem", "none.key", ['22: edge.key = "none.key": there is no file none.key.']),
        ("box.pem", "other.key", ['21: edge.certificate = "box.pem": is not that of `key`.']),
        ("box.pem", "box.locked", ['21: edge.certificate = "box.pem": cannot be used together with `key`']),
        ("box.key", "box.key", ['21: edge.certificate = "box.key": cannot be used together with `key`']),
        ("box.toml", "box.toml", ['21: edge.certificate = "box.toml": cannot be used together with `key`']),
        ("pipe", "box.key", ['21: edge.certificate = "pipe": there is no file pipe.']),
    ],
)
def test_an_own_certificate_is_there_and_fits_its_key(
    tmp_path: Path, certificate: str, key: str, expected: list[str]
) -> None:
    write_pair(tmp_path, "box")
    write_pair(tmp_path, "other")
    os.mkfifo(tmp_path / "pipe")
    edge = f'[edge]\ncertificate = "{certificate}"\nkey = "{key}"\n[prompts]'
    problems = told(tmp_path, changed("[prompts]", edge))
    assert len(problems) == len(expected)
    for problem, wanted in zip(problems, expected, strict=True):
        assert problem.startswith(f"box.toml:{wanted}".removesuffix("."))
