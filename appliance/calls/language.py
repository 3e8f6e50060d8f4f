"""In which language a caller is spoken to: what is known of the call, else the box's."""

from __future__ import annotations

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.config.section import Language
from appliance.say.phrases import GRAMMARS


def language_of(call: Call, centre: Centre) -> Language:
    """Of the call's fact `language`, where it is one the box can speak."""
    wanted = call.story.facts.get("language", "")
    return next((each for each in GRAMMARS if each == wanted), centre.config.box.language)
