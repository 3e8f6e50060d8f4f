"""A supervisor goes on with a call in the agent's place: the call keeps its id, place and recordings."""

from __future__ import annotations

from appliance.agent_events import CallTakenOver
from appliance.calls.party import Party
from appliance.calls.talk import Talk
from appliance.events import CallConnected, CallInherited, TalkEnded, ThirdJoined, ThirdLeft


def take_over(talk: Talk, old: Party, new: Party) -> None:
    """Everybody who is there hears `new` instead of `old`, whose leg ends; the agent writes the call up."""
    call, place = talk.call, talk.parties.index(old)
    call.note(CallTakenOver(call_id=call.id, supervisor=new.agent, agent=old.agent))
    talk.replace(old, new)
    _note(talk, place)
    talk.centre.end(old)


def _note(talk: Talk, place: int) -> None:
    call, story = talk.call, talk.call.story
    id, conference = call.id, story.conference
    if place == 0:
        call.note(CallInherited(call_id=id, **call.caller.who.words))
    if place == 1:
        call.note(TalkEnded(call_id=id, agent=story.agent, by="supervisor"))
    if place < 2:
        call.note(CallConnected(call_id=id, queue="", **talk.parties[1].who.words))
    else:
        call.note(ThirdLeft(call_id=id))
    if len(talk.parties) > 2 and (place == 2 or not conference):
        call.note(ThirdJoined(call_id=id, conference=True, **talk.parties[2].who.words))
