"""A caller is put through to a number outside: the last resort of a queue, or wherever a destination says so.

It is a call of the box itself, by `outbound.permission`; the caller hears it ring.
"""

from __future__ import annotations

import logging

from appliance.calls.call import Call, short
from appliance.calls.centre import Centre
from appliance.calls.language import language_of
from appliance.calls.reach import reach
from appliance.calls.ringing import NotReached
from appliance.calls.speak import speak
from appliance.calls.target import Outside
from appliance.config.section import Destination
from appliance.dialplan.permit import ITSELF, Cause, DialRefused
from appliance.wait_events import PutThrough

log = logging.getLogger(__name__)


async def put_through(call: Call, number: str, centre: Centre) -> Destination | None:
    """Until `number` has answered (None, one of the call's parties); else it is said, and the call ends."""
    call.note(PutThrough(call_id=call.id, number=number))
    zone = centre.config.box.country
    try:
        permit = centre.guard.ask(ITSELF, number, call_id=call.id, cause=Cause.PUT_THROUGH)
        with centre.media.tone(f"{call.id}/tone", call.port, "ringback", zone):
            call.parties.append(await reach(Outside(permit), "", call, centre))
        return None
    except (DialRefused, NotReached) as error:
        log.warning("call %s: not put through to %s: %s", call.id, short(number), error)
    language = language_of(call, centre)
    await speak(f"{call.id}/say", call.port, "not-available", centre, language=language)
    return Destination("hangup")
