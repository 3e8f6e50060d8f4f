"""What has been wished of a call's recording, told by its events alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from appliance.events import Event, RecordingAsked, RecordingPaused, RecordingResumed, RecordingStarted


@dataclass(frozen=True)
class RecordState:
    """`asked` is None while nobody said; `pauses`: holder -> wall clock of its end, 0 for none by itself.

    A wish follows the call: through holds, transfers and restarts.
    """

    asked: bool | None = None
    by: str = ""
    pauses: Mapping[str, float] = field(default_factory=dict)
    segments: int = 0  # begun so far

    def paused(self, wall_s: float) -> bool:
        """Whether silence is to be recorded now."""
        return len(self.lapsed(wall_s)) < len(self.pauses)

    def lapsed(self, wall_s: float) -> list[str]:
        """The holders whose time is over."""
        return [holder for holder, until_s in self.pauses.items() if 0 < until_s <= wall_s]


def after(state: RecordState, event: Event) -> RecordState:
    """The state after one more event of the call."""
    match event:
        case RecordingStarted():
            return replace(state, segments=state.segments + 1)
        case RecordingAsked(on=on, by=by):
            return replace(state, asked=on, by=by)
        case RecordingPaused(holder=holder, until_s=until_s):
            return replace(state, pauses={**state.pauses, holder: until_s})
        case RecordingResumed(holder=holder):
            left = {other: until_s for other, until_s in state.pauses.items() if other != holder}
            return replace(state, pauses=left)
    return state
