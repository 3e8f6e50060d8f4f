"""The box calls somebody by itself in an emergency: says what is the matter, and 1 acknowledges it.

A call of its own with a story and a row, dialled as the dial plan permits the box itself. After a restart of
the brain it is over (its leg is hung up), and the list goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from appliance.calls.ask_key import ask_key, forget_keys
from appliance.calls.call import Call, new_call_id, short
from appliance.calls.centre import Centre
from appliance.calls.reach import reach
from appliance.calls.ringing import NotReached, drop_rung
from appliance.calls.speak import speak
from appliance.calls.story import Story
from appliance.calls.target import Outside
from appliance.dialplan.permit import ITSELF, Cause, DialRefused
from appliance.emergency.incident import Alerted, Incident
from appliance.events import CallArrived, CallConnected, CallEnded, Direction, OfferResult, TalkEnded
from drivers.port import DriverError, LegEnded

log = logging.getLogger(__name__)

NOBODY_YET = "alert"  # in the place of the caller's leg
TIMES = 3  # that it is said
KEY_SECONDS = 5.0
LONGEST_SECONDS = 180.0


@dataclass(frozen=True)
class AlertResult:
    """What came of it, in which call."""

    call_id: str
    result: Alerted
    why: str = ""


async def alert_call(number: str, incident: Incident, centre: Centre) -> AlertResult:
    """Call, say it, take the key."""
    call = Call(Story(new_call_id(centre.clock.wall())), None, centre.bus)
    direction = Direction.OUT.value
    call.note(
        CallArrived(
            call_id=call.id, line="", leg_id=NOBODY_YET, caller="", called=number, direction=direction
        )
    )
    centre.calls[call.id] = call
    result, why, by = Alerted.NOT_REACHED, "", "box"
    try:
        await _reached(call, number, centre)
        result = Alerted.HEARD
        async with asyncio.timeout(LONGEST_SECONDS), call.leg.alive():
            if await _acknowledged(call, incident, centre):
                result = Alerted.ACKNOWLEDGED
                await speak(f"{call.id}/say", call.port, "emergency-acknowledged", centre)
    except NotReached as missed:
        result, why = Alerted.NO_LINE if missed.result is OfferResult.FAILED else result, str(missed)
    except (DialRefused, DriverError, TimeoutError) as error:
        why = str(error)
    except LegEnded:
        by = "caller"
    finally:
        _over(call, by, centre)
    log.warning("call %s: alert to %s: %s %s", call.id, short(number), result.value, why)
    return AlertResult(call.id, result, why)


async def _reached(call: Call, number: str, centre: Centre) -> None:
    permit = centre.guard.ask(ITSELF, number, call_id=call.id, cause=Cause.ALERTED)
    party = await reach(Outside(permit), "", call, centre)
    call.parties.append(party)
    party.open(centre.media)
    who = {"leg_id": party.leg.id, "number": party.number, "line": party.line}
    call.note(CallConnected(call_id=call.id, queue="", agent="", **who))


async def _acknowledged(call: Call, incident: Incident, centre: Centre) -> bool:
    forget_keys(call.leg)
    drill = centre.prompt("emergency-drill") if incident.drill else []
    alert = centre.prompt(centre.config.emergency.alert or "emergency-alert")
    files = [*drill, *alert, *centre.prompt("emergency-press-1")]
    for _ in range(TIMES):
        if await ask_key(call.leg, call.port, files, centre, wait_seconds=KEY_SECONDS) == "1":
            return True
    return False


def _over(call: Call, by: str, centre: Centre) -> None:
    drop_rung(call, centre)
    for party in call.parties:
        centre.end(party)
    if call.story.other is not None:
        call.note(TalkEnded(call_id=call.id, agent="", by=by))
    outcome = call.story.outcome_if_ended(by_caller=False, line_lost=False)
    call.note(CallEnded(call_id=call.id, outcome=outcome.value, by=by))
    with contextlib.suppress(KeyError):
        del centre.calls[call.id]
