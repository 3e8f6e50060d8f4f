"""Do files and index tell the same? Files without rows can be indexed by what they tell of themselves."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from appliance.recording_events import RecordingFound
from appliance.recordings.files import is_written, names, stored
from appliance.store.recording_tables import Segment
from dsp import wav, wav_info

NAME = re.compile(r"(?P<call>(?P<at>[0-9]{8}-[0-9]{6})-[0-9a-f]{6})(-third)?(-(?P<n>[0-9]+))?")


KINDS = {"n": int, "began_ms": int}  # of what a file tells; the rest is text


@dataclass(frozen=True)
class Audit:
    """What does not fit: `files` without a row, `rows` without a file, `gone`: files of deleted ones."""

    files: list[Path]
    rows: list[Segment]
    gone: list[Path]

    @property
    def orphans(self) -> int:
        """How many in all."""
        return len(self.files) + len(self.rows) + len(self.gone)


def audit(folder: Path, segments: Iterable[Segment]) -> Audit:
    """Compare, both ways; `segments` are all, the removed ones too. What is being written is left alone."""
    rows = {Path(segment.path): segment for segment in segments}
    there = names(folder)
    return Audit(
        files=sorted(path for path in there - rows.keys() if not is_written(path)),
        rows=[row for path, row in rows.items() if path not in there and _should_be_there(row)],
        gone=sorted(path for path in there & rows.keys() if rows[path].removed),
    )


def _should_be_there(row: Segment) -> bool:
    return not row.removed and bool(row.seconds)


def found(path: Path) -> RecordingFound:
    """What a file tells of itself, or its name where it cannot be read. Raises OSError.

    One cut off by a crash is mended first.
    """
    told, seconds = _read(path) if stored(path) == path else ({}, 0.0)
    name = NAME.fullmatch(path.stem)
    began_ms = told.get("began_ms") or _began_ms(path, name)
    values: dict[str, Any] = {
        each.name: told[each.name] for each in fields(RecordingFound) if each.name in told
    }
    values |= {"path": str(path), "seconds": seconds, "began_ms": int(began_ms)}
    values["contact"] = str(told.get("call", "") or (name["call"] if name else ""))
    values.setdefault("n", int(name["n"] or 1) if name else 0)
    values.setdefault("why", "found without a row")
    return RecordingFound(**values)


def _read(path: Path) -> tuple[dict[str, Any], float]:
    try:
        seconds = wav.repair(path).layout.seconds
    except wav.WavError:
        return {}, 0.0
    told = wav_info.read(path)
    return {name: value for name, value in told.items() if type(value) is KINDS.get(name, str)}, seconds


def _began_ms(path: Path, name: re.Match[str] | None) -> float:
    """The call's beginning by its id, else the file's own time."""
    try:
        return time.mktime(time.strptime(name["at"], "%Y%m%d-%H%M%S")) * 1000 if name else _changed_ms(path)
    except (ValueError, OverflowError):
        return _changed_ms(path)


def _changed_ms(path: Path) -> float:
    file = stored(path)
    return file.stat().st_mtime * 1000 if file else 0.0
