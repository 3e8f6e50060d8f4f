"""One call, from the first ring to the free line; read this first.

A caller's stages, and the reaching of somebody for an agent who calls, are coroutines in files of their own,
run while whoever the call is for is there: one who leaves raises LegEnded out of whatever line is waiting.
Once two are there they speak (`talk.py`), until nobody is left or the caller goes on somewhere.
"""

from __future__ import annotations

import asyncio
import logging

from appliance.calls.agent_call import ring_out
from appliance.calls.call import Call, short
from appliance.calls.call_back import call_back
from appliance.calls.centre import Centre
from appliance.calls.emergency import Interrupted, divert, interruptible
from appliance.calls.flow import run_flow
from appliance.calls.menu import ask_menu
from appliance.calls.put_through import put_through
from appliance.calls.ringing import drop_rung
from appliance.calls.sign_in import sign_in
from appliance.calls.speak import speak
from appliance.calls.story import Stage
from appliance.calls.talk import HANG_UP, Talk, hear_anew
from appliance.calls.target import Target
from appliance.calls.transfer import refer
from appliance.calls.voicemail import take_message
from appliance.calls.waiting import wait_for_agent
from appliance.calls.watch import ended_when_silent
from appliance.config.section import Destination
from appliance.dialplan.permit import DialRefused
from appliance.events import CallAnswered, CallEnded
from drivers.port import DriverError, EndCause, LegEnded, LegState

log = logging.getLogger(__name__)

#: Where a call goes first: a caller's destination, or whom an agent calls, or why not.
First = Destination | Target | DialRefused


async def visit(call: Call, first: First, centre: Centre) -> None:
    """Serve a call that begins (or was found up after a restart) until all its legs are free again."""
    centre.calls[call.id], call.task = call, asyncio.current_task()
    by, is_kept = "box", False
    try:
        by = await _serve(call, first, centre)
    except asyncio.CancelledError:  # the box stops; who waits for a call-back is not on the phone
        is_kept = call.story.back is not None and not call.story.leg_id
        raise
    except LegEnded as ended:
        by = _who_left(call, ended)
    except DriverError as error:
        log.error("call %s from %s: %s", call.id, short(call.story.caller), error)
        by = "line"
    finally:
        call.hearing.close()
        drop_rung(call, centre)
        for party in call.parties:
            centre.end(party)
        left = by in ("caller", "silence")
        outcome = call.story.outcome_if_ended(by_caller=left, line_lost=by == "line")
        if not is_kept:
            call.note(CallEnded(call_id=call.id, outcome=outcome.value, by=by))
        del centre.calls[call.id]
        hear_anew(centre)


async def _serve(call: Call, first: First, centre: Centre) -> str:
    """Alone, then in conversation, as often as the caller goes on; who ended it."""
    to: First = first if isinstance(first, DialRefused) else _entrance(call, first)
    while True:
        if not call.parties:
            await call_back(call, centre)
        elif len(call.parties) < 2:
            await _alone(call, to, centre)
        if len(call.parties) < 2:
            return "box"
        talk = Talk(call, centre, refer)
        await talk.run()
        if talk.next == HANG_UP:
            return talk.by
        to = talk.next


async def _alone(call: Call, to: First, centre: Centre) -> None:
    """Until somebody speaks with the caller, or there is nothing more to do."""
    try:
        async with call.leg.alive():
            with ended_when_silent(call.caller, centre.has_phone):
                if isinstance(to, Destination):
                    await _answer(call, centre)
                    await _walk(call, to, centre)
                else:
                    await ring_out(call, to, centre)
    except LegEnded:
        if len(call.parties) < 2:  # else left in the very tick of the answer: a conversation, if a short one
            raise


async def _answer(call: Call, centre: Centre) -> None:
    if call.leg.state is LegState.RINGING:
        await call.leg.answer()
    if call.story.stage is Stage.RINGING:
        call.note(CallAnswered(call_id=call.id))
    call.caller.open(centre.media)


def _entrance(call: Call, first: Destination | Target) -> Destination | Target:
    """Where the call goes on: at its beginning, or where the story broke off."""
    story = call.story
    match story.stage:
        case Stage.ANSWERED | Stage.WAITING | Stage.PUT_THROUGH if story.next_to:
            kind, _, name = story.next_to.partition(":")
            return Destination(kind, name)
        case Stage.MENU | Stage.ENDING | Stage.TRANSFER if story.next_to.partition(":")[2]:
            kind, _, name = story.next_to.partition(":")
            if kind != "agent" or story.stage is Stage.MENU:
                return Destination(kind, name)
            return Destination("queue", story.queue) if story.queue else HANG_UP
        case Stage.MENU if story.next_to:
            return HANG_UP
        case Stage.MENU if story.node:
            return Destination("flow", story.node)
        case Stage.MENU:
            return Destination("menu", story.menu)
        case Stage.MESSAGE:
            return Destination("voicemail", story.mailbox)
        case Stage.WAITING | Stage.OFFERED | Stage.TALKING | Stage.TRANSFER if story.queue:
            return Destination("queue", story.queue)
        case Stage.TALKING | Stage.TRANSFER | Stage.ENDING:
            return HANG_UP
    return first


async def _walk(call: Call, to: Destination, centre: Centre) -> None:
    next_to: Destination | None = await divert(call, to, centre)
    while next_to is not None and next_to != HANG_UP:
        here = next_to
        try:
            next_to = await interruptible(call, _step(call, here, centre))
        except Interrupted:
            found = _entrance(call, here)
            next_to = await divert(call, found if isinstance(found, Destination) else here, centre)


async def _step(call: Call, to: Destination, centre: Centre) -> Destination | None:
    """One place of a caller's way; the next one, None when somebody answered or it is over."""
    match to.kind:
        case "menu":
            return await ask_menu(call, to.name, centre)
        case "flow":
            return await run_flow(call, to.name, centre)
        case "play":
            await speak(f"{call.id}/say", call.port, to.name, centre)
        case "sign-in":
            return await sign_in(call, centre)
        case "voicemail":
            return await take_message(call, to.name, centre)
        case "number":
            return await put_through(call, to.name, centre)
        case "agent":
            return await wait_for_agent(call, str(to), centre)
        case _:
            return await wait_for_agent(call, to.name, centre)
    return None


def _who_left(call: Call, ended: LegEnded) -> str:
    if ended.leg.cause is EndCause.PORT_LOST:
        return "line"
    return "silence" if call.parties and call.caller.silent else "caller"
