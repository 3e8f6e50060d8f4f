"""How agents spent their time: spans of one state each, cut at the borders of intervals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from appliance.events import AgentChanged, Stamped
from appliance.store.mark import Mark, between, mark
from appliance.store.service import Figure

# States of appliance/acd/agent.py, as the events name them.
IDLE, RINGING, TALKING, WRAP_UP, PAUSED, OFFLINE = (
    "ready",
    "offered",
    "talking",
    "wrap-up",
    "paused",
    "offline",
)

#: Each figure of time and its formula; talk includes hold, for the agent is busy.
TIME_FORMULAS: Mapping[str, str] = {
    "logged_in_s": "ready + ringing + talk + wrap-up + paused, of all agents",
    "paused_s": "paused",
    "occupancy": "(talk + wrap-up) / (talk + wrap-up + ready)",
    "occupancy_with_ring": "(ringing + talk + wrap-up) / (ringing + talk + wrap-up + ready)",
    "utilisation": "(ringing + talk + wrap-up + ready) / logged in",
}


@dataclass(frozen=True)
class Span:
    """An agent was in one state from `start_ms` (wall clock, since 1970) for `length_ms`."""

    agent: str
    state: str
    reason: str
    start_ms: int
    length_ms: int


def spans(changes: Iterable[Stamped], until: Mark) -> list[Span]:
    """The spans that these AgentChanged events tell of, in their order; the last of each agent ends `until`.

    Time in which an agent is logged out, and before the first change, is left out.
    """
    begun: dict[str, tuple[AgentChanged, Mark]] = {}
    found = []
    for stamped in changes:
        event = stamped.event
        if isinstance(event, AgentChanged):
            now = mark(stamped)
            found += _ended(begun.pop(event.agent, None), now)
            begun[event.agent] = (event, now)
    for begin in begun.values():
        found += _ended(begin, until)
    return found


def _ended(begun: tuple[AgentChanged, Mark] | None, now: Mark) -> list[Span]:
    if begun is None or begun[0].now == OFFLINE:
        return []
    event, since = begun
    return [Span(event.agent, event.now, event.reason, since.wall_ms, between(since, now))]


def cut(span: Span, borders: Iterable[int]) -> Iterator[Span]:
    """The span in pieces, none across a border (ms since 1970, rising)."""
    for border in borders:
        ahead = border - span.start_ms
        if 0 < ahead < span.length_ms:
            yield replace(span, length_ms=ahead)
            span = replace(span, start_ms=border, length_ms=span.length_ms - ahead)
    yield span


def time_figures(spans: Iterable[Span]) -> dict[str, Figure]:
    """Every figure of TIME_FORMULAS."""
    sums = dict.fromkeys((IDLE, RINGING, TALKING, WRAP_UP, PAUSED), 0)
    for span in spans:
        sums[span.state] = sums.get(span.state, 0) + span.length_ms
    busy = sums[TALKING] + sums[WRAP_UP]
    present = busy + sums[RINGING] + sums[IDLE]
    return {
        "logged_in_s": sum(sums.values()) / 1000,
        "paused_s": sums[PAUSED] / 1000,
        "occupancy": _ratio(busy, busy + sums[IDLE]),
        "occupancy_with_ring": _ratio(busy + sums[RINGING], present),
        "utilisation": _ratio(present, sum(sums.values())),
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
