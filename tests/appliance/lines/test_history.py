"""How lines were: sampled when something changed, alarmed when it stays bad, deleted when it is old."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from appliance.config.schema import Health as Settings
from appliance.line_events import AlarmCleared, AlarmRaised, LineSampled
from appliance.lines.history import HOT, WEAK, History
from appliance.store import line_reads
from drivers.health import Alarm, AlarmKind, Health
from drivers.ladder import Rung
from tests.appliance.lines.rig import WALL_S, Rig, SimPort

GOOD = Health(signal_dbm=-71, registration="home", operator="Example", temperature_c=41.0)


class SickPort(SimPort):
    """A port whose health a test sets."""

    now = GOOD
    wrong: tuple[Alarm, ...] = ()

    @property
    def health(self) -> Health:
        return self.now

    def alarms(self) -> tuple[Alarm, ...]:
        return self.wrong


async def watched(box: Rig, minutes: float, settings: Settings | None = None) -> History:
    history = History(box.books, settings or Settings(), box.alarms)
    for work in (history.watch, history.watch_alarms):
        box.also(work(list(box.lines.values())))
    await asyncio.sleep(60 * minutes + 1)
    return history


async def test_what_stays_as_it_was_is_sampled_once(tmp_path: Path) -> None:
    port = SickPort("gsm-1")
    async with Rig(tmp_path / "b.db", {"gsm-1": port}) as box:
        await watched(box, 10)
        port.now = replace(GOOD, signal_dbm=-73, temperature_c=42.0)  # noise
        await asyncio.sleep(600)
        caller = port.ring()  # calls are in the journal anyway
        await asyncio.sleep(600)
        caller.remote_hangs_up()
        [sample] = box.events(LineSampled)
    assert (sample.signal_dbm, sample.operator, sample.state, sample.sim) == (
        -71,
        "Example",
        "idle",
        port.sim,
    )


async def test_every_real_change_is_a_sample(tmp_path: Path) -> None:
    path, port = tmp_path / "b.db", SickPort("gsm-1")
    async with Rig(path, {"gsm-1": port}) as box:
        await watched(box, 1)
        for changed in (
            replace(GOOD, signal_dbm=-75),
            replace(GOOD, signal_dbm=None),
            replace(GOOD, registration="roaming"),
            replace(GOOD, temperature_c=50.0),
            replace(GOOD, rung=Rung.RESET, restarts=1),
        ):
            port.now = changed
            await asyncio.sleep(60)
        port.breaks()
        await asyncio.sleep(60)
    history = [stamped.event for stamped in line_reads.line_history(path, "gsm-1", 0.0)]
    assert len([event for event in history if isinstance(event, LineSampled)]) == 7
    assert history[-1].state == "fault"  # type: ignore[attr-defined]
    assert line_reads.line_history(path, "gsm-2", 0.0) == []
    assert line_reads.line_history(path, "gsm-1", WALL_S + 200)[0].wall_s >= WALL_S + 200


async def test_a_weak_signal_is_an_alarm_when_it_stays_weak(tmp_path: Path) -> None:
    port = SickPort("gsm-1")
    async with Rig(tmp_path / "b.db", {"gsm-1": port}) as box:
        await watched(box, 1, Settings(weak_signal_dbm=-100, hot_c=60.0))
        port.now = replace(GOOD, signal_dbm=-109, temperature_c=71.0)
        await asyncio.sleep(120)
        assert box.alarms.names("gsm-1") == []
        await asyncio.sleep(120)
        assert box.alarms.names("gsm-1") == [HOT, WEAK]
        port.now = replace(GOOD, signal_dbm=None, temperature_c=None)  # not known says nothing
        await asyncio.sleep(120)
        assert box.alarms.names("gsm-1") == [HOT, WEAK]
        port.now = GOOD
        await asyncio.sleep(120)
        assert box.alarms.names("gsm-1") == []


async def test_alarms_of_the_port_are_raised_and_cleared_with_it_also_over_a_restart(tmp_path: Path) -> None:
    path, port = tmp_path / "b.db", SickPort("gsm-1")
    sim = Alarm(AlarmKind.SIM, "no SIM. Insert one")
    async with Rig(path, {"gsm-1": port}) as box:
        await watched(box, 1)
        port.wrong = (sim, Alarm(AlarmKind.AUDIO, "no sound came in the last call"))
        await asyncio.sleep(6)
        assert box.alarms.names("gsm-1") == ["audio", "sim"]
        port.wrong = (sim,)
        await asyncio.sleep(6)
        assert [event.name for event in box.events(AlarmCleared)] == ["audio"]
    async with Rig(path, {"gsm-1": port}) as box:
        await watched(box, 1)
        assert box.events(AlarmRaised) == []
        [row] = box.alarms.rows()
        assert (row["name"], row["object"], row["text"]) == ("sim", "gsm-1", "no SIM. Insert one")
    async with Rig(path, {"gsm-2": SickPort("gsm-2")}) as box:
        assert box.alarms.rows() == []  # the line is gone


async def test_a_modem_that_takes_no_messages_is_an_alarm(tmp_path: Path) -> None:
    class FullPort(SickPort):
        trouble = "the memory of the SIM is full. Delete what is not ours"

        def status(self) -> dict[str, object]:
            return {**super().status(), "message_trouble": self.trouble}

    port = FullPort("gsm-1")
    async with Rig(tmp_path / "b.db", {"gsm-1": port}) as box:
        await watched(box, 1)
        assert [row["text"] for row in box.alarms.rows()] == [port.trouble]
        port.trouble = ""
        await asyncio.sleep(6)
        assert box.alarms.rows() == []


async def test_old_samples_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    path, port = tmp_path / "b.db", SickPort("gsm-1")
    async with Rig(path, {"gsm-1": port}) as box:
        history = await watched(box, 1, Settings(keep_days=2))
        box.alarms.set("test", "gsm-1", "stays")
        await asyncio.sleep(3 * 24 * 3600)
        port.now = replace(GOOD, signal_dbm=-90)
        await asyncio.sleep(61)
        box.ledger.commit()
        box.also(history.clean())
        await asyncio.sleep(1)
    left = [type(stamped.event).__name__ for stamped in line_reads.line_history(path, "gsm-1", 0.0)]
    assert left == ["AlarmRaised", "LineSampled"]
