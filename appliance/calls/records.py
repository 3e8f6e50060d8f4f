"""Which sounds of a conversation are recorded, and into which files: the segments of the contact."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Party, Place
from appliance.calls.record_rules import rule
from appliance.events import RecordingEnded, RecordingStarted
from dsp.tones import spec

Begun = contextlib.AbstractContextManager[object]
Wanted = dict[Hashable, Callable[[], Begun]]

SUPERVISOR = "supervisor"  # who asks at the box itself
#: A country's recording tone is `tone/ms,0/ms`: 1400 Hz about every 15 s (ITU-T E.180 supplement 2).
TONE = re.compile(r"(?P<tone>[^/,]+)/(?P<on>[0-9]+)(,0/[0-9]+)?")


def why_recorded(call: Call, centre: Centre) -> str:
    """Whose option or wish has the conversation recorded now, "" when it is not."""
    state, rules = call.story.record, rule(call, centre)
    if rules.mode == "never" or state.asked is False:
        return ""
    if rules.mode == "always":
        return rules.why
    return f"asked by {state.by}" if state.asked else ""


def recordings(call: Call, centre: Centre) -> Wanted:
    """While the caller speaks: left the caller, right whom he speaks with; a third in a file of its own,
    and a supervisor who barged in; one who listens or whispers is in none.

    What an agent and a third party say while the caller hears music is nobody's to keep. Nothing new is begun
    while the disk has no room. The tone that tells of the recording is in none: it is played, not said.
    """
    pairs = {
        name: pair
        for name, pair in _pairs(call, centre).items()
        if centre.may_record() or _key(name, pair) in call.hearing
    }
    why = why_recorded(call, centre) if pairs else ""
    wanted: Wanted = {}
    paused = call.story.record.paused(centre.clock.wall())
    for name, (left, right) in pairs.items() if why else ():
        wanted[_key(name, (left, right))] = partial(_recording, name, left, right, why, call, centre)
        if paused:
            pausing = partial(centre.media.recordings.pausing, name)
            wanted["pause", name, left.port, right.port] = pausing
        else:
            wanted.update(_beeps(call, (left, right), centre))
    return wanted


def _pairs(call: Call, centre: Centre) -> dict[str, tuple[Party, Party]]:
    """Who is heard left and right, by the name of the recording."""
    room = [party for party in call.parties if party.place is Place.ROOM]
    if len(room) < 2 or room[0] is not call.caller:
        return {}
    pairs = {call.id: (room[0], room[1])}
    if len(room) > 2:
        pairs[f"{call.id}-third"] = (room[2], room[1])
    for name, supervisor in centre.supervisions.barging(call).items():
        pairs[f"{call.id}-barged-{name}"] = (supervisor, room[1])
    return pairs


def _key(name: str, pair: tuple[Party, Party]) -> Hashable:
    return "record", name, pair[0].port, pair[1].port


def _beeps(
    call: Call, parties: tuple[Party, Party], centre: Centre
) -> Iterator[tuple[Hashable, Callable[[], Begun]]]:
    """Both hear now and then that they are recorded; the engine repeats it by itself."""
    seconds = centre.config.recording.beep_seconds
    for party in parties if seconds else ():
        id, plan = f"{call.id}/beep/{party.port}", beep(centre.config.box.country, seconds)
        yield ("beep", party.port), partial(centre.media.signal, id, party.port, plan)


def beep(zone: str, seconds: int) -> str:
    """The country's recording tone every so often, 10 dB below other tones: under speech, -23 dBm0."""
    found = TONE.match(spec(zone, "record"))
    tone, on_ms = (found["tone"], int(found["on"])) if found else ("1400", 500)
    return f"{tone.removesuffix('@')}@/{on_ms},0/{max(seconds * 1000 - on_ms, on_ms)}"


def _recording(name: str, left: Party, right: Party, why: str, call: Call, centre: Centre) -> Begun:
    story = call.story
    day = time.strftime("%Y-%m-%d", time.localtime(story.arrived_s))
    mine = re.compile(re.escape(name) + r"(-[0-9]+)?")
    going_on = [path for path in call.unclaimed if mine.fullmatch(Path(path).stem)]
    call.unclaimed = [path for path in call.unclaimed if path not in going_on]

    def started(path: str) -> dict[str, Any]:
        segment: dict[str, Any] = {
            "n": story.record.segments + 1,
            "left": left.name,
            "right": right.name,
            "queue": story.queue,
            "agent": right.agent or left.agent,
            "why": why,
        }
        call.note(RecordingStarted(call_id=call.id, path=path, **segment))
        return {"call": call.id, "began_ms": round(centre.clock.wall() * 1000), **segment}

    return centre.media.recording(
        name,
        folder=centre.recordings / day,
        left=left.port,
        right=right.port,
        format=centre.config.recording.format,
        path=Path(going_on[-1]) if going_on else None,
        paused=story.record.paused(centre.clock.wall()),
        mask=centre.config.recording.mask_keys,
        started=started,
        ended=lambda path, seconds, dropped, why: call.note(
            RecordingEnded(call_id=call.id, path=path, seconds=seconds, dropped_frames=dropped, why=why)
        ),
    )
