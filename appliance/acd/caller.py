"""Who waits, as the queues see it: what decides the place and the agent. It never changes while they wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller, the same value through every queue and transfer.

    `place` is monotonic seconds of the first arrival and never set anew; reported waits come from it alone.
    `age_s` (routing age) is added to what the caller has waited where callers are compared, nowhere else.
    `needs` is the lowest level wanted of each skill, beside what the queue wants; `prefers` is what a level
    of a skill is worth where several agents could be rung.
    `customer` is a class the queue may know (`classes`), `priority` multiplies how fast the wait counts.
    `sticky` is the agent to be tried first: who spoke to this caller last, or who owns the customer.
    `joined` is when the present queue was entered (monotonic s), for one who comes back to it after a
    restart; None is now.
    """

    call_id: str
    place: float
    needs: Mapping[str, int] = field(default_factory=dict)
    prefers: Mapping[str, float] = field(default_factory=dict)
    priority: float = 1.0
    customer: str = ""
    age_s: float = 0.0
    sticky: str = ""
    joined: float | None = None
