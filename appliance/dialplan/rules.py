"""What the configuration says of a number: may this agent dial it now, over which lines, for how much.

No counters and no events: the same question has the same answer. `guard.py` counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.config.outbound import Permission, Rate
from appliance.config.schema import Config
from appliance.dialplan import number as numbers
from appliance.dialplan.number import Number, Plan
from appliance.dialplan.permit import ITSELF, NOT_FOUND, UNAVAILABLE, DialRefused, Kind

NOTHING = Permission.model_construct(classes=[])  # what agents have who are given no permission
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")  # datetime.weekday()
MINUTE_SECONDS = 60


@dataclass(frozen=True)
class Verdict:
    """A number that may be dialled: its lines in order, and money for each minute begun."""

    number: Number
    lines: tuple[str, ...]
    a_minute: float


class Rules:
    """[outbound], [permissions], [routes] and [rates] of one configuration."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._plan = Plan.of(config)

    def permission(self, agent: str) -> Permission:
        """What the agent has, or who was one."""
        return self._config.permissions.get(self._permission_name(agent), NOTHING)

    def _permission_name(self, agent: str) -> str:
        known = self._config.agents.get(agent)
        return self._config.outbound.permission if agent == ITSELF else known.permission if known else ""

    def emergency(self, dialled: str) -> Verdict | None:
        """An emergency number, over every line there is; None when it is no such number."""
        number = numbers.emergency(dialled, self._plan)
        if number is None:
            return None
        first = self._routed(number)
        return Verdict(number, (*first, *(line for line in self._enabled() if line not in first)), 0.0)

    def read(self, dialled: str) -> Number:
        """The number that is meant, whoever may dial it. Raises DialRefused."""
        return numbers.emergency(dialled, self._plan) or numbers.read(dialled, self._plan)

    def judge(self, agent: str, number: Number, now: datetime) -> Verdict:
        """Raises DialRefused unless the agent may dial it at that time, in the box's own zone."""
        self._allow(agent, number, now)
        return Verdict(number, self.lines(number), self.a_minute(number))

    def lines(self, number: Number) -> tuple[str, ...]:
        """The lines of the first route that fits. Raises DialRefused when there is none."""
        lines = self._routed(number)
        if lines:
            return lines
        if any(_fits(route.classes, route.prefixes, number) for route in self._config.routes.values()):
            raise DialRefused("every line of the number's route is disabled. Enable one", UNAVAILABLE)
        raise DialRefused(f"no route leads to {number.kind.value} numbers. Add one to [routes]", NOT_FOUND)

    def a_minute(self, number: Number) -> float:
        """By the most exact rate; the dearest of all where none fits, but nothing for freephone numbers."""
        rates = self._config.rates.values()
        fitting = [rate for rate in rates if _fits(rate.classes, rate.prefixes, number)]
        if fitting:
            return max(fitting, key=lambda rate: _exactness(rate, number)).a_minute
        if number.kind is Kind.TOLL_FREE:
            return 0.0
        return max((rate.a_minute for rate in rates), default=0.0)

    def _allow(self, agent: str, number: Number, now: datetime) -> None:
        permission = self.permission(agent)
        name = self._permission_name(agent)
        if not name:
            where = "outbound" if agent == ITSELF else f"agents.{agent}"
            raise DialRefused(f"agent {agent} may dial no outside number. Give {where} a permission")
        if number.kind.value not in permission.classes:
            raise DialRefused(
                f"agent {agent} may not dial {number.kind.value} numbers. "
                f"permissions.{name}.classes would have to name them"
            )
        if number.country not in ("", self._plan.country, *permission.countries):
            raise DialRefused(
                f"agent {agent} may not dial numbers of {number.country}. "
                f"permissions.{name}.countries would have to name it"
            )
        refused = next((prefix for prefix in permission.refuse if number.begins(prefix)), None)
        if refused is not None:
            raise DialRefused(
                f"agent {agent} may not dial numbers that begin with {refused}: permissions.{name}.refuse"
            )
        if not is_open(permission, now):
            raise DialRefused(
                f"agent {agent} may not dial at this time. permissions.{name} has the days and hours"
            )

    def _routed(self, number: Number) -> tuple[str, ...]:
        for route in self._config.routes.values():
            if _fits(route.classes, route.prefixes, number):
                return tuple(line for line in route.lines if line in self._enabled())
        return ()

    def _enabled(self) -> Iterator[str]:
        return (name for name, line in self._config.lines.items() if line.enabled)


def is_open(permission: Permission, now: datetime) -> bool:
    """True within the days and hours; hours over midnight belong to the day on which they begin."""
    time = f"{now:%H:%M}"
    start, end = permission.from_time, permission.until_time
    if start < end:
        day, within = now, start <= time < end
    else:
        day = now if time >= start else now - timedelta(days=1)
        within = time >= start or time < end
    return within and (not permission.days or DAYS[day.weekday()] in permission.days)


def _fits(classes: Sequence[str], prefixes: Sequence[str], number: Number) -> bool:
    kind = Kind.SHORT_CODE if number.kind is Kind.EMERGENCY else number.kind
    fits_class = not classes or kind.value in classes
    return fits_class and (not prefixes or number.longest(prefixes) > 0)


def _exactness(rate: Rate, number: Number) -> tuple[int, bool, float]:
    """The longest prefix wins, then the class, then the higher price."""
    return number.longest(rate.prefixes), bool(rate.classes), rate.a_minute
