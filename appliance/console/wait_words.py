"""What happens to callers who wait, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.events import Event
from appliance.wait_events import (
    CallBackAsked,
    CallBackEnded,
    CallBackTaken,
    CallBackTried,
    PutThrough,
    QueueLeft,
    QueueRefused,
    WaitPromised,
)

WAIT_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    WaitPromised: lambda e: (
        f"is told to wait {e.low_s / 60:.0f} to {e.high_s / 60:.0f} minutes, expected {e.expected_s:.0f} s"
    ),
    QueueRefused: lambda e: f"is not let into queue {e.queue} ({e.why}), goes to {e.to}",
    QueueLeft: lambda e: f"leaves queue {e.queue} ({e.why}), goes to {e.to}",
    PutThrough: lambda e: f"is put through to {e.number}",
    CallBackTaken: lambda e: f"is called back instead of waiting in queue {e.queue}: call {e.call_back}",
    CallBackAsked: lambda e: f"the caller of call {e.of} is to be called back at {e.number}",
    CallBackTried: lambda e: f"not reached: {e.result}{_because(e.why)}, {_counted(e.counts)}",
    CallBackEnded: lambda e: f"is called back no more, {e.result}: {e.why}",
}


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _counted(counts: bool) -> str:
    return "which counts as an attempt" if counts else "which does not count"
