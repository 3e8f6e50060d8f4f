"""Caller and agent speak: bridged, recorded, held and taken back by the phone, until either side leaves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.config.section import Destination
from appliance.events import (
    CallConnected,
    HoldEnded,
    HoldStarted,
    RecordingEnded,
    RecordingStarted,
    TalkEnded,
)
from drivers.port import EndCause, Leg, LegEnded, LegState

HANG_UP = Destination("hangup")


async def talk(call: Call, agent: str, phone: Leg, centre: Centre) -> Destination:
    """From the agent's answer to the end of the conversation; then the line is hung up.

    An agent's leg lost with its SIP worker sends the caller back to the head of the queue.
    """
    call.phone = phone
    queue = call.story.queue
    by = "box"
    try:
        with _joined(call, phone, centre):
            call.note(CallConnected(call_id=call.id, queue=queue, agent=agent))
            async with phone.alive():
                await _follow_holds(call, agent, phone, centre)
    except LegEnded as ended:
        if ended.leg is not phone:
            raise
        by = "agent"
    finally:
        if call.leg.state is LegState.ENDED:
            by = "caller"
        call.phone = None
        call.note(TalkEnded(call_id=call.id, agent=agent, by=by))
        centre.chore(phone.hangup(), f"hang up {agent}")
        centre.desk.talk_ended(agent, call.id, centre.queue(queue).wrap_up_seconds)
    if phone.cause is EndCause.PORT_LOST:
        return Destination("queue", queue)
    return HANG_UP


async def resume_talk(call: Call, centre: Centre) -> Destination:
    """After a restart of the brain: the two never stopped hearing each other; watch over them again."""
    phone = call.phone
    if phone is None:  # the agent hung up while nobody was looking
        agent = call.story.agent
        call.note(TalkEnded(call_id=call.id, agent=agent, by="agent"))
        centre.desk.talk_ended(agent, call.id, centre.queue(call.story.queue).wrap_up_seconds)
        return HANG_UP
    return await talk(call, call.story.agent, phone, centre)


@contextlib.contextmanager
def _joined(call: Call, phone: Leg, centre: Centre) -> Iterator[None]:
    """Bridge, and record where the queue says so."""
    with contextlib.ExitStack() as held:
        port = held.enter_context(centre.media.port(phone))
        held.enter_context(centre.media.bridge(call.port, port))
        if centre.queue(call.story.queue).record:
            day = time.strftime("%Y-%m-%d", time.localtime(call.story.arrived_s))
            held.enter_context(
                centre.media.recording(
                    call.id,
                    folder=centre.recordings / day,
                    left=call.port,
                    right=port,
                    format=centre.config.recording.format,
                    path=Path(call.story.recording) if call.story.recording else None,
                    started=lambda path: call.note(RecordingStarted(call_id=call.id, path=path)),
                    ended=lambda path, seconds, dropped: call.note(
                        RecordingEnded(call_id=call.id, path=path, seconds=seconds, dropped_frames=dropped)
                    ),
                )
            )
        yield


async def _follow_holds(call: Call, agent: str, phone: Leg, centre: Centre) -> None:
    """Music for the caller whenever the agent's phone holds; ends only with a leg."""
    while True:
        await phone.until_held(True)
        call.note(HoldStarted(call_id=call.id, agent=agent))
        music = centre.prompt(centre.queue(call.story.queue).music)
        try:
            with centre.media.playing(f"{call.id}/hold", call.port, music, loop=True):
                await phone.until_held(False)
        finally:
            call.note(HoldEnded(call_id=call.id, agent=agent))
        await asyncio.sleep(0)
