"""What the command line asks of recordings: start, pause, keep, repair, erase; and what it is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from appliance.acd.agent import AgentRefused
from appliance.bus import Bus
from appliance.calls.record_desk import RecordDesk
from appliance.calls.records import SUPERVISOR
from appliance.recording_events import ERASED, CustomerErased, RecordingsKept
from appliance.recordings.keeper import Keeper
from appliance.store import erase
from appliance.store.journal import Journal
from appliance.store.opening import StoreError
from appliance.store.recording_reads import Wish, segments
from appliance.store.recording_tables import Segment
from appliance.voicemail.mailboxes import Mailboxes
from drivers import wire

log = logging.getLogger(__name__)

Work = Callable[[wire.Message], Coroutine[Any, Any, wire.Message]]


class RecordRequests:
    """The requests by their op. `going_on` are the ids of the calls that have not ended."""

    def __init__(
        self,
        desk: RecordDesk,
        keeper: Keeper,
        *,
        bus: Bus,
        journal: Journal,
        mailboxes: Mailboxes,
        going_on: Callable[[], set[str]],
    ) -> None:
        self._desk = desk
        self._keeper = keeper
        self._bus = bus
        self._journal = journal
        self._mailboxes = mailboxes
        self._going_on = going_on
        self.ops: Mapping[str, Work] = {
            "record": self._record,
            "recordings_keep": self._keep,
            "recordings_repair": self._repair,
            "recordings_erase": self._erase,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        try:
            return await self.ops[message["op"]](message), ()
        except (AgentRefused, StoreError, OSError) as error:
            raise wire.WireError(str(error)) from error

    async def _record(self, message: wire.Message) -> wire.Message:
        """`call`, `command`, `by` (an agent, the supervisor where left out), `seconds` of a pause."""
        call, command = str(message["call"]), str(message["command"])
        self._desk.command(
            call, command, str(message.get("by") or SUPERVISOR), str(message.get("seconds", ""))
        )
        return {"done": True}

    async def _keep(self, message: wire.Message) -> wire.Message:
        await self._journal.written()
        rows = await self._rows(Wish(call=str(message["call"])))
        calls = {row.call_id for row in rows}
        if len(calls) != 1:
            told = "no recording of it is there" if not calls else "more than one call begins so"
            raise wire.WireError(f"call {message['call']}: {told}. List them with: callbox recordings")
        [call] = calls
        self._bus.publish(RecordingsKept(call_id=call, on=bool(message.get("on", True))))
        await self._journal.written()
        return {"call": call, "recordings": len(rows)}

    async def _repair(self, message: wire.Message) -> wire.Message:
        seen = await self._keeper.repair()
        return {"indexed": len(seen.files), "lost": len(seen.rows), "deleted": len(seen.gone)}

    async def _erase(self, message: wire.Message) -> wire.Message:
        """Everything of a number; with `dry_run` only what that would be."""
        number = str(message["number"])
        await self._journal.written()
        found = await asyncio.to_thread(erase.find, self._journal.path, number)
        rows = [row for row in await self._rows(Wish()) if row.call_id in found.calls]
        self._refuse(found.calls, rows)
        spoken = [each for each in self._mailboxes.messages() if each.call_id in found.calls]
        recordings = len(rows) + len(spoken)
        event = CustomerErased(calls=len(found.calls), recordings=recordings, messages=len(found.messages))
        if not message.get("dry_run"):
            await self._keeper.remove(rows, ERASED)
            for message_left in spoken:
                self._bus.publish(message_left.deleted(ERASED))
            await self._journal.written()
            await asyncio.to_thread(erase.erase, self._journal.path, number)
            self._bus.publish(event)
            await self._journal.written()
            log.warning("a customer is erased: %d calls, %d recordings", event.calls, event.recordings)
        return {"calls": event.calls, "recordings": event.recordings, "messages": event.messages}

    def _refuse(self, calls: set[str], rows: list[Segment]) -> None:
        if live := calls & self._going_on():
            raise wire.WireError(f"call {min(live)} of this number is going on. Erase when it has ended.")
        if kept := {row.call_id for row in rows if row.kept}:
            let_go = f"callbox recordings keep {min(kept)} --off"
            raise wire.WireError(f"the recordings of call {min(kept)} are to be kept. First: {let_go}")

    async def _rows(self, wish: Wish) -> list[Segment]:
        return await asyncio.to_thread(segments, Path(self._journal.path), wish)
