"""One caller's visit, from the first ring to the free line; read this first.

Each stage is a coroutine in a file of its own that returns where the caller goes next. A caller who leaves
raises LegEnded out of whatever line is waiting, so no stage asks whether the caller is still there.
"""

from __future__ import annotations

import logging

from appliance.calls.call import Call, Stage, short
from appliance.calls.centre import Centre
from appliance.calls.menu import ask_menu
from appliance.calls.talk import resume_talk
from appliance.calls.waiting import wait_for_agent
from appliance.config.section import Destination
from appliance.events import CallAnswered, CallEnded
from drivers.port import DriverError, EndCause, LegEnded, LegState

log = logging.getLogger(__name__)


async def visit(call: Call, first: Destination, centre: Centre) -> None:
    """Serve a caller who rings (or was found up after a restart) until the line is free again."""
    centre.calls[call.id] = call
    by = "box"
    try:
        async with call.leg.alive():
            await _answer(call)
            with centre.media.port(call.leg) as call.port:
                await _walk(call, _entrance(call, first), centre)
    except LegEnded:
        by = "line" if call.leg.cause is EndCause.PORT_LOST else "caller"
    except DriverError as error:
        log.error("call %s from %s: %s", call.id, short(call.story.caller), error)
        by = "line"
    finally:
        outcome = call.story.outcome_if_ended(by_caller=by == "caller", line_lost=by == "line")
        call.note(CallEnded(call_id=call.id, outcome=outcome.value, by=by))
        del centre.calls[call.id]
        centre.chore(call.leg.hangup(), f"hang up {call.id}")


async def _answer(call: Call) -> None:
    if call.leg.state is LegState.RINGING:
        await call.leg.answer()
    if call.story.stage is Stage.RINGING:
        call.note(CallAnswered(call_id=call.id))


def _entrance(call: Call, first: Destination) -> Destination:
    """Where the visit goes on: at the line's beginning, or where the story broke off."""
    story = call.story
    match story.stage:
        case Stage.MENU if story.next_to:
            kind, _, name = story.next_to.partition(":")
            return Destination(kind, name)
        case Stage.MENU:
            return Destination("menu", story.menu)
        case Stage.WAITING | Stage.OFFERED | Stage.TALKING:
            return Destination("queue", story.queue)
        case Stage.ENDING:
            return Destination("hangup")
    return first


async def _walk(call: Call, to: Destination, centre: Centre) -> None:
    if call.story.stage is Stage.TALKING:
        to = await resume_talk(call, centre)
    while to.kind != "hangup":
        if to.kind == "menu":
            to = await ask_menu(call, to.name, centre)
        else:
            to = await wait_for_agent(call, str(to) if to.kind == "agent" else to.name, centre)
