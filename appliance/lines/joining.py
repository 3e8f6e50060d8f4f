"""Parts of long messages that wait for their others: pure bookkeeping, no texts are made here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from appliance.line_events import PartArrived

Key = tuple[str, str, int, int]  # line, sender, reference, how many parts


@dataclass(eq=False)
class Gathering:
    """The parts of one message that are here, by number; `since` is when the first came, monotonic seconds.

    `again` are parts that came a second time (the network had no acknowledgement of the first).
    """

    since: float
    parts: dict[int, PartArrived] = field(default_factory=dict)
    again: list[PartArrived] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """All parts are here."""
        return len(self.parts) == next(iter(self.parts.values())).parts

    def arrivals(self) -> list[str]:
        """The ids of everything in it."""
        return [each.arrival for each in (*self.parts.values(), *self.again)]


class Joining:
    """Every message that is not whole yet."""

    def __init__(self) -> None:
        self._gatherings: dict[Key, list[Gathering]] = {}

    def add(self, part: PartArrived, arrived: float) -> Gathering | None:
        """One more part; gives the message that it completes, which is then no longer here.

        A sender may use a reference anew while an older message still lacks a part, so there may be several
        with the same key: the part goes to the oldest that lacks it.
        """
        key = (part.line, part.sender, part.reference, part.parts)
        gatherings = self._gatherings.setdefault(key, [])
        for gathering in gatherings:
            there = gathering.parts.get(part.part)
            if there is not None and (there.text, there.sent_at) == (part.text, part.sent_at):
                gathering.again.append(part)
                return None
        gathering = next((each for each in gatherings if part.part not in each.parts), Gathering(arrived))
        if gathering not in gatherings:
            gatherings.append(gathering)
        gathering.parts[part.part] = part
        if not gathering.is_complete:
            return None
        self._take(key, gathering)
        return gathering

    def overdue(self, before: float) -> Iterator[Gathering]:
        """Take out the messages whose first part came before that."""
        for key, gatherings in list(self._gatherings.items()):
            for gathering in [each for each in gatherings if each.since < before]:
                self._take(key, gathering)
                yield gathering

    def _take(self, key: Key, gathering: Gathering) -> None:
        self._gatherings[key].remove(gathering)
        if not self._gatherings[key]:
            del self._gatherings[key]
