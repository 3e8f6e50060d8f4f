"""What a caller who waits hears and presses: greeting, music, announcements, keys at any time.

An agent's phone that rings ends whatever is being said at once; then there is music until the answer, and
nothing here can delay that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path

from appliance.calls.announcements import Announcements
from appliance.calls.call import Call
from appliance.calls.call_back_dialogue import ask_number
from appliance.calls.centre import Centre
from appliance.calls.speak import LIMIT_SECONDS
from appliance.calls.wait_rules import SentOn, WaitLimits, Why
from appliance.config.queue_wait import CALL_BACK
from appliance.media.held import Play

RINGING_LOOK_SECONDS = 1.0
SHORTEST_LOOK_SECONDS = 0.001  # a loop wakes a little early: else it would look again without end
ANY = frozenset("0123456789*#")


class WaitHearing:
    """One caller's wait in one queue; `sent_on` is where the caller goes without an agent, once it is so."""

    def __init__(self, call: Call, queue: str, centre: Centre) -> None:
        self.sent_on: SentOn | None = None
        self._call = call
        self._queue = queue
        self._centre = centre
        self._settings = centre.queue(queue)
        self._announcements = Announcements(call, queue, centre)
        self._loop = asyncio.get_running_loop()
        wait_s = self._settings.max_wait_seconds
        waited_s = centre.clock.mono() - call.story.joined  # before a restart of the brain, too
        ends_at = self._loop.time() + wait_s - waited_s if wait_s else None
        self._limits = WaitLimits(queue, call.story.place, call.id, centre, ends_at)
        self._ringing = False
        self._speech: Play | None = None
        self._turns = 0  # how often the music began

    async def run(self, greeting: Sequence[Path], sent_on: Callable[[], object]) -> None:
        """Until the caller chooses to leave the queue or is sent on; then `sent_on()`."""
        self.sent_on = await self._until_sent_on(greeting)
        sent_on()

    @contextlib.contextmanager
    def agent_rings(self) -> Iterator[None]:
        """While the body runs nothing is said to the caller."""
        self._ringing = True
        if self._speech is not None:
            self._centre.media.stop(self._speech)
        try:
            yield
        finally:
            self._ringing = False

    async def say(self, files: Sequence[Path], keys: Container[str] = ANY) -> str:
        """Say it to its end, or to the first of the keys: that key. Nothing is said while an agent rings."""
        if not files or self._ringing:
            return ""
        with self._centre.media.playing(f"{self._call.id}/say", self._call.port, files) as self._speech:
            try:
                return await self._key(keys, LIMIT_SECONDS, self._speech.done)
            finally:
                self._speech = None

    async def key(self, seconds: float) -> str:
        """The next key, "" when none comes in time or an agent rings."""
        return "" if self._ringing else await self._key(ANY, seconds, asyncio.Event())

    # --- inside -----------------------------------------------------------------------------------------

    async def _until_sent_on(self, text: Sequence[Path]) -> SentOn:
        keys = self._settings.keys
        while True:
            key = await self.say(text, keys)
            text = () if key else self._due()
            if not key and not text:
                with self._music():
                    while not key and not (text := self._due()):
                        sent_on = self._limits.sent_on(self._loop.time(), rings=self._ringing)
                        if sent_on is not None:
                            return sent_on
                        key = await self._key(keys, self._seconds_to_look(), asyncio.Event())
            if key and (sent_on := await self._pressed(key)) is not None:
                return sent_on

    async def _pressed(self, key: str) -> SentOn | None:
        to = self._settings.keys[key]
        if to != CALL_BACK:
            return SentOn(Why.KEY, to)
        number = await ask_number(self, self._call, self._centre)
        return SentOn(Why.CALL_BACK, CALL_BACK, number) if number else None

    async def _key(self, keys: Container[str], seconds: float | None, done: asyncio.Event) -> str:
        """The next of `keys`; "" when `done` is set first, or after so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                over = asyncio.create_task(done.wait())
                try:
                    return await self._pressed_before(over, keys)
                finally:
                    over.cancel()
        return ""

    async def _pressed_before(self, over: asyncio.Task[bool], keys: Container[str]) -> str:
        digits = self._call.leg.digits
        while not over.done():
            key = asyncio.ensure_future(digits.get())
            try:
                await asyncio.wait({key, over}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                key.cancel()
            if key.done() and not key.cancelled() and key.result() in keys:
                return key.result()
        return ""

    def _music(self) -> contextlib.AbstractContextManager[Play]:
        """The queue's, begun one file further each time; without any, the country's ring-back tone."""
        centre, call, id = self._centre, self._call, f"{self._call.id}/music"
        files = centre.prompt(*self._settings.music)
        if not files:
            return centre.media.tone(id, call.port, "ringback", centre.config.box.country)
        turn = self._turns % len(files)
        self._turns += 1
        return centre.media.playing(id, call.port, [*files[turn:], *files[:turn]], loop=True)

    def _due(self) -> list[Path]:
        return [] if self._ringing else self._announcements.due()

    def _seconds_to_look(self) -> float | None:
        """Until something may be due; None = only a key can come."""
        rules_s, next_s = (
            self._limits.seconds_to_look(self._loop.time()),
            self._announcements.seconds_to_next(),
        )
        if next_s is not None and self._ringing:
            next_s = max(next_s, RINGING_LOOK_SECONDS)
        due = [seconds for seconds in (rules_s, next_s) if seconds is not None]
        return max(SHORTEST_LOOK_SECONDS, min(due)) if due else None
