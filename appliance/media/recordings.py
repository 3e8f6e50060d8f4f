"""The brain's mirror of the recordings at the engine: begun, paused and ended with the blocks that hold them.

A file may end before its block does (the engine died, the disk is full): another one is begun then, by a new
engine or by `again`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.media.held import ENGINE_AWAY, Ended, Recording, Started, wav_seconds
from appliance.media.link import EngineLink
from drivers import wire

log = logging.getLogger(__name__)


class Recordings:
    """`held` are those wanted now, by id; `on_refused(reason)` is called when the disk takes no more."""

    def __init__(
        self,
        *,
        link: Callable[[], EngineLink],
        held: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._link = link
        self._earlier = held
        self.on_refused: Callable[[str], None] = lambda reason: None
        self.held: dict[str, Recording] = {}

    @contextlib.contextmanager
    def recording(
        self,
        id: str,
        *,
        folder: Path,
        left: str,
        right: str,
        path: Path | None = None,
        format: str = "pcm16",
        paused: bool = False,
        mask: bool = False,
        started: Started,
        ended: Ended,
    ) -> Iterator[Recording]:
        """A stereo file of two ports while the body runs; a new file after an engine's death.

        `path` is the file that was being written when the brain died, if there was one; `format` is pcm16,
        alaw or ulaw. `started` and `ended` as Recording has them.
        """
        record = Recording(id, folder, left, right, started, ended, path, format, paused, mask)
        self.held[id] = record
        self._declare(record)
        try:
            yield record
        finally:
            del self.held[id]
            self._stop(record)

    @contextlib.contextmanager
    def pausing(self, id: str) -> Iterator[None]:
        """Silence in a recording that is held, while the body runs."""
        self._pause(id, True)
        try:
            yield
        finally:
            self._pause(id, False)

    def _pause(self, id: str, on: bool) -> None:
        record = self.held.get(id)
        if record is not None:
            record.paused = on
            self._link().tell("record.pause", record=id, on=on)

    def declare_all(self) -> None:
        """To an engine that was met anew."""
        for record in self.held.values():
            self._declare(record)

    def again(self) -> None:
        """The disk has room again: go on, in new files, with the recordings that it ended."""
        for record in self.held.values():
            if record.path is None:
                self._declare(record)

    def _declare(self, record: Recording) -> None:
        held = self._earlier().get(record.id)
        if not self._link().there:
            return  # begun when there is an engine
        if held is not None:
            known, record.path = record.path, Path(held["path"])
            if known is None:  # begun by an earlier brain, which could not tell of it any more
                record.started(str(record.path))
            if bool(held.get("paused")) is not record.paused:
                self._pause(record.id, record.paused)
            return
        if record.path is not None:  # the engine died: what it wrote ends here
            record.ended(str(record.path), wav_seconds(record.path), 0, ENGINE_AWAY)
        path = record.path = record.next_path()
        info = record.started(str(path))
        self._link().tell(
            "record",
            record=record.id,
            path=str(path),
            left=record.left,
            right=record.right,
            format=record.format,
            paused=record.paused,
            mask=record.mask,
            info=dict(info or {}),
            then=lambda reply: self._begun(record, path, reply),
        )

    def _begun(self, record: Recording, path: Path, reply: Mapping[str, Any]) -> None:
        if "error" in reply and record.path == path:
            record.path = None
            record.ended(str(path), 0.0, 0, str(reply["error"]))
            self.on_refused(str(reply["error"]))

    def _stop(self, record: Recording) -> None:
        path, record.path = record.path, None
        if path is None:
            return
        if not self._link().there:
            record.ended(str(path), wav_seconds(path), 0, ENGINE_AWAY)
            return

        def closed(reply: Mapping[str, Any]) -> None:
            seconds = reply.get("seconds")
            record.ended(
                str(path),
                float(seconds) if seconds is not None else wav_seconds(path),
                int(reply.get("dropped_frames", 0)),
                "",
            )

        self._link().tell("record.stop", record=record.id, then=closed)

    def failed(self, message: wire.Message) -> None:
        """The disk is full, or broken: the file ends here, the call goes on."""
        record, reason = self.held.get(str(message["record"])), str(message["reason"])
        log.error(
            "recording %s stopped: %s. Make room on the disk; the call goes on.", message["record"], reason
        )
        if record is not None and record.path is not None and str(record.path) == message.get("path"):
            path, record.path = record.path, None
            record.ended(str(path), wav_seconds(path), 0, reason)
        self.on_refused(reason)
