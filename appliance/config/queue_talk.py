"""What happens to the conversations of a queue, and after them."""

from __future__ import annotations

from pydantic import Field

from appliance.config.section import Seconds, Section


class QueueTalk(Section):
    """The part of [queues.NAME] that is the conversation and the work after it."""

    wrap_up_seconds: Seconds = Field(10.0, description="time to write up the call before the next one")
    record: bool = Field(True, description="record conversations of this queue")
