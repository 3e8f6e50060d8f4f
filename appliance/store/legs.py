"""A call's queue legs: one for each queue it waited in, each with exactly one outcome. Pure, from events.

The unit of every figure of service (section 4.1 of the definitions): a caller who overflowed from one queue
into another has two legs, the first flowed out.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.events import (
    CallConnected,
    CallEnded,
    CallQueued,
    Event,
    MenuEntered,
    Outcome,
    TalkEnded,
    WrapUpEnded,
)
from appliance.flow_events import FlowEntered
from appliance.store.changed import changed
from appliance.store.mark import Mark, between
from appliance.voicemail_events import MailboxEntered
from appliance.wait_events import CallBackAsked, CallBackTaken, QueueLeft, QueueRefused, WaitPromised


class LegOutcome(enum.StrEnum):
    """How a queue leg ended; a short abandon is an abandoned one whose wait was short."""

    WAITING = ""  # not over yet
    ANSWERED = "A"
    ABANDONED = "B"  # the caller left while queued
    FLOWED_OUT = "F"  # overflow, exit key, call-back, a lost line: out of the queue without an agent
    BLOCKED = "X"  # not let in


@dataclass(frozen=True)
class QueueLeg:
    """One wait in one queue and what came of it; lengths in ms, as in `derive.CallRow`.

    `number` counts the legs of a call from 1. `queue` is "" for a caller who was blocked before any.
    `entered_ms` and `ended_ms` (left the queue, or the talk ended) are wall clock.
    `promised_ms` is the wait that the caller was first told of, `came_true_ms` what it then was until an
    agent answered.
    """

    call_id: str
    number: int
    queue: str
    entered_ms: int
    outcome: LegOutcome = LegOutcome.WAITING
    wait_ms: int = 0
    ended_ms: int | None = None
    agent: str = ""
    ring_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    promised_ms: int | None = None
    came_true_ms: int | None = None


#: What a call's row adds up, and its legs share out.
SHARED = ("ring_ms", "talk_ms", "hold_ms", "wrap_up_ms")


@dataclass(frozen=True)
class Legs:
    """The legs of a call, since when the last one waits, if it does, and when it was promised how long.

    A call-back of ours has none: the leg of the caller who asked for it stands for both.
    """

    call_id: str = ""
    legs: tuple[QueueLeg, ...] = ()
    waiting: Mark | None = None
    promised: Mark | None = None
    is_call_back: bool = False


def follow(legs: Legs, event: Event, now: Mark, grown: Mapping[str, int]) -> Legs:
    """The legs after one more event, with which those of SHARED have grown so much in the call's row."""
    handler = HANDLERS.get(type(event))
    if handler is not None:
        legs = handler(legs, event, now)
    return _share_out(legs, event, grown)


def _queued(legs: Legs, event: CallQueued, now: Mark) -> Legs:
    told_again = legs.waiting is not None and legs.legs[-1].queue == event.queue  # after a restart
    if told_again or legs.is_call_back:
        return legs
    legs = _end_wait(legs, LegOutcome.FLOWED_OUT, now)
    leg = QueueLeg(legs.call_id, len(legs.legs) + 1, event.queue, now.wall_ms)
    return changed(legs, legs=(*legs.legs, leg), waiting=now)


def _refused(legs: Legs, event: QueueRefused, now: Mark) -> Legs:
    return _blocked(_end_wait(legs, LegOutcome.FLOWED_OUT, now), event.queue, now)


def _blocked(legs: Legs, queue: str, now: Mark) -> Legs:
    leg = QueueLeg(
        legs.call_id, len(legs.legs) + 1, queue, now.wall_ms, LegOutcome.BLOCKED, ended_ms=now.wall_ms
    )
    return changed(legs, legs=(*legs.legs, leg))


def _promised(legs: Legs, event: WaitPromised, now: Mark) -> Legs:
    if legs.waiting is None or legs.legs[-1].promised_ms is not None:
        return legs
    return changed(_change_last(legs, promised_ms=round(event.expected_s * 1000)), promised=now)


def _call_back(legs: Legs, event: CallBackAsked, now: Mark) -> Legs:
    return changed(legs, is_call_back=True)


def _elsewhere(legs: Legs, event: Event, now: Mark) -> Legs:
    return _end_wait(legs, LegOutcome.FLOWED_OUT, now)


def _connected(legs: Legs, event: CallConnected, now: Mark) -> Legs:
    if legs.waiting is None:
        return legs
    if event.queue != legs.legs[-1].queue:
        return _end_wait(legs, LegOutcome.FLOWED_OUT, now)
    came_true_ms = None if legs.promised is None else between(legs.promised, now)
    legs = _end_wait(legs, LegOutcome.ANSWERED, now)
    return _change_last(legs, agent=event.agent, ended_ms=None, came_true_ms=came_true_ms)


def _talk_ended(legs: Legs, event: TalkEnded, now: Mark) -> Legs:
    if legs.legs and legs.legs[-1].outcome is LegOutcome.ANSWERED:
        return _change_last(legs, ended_ms=now.wall_ms)
    return legs


def _call_ended(legs: Legs, event: CallEnded, now: Mark) -> Legs:
    if event.outcome == Outcome.BLOCKED.value and not legs.legs:
        return _blocked(legs, "", now)
    gave_up = event.outcome == Outcome.ABANDONED.value
    legs = _end_wait(legs, LegOutcome.ABANDONED if gave_up else LegOutcome.FLOWED_OUT, now)
    open_talk = bool(legs.legs) and legs.legs[-1].ended_ms is None
    return _change_last(legs, ended_ms=now.wall_ms) if open_talk else legs


def _end_wait(legs: Legs, outcome: LegOutcome, now: Mark) -> Legs:
    if legs.waiting is None:
        return legs
    wait_ms = between(legs.waiting, now)
    legs = _change_last(legs, outcome=outcome, wait_ms=wait_ms, ended_ms=now.wall_ms)
    return changed(legs, waiting=None, promised=None)


def _change_last(legs: Legs, **columns: Any) -> Legs:
    return changed(legs, legs=(*legs.legs[:-1], changed(legs.legs[-1], **columns)))


def _share_out(legs: Legs, event: Event, grown: Mapping[str, int]) -> Legs:
    """Give it to the leg it belongs to: the last, or that of the agent who wrote it up."""
    if not legs.legs or not any(grown.values()):
        return legs
    index = _of_agent(legs, event.agent) if isinstance(event, WrapUpEnded) else len(legs.legs) - 1
    leg = legs.legs[index]
    leg = changed(leg, **{name: getattr(leg, name) + more for name, more in grown.items()})
    return changed(legs, legs=(*legs.legs[:index], leg, *legs.legs[index + 1 :]))


def _of_agent(legs: Legs, agent: str) -> int:
    """The last leg that this agent answered, else the last that anybody did."""
    answered = [n for n, leg in enumerate(legs.legs) if leg.outcome is LegOutcome.ANSWERED]
    his = [n for n in answered if legs.legs[n].agent == agent]
    return (his or answered or [len(legs.legs) - 1])[-1]


HANDLERS: Mapping[type[Event], Callable[[Legs, Any, Mark], Legs]] = {
    CallBackAsked: _call_back,
    CallQueued: _queued,
    QueueRefused: _refused,
    WaitPromised: _promised,
    QueueLeft: _elsewhere,
    CallBackTaken: _elsewhere,
    MenuEntered: _elsewhere,
    MailboxEntered: _elsewhere,
    FlowEntered: _elsewhere,
    CallConnected: _connected,
    TalkEnded: _talk_ended,
    CallEnded: _call_ended,
}
