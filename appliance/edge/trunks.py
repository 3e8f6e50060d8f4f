"""How the trunks are, and who was turned away, as Kamailio tells; wall-clock seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from appliance.edge.news import Refused, TrunkNews, TrunkRegistration

MOST_REFUSED = 200  # sources that are remembered; the one longest without news is forgotten


@dataclass(slots=True)
class TrunkFacts:
    """One trunk line: which servers answer OPTIONS, and whether the provider took our registration."""

    hosts: dict[str, bool] = field(default_factory=dict)
    registered: bool | None = None  # None: it was not tried
    code: int = 0


@dataclass(slots=True)
class RefusedFacts:
    """One source that was turned away."""

    why: str
    count: int
    last_s: float


class Trunks:
    """Facts by line; what Kamailio has not told is not known."""

    def __init__(self, *, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._lines: dict[str, TrunkFacts] = {}
        self._refused: dict[str, RefusedFacts] = {}

    def take(self, news: TrunkNews | TrunkRegistration | Refused) -> None:
        """One more fact."""
        match news:
            case TrunkNews(line=line, host=host, up=up):
                self._line(line).hosts[host] = up
            case TrunkRegistration(line=line, up=up, code=code):
                facts = self._line(line)
                facts.registered, facts.code = up, code
            case Refused(source=source, why=why, count=count):
                known = self._refused.pop(source, RefusedFacts(why, 0, 0.0))
                self._refused[source] = RefusedFacts(why, known.count + max(1, count), self._wall())
                while len(self._refused) > MOST_REFUSED:
                    del self._refused[next(iter(self._refused))]

    def forget(self) -> None:
        """Kamailio is away: nobody knows."""
        self._lines.clear()

    def usable(self, line: str) -> bool:
        """Whether a call may be tried over the line: no server of it is known to be down, or one is up."""
        hosts = self._lines.get(line, TrunkFacts()).hosts
        return not hosts or any(hosts.values())

    def codes(self) -> dict[str, int]:
        """The provider's last answer to our REGISTER, by line."""
        return {line: facts.code for line, facts in self._lines.items()}

    def rows(self) -> list[dict[str, Any]]:
        """A row for each line."""
        return [
            {
                "line": line,
                "up": [host for host, up in facts.hosts.items() if up],
                "down": [host for host, up in facts.hosts.items() if not up],
                "registered": facts.registered,
                "code": facts.code,
            }
            for line, facts in sorted(self._lines.items())
        ]

    def refused_rows(self) -> list[dict[str, Any]]:
        """A row for each source turned away, the latest first."""
        rows = [
            {"source": source, "why": facts.why, "count": facts.count, "last_s": facts.last_s}
            for source, facts in self._refused.items()
        ]
        return rows[::-1]

    def _line(self, line: str) -> TrunkFacts:
        return self._lines.setdefault(line, TrunkFacts())
