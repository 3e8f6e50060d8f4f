"""What is known of a call-back, told by its events alone: whom, since when, how often it was tried."""

from __future__ import annotations

from dataclasses import dataclass, replace

from appliance.events import Event, Stamped
from appliance.wait_events import CallBackAsked, CallBackEnded, CallBackTried


@dataclass(frozen=True)
class CallBack:
    """`number` is to be called for whoever asked `asked_from` there, in the call `of`; "" is withheld.

    Times are wall clock: a call-back outlives the machine's monotonic clock, whose life at the time was
    `boot`. `attempts` are those that count; `result` is an Outcome value once nobody tries any more.
    """

    of: str
    queue: str
    number: str
    asked_from: str
    place_wall_s: float
    expires_wall_s: float
    boot: str
    attempts: int = 0
    again_wall_s: float = 0.0
    result: str = ""

    def is_for(self, number: str) -> bool:
        """Whether somebody who calls from there is meant."""
        return bool(number) and number in (self.number, self.asked_from)


def after(back: CallBack | None, stamped: Stamped) -> CallBack | None:
    """The call-back after one more event of its call; None for a call that is none."""
    event: Event = stamped.event
    match event:
        case CallBackAsked():
            return CallBack(
                of=event.of,
                queue=event.queue,
                number=event.number,
                asked_from=event.asked_from,
                place_wall_s=event.place_wall_s,
                expires_wall_s=event.expires_wall_s,
                boot=stamped.boot,
            )
        case CallBackTried() if back is not None:
            return replace(back, attempts=back.attempts + event.counts, again_wall_s=event.again_wall_s)
        case CallBackEnded(result=result) if back is not None:
            return replace(back, result=result)
    return back
