"""What the waits of [queues] say of themselves and of each other: called by `check.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from appliance.config.problem import Keys, Problem, closest, names
from appliance.config.queue_wait import CALL_BACK
from appliance.config.schema import Config, Queue
from appliance.config.section import Destination

Reference = tuple[Keys, str, str]  # where, kind of thing, its name
#: The options by which callers leave a queue, and where to.
Ways = Callable[[Queue], list[tuple[str, Destination]]]


def queue_destinations(config: Config) -> Iterator[tuple[Keys, Destination]]:
    """Every place to which a queue sends its callers."""
    for name, queue in config.queues.items():
        for option in ("overflow", "full", "empty", "closed"):
            yield ("queues", name, option), getattr(queue, option)
        yield from ((("queues", name, "keys", key), to) for key, to in queue.keys.items() if to != CALL_BACK)


def queue_prompts(config: Config) -> Iterator[Reference]:
    """Every prompt that a queue names."""
    for name, queue in config.queues.items():
        yield ("queues", name, "greeting"), "prompt", queue.greeting
        for option in ("music", "comfort"):
            yield from ((("queues", name, option), "prompt", prompt) for prompt in getattr(queue, option))


def queue_problems(config: Config, destinations: Iterable[tuple[Keys, Destination]]) -> Iterator[Problem]:
    """Every contradiction in how callers wait; `destinations` are all that the file has."""
    yield from _unknown_calendars(config)
    yield from _rings(
        config, partial(_at_once, config), "callers who are not let in anywhere go round for ever"
    )
    yield from _rings(config, _in_time, "callers go round until an agent answers, with no way out")
    yield from _without_permission(config, destinations)
    yield from _useless(config)


def _unknown_calendars(config: Config) -> Iterator[Problem]:
    for name, queue in config.queues.items():
        if queue.hours and queue.hours not in config.calendars:
            yield Problem(
                path=("queues", name, "hours"),
                value=queue.hours,
                wrong=f"there is no calendar {queue.hours}",
                allowed=names(config.calendars) or "a name from [calendars], which has none yet",
                closest=closest(queue.hours, config.calendars),
            )


def _at_once(config: Config, queue: Queue) -> list[tuple[str, Destination]]:
    """Where callers go on who were not let in; days of its calendar may send them elsewhere."""
    rules = (
        ("full", queue.max_callers, queue.full),
        ("empty", queue.empty_when != "never", queue.empty),
        ("closed", queue.hours, queue.closed),
    )
    calendar = config.calendars.get(queue.hours)
    days = [*calendar.holidays, *calendar.special] if calendar else []
    ways = [(option, to) for option, applies, to in rules if applies]
    return ways + [("hours", day.to) for day in days if day.to]


def _in_time(queue: Queue) -> list[tuple[str, Destination]]:
    """Where callers go on who waited too long, or would."""
    applies = queue.max_wait_seconds or queue.overflow_expected_seconds
    return [("overflow", queue.overflow)] if applies else []


def _rings(config: Config, ways: Ways, wrong: str) -> Iterator[Problem]:
    """A problem for each ring of queues, at the option that closes it, with the path round."""
    found: set[frozenset[str]] = set()
    for start in config.queues:
        for option, path in _ways_back(start, config, ways):
            if frozenset(path) not in found:
                found.add(frozenset(path))
                shown = " -> ".join((*path, start))
                yield Problem(
                    path=("queues", path[-1], option),
                    value=f"queue:{start}",
                    wrong=f"{wrong}: {shown}",
                    allowed='a way out for one of them, as "voicemail:NAME" or "hangup"',
                )


def _ways_back(start: str, config: Config, ways: Ways) -> Iterator[tuple[str, list[str]]]:
    paths = [[start]]
    while paths:
        path = paths.pop()
        for option, to in ways(config.queues[path[-1]]):
            if to.kind != "queue":
                continue
            if to.name == start:
                yield option, path
            elif to.name in config.queues and to.name not in path:
                paths.append([*path, to.name])


def _without_permission(
    config: Config, destinations: Iterable[tuple[Keys, Destination]]
) -> Iterator[Problem]:
    """Whatever the box dials by itself needs what an agent would need."""
    if config.outbound.permission:
        return
    places = [path for path, to in destinations if to.kind == "number"]
    for name, queue in config.queues.items():
        places += [("queues", name, "keys", key) for key, to in queue.keys.items() if to == CALL_BACK]
    for path in places:
        wrong = "the box may dial nothing by itself"
        allowed = 'a name from [permissions] in outbound.permission, as permission = "box"'
        yield Problem(path=path, wrong=wrong, allowed=allowed)


def _useless(config: Config) -> Iterator[Problem]:
    """Options that say what happens in a case that cannot come."""
    needs = {"full": "max_callers", "empty": "empty_when", "closed": "hours"}
    for name, queue in config.queues.items():
        acting = dict(_at_once(config, queue))
        for option, needed in needs.items():
            to = getattr(queue, option)
            if option not in acting and to != Destination("hangup"):
                yield Problem(
                    path=("queues", name, option), value=str(to), wrong=f"never happens without `{needed}`"
                )
        if queue.call_back_machine != "connect" and CALL_BACK not in queue.keys.values():
            wrong = "does nothing without a key for a call-back"
            allowed = f'keys = {{ 1 = "{CALL_BACK}" }}'
            yield Problem(path=("queues", name, "call_back_machine"), wrong=wrong, allowed=allowed)
