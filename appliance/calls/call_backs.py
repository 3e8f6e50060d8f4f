"""Call-backs: a caller's place in the queue, kept by a call that the box makes when it is his turn."""

from __future__ import annotations

import logging

from appliance.calls.call import Call, new_call_id, short
from appliance.calls.centre import Centre
from appliance.calls.story import Story
from appliance.dialplan.numbering import CountryNumbering
from appliance.dialplan.permit import ITSELF, DialRefused
from appliance.events import CallArrived, CallQueued, Direction
from appliance.flow_events import FactLearned
from appliance.wait_events import CallBackAsked, CallBackTaken

log = logging.getLogger(__name__)

HOUR_SECONDS = 3600.0


def permitted(written: str, centre: Centre) -> str:
    """A number as a caller has or enters it, in + form; "" when the box may not dial it now."""
    number = CountryNumbering(centre.config.box.country).plus(written)
    try:
        outside = "" if number.startswith("+") else centre.config.outbound.prefix
        number = centre.guard.foresee(ITSELF, f"{outside}{number}").number.dial
    except DialRefused as refused:
        log.info("call-back: %s cannot be called, %d", short(written), refused.sip_code)
        return ""
    return number if number.startswith("+") else ""  # a short code is nobody's telephone


def open_call_backs(centre: Centre) -> list[Call]:
    """Those that wait, are retried later, or are being tried, oldest place first."""
    calls = (centre.calls[call_id] for call_id in centre.call_backs)
    return sorted(calls, key=lambda call: (call.story.place, call.id))


def take_call_back(call: Call, queue: str, number: str, centre: Centre) -> None:
    """The caller need not wait any more: another call keeps the place, and those he had before end."""
    story, now = call.story, centre.clock.wall()
    place = min(story.place, _replace(queue, (number, story.caller), "asked for again", centre))
    back = Call(Story(new_call_id(now)), None, centre.bus)
    log.info("call %s: is called back at %s by call %s", call.id, short(number), back.id)
    back.note(CallArrived(call_id=back.id, line="", leg_id="", caller=number, direction=Direction.BACK.value))
    back.note(
        CallBackAsked(
            call_id=back.id,
            of=call.id,
            queue=queue,
            number=number,
            asked_from=story.caller,
            place_wall_s=now - (centre.clock.mono() - place),
            expires_wall_s=now + centre.queue(queue).call_back_hours * HOUR_SECONDS,
        )
    )
    for name, value in story.facts.items():
        back.note(FactLearned(call_id=back.id, name=name, value=value))
    position = centre.acd.position(queue, back.id, place)
    back.note(CallQueued(call_id=back.id, queue=queue, position=position, place=place))
    call.note(CallBackTaken(call_id=call.id, queue=queue, call_back=back.id))
    centre.begin(back)


def place_again(call: Call, queue: str, centre: Centre) -> float:
    """The caller's place: the one a call-back kept, which is not needed now that he calls himself."""
    story = call.story
    return min(story.place, _replace(queue, (story.caller,), "the caller rang again", centre))


def _replace(queue: str, numbers: tuple[str, ...], why: str, centre: Centre) -> float:
    """End the call-backs of these numbers in the queue; the oldest of their places."""
    place = float("inf")
    for call in open_call_backs(centre):
        back = call.story.back
        if back is not None and back.queue == queue and any(back.is_for(number) for number in numbers):
            place = min(place, call.story.place)
            centre.call_backs[call.id](why)
    return place
