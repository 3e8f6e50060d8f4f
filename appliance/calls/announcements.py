"""What a caller is told while waiting, and when: position, expected wait, the call-back, comfort messages.

A wait is told as a range in whole minutes, the 50th to the 80th percentile, rounded up. No figure is ever
higher than the one told before, and above 15 minutes nothing is said (section 4.6 of the definitions).
"""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.language import language_of
from appliance.config.queue_wait import CALL_BACK
from appliance.say.phrases import digits, position, wait_between
from appliance.wait_events import WaitPromised

MOST_MINUTES = 15


class Announcements:
    """Those of one caller in one queue; times are the loop's."""

    def __init__(self, call: Call, queue: str, centre: Centre) -> None:
        self._call = call
        self._queue = queue
        self._centre = centre
        self._settings = centre.queue(queue)
        self._language = language_of(call, centre)
        self._position: int | None = None
        self._agents: float | None = None  # there were so many when the wait was told
        self._loop = asyncio.get_running_loop()
        now, settings = self._loop.time(), self._settings
        offered = [key for key, to in settings.keys.items() if to == CALL_BACK]
        self._call_back_key = offered[0] if offered else ""
        tells = settings.tell_position or settings.tell_wait or offered
        self._next_tell = now if tells else math.inf
        self._next_comfort = now + settings.comfort_seconds if settings.comfort else math.inf
        self._comforts = 0

    def seconds_to_next(self) -> float | None:
        """Until something is to be said; None = never."""
        soonest = min(self._next_tell, self._next_comfort)
        return None if soonest == math.inf else soonest - self._loop.time()

    def due(self) -> list[Path]:
        """What is to be said now; each wait told is a promise for the journal."""
        now, settings = self._loop.time(), self._settings
        if now >= self._next_tell:
            self._next_tell = now + settings.tell_seconds
            return self._told()
        if now >= self._next_comfort:
            self._next_comfort = now + settings.comfort_seconds
            self._comforts += 1
            comfort = settings.comfort[(self._comforts - 1) % len(settings.comfort)]
            return self._centre.prompt(comfort, language=self._language)
        return []

    def _told(self) -> list[Path]:
        centre, story, settings = self._centre, self._call.story, self._settings
        ahead = centre.acd.position(self._queue, story.call_id, story.place) - 1
        told = self._position_told(ahead + 1) if settings.tell_position else []
        if settings.tell_wait:
            told += self._wait_told(ahead)
        if self._call_back_key and self._is_long(ahead):
            key = digits(self._language, self._call_back_key)
            told += centre.prompts.paths([f"{self._language}/call-back-offer", *key])
        return told

    def _is_long(self, ahead: int) -> bool:
        expected = self._centre.waits.expected(self._queue, ahead)
        return expected is None or expected > self._settings.call_back_over_seconds

    def _position_told(self, place: int) -> list[Path]:
        """Nothing when others came in before, who may: the caller need not hear that."""
        if self._position is not None and place > self._position:
            return []
        self._position = place
        return self._centre.prompts.paths(position(self._language, place))

    def _wait_told(self, ahead: int) -> list[Path]:
        """A range no higher than the one told before; nothing when it has risen because agents left."""
        waits, call = self._centre.waits, self._call
        expected, between = waits.expected(self._queue, ahead), waits.between(self._queue, ahead)
        if expected is None or between is None:
            return []
        low, high = (max(1, math.ceil(seconds / 60)) for seconds in between)
        before, agents = call.story.promised, waits.agents(self._queue)
        fewer = self._agents is not None and agents < self._agents
        if before is not None and before.queue == self._queue:
            if high > before.high_s / 60 and fewer:
                return []
            low, high = min(low, round(before.low_s / 60)), min(high, round(before.high_s / 60))
        if high > MOST_MINUTES:
            return []
        files = self._centre.prompts.paths(wait_between(self._language, low, high))
        if files:
            self._agents = agents
            promise = {"low_s": low * 60.0, "high_s": high * 60.0, "expected_s": round(expected, 1)}
            call.note(WaitPromised(call_id=call.id, queue=self._queue, **promise))
        return files
