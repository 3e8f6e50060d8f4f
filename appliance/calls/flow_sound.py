"""What a caller in a flow hears and presses; a key pressed while nobody asks is kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.speak import LIMIT_SECONDS
from appliance.flows.actions import Ask
from appliance.flows.collect import Keys
from appliance.media.graph import MediaGraph


class FlowSound:
    """Of one caller."""

    def __init__(self, call: Call, centre: Centre) -> None:
        self._id = f"{call.id}/flow"
        self._call = call
        self._media: MediaGraph = centre.media

    async def say(self, files: Sequence[Path]) -> None:
        """Play to the end."""
        with (
            self._media.playing(self._id, self._call.port, files) as play,
            contextlib.suppress(TimeoutError),
        ):
            async with asyncio.timeout(LIMIT_SECONDS):
                await play.done.wait()

    async def ask(self, ask: Ask, files: Sequence[Path]) -> str:
        """Play until a key is pressed, then take keys until the question is answered; "" for none."""
        keys = Keys(ask)
        key = await self._first(ask, files)
        while key and keys.press(key):
            key = await self._key(ask.gap_seconds)
        return keys.typed

    def music(self, files: Sequence[Path]) -> contextlib.AbstractContextManager[object]:
        """Heard while the body runs."""
        return self._media.playing(self._id, self._call.port, files, loop=True)

    async def _first(self, ask: Ask, files: Sequence[Path]) -> str:
        with self._media.playing(self._id, self._call.port, files) as play:
            key = asyncio.ensure_future(self._call.leg.digits.get())
            played = asyncio.ensure_future(play.done.wait())
            try:
                await asyncio.wait({key, played}, timeout=LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({key}, timeout=0 if key.done() else ask.wait_seconds)
                return key.result() if key.done() else ""
            finally:
                key.cancel()
                played.cancel()

    async def _key(self, seconds: float) -> str:
        key = asyncio.ensure_future(self._call.leg.digits.get())
        try:
            await asyncio.wait({key}, timeout=seconds)
            return key.result() if key.done() else ""
        finally:
            key.cancel()
