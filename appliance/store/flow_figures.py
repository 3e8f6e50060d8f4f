"""What flows were used for, from the facts of calls alone: pure. Containment is by section 4.3 of the trade's
definitions: visits that ended inside the flow by a goal / all visits.

A visit begins when a caller comes into a flow from outside all flows, and ends where the caller leaves them;
it is counted for the flow where it began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.events import CallEnded, Event, Stamped
from appliance.flow_events import FlowEntered, FlowLeft

KINDS: tuple[type[Event], ...] = (FlowEntered, FlowLeft, CallEnded)
ENDS = ("hangup", "play")  # kinds of destination after which there is nobody who could serve


@dataclass
class NodeFigures:
    """`entered` times; `left` by which key or option; the visits that ended here, by a goal or without."""

    entered: int = 0
    left: Counter[str] = field(default_factory=Counter)
    contained: int = 0
    abandoned: int = 0


@dataclass
class FlowFigures:
    """`visits` that are over: contained, abandoned inside, or gone on to somebody; `going_on` are not."""

    visits: int = 0
    contained: int = 0
    abandoned: int = 0
    gone_on: int = 0
    going_on: int = 0
    nodes: dict[str, NodeFigures] = field(default_factory=dict)

    @property
    def containment(self) -> float | None:
        """None where nobody came."""
        return round(self.contained / self.visits, 4) if self.visits else None

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        nodes = {
            name: {
                "entered": node.entered,
                "left": dict(sorted(node.left.items())),
                "contained": node.contained,
                "abandoned": node.abandoned,
            }
            for name, node in self.nodes.items()
        }
        return {
            "visits": self.visits,
            "contained": self.contained,
            "containment": self.containment,
            "abandoned": self.abandoned,
            "gone_on": self.gone_on,
            "going_on": self.going_on,
            "nodes": nodes,
        }


@dataclass
class _Visit:
    began: str  # the flow
    at: tuple[str, str]
    goal: bool = False


class FlowCounts:
    """`take` the events in their order; `figures` by flow."""

    def __init__(self) -> None:
        self.flows: dict[str, FlowFigures] = {}
        self._visits: dict[str, _Visit] = {}

    def take(self, stamped: Stamped) -> None:
        """One more event; others than KINDS say nothing."""
        match stamped.event:
            case FlowEntered():
                self._entered(stamped.event)
            case FlowLeft() if stamped.event.call_id in self._visits:
                self._left(stamped.event)
            case CallEnded(call_id=call_id):
                if (visit := self._visits.pop(call_id, None)) is not None:
                    self._over(visit)

    def figures(self) -> Mapping[str, FlowFigures]:
        """With the visits that are not over yet."""
        for flow in self.flows.values():
            flow.going_on = 0
        for visit in self._visits.values():
            self._flow(visit.began).going_on += 1
        return self.flows

    def _entered(self, event: FlowEntered) -> None:
        here = (event.flow, event.node)
        visit = self._visits.get(event.call_id)
        if visit is not None and visit.at == here:  # found up after a restart
            return
        if visit is None:
            visit = self._visits[event.call_id] = _Visit(event.flow, here)
        visit.at, visit.goal = here, visit.goal or event.goal
        self._node(here).entered += 1

    def _left(self, event: FlowLeft) -> None:
        visit = self._visits[event.call_id]
        self._node((event.flow, event.node)).left[event.by] += 1
        kind = event.to.partition(":")[0]
        if kind == "flow":
            visit.at = ("", "")  # on the way
        elif kind in ENDS:
            del self._visits[event.call_id]
            visit.at = (event.flow, event.node)
            self._over(visit)
        else:
            del self._visits[event.call_id]
            self._flow(visit.began).visits += 1
            self._flow(visit.began).gone_on += 1

    def _over(self, visit: _Visit) -> None:
        """Ended inside."""
        flow, node = self._flow(visit.began), self._node(visit.at) if visit.at[0] else NodeFigures()
        flow.visits += 1
        for figures in (flow, node):
            if visit.goal:
                figures.contained += 1
            else:
                figures.abandoned += 1

    def _flow(self, name: str) -> FlowFigures:
        return self.flows.setdefault(name, FlowFigures())

    def _node(self, at: tuple[str, str]) -> NodeFigures:
        return self._flow(at[0]).nodes.setdefault(at[1], NodeFigures())


def flow_figures(events: Iterable[Stamped]) -> Mapping[str, FlowFigures]:
    """Of events in their order."""
    counts = FlowCounts()
    for stamped in events:
        counts.take(stamped)
    return counts.figures()
