"""What happens to the conversations of a queue, and after them."""

from __future__ import annotations

from pydantic import Field

from appliance.config.recording import Days, Record
from appliance.config.section import NOWHERE, Name, Seconds, Section, To


class QueueTalk(Section):
    """The part of [queues.NAME] that is the conversation and the work after it."""

    wrap_up_seconds: Seconds = Field(10.0, description="time to write up the call before the next one")
    wrap_up_extend_seconds: Seconds = Field(30.0, description="more time when the agent asks for it")
    wrap_up_extensions: int = Field(0, ge=0, le=100, description="how often the agent may ask; 0 = never")
    codes: list[Name] = Field(
        default_factory=list, max_length=100, description="what a call may be about, for the agent to choose"
    )
    survey: To = Field(NOWHERE, description='where a caller goes whose agent hung up first, as "flow:nps"')
    record: Record = Field("", description='conversations of this queue; "" leaves it to the line')
    keep_recordings_days: Days = Field(0, description="days its recordings are kept; 0 as in [recording]")
