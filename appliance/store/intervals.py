"""Days cut into intervals of 15 or 30 minutes by the local clock, whatever it does twice a year. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, tzinfo

from appliance.store.legs import QueueLeg

LENGTHS_MIN = (15, 30)

#: By what a leg belongs to an interval: when it entered its queue (the default), or when it was over.
BY: dict[str, Callable[[QueueLeg], int | None]] = {
    "entered": lambda leg: leg.entered_ms,
    "ended": lambda leg: leg.ended_ms,
}


def start_of(at_ms: int, minutes: int, zone: tzinfo | None) -> int:
    """When the interval began that this moment lies in; both in ms since 1970, so no hour is met twice.

    `zone` None is that of the machine. A moment on a border belongs to the interval that begins there.
    """
    moment = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    offset = moment.utcoffset()
    shift_ms = round(offset.total_seconds() * 1000) if offset else 0
    length_ms = minutes * 60_000
    return (at_ms + shift_ms) // length_ms * length_ms - shift_ms


def by_interval(
    legs: Iterable[QueueLeg], minutes: int, zone: tzinfo | None, by: str = "entered"
) -> dict[int, list[QueueLeg]]:
    """The legs of each interval that has any, by its beginning (ms since 1970), in order.

    `by` is a key of BY; a leg without that moment (it is not over) is in none.
    """
    found: dict[int, list[QueueLeg]] = {}
    for leg in legs:
        at_ms = BY[by](leg)
        if at_ms is not None:
            found.setdefault(start_of(at_ms, minutes, zone), []).append(leg)
    return dict(sorted(found.items()))


def borders(since_ms: int, until_ms: int, minutes: int, zone: tzinfo | None) -> Sequence[int]:
    """The beginnings of all intervals that touch [since, until), where a span of time is cut."""
    length_ms, found = minutes * 60_000, []
    at_ms = start_of(since_ms, minutes, zone)
    while at_ms < until_ms:
        found.append(at_ms)
        at_ms = start_of(at_ms + length_ms, minutes, zone)
    return found
