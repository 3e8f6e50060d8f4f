"""The kind of sound a serial port was declared to have: the optional fields of `port.serial`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TypedDict

from appliance.media import asked
from appliance.media.entries import PortEntry
from drivers.wire import Message
from dsp._native.engine import CODINGS, MOST_ECHO_MS

TICKS_A_SECOND = 50
MOST_SILENCE_SECONDS = 3600.0


class Form(TypedDict):
    """What the engine wants to know."""

    coding: str
    shielded: bool
    echo_tail_ms: int
    silence_ticks: int


@dataclass(frozen=True)
class SerialSound:
    """As drivers.port.SerialAudio has it."""

    coding: str
    shielded: bool
    echo_tail_ms: int
    progress_zone: str
    silence_seconds: float

    @classmethod
    def asked_for(cls, message: Message) -> SerialSound:
        """Raises WireError for a field that is wrong; one that is left out is as in SerialAudio."""
        return cls(
            coding=asked.choice(message, "coding", CODINGS, "s16le"),
            shielded=asked.flag(message, "shielded", False),
            echo_tail_ms=asked.whole(message, "echo_tail_ms", 0, MOST_ECHO_MS),
            progress_zone=asked.name(message, "progress_zone"),
            silence_seconds=asked.seconds(message, "silence_seconds", MOST_SILENCE_SECONDS),
        )

    def form(self) -> Form:
        """For the engine. A silence shorter than a tick is one tick."""
        ticks = round(self.silence_seconds * TICKS_A_SECOND)
        return {
            "coding": self.coding,
            "shielded": self.shielded,
            "echo_tail_ms": self.echo_tail_ms,
            "silence_ticks": max(ticks, 1) if self.silence_seconds > 0 else 0,
        }

    def note(self, entry: PortEntry) -> None:
        """Write it into what is told of the port."""
        for name, value in asdict(self).items():
            setattr(entry, name, value)

    def __str__(self) -> str:
        parts = [self.coding]
        parts += ["shielded"] if self.shielded else []
        parts += [f"echo of {self.echo_tail_ms} ms"] if self.echo_tail_ms else []
        parts += [f"tones of {self.progress_zone}"] if self.progress_zone else []
        parts += [f"tells {self.silence_seconds:g} s of silence"] if self.silence_seconds else []
        return ", ".join(parts)
