"""A call that was permitted: the minutes that are put by for it, and the moment when it must end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from appliance.clock import Clock
from appliance.dialplan.permit import Permit

MINUTE_SECONDS = 60
EARLY_SECONDS = 2.0  # a call ends so long before the minute it may not begin: hanging up takes a moment

MayGoOn = Callable[["OutgoingCall"], str]  # why the next minute may not begin, "" when it may
NoteAnswer = Callable[["OutgoingCall", str], None]  # with the line


class OutgoingCall:
    """From its first dial to its end. `minutes` are those put by for it, one before anybody answers."""

    def __init__(self, permit: Permit, *, clock: Clock, may_go_on: MayGoOn, note_answer: NoteAnswer) -> None:
        self.permit = permit
        self.minutes = 1
        self._clock = clock
        self._may_go_on = may_go_on
        self._note_answer = note_answer
        self._answered_mono_s = 0.0
        self._up = asyncio.Event()

    @property
    def reserved(self) -> float:
        """Money for the minutes put by."""
        return self.minutes * self.permit.a_minute

    @property
    def seconds(self) -> float:
        """Since the answer; 0 before."""
        return self._clock.mono() - self._answered_mono_s if self._up.is_set() else 0.0

    def answered(self, line: str) -> None:
        """The far end took it, on that line; told once."""
        if not self._up.is_set():
            self.goes_on(0.0)
            self._note_answer(self, line)

    def goes_on(self, seconds: float) -> None:
        """It was answered so long ago."""
        self._answered_mono_s = self._clock.mono() - seconds
        self.minutes = max(1, math.ceil(seconds / MINUTE_SECONDS))
        self._up.set()

    async def must_end(self) -> str:
        """Returns when the call must be ended, with the reason in words; an emergency call never must."""
        if self.permit.emergency:
            await asyncio.Event().wait()
        await self._up.wait()
        while True:
            why = self._why_over()
            if why:
                return why
            until = min(self.minutes * MINUTE_SECONDS, self.permit.longest_seconds) - EARLY_SECONDS
            await asyncio.sleep(max(until - self.seconds, 0.01))

    def _why_over(self) -> str:
        """Put the next minute by when it is about to begin; why not, if it may not."""
        longest = self.permit.longest_seconds
        if self.seconds >= longest - EARLY_SECONDS:
            return f"it lasted {longest / MINUTE_SECONDS:g} minutes, the longest that is allowed"
        if self.seconds < self.minutes * MINUTE_SECONDS - EARLY_SECONDS:
            return ""
        why = self._may_go_on(self)
        self.minutes += not why
        return why


def cost(seconds: float, a_minute: float) -> float:
    """Money for every minute begun."""
    return math.ceil(seconds / MINUTE_SECONDS) * a_minute
