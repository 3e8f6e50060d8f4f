"""How supervisors are noticed by those whom they attend."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.config.section import Section
from appliance.config.voicemail import Number


class Supervision(Section):
    """Listening, whispering, barging in, taking over."""

    beep: Literal["never", "barge", "always"] = Field(
        "barge",
        description="a tone for all when a supervisor barges in; always: one for the agent, too, "
        "when a supervisor begins to listen",
    )
    sms_to: list[Number] = Field(
        default_factory=list, description="who gets a text when an agent presses *9 in a conversation"
    )
    sms_line: str = Field("", description="the line for it; the only one with messages if left out")
