"""Say a prompt to its end, whoever listens."""

from __future__ import annotations

import asyncio
import contextlib

from appliance.calls.centre import Centre

LIMIT_SECONDS = 120.0  # an engine that is away must not keep anybody in a prompt for ever


async def speak(id: str, port: str, prompt: str, centre: Centre, *, language: str = "") -> None:
    """Play the prompt named `prompt` at `port`; "" says nothing. `id` names the play at the engine."""
    with (
        centre.media.playing(id, port, centre.prompt(prompt, language=language)) as play,
        contextlib.suppress(TimeoutError),
    ):
        async with asyncio.timeout(LIMIT_SECONDS):
            await play.done.wait()
