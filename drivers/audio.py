"""Where the sound of a leg is, and what is told about it; `drivers.port` hands these on."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class SerialAudio:
    """Audio of a leg as an open serial descriptor, 8 kHz, mono, each way, and what to do with its sound.

    The driver owns `fd`; the media engine gets a duplicate of it, and is the only one that reads and writes
    there until the driver has asked it to let go (`AudioHolder.release`). `coding` is s16le, ulaw, alaw, u8
    or s8. A `shielded` stream is that of a V.253 modem in duplex voice: DLE shielded, with codes of the modem
    in between, which come back as `AudioNews.CODE`.
    """

    fd: int
    coding: str = "s16le"
    shielded: bool = False
    echo_tail_ms: int = 0  # the line echo canceller's, 0 = none
    progress_zone: str = ""  # listen for the busy tones of this country (dsp.progress), "" = do not
    silence_seconds: float = 0.0  # tell when the far end has been silent so long, 0 = never
    up_seconds: float = field(default=0.0, compare=False)  # of one that was held: for how long
    heard: tuple[tuple[float, AudioNews, str], ...] = field(default=(), compare=False)  # seconds ago, lately


@dataclass(frozen=True)
class SlotAudio:
    """Audio of a leg in a slot of a SIP worker's shared memory (`dsp/_native/mailbox.h`)."""

    worker: str
    slot: int


Audio = SerialAudio | SlotAudio


class AudioNews(enum.Enum):
    """What the media engine finds in the sound of a serial port; most of it comes with a value."""

    DEAD = "dead"  # no byte comes for 2 s
    ALIVE = "alive"
    LOST = "lost"  # the descriptor is gone; value: why
    CODE = "code"  # a shielded stream holds this code of the modem; value: its character
    TONE = "tone"  # a call-progress tone began; value: its kind (dsp.progress)
    TONE_OVER = "tone over"
    SILENCE = "silence"  # value: for how many seconds already
    SILENCE_OVER = "silence over"


class AudioHolder(Protocol):
    """Who reads and writes the sound of serial ports: the media engine, seen from a driver."""

    async def held(self, port: str) -> SerialAudio | None:
        """The sound of `port` as it is held, its `fd` a duplicate that is ours to close; None for none."""

    async def release(self, port: str) -> None:
        """Let go of the port's descriptor; nothing more is read or written there when this returns."""

    async def digits(self, port: str, digits: str) -> None:
        """Sound keys at `port`, one after another; raises DriverError when not all could be."""

    def flow(self, port: str, on: bool) -> None:
        """Stop writing to the port, or go on; reading goes on either way."""
