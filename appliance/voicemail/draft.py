"""A message that is not in the mailbox yet: being recorded, or listened to by the caller. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.event import Event, Stamped
from appliance.voicemail_events import (
    MessageBegun,
    MessageDropped,
    MessageFile,
    MessageLeft,
    MessageRecorded,
)

EVENTS: tuple[type[Event], ...] = (
    MessageBegun,
    MessageFile,
    MessageRecorded,
    MessageDropped,
    MessageLeft,
)


@dataclass(frozen=True)
class Draft:
    """`begun_s` is wall-clock seconds; `seconds` is None while it is being recorded."""

    message: str
    begun_s: float
    paths: tuple[str, ...] = ()
    seconds: float | None = None


def after(draft: Draft | None, stamped: Stamped) -> Draft | None:
    """The caller's draft after one more event; None when there is none."""
    match stamped.event:
        case MessageBegun(message=message):
            return Draft(message, stamped.wall_s)
        case MessageFile(path=path) if draft is not None:
            return replace(draft, paths=(*draft.paths, path))
        case MessageRecorded(seconds=seconds) if draft is not None:
            return replace(draft, seconds=seconds)
        case MessageDropped() | MessageLeft():
            return None
    return draft
