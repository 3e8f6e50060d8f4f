"""Which sounds of a conversation are recorded, and into which files."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.numbers import number_of
from appliance.calls.party import Party, Place
from appliance.events import Direction, RecordingEnded, RecordingStarted

Begun = contextlib.AbstractContextManager[object]


def is_recorded(call: Call, centre: Centre, queue: str = "") -> bool:
    """As the number dialled says, else the (coming) queue, else [outbound] for calls that agents make."""
    story = call.story
    queue = queue or story.queue
    if story.direction is Direction.IN:
        number = number_of(story.line, story.called, centre.config)
        if number is not None and number.record != "as-queue":
            return number.record == "always"
    if queue:
        return centre.queue(queue).record
    return story.direction is not Direction.IN and centre.config.outbound.record


def recordings(call: Call, centre: Centre) -> dict[Hashable, Callable[[], Begun]]:
    """While the caller speaks: left the caller, right whom he speaks with; a third in a file of its own.

    What an agent and a third party say while the caller hears music is nobody's to keep.
    """
    room = [party for party in call.parties if party.place is Place.ROOM]
    if len(room) < 2 or room[0] is not call.caller or not is_recorded(call, centre):
        return {}
    pairs = {call.id: (room[0], room[1])}
    if len(room) > 2:
        pairs[f"{call.id}-third"] = (room[2], room[1])
    return {
        ("record", id, left.port, right.port): partial(_recording, id, left, right, call, centre)
        for id, (left, right) in pairs.items()
    }


def _recording(id: str, left: Party, right: Party, call: Call, centre: Centre) -> Begun:
    day = time.strftime("%Y-%m-%d", time.localtime(call.story.arrived_s))
    mine = re.compile(re.escape(id) + r"(-[0-9]+)?")
    going_on = [path for path in call.unclaimed if mine.fullmatch(Path(path).stem)]
    call.unclaimed = [path for path in call.unclaimed if path not in going_on]
    return centre.media.recording(
        id,
        folder=centre.recordings / day,
        left=left.port,
        right=right.port,
        format=centre.config.recording.format,
        path=Path(going_on[-1]) if going_on else None,
        started=lambda path: call.note(RecordingStarted(call_id=call.id, path=path)),
        ended=lambda path, seconds, dropped, why: call.note(
            RecordingEnded(call_id=call.id, path=path, seconds=seconds, dropped_frames=dropped, why=why)
        ),
    )
