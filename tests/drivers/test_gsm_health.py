"""Want 17: modems that hang; every rung of the ladder, and calls on a modem that does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from drivers.gsm.watch import DEAF_CALL_SECONDS
from drivers.health import AlarmKind
from drivers.ladder import AGAIN_SECONDS, Rung
from drivers.port import AudioNews, EndCause, LegState, PortState
from drivers.power import PowerError
from tests.drivers.gsm_bench import Bench, alarms_of, bench, healed, now, up
from tests.drivers.gsm_families import PAIRS
from tests.drivers.wires import ByteByByte, Delayed, Wire

HANGS = ["F11", "F11s", "F11g", "F11h"]
#: What cures it, the rungs that are taken, how often the power is switched.
CURES = [
    ("cure-esc", Rung.REINIT, 0),
    ("cure-reset", Rung.RESET, 0),
    ("cure-power", Rung.POWER, 1),
]


# --- a modem that hangs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", PAIRS)
@pytest.mark.parametrize(("cure", "rung", "cycles"), CURES)
@pytest.mark.parametrize("hang", HANGS)
async def test_f11_a_dead_line_works_again_within_60_s(
    hang: str, cure: str, rung: Rung, cycles: int, family: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench(power=True, pair=PAIRS[family]) as b:
        b.boot_seconds = 20.0  # of a real SIM7600; others are faster
        b.modem.fault(cure)
        b.modem.fault(hang)
        await healed(b, 60)
        assert b.switch.cycles == cycles
        health = b.port.health
        assert (health.rung, health.heals) == (Rung.WELL, 1)
        assert health.last_heal_seconds is not None
        assert health.last_heal_seconds < 60
        assert b.port.alarms() == ()
        assert f"what helped: {rung.value}" in caplog.text
        assert f"now: {rung.value}" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("hang", HANGS)
async def test_f11_that_nothing_cures_is_out_of_service_and_tried_for_ever(
    hang: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench(power=True) as b:
        b.modem.fault(hang)
        await asyncio.sleep(120)
        assert (b.port.state, b.port.health.rung) == (PortState.FAULT, Rung.OUT)
        assert b.port.reason.startswith("out of service: ")
        assert f"out of service: {alarms_of(b)[AlarmKind.OUT_OF_SERVICE].text}" == b.port.reason
        (told,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "opened and set up anew, reset by command, power off and on" in told.getMessage()
        await asyncio.sleep(2 * AGAIN_SECONDS)
        assert b.switch.cycles == 3
        b.modem.fault(hang, False)
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        assert (b.port.health.rung, b.port.alarms()) == (Rung.WELL, ())


async def test_f11_that_comes_again_and_again_is_cured_again_and_again() -> None:
    async with bench(power=True) as b:
        b.modem.fault("cure-power")
        for cycles in range(1, 6):
            b.modem.fault("F11s")
            await healed(b, 60)
            assert b.switch.cycles == cycles
            assert AlarmKind.OUT_OF_SERVICE not in alarms_of(b)


async def test_without_a_power_switch_a_reset_is_the_last_rung() -> None:
    async with bench() as b:
        b.modem.fault("F11s")
        await asyncio.sleep(60)
        assert b.port.health.rung is Rung.OUT
        b.modem.fault("cure-reset")  # now it would obey: all is tried again
        async with asyncio.timeout(AGAIN_SECONDS + 60):
            await b.port.until_state(PortState.IDLE)


async def test_a_power_switch_that_fails_is_told_and_the_line_is_out_of_service(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with bench(power=True) as b:
        b.switch.error = PowerError("port gsm-1: the relay is not there. Put one in")
        b.modem.fault("F11")
        await asyncio.sleep(60)
        assert b.port.health.rung is Rung.OUT
        assert "port gsm-1: power off and on failed: the relay is not there. Put one in" in caplog.text


async def test_a_modem_that_is_slow_once_is_asked_again_and_no_rung_is_taken() -> None:
    async with bench(power=True) as b:
        b.modem.fault("F11s")
        await asyncio.sleep(13)  # one ping, or two
        b.modem.fault("F11s", False)
        await asyncio.sleep(10)
        assert b.port.state is PortState.IDLE
        assert (b.port.health.rung, b.port.health.heals) == (Rung.WELL, 0)


async def test_f15_a_modem_that_fell_off_the_bus_has_its_power_switched_within_60_s() -> None:
    async with bench(power=True) as b:
        b.boot_seconds = 20
        b.unplug()
        await healed(b, 60)
        assert b.switch.cycles == 1


async def test_f15_a_modem_that_comes_back_by_itself_keeps_its_power() -> None:
    async with bench(power=True) as b:
        b.unplug()
        await asyncio.sleep(20)
        b.plug()
        await asyncio.sleep(5)
        assert (b.port.state, b.switch.cycles) == (PortState.IDLE, 0)


@pytest.mark.parametrize("cure", ["cure-reset", "cure-power"])
async def test_f15_a_modem_that_comes_back_dead_works_again_within_60_s(cure: str) -> None:
    async with bench(power=True) as b:
        b.boot_seconds = 20
        b.unplug()
        await asyncio.sleep(5)
        b.plug()
        b.modem.fault(cure)
        b.modem.fault("F11s")
        await asyncio.sleep(0)
        async with asyncio.timeout(55):
            await b.port.until_state(PortState.IDLE)


@pytest.mark.parametrize("wire", [Wire, ByteByByte, Delayed])
@pytest.mark.parametrize(("cure", "rung", "cycles"), CURES)
async def test_f11_heals_over_every_wire(
    wire: Callable[[], Wire], cure: str, rung: Rung, cycles: int
) -> None:
    async with bench(wire(), power=True) as b:
        b.modem.fault(cure)
        b.modem.fault("F11g")
        await healed(b, 60)
        assert b.switch.cycles == cycles


async def test_close_ends_healing_at_any_moment() -> None:
    for seconds in (1, 15, 20, 24, 26, 30, 34, 60, 100):
        b = Bench()
        b.port = b.new_port(power=b.switch)
        await b.port.open()
        b.modem.fault("F11s")
        await asyncio.sleep(seconds)
        await b.port.close()
        assert b.port.state is PortState.DOWN
        assert asyncio.all_tasks() == {asyncio.current_task()}


# --- a call on a modem that does not answer ---------------------------------------------------------------


async def test_f11_a_call_whose_sound_lives_goes_on_and_the_ladder_follows_it() -> None:
    async with bench(power=True) as b:
        b.modem.fault("cure-reset")
        leg = await up(b)
        b.modem.fault("F11s")
        await asyncio.sleep(120)
        assert (leg.state, b.switch.cycles) == (LegState.UP, 0)
        assert "AT+CRESET" not in b.modem.commands
        assert b.port.health.rung is Rung.PING
        began = now()
        await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        assert now() - began < 15
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        assert "AT+CRESET" in b.modem.commands
        assert b.modem.call is None


async def test_f11_that_ends_during_the_call_is_not_noticed_by_the_caller() -> None:
    async with bench() as b:
        leg = await up(b)
        b.modem.fault("F11")
        await asyncio.sleep(60)
        b.modem.fault("F11", False)
        await asyncio.sleep(20)
        assert leg.state is LegState.UP
        assert b.port.health.rung is Rung.WELL
        b.network.hang_up(next(iter(b.network.calls)))
        assert await leg.ended() is EndCause.REMOTE


async def test_f11_a_call_without_commands_and_without_sound_is_over() -> None:
    async with bench(power=True) as b:
        b.modem.fault("cure-reset")
        leg = await up(b)
        b.modem.fault("F11s")
        await asyncio.sleep(60)
        b.port.audio_news(AudioNews.DEAD)  # the far end has hung up, and nobody says so
        async with asyncio.timeout(15):
            assert await leg.ended() is EndCause.PORT_LOST
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        assert b.port.health.audio_trouble == ""  # it was not the voice port


async def test_f11_a_deaf_call_does_not_keep_the_line_for_ever() -> None:
    async with bench(power=True) as b:
        b.modem.fault("cure-power")
        leg = await up(b)
        b.modem.fault("F11s")
        began = now()
        assert await leg.ended() is EndCause.PORT_LOST
        assert DEAF_CALL_SECONDS <= now() - began <= DEAF_CALL_SECONDS + 30
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
