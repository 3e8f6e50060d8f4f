"""The emergency switch, and where callers go while it is on.

A caller who comes then hears the announcement and goes to the place prepared for the line. Who is in a menu
or a queue already is moved, told, or left, as [emergency] says; conversations and messages are let be. In a
drill nothing happens to calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.speak import speak
from appliance.calls.story import Stage
from appliance.config.section import NOWHERE, Destination
from appliance.emergency_events import CallDiverted, EmergencyBegun, EmergencyEnded, EmergencyNoted
from appliance.events import Direction

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Who is here may be led elsewhere in the middle of it.
MOVABLE = frozenset({Stage.ANSWERED, Stage.MENU, Stage.WAITING, Stage.OFFERED})
MOST_TEXT = 500  # characters of a reason or a note


class EmergencyRefused(Exception):
    """It cannot be switched so; the message says why and what to do."""


class Interrupted(Exception):
    """Whatever the caller was doing ends here: there is an emergency."""


# --- the switch ---------------------------------------------------------------------------------------


def switch_on(centre: Centre, *, by: str, reason: str = "", drill: bool = False) -> None:
    """By a phone's code, the console, the socket, or a contact. Raises EmergencyRefused."""
    now = centre.emergencies.now
    if centre.config.emergency.to == NOWHERE:
        raise EmergencyRefused("emergency mode is not prepared. Say in [emergency] where callers go: `to`")
    if now is not None and (drill or not now.drill):
        raise EmergencyRefused(f"it is on already: {now.title}. Switch it off first: callbox emergency off")
    if now is not None:
        centre.bus.publish(EmergencyEnded(by=by, reason="the drill has become an emergency"))
    log.warning("emergency mode: %s by %s", "a drill is begun" if drill else "switched on", by)
    centre.bus.publish(EmergencyBegun(by=by, reason=reason[:MOST_TEXT], drill=drill))
    if centre.config.emergency.waiting != "leave":
        interrupt(centre)


def switch_off(centre: Centre, *, by: str, reason: str = "") -> None:
    """Callers who are elsewhere already stay there. Raises EmergencyRefused."""
    if centre.emergencies.now is None:
        raise EmergencyRefused("emergency mode is not on, so it cannot be switched off")
    log.warning("emergency mode: switched off by %s", by)
    centre.bus.publish(EmergencyEnded(by=by, reason=reason[:MOST_TEXT]))


def take_note(centre: Centre, *, by: str, text: str) -> None:
    """Write into the log of the incident that goes on. Raises EmergencyRefused."""
    if centre.emergencies.now is None:
        raise EmergencyRefused("emergency mode is not on, so there is no log to write into")
    if not text.strip():
        raise EmergencyRefused('the note is empty. Write: callbox emergency note "..."')
    centre.bus.publish(EmergencyNoted(by=by, text=text.strip()[:MOST_TEXT]))


# --- callers ------------------------------------------------------------------------------------------


def interrupt(centre: Centre) -> None:
    """Whoever can be led elsewhere comes out of what he is doing, with Interrupted."""
    for call in list(centre.calls.values()):
        if (
            call.step is not None
            and call.story.stage in MOVABLE
            and _is_concerned(call, _place(call), centre)
        ):
            call.step.reschedule(asyncio.get_running_loop().time())


async def interruptible(call: Call, step: Awaitable[T]) -> T:
    """Do it to its end, unless an emergency comes. Raises Interrupted."""
    try:
        async with asyncio.timeout(None) as call.step:
            return await step
    except TimeoutError:
        if call.step is not None and call.step.expired():
            raise Interrupted from None
        raise
    finally:
        call.step = None


async def divert(call: Call, to: Destination, centre: Centre) -> Destination:
    """Where the caller goes on, who was to go `to`: told, and led elsewhere, in an emergency."""
    story, settings = call.story, centre.config.emergency
    if story.diverted and story.stage is Stage.ANSWERED:  # found after a restart, before he got there
        return settings.lines.get(story.line, settings.to)
    if not _is_concerned(call, to, centre):
        return to
    moved = story.stage is Stage.ANSWERED or settings.waiting == "move"
    if not moved and settings.waiting == "leave":
        return to
    place = settings.lines.get(story.line, settings.to) if moved else to
    call.note(CallDiverted(call_id=call.id, to=str(place)))
    await speak(f"{call.id}/say", call.port, settings.announcement, centre)
    return place


def _is_concerned(call: Call, to: Destination, centre: Centre) -> bool:
    stays = to.kind == "queue" and to.name in centre.config.emergency.queues
    comes_in = call.story.direction is Direction.IN and call.story.draft is None
    return centre.emergencies.diverts and comes_in and not stays and not call.story.diverted


def _place(call: Call) -> Destination:
    queue = call.story.queue if call.story.stage in (Stage.WAITING, Stage.OFFERED) else ""
    return Destination("queue", queue)
