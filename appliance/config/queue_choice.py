"""Who of a queue's agents is rung, and which of its callers comes first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.config.section import Name, Seconds, Section

Level = Annotated[int, Field(ge=1, le=5)]
Rate = Annotated[float, Field(ge=0.01, le=100)]
Weight = Annotated[float, Field(ge=0, le=100)]


class RelaxStep(Section):
    """What is asked of agents less from some time in the queue on, on top of the steps before."""

    after_seconds: Seconds = Field(description="time in this queue after which the step is taken")
    levels: int = Field(
        0, ge=-5, le=0, description="added to every level in `skills`, down to 1; adds as much to `highest`"
    )
    drop: list[Name] = Field(default_factory=list, description="skills not asked for any more")
    any_agent: bool = Field(False, description="any agent of the queue will do")


class QueueChoice(Section):
    """The part of [queues.NAME] that decides who speaks with whom."""

    agents: list[Name] = Field(min_length=1, description="names from [agents]; who may take these callers")
    choice: Literal[
        "longest-idle", "least-occupied", "in-order", "round-robin", "weighted-random", "ring-all"
    ] = Field("longest-idle", description="which of the ready agents is rung; ring-all rings all of them")
    weights: dict[Name, Weight] = Field(
        default_factory=dict, description="agent = weight for weighted-random; 1 for those not named"
    )
    ring_seconds: float = Field(
        20.0, ge=1, le=300, description="how long a phone rings before the next agent"
    )
    misses_before_pause: int = Field(
        1, ge=1, le=100, description="calls in a row an agent may miss before being paused"
    )
    skills: dict[Name, Level] = Field(
        default_factory=dict, description="skill = the lowest level that callers need, 1 to 5"
    )
    highest: dict[Name, Level] = Field(
        default_factory=dict, description="skill = the highest level wanted, to spare who knows more"
    )
    prefer: dict[Name, Weight] = Field(
        default_factory=dict, description="skill = points a level is worth; who has most points is rung"
    )
    relax: list[RelaxStep] = Field(
        default_factory=list, description="what is asked of agents less as the wait grows"
    )
    relax_then: Literal["any-agent", "stay"] = Field(
        "any-agent",
        description="what follows the last step of `relax`, once it lasted as long as the one before",
    )
    priority: Rate = Field(1.0, description="how fast a wait counts, compared with the agents' other queues")
    classes: dict[Name, Rate] = Field(
        default_factory=dict, description="class of customers = how fast the wait counts for them"
    )
    head_start_seconds: Seconds = Field(
        0.0, description="callers are compared as if they had waited this much longer"
    )
    reserve: int = Field(
        0,
        ge=0,
        le=1000,
        description="ready agents kept for the fastest class; without classes, for the agents' other queues",
    )
    sticky: Literal["no", "owner", "last"] = Field(
        "no", description="who is tried first: the customer's owner, or that or the last agent spoken to"
    )
    sticky_seconds: Seconds = Field(20.0, description="how long a caller waits for that agent alone")
    sticky_max_wait_seconds: Seconds = Field(
        60.0, description="unless that agent is likely to be busy for this long; 0 = however long"
    )
    sticky_days: int = Field(30, ge=1, le=3650, description="how long ago the last talk may be")
    max_busy_percent: float = Field(
        0.0, ge=0, le=100, description="agents busier than this have a rest after a call; 0 = never"
    )
    busy_window_seconds: float = Field(
        3600.0, ge=60, le=3600, description="the time over which that is measured"
    )
    rest_seconds: float = Field(60.0, ge=1, le=3600, description="how long the rest is")
