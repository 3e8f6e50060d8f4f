"""A stolen phone account: whatever it dials, however it is written, by whatever way, nothing goes out."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from appliance.dialplan.permit import Cause, DialRefused
from appliance.outbound_events import OutboundAllowed, OutboundLocked
from tests.appliance.dialplan.rig import INLAND, Box, permission, site

SHARES = ["CU", "SO", "LV", "SL", "GM", "MV", "ZW", "SM", "BA", "TN"]  # where fraud's numbers often are
PREMIUM = ["09012345678", "+449012345678", "00449012345678", "118118", "+979123456789", "00881612345678"]


def targets() -> Iterator[str]:
    """E.164 numbers worth an attacker's while."""
    for country in SHARES:
        for type_ in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
            example = phonenumbers.example_number_for_type(country, type_)
            if example is not None:
                yield phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)


def spellings(e164: str) -> Iterator[str]:
    """The same number in every way that some exchange somewhere takes."""
    digits = e164[1:]
    yield from (e164, f"00{digits}", f"+{digits[:2]}-{digits[2:5]}.{digits[5:]}", f"(00){digits}")
    yield from (f"000{digits}", f"900{digits}", f"9+{digits}", f"0{e164}", f"++{digits}", f"+00{digits}")
    yield from (
        f"011{digits}",
        f"810{digits}",
        f"+44{digits}",
        f"0044{digits}",
        f"0044{e164}",
        f"+4400{digits}",
    )
    yield from (f"%2B{digits}", f"{digits};phone-context=+", f"{e164};ext=1", f"tel:{e164}", f"sip:{e164}@x")
    yield from (
        f"{e164}#",
        f"*21*00{digits}#",
        f"*31#00{digits}",
        f"{e164},112",
        f"112{digits}",
        f"999{digits}",
    )
    yield from (f"{e164}\0", f" {e164} ", f"{digits}", f"1470{digits}", f"141 00{digits}", f"999 {e164}")
    yield "".join(chr(0x0660 + int(digit)) for digit in f"00{digits}")
    yield "".join(chr(0xFF10 + int(digit)) for digit in f"00{digits}")


def attack() -> list[tuple[str, Cause]]:
    numbers = [each for target in targets() for each in spellings(target)]
    numbers += [each for number in PREMIUM for each in (number, f"9{number}", f"{number}0", f"1{number}")]
    return [(number, cause) for number in numbers for cause in Cause]


def got_out(box: Box, dialled: str, cause: Cause, agent: str) -> bool:
    try:
        with box.guard.call(box.guard.ask(agent, dialled, cause=cause)):
            return True
    except DialRefused:
        return False


@pytest.mark.parametrize("agent", ["ana", "eve"])
def test_a_hundred_tries_at_once_reach_nobody_and_lock_the_account(tmp_path: Path, agent: str) -> None:
    box = Box(tmp_path / "callbox.db")
    tries = random.Random(agent).sample(attack(), 100)
    for dialled, cause in tries:
        assert not got_out(box, dialled, cause, agent)
        box.passes(0.1)
    assert [event.agent for event in box.events(OutboundLocked)] == [agent]
    assert (f"agent {agent}", "outgoing calls locked") in box.standing()
    assert box.ask("999", agent).emergency
    assert box.refusal(INLAND, "ben") == ""  # the others work on


@pytest.mark.slow
def test_a_patient_thief_tries_every_spelling_and_reaches_nobody(tmp_path: Path) -> None:
    """One try a minute and a half, unlocked each time by somebody who does not look."""
    box = Box(tmp_path / "callbox.db")
    locks = 0
    for dialled, cause in attack():
        assert not got_out(box, dialled, cause, "ana"), dialled
        box.passes(90.0)
        if box.guard.locked():
            locks += 1
            box.guard.unlock("ana", by="careless")
    assert locks > 50
    assert box.events(OutboundAllowed) == []


def test_who_calls_in_from_outside_reaches_nothing_outside(tmp_path: Path) -> None:
    box = Box(tmp_path / "callbox.db")
    for dialled, cause in attack():
        assert not got_out(box, dialled, cause, "")
    assert not got_out(box, INLAND, Cause.FORWARDED, "")
    assert box.events(OutboundAllowed, OutboundLocked) == []


def test_what_an_allowed_country_costs_is_the_cap_and_no_more(tmp_path: Path) -> None:
    """The thief calls where the agent may call, as many calls at once as go, each as long as it may be."""
    box = Box(tmp_path / "callbox.db", site(permissions=permission(calls_a_minute=100, spend_a_day=3.0)))
    held = []
    for number in range(50):
        try:
            call = box.guard.call(box.ask(f"+4930123{number:03}"))
            call.__enter__().answered("trunk")
        except DialRefused:
            continue
        held.append(call)
    assert len(held) == 3
    box.passes(58.0)
    for call in held:
        call.__exit__(None, None, None)
    assert box.used()["spend a day"] == 3.0
    assert box.guard.locked() == ["ana"]


def test_thieves_at_many_phones_lock_the_way_out(tmp_path: Path) -> None:
    """Emergency calls go out all the same."""
    names = {f"agent-{number}": {"permission": "desk"} for number in range(30)}
    box = Box(tmp_path / "callbox.db", site(agents=names))
    for agent in names:
        got_out(box, "+4930123456", Cause.DIALLED, agent)
    assert box.guard.locked() == [""]
    assert ("outgoing calls", "outgoing calls locked") in box.standing()
    assert len(box.events(OutboundAllowed)) == 6
    assert all(box.ask("112", agent).emergency for agent in names)
