"""Which recordings go: by age, then, oldest first, for room. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from appliance.config.schema import Config
from appliance.store.recording_tables import Segment

DAY_MS = 86_400_000
SPARE_BYTES = 32_000_000  # always left to the rest of the box, whatever is configured


@dataclass(frozen=True)
class Disk:
    """Bytes of the disk, and of them what is free and what recordings take."""

    total: int
    free: int
    used: int


def overdue(segments: Iterable[Segment], now_ms: int, config: Config) -> Iterator[Segment]:
    """Those older than their queue, else [recording], keeps them."""
    for segment in segments:
        days = _days(segment.queue, config)
        if days and may_go(segment) and segment.began_ms < now_ms - days * DAY_MS:
            yield segment


def for_room(segments: Iterable[Segment], need: int, size: Callable[[Segment], int]) -> Iterator[Segment]:
    """The oldest that make `need` bytes free together, as far as there are any. `segments`: oldest first."""
    for segment in segments:
        if need <= 0:
            return
        if may_go(segment):
            need -= size(segment)
            yield segment


def needed_bytes(disk: Disk, config: Config) -> int:
    """How much has to go now; 0 when all is well."""
    over = disk.used - round(config.recording.most_gb * 1e9) if config.recording.most_gb else 0
    return max(0, over, least_free(disk, config) - disk.free)


def least_free(disk: Disk, config: Config) -> int:
    """Bytes that must be free for a recording to begin."""
    return max(SPARE_BYTES, disk.total * config.recording.least_free_percent // 100)


def may_go(segment: Segment) -> bool:
    """It is whole, nobody wants it kept, and it is not gone already."""
    return segment.seconds is not None and not segment.kept and not segment.removed


def shortest_days(config: Config) -> int:
    """What is younger than this is never overdue; 0: nothing ever is."""
    days: Mapping[str, int] = {name: _days(name, config) for name in ("", *config.queues)}
    return min((each for each in days.values() if each), default=0)


def _days(queue: str, config: Config) -> int:
    mine = config.queues[queue].keep_recordings_days if queue in config.queues else 0
    return mine or config.recording.keep_days
