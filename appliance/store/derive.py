"""From the facts of a call to its one row: pure, no database. Replaying the events gives the same row again.

Times: `*_ms` of a point in time is wall-clock milliseconds since 1970, `*_ms` of a length is
milliseconds, measured by the monotonic clock where both ends lie in the same boot, else by the wall clock.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.agent_events import CallCoded, WrapUpExtended
from appliance.events import (
    TRANSFERRED,
    AgentOffered,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallQueued,
    Direction,
    Event,
    HoldEnded,
    HoldStarted,
    MenuEntered,
    OfferEnded,
    OfferResult,
    RecordingEnded,
    RecordingStarted,
    Stamped,
    TalkEnded,
    TransferEnded,
    WrapUpEnded,
    WrapUpStarted,
)
from appliance.flow_events import FlowEntered
from appliance.store.changed import changed
from appliance.store.legs import HANDLERS as LEG_HANDLERS
from appliance.store.legs import SHARED, Legs, follow
from appliance.store.mark import Mark, between, mark
from appliance.voicemail_events import MailboxEntered


class Stage(enum.StrEnum):
    """Where a call is, as far as its events tell."""

    RINGING = "ringing"
    ANSWERED = "answered"
    MENU = "menu"
    WAITING = "waiting"
    MESSAGE = "leaving a message"
    TALKING = "talking"
    TALKED = "talked"  # the conversation is over, the call not yet
    WRAP_UP = "wrap-up"
    OVER = "over"  # ended, and nobody writes it up: needs nothing more


@dataclass(frozen=True)
class CallRow:
    """One call as the lists and reports show it; None = has not happened (yet).

    - `queued_ms` is when the caller first entered a queue, `queue` the last one entered.
    - `wait_ms`: waiting in queues, ringing at agents included, until the first conversation or the end.
    - `agent`, `connected_ms`: the last agent (of a call to outside: who made it), and the beginning of the
      first conversation.
    - `direction`: a Direction value; `caller` of a call that an agent made is the agent's extension.
    - `transfers` that came about; `code`: what it was about, as the agent says.
    - `ring_ms`: how long the phones of those agents rang who answered.
    - `talk_ms` is without hold; talk, hold, ring and wrap-up are sums over the conversations of the call.
    """

    call_id: str
    line: str = ""
    caller: str = ""
    called: str = ""
    arrived_ms: int | None = None
    answered_ms: int | None = None
    queue: str = ""
    queued_ms: int | None = None
    agent: str = ""
    connected_ms: int | None = None
    ended_ms: int | None = None
    outcome: str = ""
    ended_by: str = ""
    wait_ms: int | None = None
    ring_ms: int | None = None
    talk_ms: int | None = None
    hold_ms: int | None = None
    wrap_up_ms: int | None = None
    offers: int = 0
    direction: str = Direction.IN.value
    transfers: int = 0
    code: str = ""
    recordings: tuple[Mapping[str, Any], ...] = ()  # {path, seconds or None, dropped_frames}
    stage: Stage = Stage.RINGING


@dataclass(frozen=True)
class Progress:
    """A row in the making, with the beginnings of what is not over yet."""

    row: CallRow
    waiting: Mark | None = None
    ringing: Mapping[str, Mark] = field(default_factory=dict)  # by agent
    talking: Mark | None = None
    holding: Mark | None = None
    writing_up: Mapping[str, tuple[Mark, int]] = field(default_factory=dict)  # by agent: since, most ms
    legs: Legs = field(default_factory=Legs)


Handler = Callable[[Progress, Any, Mark], Progress]


def begin(call_id: str) -> Progress:
    """A call of which nothing is known yet."""
    return Progress(CallRow(call_id), legs=Legs(call_id))


def apply(progress: Progress, stamped: Stamped) -> Progress:
    """The call after one more event; events that say nothing about the row leave it as it is."""
    kind = type(stamped.event)
    handler, now = HANDLERS.get(kind), mark(stamped)
    if handler is None and kind not in LEG_HANDLERS:
        return progress
    after = handler(progress, stamped.event, now) if handler else progress
    grown = {name: _grown(getattr(progress.row, name), getattr(after.row, name)) for name in SHARED}
    return changed(after, legs=follow(progress.legs, stamped.event, now, grown))


def _grown(before: int | None, after: int | None) -> int:
    return (after or 0) - (before or 0)


def derive(call_id: str, events: Iterable[Stamped]) -> Progress:
    """The call after all its events, in their order."""
    progress = begin(call_id)
    for stamped in events:
        progress = apply(progress, stamped)
    return progress


def _sum(so_far: int | None, start: Mark | None, end: Mark) -> int | None:
    return so_far if start is None else (so_far or 0) + between(start, end)


def _set(progress: Progress, **columns: Any) -> Progress:
    return changed(progress, row=changed(progress.row, **columns))


def _arrived(progress: Progress, event: CallArrived, now: Mark) -> Progress:
    who = {"caller": event.caller, "called": event.called, "agent": event.agent}
    return _set(progress, line=event.line, arrived_ms=now.wall_ms, direction=event.direction, **who)


def _answered(progress: Progress, event: CallAnswered, now: Mark) -> Progress:
    return _set(progress, answered_ms=now.wall_ms, stage=Stage.ANSWERED)


def _menu_entered(progress: Progress, event: MenuEntered | FlowEntered, now: Mark) -> Progress:
    return _set(_stop_waiting(progress, now), stage=Stage.MENU)


def _mailbox_entered(progress: Progress, event: MailboxEntered, now: Mark) -> Progress:
    return _set(_stop_waiting(progress, now), stage=Stage.MESSAGE)


def _queued(progress: Progress, event: CallQueued, now: Mark) -> Progress:
    first = progress.row.queued_ms if progress.row.queued_ms is not None else now.wall_ms
    progress = _set(_start_waiting(progress, now), queue=event.queue, queued_ms=first)
    return _set(progress, stage=Stage.WAITING)


def _offered(progress: Progress, event: AgentOffered, now: Mark) -> Progress:
    progress = _set(_start_waiting(progress, now), offers=progress.row.offers + 1, stage=Stage.WAITING)
    return changed(progress, ringing={**progress.ringing, event.agent: now})


def _offer_ended(progress: Progress, event: OfferEnded, now: Mark) -> Progress:
    if event.result == OfferResult.ANSWERED.value:
        return _stop_ringing(progress, event.agent, now)
    return changed(progress, ringing=_without(progress.ringing, event.agent))


def _connected(progress: Progress, event: CallConnected, now: Mark) -> Progress:
    progress = _stop_waiting(_stop_ringing(progress, event.agent, now), now)
    progress = _stop_talking(progress, now)  # with whoever it was before
    first = progress.row.connected_ms if progress.row.connected_ms is not None else now.wall_ms
    queue = event.queue or progress.row.queue
    agent, line = event.agent or progress.row.agent, progress.row.line or event.line
    progress = _set(progress, agent=agent, line=line, queue=queue, connected_ms=first, stage=Stage.TALKING)
    return changed(progress, talking=now)


def _hold_started(progress: Progress, event: HoldStarted, now: Mark) -> Progress:
    if progress.talking is None or progress.holding is not None:
        return progress
    talk_ms = _sum(progress.row.talk_ms, progress.talking, now)
    return changed(_set(progress, talk_ms=talk_ms), talking=None, holding=now)


def _hold_ended(progress: Progress, event: HoldEnded, now: Mark) -> Progress:
    if progress.holding is None:
        return progress
    hold_ms = _sum(progress.row.hold_ms, progress.holding, now)
    return changed(_set(progress, hold_ms=hold_ms), talking=now, holding=None)


def _talk_ended(progress: Progress, event: TalkEnded, now: Mark) -> Progress:
    return _settle(_stop_talking(progress, now), Stage.TALKED)


def _transfer_ended(progress: Progress, event: TransferEnded, now: Mark) -> Progress:
    return _set(progress, transfers=progress.row.transfers + (event.result == TRANSFERRED))


def _recording_started(progress: Progress, event: RecordingStarted, now: Mark) -> Progress:
    return _record(progress, {"path": event.path, "seconds": None, "dropped_frames": 0})


def _recording_ended(progress: Progress, event: RecordingEnded, now: Mark) -> Progress:
    ended = {"path": event.path, "seconds": event.seconds, "dropped_frames": event.dropped_frames}
    return _record(progress, ended)


def _wrap_up_started(progress: Progress, event: WrapUpStarted, now: Mark) -> Progress:
    begun = {event.agent: (now, round(event.seconds * 1000))}
    progress = changed(progress, writing_up={**progress.writing_up, **begun})
    return _settle(progress, progress.row.stage)


def _wrap_up_extended(progress: Progress, event: WrapUpExtended, now: Mark) -> Progress:
    if event.agent not in progress.writing_up:
        return progress
    since, most_ms = progress.writing_up[event.agent]
    longer = {event.agent: (since, most_ms + round(event.seconds * 1000))}
    return changed(progress, writing_up={**progress.writing_up, **longer})


def _wrap_up_ended(progress: Progress, event: WrapUpEnded, now: Mark) -> Progress:
    """At its time at the latest: a box that was off meanwhile tells of the end when it is back."""
    if event.agent not in progress.writing_up:
        return progress
    since, most_ms = progress.writing_up[event.agent]
    wrap_up_ms = (progress.row.wrap_up_ms or 0) + min(between(since, now), most_ms)
    others = {name: begun for name, begun in progress.writing_up.items() if name != event.agent}
    progress = changed(progress, writing_up=others)
    return _settle(_set(progress, wrap_up_ms=wrap_up_ms), progress.row.stage)


def _ended(progress: Progress, event: CallEnded, now: Mark) -> Progress:
    progress = _stop_talking(_stop_waiting(progress, now), now)
    progress = changed(progress, ringing={})
    progress = _set(progress, ended_ms=now.wall_ms, outcome=event.outcome, ended_by=event.by)
    return _settle(progress, Stage.OVER)


def _coded(progress: Progress, event: CallCoded, now: Mark) -> Progress:
    return _set(progress, code=event.code)


def _settle(progress: Progress, stage: Stage) -> Progress:
    """The stage of a call that may have ended: wrap-up may outlast it."""
    if progress.row.ended_ms is not None:
        stage = Stage.WRAP_UP if progress.writing_up else Stage.OVER
    return _set(progress, stage=stage)


def _start_waiting(progress: Progress, now: Mark) -> Progress:
    """Waiting begins in a queue, or at an agent called without one; after a talk it counts no more."""
    if progress.waiting is not None or progress.row.connected_ms is not None:
        return progress
    return changed(progress, waiting=now)


def _stop_waiting(progress: Progress, now: Mark) -> Progress:
    wait_ms = _sum(progress.row.wait_ms, progress.waiting, now)
    return changed(_set(progress, wait_ms=wait_ms), waiting=None)


def _stop_ringing(progress: Progress, agent: str, now: Mark) -> Progress:
    ring_ms = _sum(progress.row.ring_ms, progress.ringing.get(agent), now)
    return changed(_set(progress, ring_ms=ring_ms), ringing=_without(progress.ringing, agent))


def _stop_talking(progress: Progress, now: Mark) -> Progress:
    talk_ms = _sum(progress.row.talk_ms, progress.talking, now)
    hold_ms = _sum(progress.row.hold_ms, progress.holding, now)
    return changed(_set(progress, talk_ms=talk_ms, hold_ms=hold_ms), talking=None, holding=None)


def _without(ringing: Mapping[str, Mark], agent: str) -> Mapping[str, Mark]:
    return {name: since for name, since in ringing.items() if name != agent}


def _record(progress: Progress, recording: Mapping[str, Any]) -> Progress:
    """Put the recording in its place, by path: a file begun and ended is one entry."""
    others = [each for each in progress.row.recordings if each["path"] != recording["path"]]
    return _set(progress, recordings=(*others, recording))


HANDLERS: Mapping[type[Event], Handler] = {
    CallArrived: _arrived,
    CallAnswered: _answered,
    MenuEntered: _menu_entered,
    FlowEntered: _menu_entered,
    MailboxEntered: _mailbox_entered,
    CallQueued: _queued,
    AgentOffered: _offered,
    OfferEnded: _offer_ended,
    CallConnected: _connected,
    HoldStarted: _hold_started,
    HoldEnded: _hold_ended,
    TalkEnded: _talk_ended,
    TransferEnded: _transfer_ended,
    RecordingStarted: _recording_started,
    RecordingEnded: _recording_ended,
    WrapUpStarted: _wrap_up_started,
    WrapUpExtended: _wrap_up_extended,
    WrapUpEnded: _wrap_up_ended,
    CallEnded: _ended,
    CallCoded: _coded,
}
