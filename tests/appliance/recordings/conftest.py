"""A folder of recordings, a journal that knows them, and a keeper that looks after both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.events import Event, RecordingEnded, RecordingStarted
from appliance.recordings.keeper import Keeper
from appliance.store.journal import Journal
from appliance.store.recording_reads import Wish, segments
from appliance.store.recording_tables import Segment
from dsp import wav

DAY_S = 86_400
CONFIG: dict[str, Any] = {
    "agents": {"ana": {}},
    "queues": {
        "sales": {"agents": ["ana"], "keep_recordings_days": 30},
        "help": {"agents": ["ana"]},
    },
}


class Shelf:
    """`keeper` is one look at a time; the clock stands where the test puts it."""

    def __init__(self, folder: Path, **recording: Any) -> None:
        self.folder = folder / "recordings"
        self.now_s = time.time()
        clock = Clock(mono=lambda: self.now_s, wall=lambda: self.now_s, boot="boot")
        self.bus = Bus(clock)
        self.journal = Journal(folder / "callbox.db")
        self.alarms: dict[str, str] = {}
        self.began_again = 0
        self.bus.subscribe(self.journal.append)
        self.keeper = Keeper(
            Config.model_validate({**CONFIG, "recording": {"least_free_percent": 0, **recording}}),
            self.folder,
            bus=self.bus,
            clock=clock,
            journal=self.journal,
            set_alarm=self._set_alarm,
            on_room=self._room,
        )
        self.bus.subscribe(self.keeper.hear)

    def _set_alarm(self, name: str, object: str, text: str) -> None:
        self.alarms.pop(name, None)
        if text:
            self.alarms[name] = text

    def _room(self) -> None:
        self.began_again += 1

    def note(self, *events: Event) -> None:
        for event in events:
            self.bus.publish(event)

    def record(
        self, call: str, *, days_old: float = 0, queue: str = "", why: str = "", seconds: float = 1.0
    ) -> Path:
        """A recording of that length, made so many days ago."""
        path = self.folder / "2026-11-22" / f"{call}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        wav.write(path, bytes(round(seconds * 8000) * 4), channels=2)
        self.now_s -= days_old * DAY_S
        begun = RecordingStarted(
            call_id=call, path=str(path), n=1, left="+491701234567", right="ana", queue=queue
        )
        self.note(begun, RecordingEnded(call_id=call, path=str(path), seconds=seconds, why=why))
        self.now_s += days_old * DAY_S
        return path

    def rows(self, **wish: Any) -> list[Segment]:
        assert self.journal.flush(5)
        return segments(self.journal.path, Wish(**wish))

    def look(self) -> None:
        assert self.journal.flush(5)
        asyncio.run(self.keeper.look())


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Without a policy but what a test gives by `make`."""
    made = Shelf(tmp_path)
    yield made
    made.journal.close()
