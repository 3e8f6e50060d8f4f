"""Who of a queue's agents is rung, and which of its callers comes first."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from appliance.config.section import Name, Section


class QueueChoice(Section):
    """The part of [queues.NAME] that decides who speaks with whom."""

    agents: list[Name] = Field(min_length=1, description="names from [agents]; who may take these callers")
    choice: Literal["longest-idle"] = Field("longest-idle", description="which of the ready agents is rung")
    ring_seconds: float = Field(
        20.0, ge=1, le=300, description="how long a phone rings before the next agent"
    )
