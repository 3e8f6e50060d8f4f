"""What a call holds at the media engine: plays and recordings, and how to recognise them there again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from appliance.media.history import heard
from drivers.port import Leg, SerialAudio
from dsp import wav

ENGINE_AWAY = "the media engine was away"  # why a file ended, and a play
ENCRYPTED = ".age"  # what recordings/files.py adds to the name of a file that is encrypted
Started = Callable[[str], Mapping[str, Any] | None]
Ended = Callable[[str, float, int, str], None]
OURS = frozenset({"fd", "up_seconds", "heard"})  # of a SerialAudio, not what kind of sound it is


@dataclass
class Play:
    """Files, a tone or digits heard at a port; `done` is set at the end, when stopped, or when refused.

    `refused` says why it was not heard to its end; "" where it was, or was stopped by us.
    """

    id: str
    fields: dict[str, Any]
    done: asyncio.Event = field(default_factory=asyncio.Event)
    refused: str = ""


@dataclass
class Recording:
    """Stereo recording of two ports, in as many files as the engine had lives.

    `started(path)` is told of every file, and gives what the file is to tell of itself; `ended(path, seconds,
    dropped_frames, why)` too, `why` "" where it was to end. `path` is the file being written, None when there
    is none: no engine is there, or the disk is full.
    """

    id: str
    folder: Path
    left: str
    right: str
    started: Started
    ended: Ended
    path: Path | None = None
    format: str = "pcm16"
    paused: bool = False
    mask: bool = False  # leave out keys that are heard

    def next_path(self) -> Path:
        """The first name not taken yet, by a file or an encrypted one: ID.wav, ID-2.wav, ..."""
        name, number = self.id, 1
        while any((self.folder / f"{name}.wav{suffix}").exists() for suffix in ("", ENCRYPTED)):
            number += 1
            name = f"{self.id}-{number}"
        return self.folder / f"{name}.wav"


def port_id(leg: Leg) -> str:
    """The engine's name for a leg's audio: the line's if serial (it outlives the leg), else the leg's."""
    return leg.port if isinstance(leg.audio, SerialAudio) else leg.id


def by_id(state: Mapping[str, Any]) -> dict[str, Any]:
    """The engine's lists, by id."""
    return {
        "ports": {port["port"]: port for port in state.get("ports", [])},
        "edges": {(edge["src"], edge["dst"]): edge["gain_db"] for edge in state.get("edges", [])},
        "plays": {play["play"]: play for play in state.get("plays", [])},
        "records": {record["record"]: record for record in state.get("records", [])},
    }


def same_port(held: Mapping[str, Any] | None, wanted: SerialAudio) -> bool:
    """Whether the engine has such a port already, with the same kind of sound."""
    return held is not None and all(held.get(key) == value for key, value in sound_fields(wanted).items())


def serial_audio(held: Mapping[str, Any], fd: int) -> SerialAudio:
    """A serial port that the engine has, as a driver knows it."""
    sound = {each.name: held[each.name] for each in fields(SerialAudio) if each.name not in OURS}
    return SerialAudio(fd, **sound, up_seconds=float(held.get("seconds", 0.0)), heard=heard(held))


def sound_fields(audio: SerialAudio) -> dict[str, Any]:
    """What the engine is told of a serial port, besides its descriptor."""
    return {name: value for name, value in asdict(audio).items() if name not in OURS}


def same_sound(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the engine plays what is wanted already; what it has no value for is empty there."""
    return all(
        (held.get(key) or None) == (wanted.get(key) or None) for key in ("to", "files", "tone", "zone")
    )


def wav_seconds(path: Path) -> float:
    """Length of a recording by what is in it; 0 where there is none."""
    try:
        return wav.seconds(path)
    except wav.WavError:
        return 0.0
