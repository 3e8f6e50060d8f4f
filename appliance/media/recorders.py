"""The recordings at the engine: the ops `record`, `record.pause` and `record.stop`."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.media import asked
from appliance.media.entries import PortEntry, RecordEntry, plain
from drivers.wire import Message, WireError
from dsp import wav_info
from dsp._native.engine import RECORD_FORMATS, Engine, EngineError

log = logging.getLogger(__name__)

CLOSE_WAIT_MS = 250  # for the writer to close a file; after that it closes by itself

Reply = tuple[Message, Sequence[int]]


class Recorders:
    """`port(message, field)` finds the declared port that a field names, or raises WireError."""

    def __init__(self, engine: Engine, port: Callable[[Message, str], PortEntry]) -> None:
        self._engine = engine
        self._port = port
        self.records: dict[str, RecordEntry] = {}
        self.ops: dict[str, Callable[[Message, list[int]], Reply]] = {
            "record": self._record,
            "record.pause": self._pause,
            "record.stop": self._stop,
        }

    def state(self) -> list[Message]:
        """Those that go on."""
        return [self._state(entry) for entry in self.records.values()]

    def _state(self, entry: RecordEntry) -> Message:
        seconds, dropped = self._engine.recorded(entry.handle)
        return {**plain(entry), "seconds": seconds, "dropped_frames": dropped}

    def _record(self, message: Message, _fds: list[int]) -> Reply:
        record, path = asked.text(message, "record"), asked.new_path(message)
        left = self._port(message, "left")
        right = self._port(message, "right") if message.get("right") else None
        format = asked.choice(message, "format", RECORD_FORMATS, "pcm16")
        paused, info = asked.flag(message, "paused", False), _info(message)
        mask = asked.flag(message, "mask", False)
        wanted = (str(path), left.port, right.port if right else "")
        before = self.records.get(record)
        if before is not None:
            if (before.path, before.left, before.right) != wanted:
                raise WireError(f"record: {record} records {before.path} already; stop it first")
            return {}, ()
        ends = left.handle, right.handle if right else 0
        fd = _create(path)
        try:
            handle = self._engine.record(*ends, fd, format, info=info, paused=paused, mask=mask)
        except EngineError:
            path.unlink(missing_ok=True)
            raise
        self.records[record] = RecordEntry(record, *wanted, format=format, paused=paused, handle=handle)
        log.info("record %s: %s", record, path)
        return {}, ()

    def _pause(self, message: Message, _fds: list[int]) -> Reply:
        entry, on = self.records.get(asked.text(message, "record")), asked.flag(message, "on")
        if entry is None:
            raise WireError(f"record.pause: there is no recording {message['record']!r}; it ended or failed")
        self._engine.record_pause(entry.handle, on)
        entry.paused = on
        log.info("record %s: %s", entry.record, "paused" if on else "goes on")
        return {}, ()

    def _stop(self, message: Message, _fds: list[int]) -> Reply:
        entry = self.records.pop(asked.text(message, "record"), None)
        if entry is None:
            raise WireError(f"record.stop: there is no recording {message['record']!r}; it ended or failed")
        seconds, dropped, closed = self._engine.record_end(entry.handle, CLOSE_WAIT_MS)
        if not closed:
            log.warning("record %s: the disk is slow, %s is closed later", entry.record, entry.path)
        log.info("record %s: ended after %.1f s", entry.record, seconds)
        return {"path": entry.path, "seconds": seconds, "dropped_frames": dropped}, ()

    def closed(self, handle: int, error: int) -> Message | None:
        """The writer has closed a file; the news to tell, if it was not asked to."""
        self._engine.forget_recorder(handle)
        entry = next((entry for entry in self.records.values() if entry.handle == handle), None)
        if entry is None:
            return None
        del self.records[entry.record]
        reason = f"{entry.path}: {os.strerror(error)}. The file is playable up to here"
        log.error("record %s: %s", entry.record, reason)
        return {"event": "record_failed", "record": entry.record, "path": entry.path, "reason": reason}


def _info(message: Message) -> bytes:
    told = message.get("info", {})
    if not isinstance(told, dict):
        raise asked.wrong(message, "info", "an object")
    try:
        return wav_info.chunk(told) if told else b""
    except wav_info.InfoError as error:
        raise WireError(f"record: {error}") from error


def _create(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise WireError(
                f"record: {path} exists; a recording never overwrites, give a new path"
            ) from error
        raise WireError(f"record: {path} cannot be made: {error.strerror}. See to its folder") from error
