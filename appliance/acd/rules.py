"""What one queue decides by, beside its choice: plain values, made from the configuration or by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

from appliance.acd.caller import Caller
from appliance.acd.needs import Needs, Step, needs_of

#: What a customer's worth may add to the urgency of a caller: at most tenfold, so that nobody starves.
MOST_PRIORITY, LEAST_PRIORITY = 10.0, 0.1


@dataclass(frozen=True)
class Rules:
    """Times in seconds. `skills` and `highest` are what every caller of the queue needs, `prefer` what a
    level is worth; `relax` are the steps in time.

    A caller's urgency is rate x (wait + head start + age); `priority` is the rate, `classes` those of classes
    of customers (accumulating priority: Kleinrock 1964; Stanford, Taylor, Ziedins 2014). `reserve` agents
    stay ready for the most urgent class. `max_busy_share` of `busy_window_seconds` spent at work earns an
    agent a rest of `rest_seconds`; 0 never does.
    """

    skills: Mapping[str, int] = field(default_factory=dict)
    highest: Mapping[str, int] = field(default_factory=dict)
    prefer: Mapping[str, float] = field(default_factory=dict)
    relax: tuple[Step, ...] = ()
    priority: float = 1.0
    classes: Mapping[str, float] = field(default_factory=dict)
    head_start_seconds: float = 0.0
    reserve: int = 0
    sticky_seconds: float = 0.0
    sticky_max_wait_seconds: float = 0.0
    weights: Mapping[str, float] = field(default_factory=dict)
    misses_before_pause: int = 1
    max_busy_share: float = 0.0
    busy_window_seconds: float = 3600.0
    rest_seconds: float = 60.0

    def rate(self, caller: Caller) -> float:
        """How many points of urgency a second of waiting gives."""
        worth = min(MOST_PRIORITY, max(LEAST_PRIORITY, caller.priority))
        return self.classes.get(caller.customer, self.priority) * worth

    def is_urgent(self, rate: float) -> bool:
        """Whether agents are kept for this rate: that of the highest class, or above the queue's own."""
        highest = max(self.classes.values(), default=self.priority)
        return rate >= highest if highest > self.priority else rate > self.priority

    def needs(self, asked: Mapping[str, int], steps: int) -> Needs:
        """What a caller who asks for these needs of an agent after so many steps of relaxation."""
        wanted = needs_of((self.skills, asked), self.highest)
        return reduce(Needs.relaxed, self.relax[:steps], wanted)

    def preferences(self, caller: Caller) -> Mapping[str, float]:
        """What a level of each skill is worth for the caller."""
        return {**self.prefer, **caller.prefers} if caller.prefers else self.prefer
