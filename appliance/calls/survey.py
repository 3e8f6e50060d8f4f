"""Where a caller goes whose agent has hung up: to the questions of the queue, where it has any."""

from __future__ import annotations

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.config.section import NOWHERE, Destination


def survey(call: Call, centre: Centre) -> Destination:
    """The queue's, for somebody from outside; else it is over."""
    queue = call.story.queue
    asked = centre.queue(queue).survey if queue and not call.caller.agent else NOWHERE
    return Destination("hangup") if asked == NOWHERE else asked
