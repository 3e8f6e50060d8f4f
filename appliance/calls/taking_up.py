"""After a restart of the brain: the legs that are still there, given back to the calls they belong to."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.dial_out import dialled_party
from appliance.calls.party import Party, Who
from appliance.calls.story import Stage, Story
from appliance.dialplan.permit import Permit
from drivers.port import Leg, LegState
from drivers.sip.leg import SipLeg


class FoundLegs:
    """Legs that outlived the brain. A worker keeps their names and labels, a modem knows its one call."""

    def __init__(self, legs: Iterable[Leg]) -> None:
        self._legs = list(legs)

    def claim(self, who: Who | None, call_id: str, *, up: bool = True, rung: bool = False) -> Leg | None:
        """The leg of a party of that call, taken out of those found; None when it is gone.

        It was `up`, or may ring: somebody who calls, or whom we have `rung`.
        """
        if who is None:
            return None
        there = [leg for leg in self._legs if leg.state is not LegState.ENDED]
        in_state = [leg for leg in there if leg.state is LegState.UP or not (up or (rung and leg.inbound))]
        if who.line:  # on a line whose legs have no lasting names
            others = [leg for leg in in_state if leg.port == who.line and not isinstance(leg, SipLeg)]
        else:  # a journal that does not name the leg
            others = [leg for leg in in_state if leg.label == call_id and not who.leg_id]
        found = [leg for leg in there if leg.id == who.leg_id] or others
        if not found:
            return None
        self._legs.remove(found[0])
        return found[0]

    def rest(self) -> list[Leg]:
        """Those that nobody has claimed."""
        return list(self._legs)


def take_up(story: Story, legs: FoundLegs, centre: Centre) -> Call | None:
    """The call with all of its parties that are still there; None when whoever it is for is gone.

    Legs of a call that is gone stay unclaimed, and those of a call-back that nobody had answered yet.
    """
    if story.back is not None and not story.leg_id:
        return Call(story, None, centre.bus)
    permits = centre.guard.resume(story.call_id)
    whose = Who(story.leg_id, story.maker, story.caller, story.line)
    up = story.stage not in (Stage.RINGING, Stage.DIALLING)
    leg = legs.claim(whose, story.call_id, up=up)
    if leg is None:
        return None
    call = Call(story, leg, centre.bus)
    call.unclaimed = list(story.recordings)
    if story.leg_id in story.dialled:
        call.parties = [_dialled(whose, leg, story, permits, centre)]
    elif story.maker:
        call.caller.hold(centre.engaged.on_a_call(story.maker))
    if story.stage is Stage.DIALLING:
        call.rung = _party(story.rung, call, permits, legs, centre)
    elif story.stage in (Stage.TALKING, Stage.TRANSFER):
        others = (_party(who, call, permits, legs, centre) for who in (story.other, story.third))
        call.parties += [party for party in others if party is not None]
    return call


def _party(
    who: Who | None, call: Call, permits: list[Permit], legs: FoundLegs, centre: Centre
) -> Party | None:
    story = call.story
    rung = story.stage is Stage.DIALLING
    leg = legs.claim(who, story.call_id, up=not rung, rung=rung)
    if who is None or leg is None:
        return None
    if who.leg_id in story.dialled:
        party = _dialled(who, leg, story, permits, centre)
    else:
        party = Party(leg, agent=who.agent, number=who.number, line=who.line)
    if who == story.other and story.offered:
        serve(party, story.queue, call, centre)
    elif who.agent:
        party.hold(centre.engaged.on_a_call(who.agent))
    return party


def _dialled(who: Who, leg: Leg, story: Story, permits: list[Permit], centre: Centre) -> Party:
    """Somebody outside whom we dialled, with the rest of the permit; `agent` is one whose phone forwards."""
    party = dialled_party(leg, who.number, who.line, centre)
    party.agent = who.agent
    if leg.state is LegState.UP:
        party.answered_mono = centre.clock.mono() - max(0.0, centre.clock.wall() - story.connected_s)
    for permit in [permit for permit in permits if permit.number == who.number][:1]:
        permits.remove(permit)
        party.out = party.hold(centre.guard.call(permit))
    return party


def serve(party: Party, queue: str, call: Call, centre: Centre) -> None:
    """The agent was found by a queue: TALKING now, writing up the call when the party leaves.

    A call-back whose customer was not reached leaves nothing to write up.
    """
    agent, wrap_up = party.agent, centre.wrap_up(queue, party.agent)

    def ended() -> None:
        if call.story.talked:
            centre.desk.talk_ended(agent, call.id, wrap_up)
        else:
            centre.acd.nobody_spoke(agent)

    party.afterwards(ended)
