"""Limits: counted from the journal by SIM, by day and month, and told before and when they are reached."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from appliance.config.schema import Tariff
from appliance.line_events import AlarmCleared, AlarmRaised, LineDialEnded, LineDialled
from appliance.lines.limits import LimitReached, Period
from tests.appliance.lines.rig import Rig, SimPort, make_port


def dials(box: Rig, seconds: float, *, line: str = "gsm-1", sim: str = SimPort.sim) -> None:
    """A call of ours from its beginning to its end."""
    box.books.note(LineDialled(line=line, sim=sim, leg_id="leg"))
    box.books.note(LineDialEnded(line=line, sim=sim, leg_id="leg", seconds=seconds))


async def test_calls_are_refused_when_their_number_is_reached_and_the_message_says_until_when(
    tmp_path: Path,
) -> None:
    async with Rig(tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}, tariff=Tariff(calls_a_day=2)) as box:
        for _ in range(2):
            await box.limits.allow_call(box.line())
            dials(box, 0.0)
        with pytest.raises(
            LimitReached, match=r"gsm-1: its limit of calls a day .* 2 of 2 .* 2026-11-21 00:00"
        ):
            await box.limits.allow_call(box.line())
        await asyncio.sleep(timedelta(hours=12).total_seconds())
        await box.limits.allow_call(box.line())


@pytest.mark.parametrize(("billing", "used"), [(60, 6.0), (1, 192 / 60), (30, 4.5), (10, 3.5)])
async def test_minutes_are_rounded_up_as_the_operator_does(tmp_path: Path, billing: int, used: float) -> None:
    tariff = Tariff(minutes_a_month=100, billing_seconds=billing)
    async with Rig(tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}, tariff=tariff) as box:
        for seconds in (0.0, 0.2, 60.0, 60.5, 69.9):
            dials(box, seconds)
        [limit] = await box.limits.of(box.line())
        assert limit.used == pytest.approx(used)


async def test_a_month_goes_on_over_days_and_restarts_and_ends_on_the_first(tmp_path: Path) -> None:
    path, ports = tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}
    tariff = Tariff(minutes_a_month=3, calls_a_day=5)
    async with Rig(path, ports, tariff=tariff) as box:
        dials(box, 100.0)
        await asyncio.sleep(timedelta(days=2).total_seconds())
        dials(box, 30.0)
    async with Rig(path, ports, tariff=tariff) as box:
        with pytest.raises(LimitReached, match=r"3 of 3 minutes a month .* 2026-12-01 00:00"):
            await box.limits.allow_call(box.line())


async def test_a_sim_takes_its_count_along_and_another_one_begins_anew(tmp_path: Path) -> None:
    ports = {"gsm-1": make_port("gsm-1"), "gsm-2": make_port("gsm-2")}
    ports["gsm-2"].sim = "262019999999999"
    async with Rig(tmp_path / "b.db", ports, tariff=Tariff(calls_a_day=1)) as box:
        dials(box, 1.0)
        await box.limits.allow_call(box.line("gsm-2"))
        ports["gsm-1"].sim, ports["gsm-2"].sim = ports["gsm-2"].sim, ports["gsm-1"].sim
        await box.limits.allow_call(box.line("gsm-1"))
        with pytest.raises(LimitReached):
            await box.limits.allow_call(box.line("gsm-2"))


async def test_a_line_whose_sim_is_not_known_is_counted_by_its_name(tmp_path: Path) -> None:
    ports = {"fxo-1": make_port("fxo-1"), "fxo-2": make_port("fxo-2")}
    for port in ports.values():
        port.sim = ""
    async with Rig(tmp_path / "b.db", ports, tariff=Tariff(calls_a_day=1)) as box:
        dials(box, 1.0, line="fxo-1", sim="")
        await box.limits.allow_call(box.line("fxo-2"))
        with pytest.raises(LimitReached):
            await box.limits.allow_call(box.line("fxo-1"))


async def test_an_alarm_comes_at_the_share_and_another_at_the_end_each_once(tmp_path: Path) -> None:
    async with Rig(tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}, tariff=Tariff(calls_a_day=10)) as box:
        for _ in range(12):
            dials(box, 1.0)
            await box.limits.look(box.line())
        raised = [(event.name, event.text.split(",")[0]) for event in box.events(AlarmRaised)]
        await asyncio.sleep(timedelta(hours=12).total_seconds())
        await box.limits.look(box.line())
    assert raised == [
        ("limit near: calls a day", "8 of 10 calls a day are used"),
        ("limit reached: calls a day", "10 of 10 calls a day are used"),
    ]
    cleared = [event.name for event in box.events(AlarmCleared)]
    assert cleared == ["limit near: calls a day", "limit reached: calls a day"]


async def test_a_limit_taken_out_of_the_tariff_takes_its_alarm_along(tmp_path: Path) -> None:
    path, ports = tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}
    async with Rig(path, ports, tariff=Tariff(calls_a_day=1)) as box:
        dials(box, 1.0)
        await box.limits.look(box.line())
    async with Rig(path, ports) as box:
        assert box.alarms.names("gsm-1") == ["limit reached: calls a day"]
        await box.limits.look(box.line())
        assert box.alarms.names("gsm-1") == []


async def test_without_limits_nothing_is_asked_of_the_journal(tmp_path: Path) -> None:
    async with Rig(tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}) as box:
        box.ledger.path = tmp_path / "nowhere" / "no.db"
        await box.limits.allow_call(box.line())
        await box.limits.allow_messages(box.line(), 1000)


async def test_a_journal_that_cannot_be_read_lets_everything_out_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Rig(tmp_path / "b.db", {"gsm-1": make_port("gsm-1")}, tariff=Tariff(calls_a_day=1)) as box:
        dials(box, 1.0)
        garbage = tmp_path / "garbage.db"
        garbage.write_bytes(b"no database" * 1000)
        box.ledger.commit()
        box.ledger.path = garbage
        await box.limits.allow_call(box.line())
    assert "goes out uncounted" in caplog.text


@pytest.mark.parametrize(
    ("now", "day", "month"),
    [
        (datetime(2026, 12, 31, 23, 59), datetime(2027, 1, 1), datetime(2027, 1, 1)),
        (datetime(2028, 2, 28, 0, 0), datetime(2028, 2, 29), datetime(2028, 3, 1)),
        (datetime(2026, 1, 31, 12, 0), datetime(2026, 2, 1), datetime(2026, 2, 1)),
    ],
)
def test_days_and_months_end_as_the_calendar_says(now: datetime, day: datetime, month: datetime) -> None:
    assert (Period.DAY.ends(now), Period.MONTH.ends(now)) == (day, month)
    assert Period.MONTH.begins(now) == datetime(now.year, now.month, 1)
