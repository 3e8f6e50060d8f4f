"""Who hears whom in a conversation, and what plays to those who wait: it follows from everybody's place."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Party, Place
from appliance.calls.records import Begun
from appliance.calls.supervision import Mode, Seat, hearing

Sounds = dict[Hashable, Callable[[], Begun]]


def sounds(call: Call, centre: Centre) -> Sounds:
    """All in the room hear each other, but for those who are away; one left alone there hears music."""
    media, zone = centre.media, centre.config.box.country
    watchers = centre.supervisions.watchers(call)
    wanted: Sounds = {
        ("hears", *edge): partial(media.hears, *edge)
        for edge in sorted(hearing([_seat(party) for party in call.parties], watchers))
    }
    present = [party for party in call.parties if party.place is Place.ROOM and not party.away]
    others = len(call.parties) > 1 and not any(each.mode is Mode.BARGE and each.open for each in watchers)
    for party in call.parties:
        alone = others and present == [party]
        if party.place is Place.MUSIC or alone:
            wanted["music", party.port] = partial(_music, party.port, call, centre)
        elif party.place is Place.TONE:
            id = f"{call.id}/tone"
            wanted["tone", party.port] = partial(media.tone, id, party.port, "ringback", zone)
    return wanted


def _seat(party: Party) -> Seat:
    return Seat(party.port, room=party.place is Place.ROOM and not party.holds, open=not party.leg.held)


def is_music(name: Hashable) -> bool:
    """It is what one hears who waits for others."""
    return isinstance(name, tuple) and name[0] == "music"


def _music(port: str, call: Call, centre: Centre) -> Begun:
    """The queue's, else the prompt of that name."""
    queue = call.story.queue
    music = (centre.queue(queue).music if queue else []) or [centre.own_prompt("music")]
    return centre.media.playing(f"{call.id}/hold/{port}", port, centre.prompt(*music), loop=True)
