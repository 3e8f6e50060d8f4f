"""The alarms that stand now: each once by its name and object, told when it begins and when it is over."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from appliance.events import Stamped
from appliance.line_events import AlarmCleared, AlarmRaised
from appliance.lines.line import Books
from appliance.store.line_reads import alarms_standing

log = logging.getLogger(__name__)


class Alarms:
    """The board of alarms. Those of before a restart stand until they are found to be over."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._standing: dict[tuple[str, str], Stamped] = {}

    async def start(self, objects: Iterable[str]) -> None:
        """Take up what stood before; an object that is no longer there has no alarms."""
        self._standing = await self._books.look_up(alarms_standing)
        there = set(objects)
        for name, object in list(self._standing):
            if object not in there:
                self.clear(name, object)

    def set(self, name: str, object: str, text: str) -> None:
        """Raise it with that text, or clear it with ""."""
        if not text:
            self.clear(name, object)
        elif (name, object) not in self._standing:
            log.error("%s: alarm: %s: %s", object, name, text)
            event = AlarmRaised(name=name, object=object, text=text)
            self._standing[name, object] = self._books.note(event)

    def clear(self, name: str, object: str) -> None:
        """It is over; harmless when it does not stand."""
        stamped = self._standing.pop((name, object), None)
        if stamped is not None:
            assert isinstance(stamped.event, AlarmRaised)
            log.warning("%s: alarm over: %s", object, name)
            self._books.note(AlarmCleared(name=name, object=object, text=stamped.event.text))

    def names(self, object: str) -> list[str]:
        """What stands for the object."""
        return sorted(name for name, its in self._standing if its == object)

    def rows(self) -> list[Mapping[str, Any]]:
        """Every alarm that stands, oldest first; `since_s` is wall clock."""
        events = sorted(self._standing.values(), key=lambda stamped: stamped.wall_s)
        return [
            {
                "name": each.event.name,
                "object": each.event.object,
                "text": each.event.text,
                "since_s": each.wall_s,
            }
            for each in events
            if isinstance(each.event, AlarmRaised)
        ]
