"""Who hears whom in a conversation, and what plays to those who wait: it follows from everybody's place."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Place
from appliance.calls.records import Begun

Sounds = dict[Hashable, Callable[[], Begun]]


def sounds(call: Call, centre: Centre) -> Sounds:
    """All in the room hear each other, but for those who are away; one left alone there hears music."""
    media, zone = centre.media, centre.config.box.country
    present = [party for party in call.parties if party.place is Place.ROOM and not party.away]
    wanted: Sounds = {
        ("hears", one.port, other.port): partial(media.hears, one.port, other.port)
        for one in present
        for other in present
        if one is not other
    }
    for party in call.parties:
        alone = len(call.parties) > 1 and present == [party]
        if party.place is Place.MUSIC or alone:
            wanted["music", party.port] = partial(_music, party.port, call, centre)
        elif party.place is Place.TONE:
            id = f"{call.id}/tone"
            wanted["tone", party.port] = partial(media.tone, id, party.port, "ringback", zone)
    return wanted


def is_music(name: Hashable) -> bool:
    """It is what one hears who waits for others."""
    return isinstance(name, tuple) and name[0] == "music"


def _music(port: str, call: Call, centre: Centre) -> Begun:
    """The queue's, else the prompt of that name."""
    queue = call.story.queue
    music = (centre.queue(queue).music if queue else "") or centre.own_prompt("music")
    return centre.media.playing(f"{call.id}/hold/{port}", port, centre.prompt(music), loop=True)
