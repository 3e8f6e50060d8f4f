"""The number a caller dialled decides where he goes first, and what is recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.calls.numbers import first_destination, number_of
from appliance.calls.reception import Reception
from appliance.config.schema import Config
from appliance.events import CallArrived, CallEnded
from drivers.port import LegState
from tests.appliance.calls.rig import CONFIG, Rig, ScriptedLeg, answers_after
from tests.appliance.calls.steps import SOON
from tests.appliance.calls.test_recovery import ScriptedPort

NUMBERS = {
    "+49301000": {"to": "queue:sales", "record": "never"},
    "+49301*": {"to": "play:welcome"},
    "+49*": {"to": "agent:ben", "record": "always"},
    "0800123": {"to": "hangup"},
}


@pytest.mark.parametrize(
    ("dialled", "to"),
    [
        ("+49301000", "queue:sales"),
        ("0049301000", "queue:sales"),
        ("49301000", "queue:sales"),
        ("+49 30 1001", "play:welcome"),
        ("+4989123", "agent:ben"),
        ("0800123", "hangup"),
        ("0800124", "menu:main"),
        ("", "menu:main"),
    ],
)
def test_the_number_itself_then_the_longest_beginning_then_the_line(dialled: str, to: str) -> None:
    config = Config.model_validate({**CONFIG, "numbers": NUMBERS})
    assert str(first_destination("gsm-1", dialled, config)) == to


def test_a_line_that_does_not_tell_has_its_own_number() -> None:
    lines = {"gsm-1": {"driver": "virtual", "to": "menu:main", "number": "+49 30 1000"}}
    config = Config.model_validate({**CONFIG, "numbers": NUMBERS, "lines": lines})
    number = number_of("gsm-1", "", config)
    assert number is not None
    assert str(number.to) == "queue:sales"


async def test_many_callers_of_one_trunk_go_each_where_their_number_leads(tmp_path: Path) -> None:
    queues = {"sales": {"agents": ["ana"], "music": "music"}}
    rig = Rig(tmp_path, numbers=NUMBERS, queues=queues)
    rig.acd.log_in("ben")
    rig.phones.behave = answers_after(1)
    trunk, phones = ScriptedPort("gsm-1"), ScriptedPort("sip")
    reception = asyncio.create_task(Reception(rig.centre, {"gsm-1": trunk}, phones).run([]))
    await asyncio.sleep(SOON)
    for number, dialled in enumerate(("+49301000", "+4930177", "+4989123", "+49301000")):
        leg = ScriptedLeg(
            id=f"t{number}", port="gsm-1", peer=f"+1555{number}", state=LegState.RINGING, called=dialled
        )
        trunk.came_in(leg)
    await asyncio.sleep(1.5)
    stages = {call.leg.id: call.story.stage.value for call in rig.centre.calls.values()}
    assert stages == {"t0": "waiting", "t1": "answered", "t2": "talking", "t3": "waiting"}
    assert rig.media.heard_now("t1") == ["welcome"]
    assert [id for id in rig.media.recording_ids() if "third" not in id] == [
        call.id for call in rig.centre.calls.values() if call.leg.id == "t2"
    ]
    await asyncio.sleep(2)
    assert len(rig.events(CallArrived)) == 4
    assert [e.outcome for e in rig.events(CallEnded)] == ["menu"]
    reception.cancel()
    await asyncio.wait({reception})
    assert rig.centre.calls == {}
