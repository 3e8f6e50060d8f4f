"""What trunk lines say of themselves and of each other: each contradiction is refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.check_trunks import is_ipv4, split_host
from tests.appliance.config.sites import GOOD, problems_of

TRUNK = """\

[lines.{name}]
driver = "sip"
to = "menu:main"
{options}
"""


def site(*trunks: str) -> str:
    """GOOD with trunks t1, t2, ... of these options."""
    return GOOD + "".join(
        TRUNK.format(name=f"t{number}", options=options) for number, options in enumerate(trunks, 1)
    )


def told(folder: Path, *trunks: str) -> list[str]:
    return [str(problem).partition("box.toml:")[2] for problem in problems_of(folder, site(*trunks))]


@pytest.mark.parametrize(
    "options",
    [
        'hosts = ["sip.example.net"]',
        'hosts = ["192.0.2.1:5080", "192.0.2.1:5081"]\nsources = ["192.0.2.1:5080", "192.0.2.128"]',
        'hosts = ["a.example.net"]\nregisters = true\nuser = "4930123"\npassword = "it\'s: 100%"',
        'hosts = ["a.example.net"]\ntransport = "tls"\nsrtp = "always"\ncalls = 4',
        'hosts = ["127.0.0.1:5070"]\nuser = "box"',
        'hosts = ["a.example.net"]\ncalls = 30\noutgoing_calls = 30\ncaller_id = "+4930123"',
    ],
)
def test_a_trunk_that_is_right_is_taken(tmp_path: Path, options: str) -> None:
    assert told(tmp_path, options) == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            'hosts = ["300.1.1.1"]',
            '26: lines.t1.hosts[0] = "300.1.1.1": no IPv4 address. Allowed: an IPv4 address of four numbers '
            "up to 255, or a name.",
        ),
        (
            'hosts = ["a.example.net:70000"]',
            '26: lines.t1.hosts[0] = "a.example.net:70000": no such port. Allowed: 1 to 65535.',
        ),
        (
            'hosts = ["a.example.net:0"]',
            '26: lines.t1.hosts[0] = "a.example.net:0": no such port. Allowed: 1 to 65535.',
        ),
        (
            'hosts = ["a.example.net",\n  "A.example.net"]',
            '27: lines.t1.hosts[1] = "A.example.net": stands twice in this list, leave one out.',
        ),
        (
            'hosts = ["127.0.0.1"]',
            '26: lines.t1.hosts[0] = "127.0.0.1": this is the box itself, whose calls would come back to it. '
            "Allowed: a server of the provider.",
        ),
        (
            'hosts = ["a.example.net"]\nregisters = true\nuser = "x"',
            "27: lines.t1.registers: goes with `password`, which is missing.",
        ),
        (
            'hosts = ["a.example.net"]\nregisters = true',
            "27: lines.t1.registers: goes with `user` and `password`, which is missing.",
        ),
        (
            'hosts = ["a.example.net"]\npassword = "x"',
            "27: lines.t1.password: goes with `user`, which is missing.",
        ),
        (
            'hosts = ["a.example.net"]\nca = "box.toml"',
            '27: lines.t1.ca = "box.toml": goes with transport = "tls".',
        ),
        (
            'hosts = ["a.example.net"]\ntransport = "tls"\nca = "box.toml"',
            '28: lines.t1.ca = "box.toml": no certificate is in it. '
            'Allowed: a PEM file, with "-----BEGIN CERTIFICATE-----".',
        ),
        (
            'hosts = ["a.example.net"]\ncalls = 2\noutgoing_calls = 3',
            "28: lines.t1.outgoing_calls = 3: more than all calls together. "
            "Allowed: at most lines.t1.calls, which is 2.",
        ),
    ],
)
def test_a_trunk_that_contradicts_itself_is_refused(tmp_path: Path, options: str, expected: str) -> None:
    assert told(tmp_path, options) == [expected]


@pytest.mark.parametrize(
    "options",
    [
        "hosts = []",
        'hosts = ["a.example.net;transport=tcp"]',
        'hosts = ["a.example.net/x"]',
        'hosts = ["a.example.net"]\ndomain = "x y"',
        'hosts = ["a.example.net"]\npassword = "a\\nb"',
        'hosts = ["a.example.net"]\nuser = "a@b"',
        'hosts = ["a.example.net"]\ncaller_id = "anna"',
        'hosts = ["a.example.net"]\ncalls = 0',
        'hosts = ["a.example.net"]\ntransport = "sctp"',
        'hosts = ["a.example.net"]\ncalled_from = "from"',
        'hosts = ["a.example.net"]\nhost = "b"',
    ],
)
def test_values_that_would_break_a_header_or_the_edge_are_refused(tmp_path: Path, options: str) -> None:
    problems = told(tmp_path, options)
    assert len(problems) == 1
    assert "lines.t1" in problems[0]


REGISTERS = 'registers = true\nuser = "u"\npassword = "p"'


@pytest.mark.parametrize(
    ("first", "second", "is_wrong"),
    [
        ('hosts = ["a.example.net"]', 'hosts = ["A.example.net"]', True),
        ('hosts = ["192.0.2.1:5060"]', 'hosts = ["192.0.2.1:5070"]', False),
        ('hosts = ["192.0.2.1:5060"]', 'hosts = ["192.0.2.2"]\nsources = ["192.0.2.1"]', True),
        ('hosts = ["192.0.2.1"]\nenabled = false', 'hosts = ["192.0.2.1"]', False),
        (f'hosts = ["192.0.2.1"]\n{REGISTERS}', f'hosts = ["192.0.2.1"]\n{REGISTERS}', False),
        (f'hosts = ["192.0.2.1"]\n{REGISTERS}', 'hosts = ["192.0.2.1"]', True),
    ],
)
def test_a_call_must_tell_its_line(tmp_path: Path, first: str, second: str, is_wrong: bool) -> None:
    problems = told(tmp_path, first, second)
    assert len(problems) == is_wrong
    assert all("belong to lines.t1 already" in problem for problem in problems)


def test_entries_are_taken_apart() -> None:
    assert split_host("a.example.net:5080") == ("a.example.net", 5080)
    assert split_host("192.0.2.1") == ("192.0.2.1", 0)
    assert (is_ipv4("192.0.2.1"), is_ipv4("192.0.2.256")) == (True, False)
