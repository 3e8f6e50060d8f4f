"""How agents spent their time: spans of one state each, cut at the borders of intervals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from appliance.events import AgentChanged, BoxStarted, BoxStopped, Stamped
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


def spans(events: Iterable[Stamped], until: Mark) -> list[Span]:
    """The spans that AgentChanged tells of, in their order; the last of each agent ends `until`.

    Time in which an agent is logged out, or before the first change, is left out; so is that in which there
    was no box: from BoxStopped, or the last event before BoxStarted, to BoxStarted.
    """
    doing: dict[str, AgentChanged] = {}
    since: dict[str, Mark] = {}  # of those whose time counts now
    found: list[Span] = []

    def end(agents: Iterable[str], now: Mark) -> None:
        for agent in agents:
            if (began := since.pop(agent, None)) is not None and doing[agent].now != OFFLINE:
                length_ms = between(began, now)
                found.append(Span(agent, doing[agent].now, doing[agent].reason, began.wall_ms, length_ms))

    last: Mark | None = None
    for stamped in events:
        now = mark(stamped)
        match stamped.event:
            case AgentChanged(agent=agent):
                end([agent], now)
                doing[agent], since[agent] = stamped.event, now
            case BoxStopped():
                end(list(since), now)
            case BoxStarted():
                end(list(since), last or now)
                since = dict.fromkeys(doing, now)
        last = now
    end(list(since), until)
    return found


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
