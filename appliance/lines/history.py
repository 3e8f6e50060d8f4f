"""How each line was, minute by minute where something changed; and the alarms that its port has."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace

from appliance.config.schema import Health as Settings
from appliance.line_events import LineSampled
from appliance.lines.alarms import Alarms
from appliance.lines.line import Books, Line
from appliance.store.opening import StoreError
from appliance.store.retention import forget_samples
from drivers.health import AlarmKind
from drivers.port import PortState

log = logging.getLogger(__name__)

FIRST_SECONDS = 5.0  # for modems to be up
SAMPLE_SECONDS = 60.0
ALARM_SECONDS = 5.0
CLEANING_SECONDS = 24 * 3600.0
SIGNAL_STEP_DB = 4  # a change by less is noise: one step of +CSQ is 2 dB
HEAT_STEP_C = 3.0
WEAK_SAMPLES = 3  # in a row before an alarm: a lorry may park in front of the antenna
DAY_SECONDS = 24 * 3600.0
WEAK, HOT, MESSAGES = "weak signal", "hot", "messages"


class History:
    """Samples lines into the journal, and keeps no longer than the configuration says."""

    def __init__(self, books: Books, settings: Settings, alarms: Alarms) -> None:
        self._books = books
        self._settings = settings
        self._alarms = alarms
        self._last: dict[str, LineSampled] = {}
        self._wrong: dict[tuple[str, str], int] = {}  # samples in a row, by alarm and line

    async def watch(self, lines: Collection[Line]) -> None:
        """Sample every minute."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            for line in lines:
                self._look(line)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def watch_alarms(self, lines: Collection[Line]) -> None:
        """Take over what ports have to say, every few seconds."""
        while True:
            for line in lines:
                standing = {alarm.kind: alarm.text for alarm in line.port.alarms()}
                for kind in AlarmKind:
                    self._alarms.set(kind.value, line.name, standing.get(kind, ""))
                self._alarms.set(MESSAGES, line.name, str(line.port.status().get("message_trouble", "")))
            await asyncio.sleep(ALARM_SECONDS)

    async def clean(self) -> None:
        """Delete what is older than `keep_days`, once a day."""
        while True:
            before_s = self._books.clock.wall() - self._settings.keep_days * DAY_SECONDS
            try:
                count = await self._books.look_up(forget_samples, before_s)
                log.info(
                    "%d samples of lines are older than %d days, deleted", count, self._settings.keep_days
                )
            except StoreError as error:
                log.error("%s", error)
            await asyncio.sleep(CLEANING_SECONDS)

    def _look(self, line: Line) -> None:
        if line.port.state in (PortState.DOWN, PortState.STARTING):
            return  # it does not know itself yet
        sample = _sample(line)
        last = self._last.get(line.name)
        if last is None or _differs(sample, last):
            self._last[line.name] = sample
            self._books.note(sample)
        weak, hot = self._settings.weak_signal_dbm, self._settings.hot_c
        signal, heat = sample.signal_dbm, sample.temperature_c
        if signal is not None and signal < weak:
            self._is_wrong(
                WEAK, line, f"{signal} dBm, below {weak} dBm. Move the antenna, or see to its cable"
            )
        elif signal is not None:
            self._is_right(WEAK, line)
        if heat is not None and heat > hot:
            self._is_wrong(HOT, line, f"{heat:g} °C, above {hot:g} °C. Give the modem air")
        elif heat is not None:
            self._is_right(HOT, line)

    def _is_wrong(self, name: str, line: Line, text: str) -> None:
        times = self._wrong.get((name, line.name), 0) + 1
        self._wrong[name, line.name] = times
        if times >= WEAK_SAMPLES:
            self._alarms.set(name, line.name, text)

    def _is_right(self, name: str, line: Line) -> None:
        self._wrong.pop((name, line.name), None)
        self._alarms.clear(name, line.name)


def _sample(line: Line) -> LineSampled:
    health = line.port.health
    return LineSampled(
        line=line.name,
        sim=line.sim,
        state=line.port.state.value,
        signal_dbm=health.signal_dbm,
        registration=health.registration,
        operator=health.operator,
        technology=health.technology,
        temperature_c=health.temperature_c,
        rung=health.rung.value,
        restarts=health.restarts,
        heals=health.heals,
    )


def _differs(sample: LineSampled, last: LineSampled) -> bool:
    """Whether it tells something new; being idle or busy is in the calls already."""
    if _far(sample.signal_dbm, last.signal_dbm, SIGNAL_STEP_DB):
        return True
    if _far(sample.temperature_c, last.temperature_c, HEAT_STEP_C):
        return True
    state = "idle" if sample.state == "busy" else sample.state
    same = replace(sample, state=state, signal_dbm=last.signal_dbm, temperature_c=last.temperature_c)
    return same != replace(last, state="idle" if last.state == "busy" else last.state)


def _far(one: float | None, other: float | None, step: float) -> bool:
    return one != other if one is None or other is None else abs(one - other) >= step
