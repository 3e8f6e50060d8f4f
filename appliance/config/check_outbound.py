"""What the sections of the way out say of themselves and of each other: called by `check.py`."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.config.countries import COUNTRIES
from appliance.config.problem import Problem, closest
from appliance.config.schema import Config
from appliance.config.trunks import TrunkLine

ABROAD = "international"


def outbound_problems(config: Config) -> Iterator[Problem]:
    """Every contradiction in [outbound], [permissions] and [routes], and extensions that get in their way."""
    yield from _unknown_countries(config)
    yield from _half_abroad(config)
    yield from _never(config)
    yield from _uncounted(config)
    yield from _lines_that_dial_nothing(config)
    yield from _repeated_lines(config)
    yield from _hidden_extensions(config)


def _unknown_countries(config: Config) -> Iterator[Problem]:
    for name, permission in config.permissions.items():
        for place, country in enumerate(permission.countries):
            if country not in COUNTRIES:
                yield Problem(
                    path=("permissions", name, "countries", place),
                    value=country,
                    wrong="there is no such country",
                    allowed='two letters of ISO 3166, as "DE"',
                    closest=closest(country, COUNTRIES),
                )


def _half_abroad(config: Config) -> Iterator[Problem]:
    """Calls abroad need both the class and the countries; one of them alone allows nothing."""
    for name, permission in config.permissions.items():
        if ABROAD in permission.classes and not permission.countries:
            wrong = f'missing, the class "{ABROAD}" allows nothing without it'
            yield Problem(
                path=("permissions", name, "countries"), wrong=wrong, allowed='a list as ["DE", "AT"]'
            )


def _never(config: Config) -> Iterator[Problem]:
    for name, permission in config.permissions.items():
        if permission.from_time == permission.until_time:
            wrong = "the same as from_time, so nothing is allowed at any time"
            path = ("permissions", name, "until_time")
            yield Problem(path=path, value=permission.until_time, wrong=wrong, allowed="a later time")


def _uncounted(config: Config) -> Iterator[Problem]:
    """Without any rate no cap of money ever ends a stolen account's calls."""
    for name in [] if config.rates else config.permissions:
        wrong = "what its calls cost is not known, there are no [rates]"
        allowed = "at least one, as [rates.any] with a_minute = 0.1, or 0 where calls are free"
        yield Problem(path=("permissions", name), wrong=wrong, allowed=allowed)


def _lines_that_dial_nothing(config: Config) -> Iterator[Problem]:
    for name, route in config.routes.items():
        for place, line in enumerate(route.lines):
            trunk = config.lines.get(line)
            if isinstance(trunk, TrunkLine) and not trunk.outgoing_calls:
                wrong = f"no call may go out there, lines.{line}.outgoing_calls is 0"
                yield Problem(path=("routes", name, "lines", place), value=line, wrong=wrong)


def _repeated_lines(config: Config) -> Iterator[Problem]:
    for name, route in config.routes.items():
        for place, line in enumerate(route.lines):
            if line in route.lines[:place]:
                path = ("routes", name, "lines", place)
                yield Problem(path=path, value=line, wrong="stands twice in this list, leave one out")


def _hidden_extensions(config: Config) -> Iterator[Problem]:
    """What is dialled is either a colleague's or leads outside."""
    outbound = config.outbound
    for name, agent in config.agents.items():
        wrong = ""
        if agent.extension and agent.extension in outbound.emergency:
            wrong = "an emergency number, which is never an extension"
        elif agent.extension and outbound.prefix and agent.extension.startswith(outbound.prefix):
            wrong = f"begins with outbound.prefix {outbound.prefix}, which leads outside"
        if wrong:
            yield Problem(path=("agents", name, "extension"), value=agent.extension, wrong=wrong)
