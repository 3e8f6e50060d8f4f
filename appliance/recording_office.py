"""Recording as a whole: who may have it, the keeper of its files, and what is asked of both."""

from __future__ import annotations

import asyncio

from appliance.api.record_requests import RecordRequests
from appliance.calls.centre import Centre
from appliance.calls.record_desk import RecordDesk
from appliance.lines.desk import LineDesk
from appliance.recordings.keeper import Keeper
from appliance.store.journal import Journal


class RecordingOffice:
    """Built once; `run` never returns."""

    def __init__(self, centre: Centre, journal: Journal, lines: LineDesk) -> None:
        self._lines = lines
        self.desk = RecordDesk(centre)
        self.keeper = Keeper(
            centre.config,
            centre.recordings,
            bus=centre.bus,
            clock=centre.clock,
            journal=journal,
            set_alarm=lines.alarms.set,
            on_room=self.desk.begin_again,
        )
        centre.desk.add(self.desk.commands())
        centre.may_record = lambda: self.keeper.room
        centre.media.recordings.on_refused = self.keeper.refused
        centre.bus.subscribe(self.keeper.hear)
        self.requests = RecordRequests(
            self.desk,
            self.keeper,
            bus=centre.bus,
            journal=journal,
            mailboxes=centre.mailboxes,
            going_on=lambda: set(centre.calls),
        )

    async def run(self) -> None:
        """End pauses in time, and look after the files from the moment alarms can be told."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.desk.run(), name="pauses of recordings")
            tasks.create_task(self._keep(), name="keeper of recordings")

    async def _keep(self) -> None:
        await self._lines.ready.wait()
        await self.keeper.run()
