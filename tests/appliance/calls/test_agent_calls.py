"""Calls that agents make: to a colleague, to a number outside, and what their phones are told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.config.trunks import TrunkLine
from appliance.events import CallEnded, PartyMissed
from appliance.line_events import LineDialEnded, LineDialled
from drivers.port import EndCause, LegState, SlotAudio
from drivers.virtual import answers, fails, never
from tests.appliance.calls.rig import Rig, ScriptedPhone, answers_after
from tests.appliance.calls.steps import SOON, all_over, both_ways, outside, talking

NUMBER = "030123456"


async def speaking_with_ben(rig: Rig) -> tuple[ScriptedPhone, ScriptedPhone]:
    rig.phones.behave = answers_after(1)
    ana = rig.calls("ana", "22")
    await asyncio.sleep(2)
    return ana, rig.phones.rung[-1]


async def test_an_extension_rings_the_colleague_and_both_speak(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    ana, ben = await speaking_with_ben(rig)
    assert (ana.state, ben.peer) == (LegState.UP, "sip:ben@127.0.0.1:5072")
    assert rig.phones.shown == [("21", "ana")]
    assert rig.media.hearing() == both_ways(ana.id, ben.id)
    assert rig.media.recording_ids() == []
    ana.remote_hangs_up()
    await all_over(rig)
    assert [(e.outcome, e.by) for e in rig.events(CallEnded)] == [("answered", "caller")]


@pytest.mark.parametrize(
    ("phones", "offered"),
    [
        (["always"], "always"),
        (["always", "always"], "always"),
        (["always", "accept"], "accept"),
        (["accept", "off"], "off"),
        ([], "off"),
    ],
)
async def test_phones_that_insist_on_srtp_are_offered_it(
    tmp_path: Path, phones: list[str], offered: str
) -> None:
    settings = {f"ben-{number}": {"agent": "ben", "srtp": srtp} for number, srtp in enumerate(phones)}
    rig = Rig(tmp_path, phones=settings)
    rig.centre.registered = lambda agent: True
    ana, _ = await speaking_with_ben(rig)
    assert rig.phones.srtp == [offered]
    ana.remote_hangs_up()
    await all_over(rig)


async def test_both_are_hindered_while_they_speak_and_ready_again_after_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.acd.log_in("ana")
    rig.acd.log_in("ben")
    _, ben = await speaking_with_ben(rig)
    for agent in ("ana", "ben"):
        assert (rig.acd.agents[agent].state.value, rig.acd.agents[agent].reason) == ("paused", "on a call")
    ben.remote_hangs_up()
    await all_over(rig)
    assert [rig.acd.agents[agent].state.value for agent in ("ana", "ben")] == ["ready", "ready"]


async def test_a_colleague_on_the_phone_is_busy_and_not_rung(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    caller, _ = await talking(rig)
    ben = rig.calls("ben", "21")
    await asyncio.sleep(SOON)
    assert (ben.state, ben.refusal, ben.was_up) == (LegState.ENDED, 486, False)
    assert len(rig.phones.rung) == 1
    caller.leg.remote_hangs_up()
    await all_over(rig)
    assert [e.outcome for e in rig.events(CallEnded)] == ["unanswered", "answered"]


async def test_a_colleague_without_a_phone_is_told_by_a_prompt_where_there_is_one(tmp_path: Path) -> None:
    prompts = {"welcome": "w.wav", "wrong": "w.wav", "music": "m.wav", "not-available": "n.wav"}
    rig = Rig(tmp_path, prompts=prompts)
    ana = rig.calls("ana", "23")
    await asyncio.sleep(1)
    assert ana.progressed
    assert rig.media.heard == [(ana.id, "n")]
    await asyncio.sleep(2)
    assert (ana.state, ana.refusal, ana.was_up) == (LegState.ENDED, 480, False)
    await all_over(rig)
    assert [e.result for e in rig.events(PartyMissed)] == ["not registered"]


async def test_a_number_goes_out_over_the_first_line_and_is_in_its_books(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, outbound={"record": True}).opened()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(3)
    far = await outside(rig)
    assert far.leg.peer == "+4930123456"
    assert (ana.state, ana.progressed) == (LegState.UP, False)
    assert rig.media.hearing() == both_ways(ana.id, far.leg.id)
    assert len(rig.media.recording_ids()) == 1
    await asyncio.sleep(10)
    far.remote_hangs_up()
    await all_over(rig)
    assert [e.line for e in rig.events(LineDialled)] == ["out-1"]
    assert [round(e.seconds) for e in rig.events(LineDialEnded)] == [12]


async def test_what_the_network_plays_before_the_answer_is_heard(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = never()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(1)
    far = await outside(rig)
    assert rig.media.hearing() == set()
    far.leg.sounds(SlotAudio("sip-0", 7))
    await asyncio.sleep(SOON)
    assert ana.progressed
    assert ana.was_up is False
    assert rig.media.hearing() == both_ways(ana.id, far.leg.id)
    far.answers()
    await asyncio.sleep(SOON)
    assert ana.state is LegState.UP
    assert rig.media.hearing() == both_ways(ana.id, far.leg.id)
    ana.remote_hangs_up()
    await all_over(rig)


async def test_a_trunk_without_early_media_is_heard_from_its_answer_on(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    trunk = {"driver": "sip", "hosts": ["sip.example"], "to": "menu:main", "early_media": False}
    lines = {**rig.config.lines, "out-1": TrunkLine.model_validate(trunk)}
    rig.centre.config = rig.config.model_copy(update={"lines": lines})
    rig.lines["out-1"].script = never()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(1)
    far = await outside(rig)
    far.leg.sounds(SlotAudio("sip-0", 7))
    await asyncio.sleep(SOON)
    assert (ana.progressed, rig.media.hearing()) == (False, set())
    far.answers()
    await asyncio.sleep(SOON)
    assert rig.media.hearing() == both_ways(ana.id, far.leg.id)
    ana.remote_hangs_up()
    await all_over(rig)


async def test_digits_are_passed_on_in_their_order(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(3)
    for digit in "1234*#0":
        ana.heard(digit)
    await asyncio.sleep(SOON)
    assert (await outside(rig)).leg.sent == "1234*#0"
    ana.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize(
    ("cause", "code"), [(EndCause.BUSY, 486), (EndCause.NO_ANSWER, 480), (EndCause.REJECTED, 603)]
)
async def test_the_far_ends_end_is_told_to_the_phone_in_sips_words(
    tmp_path: Path, cause: EndCause, code: int
) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = fails(cause)
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(2)
    assert (ana.state, ana.refusal, ana.was_up) == (LegState.ENDED, code, False)
    await all_over(rig)
    assert [e.outcome for e in rig.events(CallEnded)] == ["unanswered"]
    assert len(rig.events(LineDialled)) == 1


async def test_the_next_line_is_tried_when_one_fails_and_503_told_when_none_is_left(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = fails(EndCause.FAILED)
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(3)
    assert (await outside(rig, "out-2")).leg.state is LegState.UP
    ben_tries = rig.calls("ana", NUMBER)
    await asyncio.sleep(3)
    assert (ben_tries.state, ben_tries.refusal) == (LegState.ENDED, 503)
    ana.remote_hangs_up()
    await all_over(rig)


async def test_a_line_whose_limit_is_reached_is_passed_over_but_not_for_an_emergency(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.tariffs.why["out-1"] = "its limit of calls a day is reached"
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(3)
    assert [e.line for e in rig.events(LineDialled)] == ["out-2"]
    ana.remote_hangs_up()
    await asyncio.sleep(SOON)
    eva = rig.calls("eva", "112")
    await asyncio.sleep(3)
    assert eva.state is LegState.UP
    assert [(e.line) for e in rig.events(LineDialled)][1:] == ["out-1"]
    eva.remote_hangs_up()
    await all_over(rig)


async def test_what_the_plan_does_not_allow_is_refused_before_anything_rings(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    for agent, dialled in (("ben", NUMBER), ("ana", "00881612345678"), ("ana", "sales"), ("ana", "")):
        leg = rig.calls(agent, dialled)
        await asyncio.sleep(SOON)
        assert (leg.state, leg.was_up) == (LegState.ENDED, False)
        assert leg.refusal in (403, 404, 484)
    await all_over(rig)
    assert {e.outcome for e in rig.events(CallEnded)} == {"blocked"}
    assert rig.events(LineDialled) == []


async def test_a_call_ends_when_the_permit_is_used_up(tmp_path: Path) -> None:
    permissions = {"all": {"classes": ["local", "national"], "longest_minutes": 2}}
    rig = await Rig(tmp_path, permissions=permissions).opened()
    ana = rig.calls("ana", NUMBER)
    await asyncio.sleep(100)
    assert ana.state is LegState.UP
    await asyncio.sleep(30)
    assert ana.state is LegState.ENDED
    await all_over(rig)


async def test_a_phone_that_gives_up_stops_the_ringing(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = never()
    for dialled in ("22", NUMBER):
        ana = rig.calls("ana", dialled)
        await asyncio.sleep(5)
        ana.remote_hangs_up()
        await asyncio.sleep(SOON)
    await all_over(rig)
    assert [e.outcome for e in rig.events(CallEnded)] == ["abandoned", "abandoned"]


@pytest.mark.parametrize("dialled", ["22", NUMBER])
@pytest.mark.parametrize("ticks", range(12))
async def test_a_phone_that_gives_up_any_number_of_ticks_after_the_answer_loses_nobody(
    tmp_path: Path, dialled: str, ticks: int
) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = never()
    ana = rig.calls("ana", dialled)
    await asyncio.sleep(1)
    if dialled == "22":
        rig.phones.rung[-1].moved(LegState.UP)
    else:
        (await outside(rig)).answers()
    for _ in range(ticks):
        await asyncio.sleep(0)
    ana.remote_hangs_up()
    await all_over(rig)


@pytest.mark.parametrize("ticks", range(12))
async def test_a_box_that_stops_at_any_tick_of_a_call_leaves_nothing(tmp_path: Path, ticks: int) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = answers(0)
    ana = rig.calls("ana", NUMBER)
    ana.slow_answer = 0.01
    await asyncio.sleep(0.099)
    for _ in range(ticks):
        await asyncio.sleep(0.001)
    rig.visits[0].cancel()
    await asyncio.wait(rig.visits)
    rig.visits.clear()
    await all_over(rig)


async def test_a_forwarded_call_follows_to_an_extension_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path, agents=EVERYBODY)

    def behave(leg: ScriptedPhone) -> None:
        if "ben" in leg.peer:
            asyncio.get_running_loop().call_later(
                0.1, leg.ends, 302, EndCause.FAILED, "<sip:23@box;transport=udp>"
            )
        else:
            answers_after(0.5)(leg)

    rig.phones.behave = behave
    ana = rig.calls("ana", "22")
    await asyncio.sleep(2)
    assert [leg.peer for leg in rig.phones.rung] == ["sip:ben@127.0.0.1:5072", "sip:eva@127.0.0.1:5073"]
    assert rig.media.hearing() == both_ways(ana.id, rig.phones.rung[-1].id)
    ana.remote_hangs_up()
    await all_over(rig)


async def test_a_forwarding_to_where_its_agent_may_not_call_is_denied(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.phones.behave = lambda leg: leg.ends(302, EndCause.FAILED, f"<sip:{NUMBER}@evil.example>")
    ana = rig.calls("ana", "22")
    await asyncio.sleep(2)
    assert (ana.state, ana.refusal) == (LegState.ENDED, 480)
    assert rig.events(LineDialled) == []
    await all_over(rig)


async def test_a_leg_without_sound_is_hung_up_unless_it_holds(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    ana, ben = await speaking_with_ben(rig)
    ben.held_by_far_end(True)
    ben._silent(asyncio.get_running_loop().time())
    await asyncio.sleep(300)
    assert ana.state is LegState.UP
    ben.held_by_far_end(False)
    await asyncio.sleep(50)
    assert ana.state is LegState.UP
    await asyncio.sleep(20)
    assert (ben.state, ana.state) == (LegState.ENDED, LegState.ENDED)
    await all_over(rig)
    assert [e.by for e in rig.events(CallEnded)] == ["silence"]


async def test_a_worker_that_dies_ends_direct_calls_cleanly(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    ana, ben = await speaking_with_ben(rig)
    ben.moved(LegState.ENDED, EndCause.PORT_LOST)
    await asyncio.sleep(SOON)
    assert ana.state is LegState.ENDED
    await all_over(rig)


EVERYBODY = {
    "ana": {"phone": "sip:ana@127.0.0.1:5071", "extension": "21", "permission": "all"},
    "ben": {"phone": "sip:ben@127.0.0.1:5072", "extension": "22"},
    "eva": {"phone": "sip:eva@127.0.0.1:5073", "extension": "23"},
}


async def test_an_emergency_tries_every_line_and_ends_the_call_that_matters_least(tmp_path: Path) -> None:
    rig = await Rig(tmp_path, agents=EVERYBODY).opened()
    first, second = rig.calls("ana", NUMBER), rig.calls("eva", "110")
    await asyncio.sleep(3)
    rig.lines["gsm-1"].ring("+15550001")
    assert (first.state, second.state) == (LegState.UP, LegState.UP)
    third = rig.calls("ben", "112")
    await asyncio.sleep(4)
    assert (first.state, second.state, third.state) == (LegState.ENDED, LegState.UP, LegState.UP)
    for leg in (second, third):
        leg.remote_hangs_up()
    rig.lines["gsm-1"].leg.moved(LegState.ENDED, EndCause.REMOTE)
    await all_over(rig)


async def test_an_emergency_goes_on_to_the_next_line_whatever_the_first_says(tmp_path: Path) -> None:
    rig = await Rig(tmp_path).opened()
    rig.lines["out-1"].script = fails(EndCause.BUSY)
    ana = rig.calls("ana", "112")
    await asyncio.sleep(4)
    assert ana.state is LegState.UP
    assert [e.line for e in rig.events(LineDialled)][:2] == ["out-1", "out-2"]
    ana.remote_hangs_up()
    await all_over(rig)
