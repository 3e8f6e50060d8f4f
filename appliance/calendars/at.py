"""What would happen to a caller at some time: every way from a destination on, with what calendars say of it.

Pure: nobody is called. What only a caller can bring (keys, the number, a lookup) stays open as several ways;
what the calendars decide is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from appliance.calendars.calendars import Calendars, Closed, Open
from appliance.config.flow_graph import conditions, edges
from appliance.config.flows import Case, NodeBase, When
from appliance.config.schema import Config
from appliance.config.section import NOWHERE, Destination

Way = tuple[str, Destination]  # what leads there, and where


@dataclass
class Stop:
    """A place on the way: `told` is what is known of it at that time; `ways` lead on, none where it ends."""

    place: str
    told: list[str] = field(default_factory=list)
    ways: list[tuple[str, Stop]] = field(default_factory=list)

    def flat(self) -> Iterator[tuple[int, str, Stop]]:
        """This and every stop after it, each after the one it follows: depth, what leads there, the stop."""
        todo = [(0, "", self)]
        while todo:
            depth, by, stop = todo.pop()
            yield depth, by, stop
            todo += [(depth + 1, label, after) for label, after in reversed(stop.ways)]


def told(calendars: Calendars, name: str, wall_s: float) -> str:
    """One calendar in words: open or closed, why, and when that changes."""
    state = calendars.state(name, wall_s)
    why = [state.why] if state.why else []
    special, holiday = calendars.day(name, wall_s)
    if special and holiday:
        why.append(f"a special day in place of the holiday {holiday.name}")
    until = f"until {calendars.local(name, state.until):%a %Y-%m-%d %H:%M}" if state.until else "for good"
    return ", ".join([f"{name} is {'open' if isinstance(state, Open) else 'closed'}", *why, until])


class DryRun:
    """A walk at one time, `wall_s`; each place is told once, later only named."""

    def __init__(self, config: Config, calendars: Calendars, wall_s: float) -> None:
        self._config = config
        self._calendars = calendars
        self._wall_s = wall_s
        self._seen: set[str] = set()
        self._looks: dict[str, Callable[[str, Stop], Iterator[Way]]] = {
            "menu": self._menu,
            "queue": self._queue,
            "flow": self._flow,
        }

    def walk(self, to: Destination) -> Stop:
        """Everything that may follow from `to` on."""
        first = Stop(str(to))
        todo = [(first, to)]
        while todo:
            stop, to = todo.pop()
            look = self._looks.get(to.kind)
            if look is not None and stop.place in self._seen:
                stop.told.append("as above")
            elif look is not None:
                self._seen.add(stop.place)
                ways = [(by, Stop(str(way)), way) for by, way in look(to.name, stop)]
                stop.ways = [(by, after) for by, after, _ in ways]
                todo += [(after, way) for _, after, way in reversed(ways)]
        return first

    def _menu(self, name: str, stop: Stop) -> Iterator[Way]:
        menu = self._config.menus[name]
        stop.told.append(f"says {menu.prompt}")
        yield from ((f"key {key}", to) for key, to in menu.keys.items())
        yield "otherwise", menu.otherwise

    def _queue(self, name: str, stop: Stop) -> Iterator[Way]:
        queue = self._config.queues[name]
        if queue.hours:
            stop.told.append(told(self._calendars, queue.hours, self._wall_s))
            state = self._calendars.state(queue.hours, self._wall_s)
            if isinstance(state, Closed):
                yield "closed", state.to or queue.closed
                return
        stop.told.append(f"waits for {', '.join(queue.agents)}")
        if queue.max_callers:
            yield "full", queue.full
        if queue.empty_when != "never":
            yield "nobody there", queue.empty
        if queue.max_wait_seconds:
            yield f"after {queue.max_wait_seconds:g} s", queue.overflow
        yield from ((f"key {key}", to) for key, to in queue.keys.items())

    def _flow(self, name: str, stop: Stop) -> Iterator[Way]:
        """A flow, or one of its nodes as "NAME/NODE"."""
        flow_name, _, node_name = name.partition("/")
        flow = self._config.flows[flow_name]
        node = flow.nodes[node_name or flow.start]
        for by, to in self._ways(node, stop):
            if to.kind == "node":
                yield by, Destination("flow", f"{flow_name}/{to.name}")
            elif to != NOWHERE:
                yield by, to

    def _ways(self, node: NodeBase, stop: Stop) -> Iterator[Way]:
        if isinstance(node, When):
            yield from self._cases(node, stop)
        else:
            yield from ((edge.label, edge.to) for edge in edges(node))

    def _cases(self, node: When, stop: Stop) -> Iterator[Way]:
        """Up to the first that is true whoever calls; those that the calendars rule out are left out."""
        for case in node.cases:
            for calendar in filter(None, (case.open, case.closed)):
                text = told(self._calendars, calendar, self._wall_s)
                stop.told += [] if text in stop.told else [text]
            if not self._may_be(case):
                continue
            yield conditions(case.model_dump(exclude_unset=True)), case.go
            if not set(case.model_dump(exclude_defaults=True)) - {"open", "closed", "go", "days"}:
                return
        yield "otherwise", node.otherwise

    def _may_be(self, case: Case) -> bool:
        return (not case.open or self._is_open(case.open)) and (
            not case.closed or not self._is_open(case.closed)
        )

    def _is_open(self, calendar: str) -> bool:
        return isinstance(self._calendars.state(calendar, self._wall_s), Open)


def at(text: str, zone: tzinfo) -> float:
    """The instant that a person means by "2026-12-24T15:00", in `zone` where it names none.

    Raises ValueError for what is no time of the years 1970 to 2200.
    """
    when = datetime.fromisoformat(text)
    if "T" not in text and " " not in text:
        raise ValueError("a day without a time")
    if not 1970 <= when.year <= 2200:
        raise ValueError("a year before 1970 or after 2200")
    return (when if when.tzinfo else when.replace(tzinfo=zone)).timestamp()
