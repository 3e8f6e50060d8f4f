"""The figures of a day, from its calls: pure. Definitions are the trade's, named where several exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from appliance.events import Direction, Outcome
from appliance.store.derive import CallRow
from appliance.store.read import day_calls

Figure = float | int | None

SERVICE_SECONDS = 20  # T of the service level: the trade's usual "80 % in 20 s"


def day_figures(path: Path, since_s: float) -> dict[str, Figure]:
    """`figures` of the calls that entered their queue at `since_s` (wall clock) or later."""
    return figures(day_calls(path, since_s))


def figures(rows: Iterable[CallRow]) -> dict[str, Figure]:
    """Counts of the calls from outside by outcome, and how well those were served that wanted an agent.

    Calls that agents made are counted as `out` (to somebody outside) and `direct` (to a colleague) alone.

    A call in progress counts in `calls` and `in_progress` alone; None = nothing to divide by.
    - offered: ended calls that entered a queue or reached an agent, however they ended
    - service_level_20: answered within 20 s of waiting / (answered + abandoned), formula SL3
    - asa_s: mean wait of the answered, ringing included, waits of zero included
    - aht_s: (talk + hold + wrap-up) / answered, without ringing
    """
    everything = list(rows)
    made = Counter(row.direction for row in everything)
    rows = [row for row in everything if row.direction == Direction.IN.value]
    ended = [row for row in rows if row.ended_ms is not None]
    count = Counter(row.outcome for row in ended)
    offered = [row for row in ended if row.queued_ms is not None or row.outcome == Outcome.ANSWERED.value]
    answered = [row for row in ended if row.outcome == Outcome.ANSWERED.value]
    abandoned = [row for row in ended if row.outcome == Outcome.ABANDONED.value]
    in_time = [row for row in answered if (row.wait_ms or 0) <= SERVICE_SECONDS * 1000]
    return {
        "calls": len(rows),
        "in_progress": len(rows) - len(ended),
        "out": made[Direction.OUT.value],
        "direct": made[Direction.DIRECT.value],
        "offered": len(offered),
        **{outcome.value: count[outcome.value] for outcome in Outcome},
        "service_level_20": _share(len(in_time), len(answered) + len(abandoned)),
        "asa_s": _mean_s(row.wait_ms for row in answered),
        "time_to_abandon_s": _mean_s(row.wait_ms for row in abandoned),
        "longest_wait_s": max((row.wait_ms or 0 for row in offered), default=0) / 1000 if offered else None,
        "aht_s": _mean_s(_sum(row.talk_ms, row.hold_ms, row.wrap_up_ms) for row in answered),
        "att_s": _mean_s(row.talk_ms for row in answered),
        "ring_s": _mean_s(row.ring_ms for row in answered),
        "hold_s": _mean_s(row.hold_ms for row in answered),
        "wrap_up_s": _mean_s(row.wrap_up_ms for row in answered),
        "recordings": sum(len(row.recordings) for row in rows),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean_s(lengths_ms: Iterable[int | None]) -> float | None:
    lengths: Sequence[int] = [length or 0 for length in lengths_ms]
    return round(sum(lengths) / len(lengths) / 1000, 3) if lengths else None


def _sum(*lengths_ms: int | None) -> int:
    return sum(length or 0 for length in lengths_ms)
