"""The journal: the loop hands events over and goes on; one thread writes them, safe against power cuts.

The thread alone owns the connection and the calls in progress; it shares with the loop only `_waiting`
(a deque, whose ends are atomic) and events of `threading`. It does not read for others: that is `read.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import peewee
from peewee import SqliteDatabase

from appliance.events import Stamped
from appliance.store import message_tables, models, opening, recording_tables
from appliance.store.derive import Progress, Stage, apply, derive
from appliance.store.salvage import open_or_salvage

log = logging.getLogger(__name__)

Told = Callable[[], None]  # called by the thread when all that was appended before it is on the disk

BATCH = 1000  # most events in one transaction
MOST_WAITING = 100_000  # events kept while the disk is in trouble: about 5,000 calls, 60 MB
RETRY_SECONDS = 1.0
PAUSE_SECONDS = 0.01  # between transactions: 1,000 events a second then cost 15 % of a core, else 73 %
TROUBLE = (peewee.PeeweeException, OSError)


class Journal:
    """Writes events and the rows derived from them.

    Opening raises opening.StoreError for a database that is newer, or not ours. A damaged one is set
    aside. A disk that does not let us write stops nothing: events wait and are tried again.
    """

    def __init__(
        self, path: Path, *, most_waiting: int = MOST_WAITING, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self.path = path
        self.lost = 0  # events dropped since the start, because too many waited
        self._most_waiting = most_waiting
        self._retry_seconds = retry_seconds
        self._waiting: deque[Stamped | Told] = deque()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._trouble_since: float | None = None
        try:
            open_or_salvage(path)
        except TROUBLE as error:
            self._trouble_begins(error)
        writer = _Writer(path, prepared=not self.in_trouble)
        self._thread = threading.Thread(target=self._run, args=(writer,), name="journal", daemon=True)
        self._thread.start()

    @property
    def in_trouble(self) -> bool:
        """True while events wait because the last attempt to write failed."""
        return self._trouble_since is not None

    @property
    def waiting(self) -> int:
        """How many events are not taken up for writing yet."""
        return len(self._waiting)

    def append(self, stamped: Stamped) -> None:
        """Take the event; never blocks. Beyond the bound the oldest waiting event is lost, and counted."""
        if len(self._waiting) >= self._most_waiting:
            self._drop_oldest()
        self._waiting.append(stamped)
        self._wake.set()

    def flush(self, timeout: float) -> bool:
        """Wait until all that was appended is on the disk; False when `timeout` seconds were not enough."""
        done = threading.Event()
        self._waiting.append(done.set)
        self._wake.set()
        return done.wait(timeout)

    async def written(self) -> bool:
        """Wait until all that was appended is on the disk, however long; False when some of it is lost."""
        loop, lost = asyncio.get_running_loop(), self.lost
        done = loop.create_future()

        def resolve() -> None:
            if not done.done():
                done.set_result(None)

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(resolve)

        self._waiting.append(tell)
        self._wake.set()
        await done
        return self.lost == lost

    def close(self, timeout: float = 5.0) -> bool:
        """Write what waits and end the thread; False when something could not be written in time."""
        flushed = self.flush(timeout)
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout)
        return flushed

    def _drop_oldest(self) -> None:
        try:
            dropped = self._waiting.popleft()
        except IndexError:  # the writer was faster
            return
        if not isinstance(dropped, Stamped):
            self._waiting.append(dropped)  # who waits is told later, and never for nothing
            return
        self.lost += 1
        if self.lost == 1 or self.lost % 10_000 == 0:
            log.error("journal: %d events are lost, more than %d wait", self.lost, self._most_waiting)

    # From here on: the journal's own thread.

    def _run(self, writer: _Writer) -> None:
        batch: list[Stamped | Told] = []
        while True:
            self._wake.wait()
            self._wake.clear()
            while batch or self._waiting:
                batch += self._take(BATCH - len(batch))
                if self._written(writer, batch):
                    batch = []
                    self._stopping.wait(PAUSE_SECONDS)
                elif self._stopping.wait(self._retry_seconds):
                    break
            if self._stopping.is_set():
                self._finish(writer, batch)
                return

    def _take(self, most: int) -> Iterable[Stamped | Told]:
        taken: list[Stamped | Told] = []
        while len(taken) < most:
            try:
                taken.append(self._waiting.popleft())
            except IndexError:
                break
        return taken

    def _written(self, writer: _Writer, batch: list[Stamped | Told]) -> bool:
        """Write one batch in one transaction and tell those who wait for it; False when the disk refuses."""
        try:
            writer.write([each for each in batch if isinstance(each, Stamped)])
        except (*TROUBLE, opening.StoreError) as error:
            if not self.in_trouble:
                self._trouble_begins(error)
            return False
        if self._trouble_since is not None:
            self._trouble_ends(time.monotonic() - self._trouble_since)
        for each in batch:
            if not isinstance(each, Stamped):
                each()
        return True

    def _trouble_begins(self, error: Exception) -> None:
        self._trouble_since = time.monotonic()
        log.error(
            "journal: cannot write to %s (%s). Calls go on; events wait in memory (%d at most) and are tried "
            "again every %g s. Make room on the disk, or look at its health.",
            self.path,
            opening.root(error),
            self._most_waiting,
            self._retry_seconds,
        )

    def _trouble_ends(self, seconds: float) -> None:
        self._trouble_since = None
        log.warning("journal: writing again after %.1f s, %d events lost since the start", seconds, self.lost)

    def _finish(self, writer: _Writer, batch: list[Stamped | Told]) -> None:
        left = [each for each in (*batch, *self._waiting) if isinstance(each, Stamped)]
        if left:
            log.error("journal: closed with %d events that %s did not take", len(left), self.path)
        writer.close()


class _Writer:
    """The connection and the calls in progress; used by the journal's thread alone."""

    def __init__(self, path: Path, prepared: bool) -> None:
        self._path = path
        self._prepared = prepared
        self._damaged: Path | None = None  # set aside, and not salvaged yet
        self._db: SqliteDatabase | None = None
        self._calls: dict[str, Progress] = {}  # those that are not over

    def write(self, events: list[Stamped]) -> None:
        """Store events and the rows they change, in one transaction.

        Raises as `opening.prepare`; nothing is written then, and the same events may be given again.
        """
        try:
            self._write(events)
        except TROUBLE as error:
            self.close()
            if isinstance(error, peewee.PeeweeException) and opening.is_corruption(error):
                self._calls.clear()  # rows follow from the events of the new file
                self._prepared = False
                self._damaged = opening.set_aside(self._path, str(opening.root(error)))
            raise

    def close(self) -> None:
        """Give the connection back; the next write makes a new one."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _open(self) -> SqliteDatabase:
        if not self._prepared:
            open_or_salvage(self._path, self._damaged)
            self._prepared, self._damaged = True, None
        if self._db is None:
            self._db = opening.connect(self._path)
        return self._db

    def _write(self, events: list[Stamped]) -> None:
        db = self._open()
        with db.atomic("IMMEDIATE"):
            changed = self._fold(db, events)
            models.add_events(db, events)
            models.put_calls(db, [progress.row for progress in changed.values()])
            models.put_legs(db, [leg for progress in changed.values() for leg in progress.legs.legs])
            models.put_agents(db, events)
            message_tables.put(db, events)
            recording_tables.put(db, events)
        self._calls.update(changed)
        for call_id, progress in changed.items():
            if progress.row.stage is Stage.OVER:
                del self._calls[call_id]

    def _fold(self, db: SqliteDatabase, events: list[Stamped]) -> dict[str, Progress]:
        """The calls that these events change; kept apart until the transaction is through."""
        changed: dict[str, Progress] = {}
        for stamped in events:
            call_id = models.writable(stamped.event.call_id)
            if not call_id:
                continue
            progress = changed.get(call_id) or self._calls.get(call_id)
            if progress is None:  # new, or from before the last restart
                progress = derive(call_id, models.events_of_call(db, call_id))
            changed[call_id] = apply(progress, stamped)
        return changed
