"""In which language a caller is spoken to: what is known of the call, else the queue's, else the box's."""

from __future__ import annotations

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.config.section import Language
from appliance.say.phrases import GRAMMARS


def language_of(call: Call, centre: Centre) -> Language:
    """The first of the call's fact `language` and its queue's that the box can speak, else its own."""
    queue = call.story.queue
    wanted = (call.story.facts.get("language", ""), centre.queue(queue).language if queue else "")
    return next((each for name in wanted for each in GRAMMARS if each == name), centre.config.box.language)
