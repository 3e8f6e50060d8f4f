"""Whoever is to know of an emergency is told: texts to all at once, calls one after the other, until
enough have acknowledged it. What was done is in the journal, so a restart goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime

from appliance.calls.alert_call import alert_call
from appliance.calls.centre import Centre
from appliance.dialplan.alert_numbers import refused_alerts
from appliance.emergency.incident import Alerted, Incident, next_called
from appliance.emergency_events import AlertCalled, AlertTexted, EmergencyBegun, EmergencyEnded
from appliance.events import Stamped
from appliance.faults import say_if_it_failed

log = logging.getLogger(__name__)

TEXT_AGAIN_SECONDS = 30.0
NO_LINE_SECONDS = 20.0  # until the lines are looked at again
FREE_SECONDS = 1.0  # for a line to be idle after a call

#: Sends a text: line ("" for the only one), number, text. Gives why it could not, "" when it could.
SendText = Callable[[str, str, str], Awaitable[str]]


class Alerting:
    """`run` for as long as the box runs."""

    def __init__(self, centre: Centre, send_text: SendText) -> None:
        self._centre = centre
        self._send_text = send_text
        self._switched = asyncio.Event()

    def start(self, before: Iterable[Stamped]) -> None:
        """Take up what was before, oldest first, ahead of any caller; warn of whom nobody could call."""
        for stamped in before:
            self._centre.emergencies.apply(stamped)
        for warning in refused_alerts(self._centre.config, datetime.now()):
            log.warning("%s", warning)

    async def run(self) -> None:
        """Alert in every incident, from the one that goes on when the box starts."""
        unsubscribe = self._centre.bus.subscribe(self._hear)
        try:
            while True:
                self._switched.clear()
                incident = self._centre.emergencies.now
                work = asyncio.create_task(self._alert(), name="emergency alerts") if incident else None
                if work is not None:
                    work.add_done_callback(say_if_it_failed)
                try:
                    await self._switched.wait()
                finally:
                    await _ended(work)
        finally:
            unsubscribe()

    def _hear(self, stamped: Stamped) -> None:
        if isinstance(stamped.event, EmergencyBegun | EmergencyEnded):
            self._switched.set()

    async def _alert(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in self._centre.config.emergency.sms_to:
                tasks.create_task(self._text(number), name="alert by text")
            tasks.create_task(self._call_all(), name="alert calls")

    @property
    def _incident(self) -> Incident:
        incident = self._centre.emergencies.now
        assert incident is not None  # `run` ends the rest with it
        return incident

    async def _text(self, number: str) -> None:
        centre = self._centre
        while number not in self._incident.texted:
            why = await self._send_text(centre.config.emergency.sms_line, number, self._words())
            centre.bus.publish(AlertTexted(number=number, why=why))
            if why:
                log.error("emergency mode: no text to …%s: %s", number[-3:], why)
                await asyncio.sleep(TEXT_AGAIN_SECONDS)

    def _words(self) -> str:
        incident = self._incident
        at = f"{datetime.fromtimestamp(incident.begun_s):%Y-%m-%d %H:%M}"
        return f"{self._centre.config.box.name} {at}: {incident.title}"[:300]

    async def _call_all(self) -> None:
        """Down the list, as often as `rounds` says; who has no line now waits for the others."""
        settings, no_line = self._centre.config.emergency, set[str]()
        while self._wanted():
            able = [number for number in settings.call if number not in no_line]
            number, anew = next_called(self._incident, able or settings.call, settings.rounds)
            if not number and not no_line:
                break
            if not number or not able:
                await asyncio.sleep(NO_LINE_SECONDS)
                no_line.clear()
                continue
            if anew:
                await asyncio.sleep(settings.pause_seconds)
            if await self._call(number) is Alerted.NO_LINE:
                no_line.add(number)
            await asyncio.sleep(FREE_SECONDS)
        if settings.call and self._wanted():
            log.error("emergency mode: nobody else is called, too few have acknowledged the alert")

    async def _call(self, number: str) -> Alerted:
        done = await alert_call(number, self._incident, self._centre)
        self._centre.bus.publish(
            AlertCalled(number=number, call=done.call_id, result=done.result.value, why=done.why)
        )
        return done.result

    def _wanted(self) -> bool:
        return len(self._incident.acknowledged) < self._centre.config.emergency.acknowledgements


async def _ended(work: asyncio.Task[None] | None) -> None:
    """Its call is hung up."""
    if work is not None:
        work.cancel()
        await asyncio.wait({work})
