"""What is declared at the engine, by the brain's names, and what is told of it to a brain that comes back."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from drivers.wire import Message


@dataclass
class PortEntry:
    """A declared port."""

    port: str
    kind: str  # "serial" or "slot", as in the ops
    handle: int
    worker: str = ""
    slot: int = -1
    coding: str = "s16le"
    shielded: bool = False
    echo_tail_ms: int = 0
    progress_zone: str = ""
    silence_seconds: float = 0.0
    dtmf: bool = False
    progress: str = ""  # the zone and the line's own busy tone that are listened for
    voice: bool = False


@dataclass
class PlayEntry:
    """A declared play or tone."""

    play: str
    to: str
    handle: int
    gain_db: float
    files: list[str]
    loop: bool = False
    spec: str = ""
    tone: str = ""
    zone: str = ""


@dataclass
class RecordEntry:
    """A recording that goes on."""

    record: str
    path: str
    left: str
    right: str
    format: str
    paused: bool
    handle: int


def plain(entry: PortEntry | PlayEntry | RecordEntry) -> Message:
    """Its fields but for the engine's own number."""
    fields = asdict(entry)
    del fields["handle"]
    return fields
