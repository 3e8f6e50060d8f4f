"""What a caller hears and may do while waiting, and when the wait ends without an agent."""

from __future__ import annotations

from pydantic import Field

from appliance.config.section import Destination, Seconds, Section, To


class QueueWait(Section):
    """The part of [queues.NAME] that is the caller's wait."""

    music: str = Field("", description="a name from [prompts], played in a loop while waiting")
    greeting: str = Field("", description="a name from [prompts], played once at the beginning of the wait")
    max_wait_seconds: Seconds = Field(0.0, description="0 = no limit; then the caller goes to `overflow`")
    overflow: To = Field(Destination("hangup"), description="where a caller goes after max_wait_seconds")
