"""Events of made-up calls for the tests of the store."""

from __future__ import annotations

import random
from collections.abc import Sequence

from appliance.events import (
    AgentChanged,
    AgentOffered,
    AgentRinging,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallQueued,
    CallResumed,
    Event,
    HoldEnded,
    HoldStarted,
    MenuEntered,
    MenuLeft,
    OfferEnded,
    RecordingEnded,
    RecordingStarted,
    Stamped,
    TalkEnded,
    WrapUpEnded,
    WrapUpStarted,
)

WALL_S = 1_795_000_000.0  # some day in November 2026
MONO_S = 5_000.0
BOOT = "boot-a"

Timed = tuple[float, Event]  # seconds after the beginning, event


def at(seconds: float, event: Event, boot: str = BOOT) -> Stamped:
    """The event, that many seconds after the beginning of the test's day."""
    return Stamped(event, WALL_S + seconds, MONO_S + seconds, boot)


def stamped(events: Sequence[Timed]) -> list[Stamped]:
    return [at(seconds, event) for seconds, event in events]


def arrives(call_id: str, seconds: float = 0.0, caller: str = "+491711234567") -> list[Timed]:
    """Rings, is answered, and is sent from the menu to queue sales."""
    return [
        (
            seconds,
            CallArrived(call_id=call_id, line="gsm-1", leg_id="leg-1", caller=caller, called="0301234"),
        ),
        (seconds + 0.5, CallAnswered(call_id=call_id)),
        (seconds + 0.6, MenuEntered(call_id=call_id, menu="main")),
        (seconds + 4.0, MenuLeft(call_id=call_id, menu="main", digit="1", to="queue:sales")),
        (seconds + 4.0, CallQueued(call_id=call_id, queue="sales", position=1, place=WALL_S + seconds + 4.0)),
    ]


def is_offered(call_id: str, agent: str, seconds: float) -> list[Timed]:
    why = "longest idle of 2 ready agents"
    return [
        (seconds, AgentOffered(call_id=call_id, queue="sales", agent=agent, why=why)),
        (seconds, AgentChanged(call_id=call_id, agent=agent, was="ready", now="offered")),
        (seconds + 0.1, AgentRinging(call_id=call_id, agent=agent)),
    ]


def is_connected(call_id: str, agent: str, seconds: float) -> list[Timed]:
    return [
        (seconds, OfferEnded(call_id=call_id, agent=agent, result="answered")),
        (seconds, CallConnected(call_id=call_id, queue="sales", agent=agent)),
        (seconds, AgentChanged(call_id=call_id, agent=agent, was="offered", now="talking")),
        (seconds, RecordingStarted(call_id=call_id, path=f"recordings/{call_id}.wav")),
    ]


def holds(call_id: str, agent: str, seconds: float, until: float) -> list[Timed]:
    return [
        (seconds, HoldStarted(call_id=call_id, agent=agent)),
        (until, HoldEnded(call_id=call_id, agent=agent)),
    ]


def stops_talking(call_id: str, agent: str, seconds: float) -> list[Timed]:
    return [
        (seconds, TalkEnded(call_id=call_id, agent=agent, by="caller")),
        (seconds, RecordingEnded(call_id=call_id, path=f"recordings/{call_id}.wav", seconds=12.5)),
        (seconds, WrapUpStarted(call_id=call_id, agent=agent, seconds=10.0)),
        (seconds, CallEnded(call_id=call_id, outcome="answered", by="caller")),
    ]


def is_written_up(call_id: str, agent: str, seconds: float) -> list[Timed]:
    return [(seconds, WrapUpEnded(call_id=call_id, agent=agent, by="timer"))]


def answered_call(call_id: str, start: float = 0.0) -> list[Stamped]:
    """Waits 6 s (2 s of ringing), talks 80 s around 20 s of hold, is written up for 10 s."""
    begin = start + 4.0
    return stamped(
        [
            *arrives(call_id, start),
            *is_offered(call_id, "ana", begin + 4),
            *is_connected(call_id, "ana", begin + 6),
            *holds(call_id, "ana", begin + 36, begin + 56),
            *stops_talking(call_id, "ana", begin + 106),
            *is_written_up(call_id, "ana", begin + 116),
        ]
    )


def abandoned_call(call_id: str, start: float = 0.0) -> list[Stamped]:
    """Waits 30 s, is offered once in vain, and leaves."""
    return stamped(
        [
            *arrives(call_id, start, caller=""),
            *is_offered(call_id, "bob", start + 5),
            (start + 25, OfferEnded(call_id=call_id, agent="bob", result="no answer")),
            (start + 34, CallEnded(call_id=call_id, outcome="abandoned", by="caller")),
        ]
    )


def any_events(seed: int, count: int) -> list[Stamped]:
    """Events in no sensible order at all, over a few calls, agents and boots."""
    pick = random.Random(seed)
    events: list[Stamped] = []
    for _ in range(count):
        call, agent = f"20261121-00000{pick.randrange(4)}-aaaa", pick.choice(["ana", "bob"])
        timed = [
            *arrives(call),
            *is_offered(call, agent, 0),
            *is_connected(call, agent, 0),
            *holds(call, agent, 0, 0),
            *stops_talking(call, agent, 0),
            *is_written_up(call, agent, 0),
            (0, CallResumed(call_id=call, stage="waiting")),
        ]
        moment, boot = pick.uniform(0, 1000), pick.choice(["boot-a", "boot-b"])
        events.append(at(moment, pick.choice(timed)[1], boot))
    return events
