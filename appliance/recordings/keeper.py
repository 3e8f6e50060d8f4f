"""The brain's keeper of recordings: mends what a crash left, deletes by policy, encrypts, watches the disk.

One task; whatever touches files runs in a thread. An event that says a file is gone is on the disk before the
file goes, so that a crash between the two leaves a file to delete, never a row without one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.events import RecordingEnded, Stamped
from appliance.recording_events import RecordingRemoved
from appliance.recordings import files, policy
from appliance.recordings.audit import Audit, audit, found
from appliance.recordings.sealing import SealError, seal
from appliance.store.journal import Journal
from appliance.store.opening import StoreError
from appliance.store.recording_reads import Wish, oldest, segments
from appliance.store.recording_tables import Segment
from dsp import wav

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0  # 60 calls fill 60 MB in this time
PART = 500  # of the oldest looked at in one go
START_SECONDS = 3.0  # the calls found up after a restart have claimed their recordings by then
OBJECT = "recordings"  # what the alarms are about
NO_ROOM, NOT_SEALED = "no room for recordings", "recordings not encrypted"

SetAlarm = Callable[[str, str, str], None]  # name, object, text; "" clears


class Keeper:
    """`run` never returns; `room` says whether recordings may begin, `on_room()` that they may again."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        *,
        bus: Bus,
        clock: Clock,
        journal: Journal,
        set_alarm: SetAlarm,
        on_room: Callable[[], None],
    ) -> None:
        self.room = True
        self.folder = folder
        self._config = config
        self._bus = bus
        self._clock = clock
        self._journal = journal
        self._set_alarm = set_alarm
        self._on_room = on_room
        self._wake = asyncio.Event()
        self._to_seal: dict[Path, None] = {}  # in their order
        self._to_mend: list[Path] = []

    def hear(self, stamped: Stamped) -> None:
        """For the bus."""
        event = stamped.event
        if isinstance(event, RecordingEnded):
            self._to_seal[Path(event.path)] = None
            self._to_mend += [Path(event.path)] if event.why else []
            self._wake.set()

    def refused(self, reason: str) -> None:
        """The disk took no more of a recording: nothing new until there is room."""
        self.room = False
        self._wake.set()

    async def run(self) -> None:
        """Mend and index what was left from before, then look after it all."""
        await asyncio.sleep(START_SECONDS)
        await self._guarded(self._take_up)
        while True:
            await self._guarded(self.look)
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            await asyncio.sleep(START_SECONDS)  # rest, however much happens; the writer has closed its file

    async def look(self) -> None:
        """Once: mend, delete, encrypt, and see whether there is room."""
        await self._mend()
        await self._shed()
        await self._seal_all()

    async def repair(self) -> Audit:
        """Bring files and index together; what did not fit. Raises OSError, StoreError."""
        await self._journal.written()
        seen = await asyncio.to_thread(self._audit)
        for path in seen.files:
            self._bus.publish(await asyncio.to_thread(found, path))
            self._to_seal[path] = None
        for row in seen.rows:
            self._bus.publish(RecordingRemoved(call_id=row.call_id, path=row.path, why="lost"))
        for path in seen.gone:
            await asyncio.to_thread(files.remove, path)
        if seen.orphans:
            log.warning(
                "recordings: %d files had no row and have one now, %d rows no file, %d were to be deleted",
                len(seen.files),
                len(seen.rows),
                len(seen.gone),
            )
        await self._journal.written()
        return seen

    async def remove(self, gone: Iterable[Segment], why: str) -> int:
        """Delete recordings for good; how many. Raises OSError."""
        gone = list(gone)
        for row in gone:
            self._bus.publish(RecordingRemoved(call_id=row.call_id, path=row.path, why=why))
        if gone:
            await self._journal.written()
        for row in gone:
            self._to_seal.pop(Path(row.path), None)
            await asyncio.to_thread(files.remove, Path(row.path))
        return len(gone)

    # --- inside -------------------------------------------------------------------------------------

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (OSError, StoreError) as error:
            log.error("recordings: %s. They stay as they are, it is tried again", error)

    async def _take_up(self) -> None:
        """What a crash cut off; what waited to be encrypted."""
        for path in await asyncio.to_thread(files.leftovers, self.folder):
            await asyncio.to_thread(path.unlink, missing_ok=True)
        rows = await asyncio.to_thread(segments, self._journal.path, Wish())
        self._to_mend += [Path(row.path) for row in rows if row.seconds is None or row.ended_why]
        self._to_seal |= dict.fromkeys(Path(row.path) for row in rows if row.seconds is not None)
        await self.repair()

    def _audit(self) -> Audit:
        return audit(self.folder, segments(self._journal.path, Wish(removed=True)))

    async def _mend(self) -> None:
        mend, self._to_mend = self._to_mend, []
        for path in mend:
            await asyncio.to_thread(_mended, path)

    async def _shed(self) -> None:
        old = await asyncio.to_thread(self._overdue)
        count = await self.remove(old, "age")
        disk = await asyncio.to_thread(self._disk)
        need = policy.needed_bytes(disk, self._config)
        while need > 0 and (rows := await asyncio.to_thread(self._oldest, need)):
            count += await self.remove(rows, "room")
            disk = await asyncio.to_thread(self._disk)
            need = policy.needed_bytes(disk, self._config)
        if count:
            log.warning("recordings: %d of the oldest are deleted, as the configuration wishes", count)
        self._tell_room(disk)

    def _overdue(self) -> list[Segment]:
        days, now_ms = policy.shortest_days(self._config), round(self._clock.wall() * 1000)
        if not days:
            return []
        rows = oldest(self._journal.path, before_ms=now_ms - days * policy.DAY_MS)
        return list(policy.overdue(rows, now_ms, self._config))

    def _oldest(self, need: int) -> list[Segment]:
        return list(policy.for_room(oldest(self._journal.path, limit=PART), need, _size))

    def _disk(self) -> policy.Disk:
        self.folder.mkdir(parents=True, exist_ok=True)
        told = os.statvfs(self.folder)
        used = files.used_bytes(self.folder) if self._config.recording.most_gb else 0
        return policy.Disk(told.f_blocks * told.f_frsize, told.f_bavail * told.f_frsize, used)

    def _tell_room(self, disk: policy.Disk) -> None:
        least = policy.least_free(disk, self._config)
        had, self.room = self.room, disk.free >= least
        text = f"{disk.free / 1e6:.0f} MB free, {least / 1e6:.0f} are needed, and nothing more may be deleted"
        text += ". New recordings do not begin; calls go on. Make room on the disk"
        self._set_alarm(NO_ROOM, OBJECT, "" if self.room else text)
        if self.room and not had:
            self._on_room()

    async def _seal_all(self) -> None:
        recipients, waiting = self._config.recording.encrypt_to, list(self._to_seal)
        for path in waiting:
            if recipients and not await self._sealed(path, recipients):
                continue
            self._to_seal.pop(path, None)

    async def _sealed(self, path: Path, recipients: list[str]) -> bool:
        """Whether nothing remains to be done for the file."""
        if not await asyncio.to_thread(path.exists):
            return True
        if await asyncio.to_thread(files.is_written, path):
            return False
        try:
            await seal(path, recipients)
        except (SealError, TimeoutError) as error:
            self._set_alarm(NOT_SEALED, OBJECT, str(error) or f"{path}: age takes too long")
            return False
        self._set_alarm(NOT_SEALED, OBJECT, "")
        return True


def _mended(path: Path) -> None:
    """The header of a file that was cut off tells the truth; one encrypted, or gone, is left alone."""
    if not path.exists() or files.is_written(path):
        return
    try:
        wav.repair(path)
    except wav.WavError as error:
        log.warning("recording %s: cannot be mended: %s", path, error)


def _size(row: Segment) -> int:
    file = files.stored(Path(row.path))
    return files.size(file) if file is not None else 0
