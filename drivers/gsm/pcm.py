"""The audio port of a modem: opened once, kept, and taken back from whoever held it while we were away."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from drivers import serialline
from drivers.port import AudioHolder

log = logging.getLogger(__name__)

ADOPT_SECONDS = 2.0  # the media engine answers within a millisecond, if it is there

#: Opens a PCM port: name, path -> descriptor; raises PortRefused.
OpenAudio = Callable[[str, str], int]


class AudioPort:
    """Owns the descriptor; `ensure` gives a live one."""

    def __init__(
        self,
        name: str,
        path: str,
        *,
        open_audio: OpenAudio = serialline.open_audio,
        holder: Callable[[], AudioHolder | None] = lambda: None,
    ) -> None:
        self.name = name
        self.path = path
        self._holder = holder
        self._open_audio = open_audio
        self._fd = -1

    async def ensure(self) -> int:
        """The open descriptor; raises PortRefused when the port is missing or busy.

        What is open already and still names the same device is kept. Next, whoever may hold the port
        for us is asked: its lock would refuse us, and the audio must not be disturbed.
        """
        if self._fd >= 0 and serialline.is_alive(self._fd, self.path):
            return self._fd
        self.close()
        holder = self._holder()
        if holder is not None:
            fd = await self._asked(holder)
            if fd is not None and serialline.is_alive(fd, self.path):
                log.info("port %s: audio taken over, still open", self.name)
                self._fd = fd
                return fd
            if fd is not None:
                os.close(fd)
        self._fd = self._open_audio(self.name, self.path)
        return self._fd

    async def _asked(self, holder: AudioHolder) -> int | None:
        try:
            async with asyncio.timeout(ADOPT_SECONDS):
                audio = await holder.held(self.name)
        except TimeoutError:
            log.warning("port %s: nobody said whether the audio port is still open", self.name)
            return None
        return audio.fd if audio is not None else None

    def close(self) -> None:
        """Let go of it; harmless twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
