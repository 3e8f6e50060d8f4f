"""What happens to recordings: files begun and ended, pauses, what is kept, and what is deleted.

A file is one segment of the contact `call_id`; its parties are names of agents or numbers, caller first.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.event import Event

ERASED = "erased"  # stands where a customer's number stood, and is why such a recording is gone


@dataclass(frozen=True, kw_only=True)
class RecordingStarted(Event):
    """Segment `n` (from 1) was begun, because of `why`: whose option, or who asked for it."""

    path: str
    n: int = 0
    left: str = ""
    right: str = ""
    queue: str = ""
    agent: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordingEnded(Event):
    """A recording file was closed, or found closed after a crash (`seconds` from its header then).

    `why` is "" where it was to end; a full disk, or an engine that died, otherwise.
    """

    path: str
    seconds: float
    dropped_frames: int = 0
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordingAsked(Event):
    """Somebody wants the call recorded from now on, or no more; `by` is an agent or "supervisor"."""

    on: bool
    by: str


@dataclass(frozen=True, kw_only=True)
class RecordingPaused(Event):
    """Silence is recorded until `holder` resumes, or at `until_s` (wall clock, 0: no end by itself)."""

    holder: str
    until_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RecordingResumed(Event):
    """`holder` pauses no more; `why` is "asked" or "time"."""

    holder: str
    why: str = "asked"


@dataclass(frozen=True, kw_only=True)
class RecordingsKept(Event):
    """Nothing deletes the recordings of the call, not even for their caller; or it may again."""

    on: bool


@dataclass(frozen=True, kw_only=True)
class RecordingRemoved(Event):
    """A recording is deleted: `why` is "age", "room", "erased", "lost" (found missing) or "empty"."""

    path: str
    why: str


@dataclass(frozen=True, kw_only=True)
class RecordingFound(Event):
    """A file that no event told of is in the index now, by what it tells of itself; `contact` is its call."""

    path: str
    contact: str
    seconds: float
    began_ms: int
    n: int = 0
    left: str = ""
    right: str = ""
    queue: str = ""
    agent: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class CustomerErased(Event):
    """Everything of one number was erased: so many calls, recordings, messages. It is not told whose."""

    calls: int
    recordings: int
    messages: int


RECORDING_EVENTS: tuple[type[Event], ...] = (
    RecordingStarted,
    RecordingEnded,
    RecordingAsked,
    RecordingPaused,
    RecordingResumed,
    RecordingsKept,
    RecordingRemoved,
    RecordingFound,
    CustomerErased,
)
