"""Calls of the box itself: what `outbound.permission` allows, with caps and a lock of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.dialplan.permit import ITSELF, DialRefused
from appliance.outbound_events import OutboundRefused
from tests.appliance.dialplan.rig import ABROAD, DEAR, INLAND, MOBILE, Box, permission, site

OWN = site(
    outbound={"permission": "box", "calls_a_minute": 1000},
    permissions={**permission(), "box": {"classes": ["mobile"], "calls_a_day": 2}},
)


def test_the_box_may_dial_nothing_without_a_permission(tmp_path: Path) -> None:
    box = Box(tmp_path / "db")
    assert "Give outbound a permission" in box.refusal(MOBILE, ITSELF)


def test_it_may_dial_what_its_permission_allows(tmp_path: Path) -> None:
    box = Box(tmp_path / "db", OWN)
    assert box.ask(MOBILE, ITSELF).lines == ("gsm", "trunk")
    assert [number for number in (INLAND, ABROAD, DEAR) if not box.refusal(number, ITSELF)] == []


@pytest.mark.parametrize("number", ["999", "112", "+112", "9 9 9"])
def test_it_never_dials_an_emergency_number(tmp_path: Path, number: str) -> None:
    box = Box(tmp_path / "db", OWN)
    assert box.refusal(number, ITSELF)
    with pytest.raises(DialRefused):
        box.guard.foresee(ITSELF, number)


def test_what_is_foreseen_counts_nothing_and_locks_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path / "db", OWN)
    for _ in range(200):
        with pytest.raises(DialRefused):
            box.guard.foresee(ITSELF, DEAR)
        assert box.guard.foresee(ITSELF, MOBILE).number.dial == "+447400123456"
    assert box.guard.locked() == []
    assert box.events(OutboundRefused) == []


def test_its_lock_is_its_own_and_a_person_opens_it(tmp_path: Path) -> None:
    box = Box(tmp_path / "db", OWN)
    for _ in range(2):
        box.talks(MOBILE, 1, ITSELF)
    assert "locked" in box.refusal(MOBILE, ITSELF)
    assert box.guard.locked() == [ITSELF]
    assert box.refusal(MOBILE, "ana") == ""
    with pytest.raises(DialRefused, match="locked"):
        box.guard.foresee(ITSELF, MOBILE)
    box.told.look()
    assert {"outgoing calls locked", "calls of the box itself"} in [set(key) for key in box.alarms]
    box.guard.unlock(ITSELF, by="eva")
    assert box.refusal(MOBILE, ITSELF) == ""
