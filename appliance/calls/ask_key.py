"""Play files to somebody and take the keys pressed meanwhile or in a time after them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from appliance.calls.centre import Centre
from appliance.calls.speak import LIMIT_SECONDS
from drivers.port import Leg


async def ask_key(leg: Leg, port: str, files: Sequence[Path], centre: Centre, *, wait_seconds: float) -> str:
    """One key, "" for none within `wait_seconds` after the end of `files`."""
    with centre.media.playing(f"{leg.id}/ask", port, files) as play:
        key = asyncio.ensure_future(leg.digits.get())
        played = asyncio.ensure_future(play.done.wait())
        try:
            await asyncio.wait({key, played}, timeout=LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({key}, timeout=0 if key.done() else wait_seconds)
            return key.result() if key.done() else ""
        finally:
            key.cancel()
            played.cancel()


async def ask_digits(
    leg: Leg, port: str, files: Sequence[Path], centre: Centre, *, most: int, wait_seconds: float
) -> str:
    """Up to `most` digits; # ends them, and `wait_seconds` without a key."""
    digits = await ask_key(leg, port, files, centre, wait_seconds=wait_seconds)
    while digits and digits[-1] != "#" and len(digits) < most:
        key = await ask_key(leg, port, [], centre, wait_seconds=wait_seconds)
        if not key:
            break
        digits += key
    return digits.removesuffix("#")


def forget_keys(leg: Leg) -> None:
    """What was pressed so far counts no more."""
    while not leg.digits.empty():
        leg.digits.get_nowait()
