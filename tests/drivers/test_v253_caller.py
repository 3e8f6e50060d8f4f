"""Caller ID in every format, and when a ringing line is offered."""

from __future__ import annotations

import random

import pytest

from drivers.v253.caller import Caller, cadence
from drivers.v253.facts import is_ring, is_urc
from drivers.v253.ring import Ringing
from dsp.caller_id_message import CallerId, Reason, When, write

MDMF = write(CallerId(number="5551234", name="ANA B", when=When(11, 21, 19, 30))).hex()
SDMF = write(CallerId(number="5551234", when=When(11, 21, 19, 30)), single=True).hex()
PRIVATE = write(CallerId(reason=Reason.PRIVATE, when=When(11, 21, 19, 30))).hex()


@pytest.mark.parametrize(
    "lines",
    [
        ["DATE = 1121", "TIME = 1930", "NMBR = 5551234", "NAME = ANA B"],
        ["DATE=1121", "TIME=1930", "NMBR=5551234", "NAME=ANA B"],
        ["NAME = ANA B", "NMBR = 555-1234"],
        ["nmbr = (555) 1234", "Name=ANA B"],
        [f"MESG = {MDMF.upper()}"],
        [f"MESG={MDMF}"],
        [MDMF],
        [f"CIDM {MDMF}"],
        ["DATE=1121\r\nTIME=1930\r\nNMBR=5551234\r\nNAME=ANA B\r\n"],
        ["MESG = 020735353531323334", "MESG = 0705414e412042"],
    ],
)
def test_number_and_name_in_every_format(lines: list[str]) -> None:
    caller = Caller()
    for line in lines:
        caller.hear(line)
    assert (caller.number, caller.name, caller.told, caller.reason) == ("5551234", "ANA B", True, None)


def test_an_sdmf_message_has_no_name() -> None:
    caller = Caller()
    caller.hear(f"MESG = {SDMF}")
    assert (caller.number, caller.name) == ("5551234", "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("NMBR = P", Reason.PRIVATE),
        ("NMBR=O", Reason.UNAVAILABLE),
        ("NMBR = PRIVATE", Reason.PRIVATE),
        ("NMBR = OUT OF AREA", Reason.UNAVAILABLE),
        ("PRIVATE", Reason.PRIVATE),
        (f"MESG = {PRIVATE}", Reason.PRIVATE),
    ],
)
def test_a_withheld_number_is_told_too(line: str, reason: Reason) -> None:
    caller = Caller()
    caller.hear(line)
    assert (caller.number, caller.reason, caller.told) == ("", reason, True)


@pytest.mark.parametrize(
    "line", ["", "NMBR =", "NMBR = ", "OK", "DATE = 1121", "MESG = zz", f"MESG = {MDMF[:-2]}00"]
)
def test_what_tells_nothing_is_waited_for(line: str) -> None:
    caller = Caller()
    caller.hear(line)
    assert (caller.number, caller.told) == ("", False)


def test_any_text_is_read_without_harm() -> None:
    luck = random.Random(5)
    words = [
        "NMBR",
        "NAME",
        "MESG",
        "DATE",
        "=",
        " ",
        "80",
        "0208",
        "55",
        "P",
        "\r",
        "\n",
        ";",
        "é",
        "\x00",
        "CIDM",
        "X",
    ]
    for _ in range(3000):
        caller = Caller()
        caller.hear("".join(luck.choice(words) for _ in range(luck.randrange(30))))
        assert len(caller.lines) <= 10
        assert len(caller.name) <= 64


def test_rings_cadences_and_caller_lines_are_no_answers() -> None:
    assert all(is_ring(text) for text in ("RING", "RING A", "RING B"))
    assert not any(is_ring(text) for text in ("RINGING", "DRON=20", "STRING"))
    assert cadence("DRON=20") == ("on", 2.0)
    assert cadence("DROF = 40") == ("off", 4.0)
    assert all(is_urc(text) for text in ("RING", "DRON=20", "NMBR = 1", "MESG=8001"))
    assert not any(is_urc(text) for text in ("OK", "56000", "NAME", '131,"Mu-Law",8'))


def test_a_caller_is_offered_when_known_and_after_a_grace_when_not() -> None:
    ring = Ringing(0.0, wait_seconds=5.0)
    assert ring.offer_at is None
    ring.rang(2.0)
    assert (ring.offer_at, ring.over_at) == (7.0, 10.0)
    ring.heard("NMBR = 5551234", 4.0)
    assert ring.offer_at == 4.3


def test_caller_id_before_the_first_ring_waits_for_it() -> None:
    ring = Ringing(0.0, wait_seconds=5.0)
    ring.heard("NMBR = 5551234", 0.0)
    assert (ring.offer_at, ring.over_at) == (None, 8.0)
    ring.rang(1.5)
    assert ring.offer_at is not None
    assert ring.offer_at <= 1.5
