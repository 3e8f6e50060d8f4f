"""The callers and agents of a past day, from the database, to be served once more under other rules."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean

from appliance.simulate.arrivals import Arrival, Lengths, Traffic
from appliance.simulate.day import Staffed
from appliance.simulate.patience import Patience
from appliance.store.agent_time import PAUSED, Span, spans
from appliance.store.figure_reads import agent_changes, legs_between
from appliance.store.legs import LegOutcome, QueueLeg
from appliance.store.mark import Mark


@dataclass(frozen=True)
class Past:
    """One caller of the day: `handle_s` None where no agent spoke to them; `wait_s` over all queues."""

    at_s: float
    queue: str
    wait_s: float
    gave_up: bool
    handle_s: float | None


@dataclass(frozen=True)
class Replay:
    """What a past day gives; `ring_s` is how long phones rang in the mean.

    `left_out` says in words who is not in it and why, "" for nobody.
    """

    callers: Sequence[Past]
    traffic: Traffic
    staff: Sequence[Staffed]
    begins_s: float
    ring_s: float
    left_out: str


def replay(path: Path, begins_s: float, ends_s: float, queues: Collection[str], lengths: Lengths) -> Replay:
    """The day between two moments (wall clock), of these queues. Raises opening.StoreError.

    Handle times are those of the day; of callers whom nobody served, one of the day's by lot (or `lengths`).
    Patience is what it was of those who gave up; of the others drawn from what it was known to exceed.
    """
    since_ms, until_ms = round(begins_s * 1000), round(ends_s * 1000)
    legs = legs_between(path, since_ms, until_ms, by="entered")
    callers = [_caller(list(group), begins_s) for _, group in groupby(legs, key=lambda leg: leg.call_id)]
    known = sorted((each for each in callers if each.queue in queues), key=lambda each: each.at_s)
    spent = spans(agent_changes(path, since_ms, until_ms), Mark(until_ms, 0, ""))
    missing = len(callers) - len(known)
    left_out = (
        f"{missing} callers are left out, for their queue is not in every configuration." if missing else ""
    )
    rings = [leg.ring_ms / 1000 for leg in legs if leg.outcome is LegOutcome.ANSWERED]
    ring_s = fmean(rings) if rings else 0.0
    return Replay(known, _traffic(known, lengths), _staff(spent, since_ms), begins_s, ring_s, left_out)


def _caller(legs: Sequence[QueueLeg], begins_s: float) -> Past:
    first, last = legs[0], legs[-1]
    served = [leg for leg in legs if leg.outcome is LegOutcome.ANSWERED]
    handle_ms = sum(leg.talk_ms + leg.hold_ms + leg.wrap_up_ms for leg in served)
    return Past(
        at_s=first.entered_ms / 1000 - begins_s,
        queue=first.queue,
        wait_s=sum(leg.wait_ms for leg in legs) / 1000,
        gave_up=last.outcome is LegOutcome.ABANDONED,
        handle_s=max(handle_ms / 1000, 0.1) if served else None,
    )


def _traffic(callers: Sequence[Past], lengths: Lengths) -> Traffic:
    handles = [each.handle_s for each in callers if each.handle_s is not None]
    patience: Mapping[str, Patience] = {
        queue: Patience((each.wait_s, each.gave_up) for each in callers if each.queue == queue)
        for queue in {each.queue for each in callers}
    }

    def made(seed: int) -> Sequence[Arrival]:
        dice = random.Random(seed)
        return [
            Arrival(
                each.at_s,
                each.queue,
                each.handle_s or (dice.choice(handles) if handles else lengths.handle(dice)),
                each.wait_s if each.gave_up else patience[each.queue].more_than(each.wait_s, dice),
            )
            for each in callers
        ]

    return made


def _staff(spent: Iterable[Span], since_ms: int) -> list[Staffed]:
    """When agents came and went: from the first moment of work to the next pause or log-out."""
    found: list[Staffed] = []
    here: dict[str, int] = {}  # agent -> until when, as far as known
    for span in sorted(spent, key=lambda each: each.start_ms):
        end_ms = span.start_ms + span.length_ms
        if span.state == PAUSED or end_ms <= since_ms:
            continue
        start_ms = max(span.start_ms, since_ms)
        if span.agent in here and start_ms - here[span.agent] > 1:
            found.append(_staffed(here.pop(span.agent), span.agent, since_ms, here=False))
        if span.agent not in here:
            found.append(_staffed(start_ms, span.agent, since_ms, here=True))
        here[span.agent] = end_ms
    found += [_staffed(end_ms, agent, since_ms, here=False) for agent, end_ms in here.items()]
    return sorted(found, key=lambda each: each.at_s)


def _staffed(at_ms: int, agent: str, since_ms: int, *, here: bool) -> Staffed:
    return Staffed((at_ms - since_ms) / 1000, agent, here)
