"""Listening at an audio port for a moment: does it open, do bytes come, what are they?"""

from __future__ import annotations

import asyncio
import os

from drivers.discovery.asking import NMEA, Access
from drivers.port import PortRefused

READ_BYTES = 4096
KEPT_BYTES = 65536
SOUND = 16000  # bytes a second of s16le at 8 kHz


async def listen(name: str, path: str, seconds: float, access: Access) -> tuple[str, int | None]:
    """In words what the port gave, and its bytes a second; None when it could not be opened."""
    held = access.held_by(path)
    if held is not None:
        return f"is held by process {held}, left alone", None
    try:
        fd = access.open_audio(name, path)
    except PortRefused as error:
        return str(error).removeprefix(f"port {name}: {path} "), None
    try:
        heard = await _collect(fd, seconds)
    finally:
        os.close(fd)
    return _words(heard, seconds), round(len(heard) / seconds)


async def _collect(fd: int, seconds: float) -> bytes:
    heard = bytearray()
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()

    def readable() -> None:
        try:
            data = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        heard.extend(data[: KEPT_BYTES - len(heard)])
        if not data:
            gone.set()
            loop.remove_reader(fd)

    loop.add_reader(fd, readable)
    try:
        async with asyncio.timeout(seconds):
            await gone.wait()
    except TimeoutError:
        pass
    finally:
        loop.remove_reader(fd)
    return bytes(heard)


def _words(heard: bytes, seconds: float) -> str:
    rate = len(heard) / seconds
    if not heard:
        return "opens and is silent, as it should be without a call"
    if NMEA.search(heard):
        return "opens and sends GPS sentences; the driver leads them elsewhere before it makes calls"
    if 0.8 * SOUND < rate < 1.2 * SOUND:
        return f"opens and sound flows already ({rate:.0f} bytes/s)"
    return f"opens and sends something without a call ({rate:.0f} bytes/s)"
