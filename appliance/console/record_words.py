"""What happened to recordings, as a person would say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.events import (
    Event,
    RecordingAsked,
    RecordingEnded,
    RecordingPaused,
    RecordingResumed,
    RecordingStarted,
)
from appliance.recording_events import CustomerErased, RecordingFound, RecordingRemoved, RecordingsKept


def _until(event: RecordingPaused) -> str:
    at = datetime.fromtimestamp(event.until_s).strftime("%H:%M:%S")
    return f", until {at} if not said again" if event.until_s else ""


def _segment(event: RecordingStarted) -> str:
    return f" (segment {event.n}: {event.left or 'withheld'}, {event.right})" if event.n else ""


def _ended(event: RecordingEnded) -> str:
    lost = f", {event.dropped_frames} frames missing" if event.dropped_frames else ""
    why = f", ended early: {event.why}" if event.why else ""
    return f"recorded {event.seconds:.1f} s in {event.path}{lost}{why}"


RECORD_WORDS: Mapping[type[Event], Callable[[Any], str]] = {
    RecordingStarted: lambda e: (
        f"recording to {e.path}{_segment(e)}{f', because of {e.why}' if e.why else ''}"
    ),
    RecordingEnded: _ended,
    RecordingAsked: lambda e: f"{e.by} wants it recorded{'' if e.on else ' no more'}",
    RecordingPaused: lambda e: f"recording paused for {e.holder}{_until(e)}",
    RecordingResumed: lambda e: f"{e.holder} pauses the recording no more" + " (time)" * (e.why == "time"),
    RecordingsKept: lambda e: f"its recordings {'are to be kept' if e.on else 'may be deleted again'}",
    RecordingRemoved: lambda e: f"recording deleted ({e.why}): {Path(e.path).name}",
    RecordingFound: lambda e: f"recording found without a row: {e.path}",
    CustomerErased: lambda e: f"a customer is erased: {e.calls} calls, {e.recordings} recordings",
}
