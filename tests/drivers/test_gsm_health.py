"""Modems that hang, restart, lose their sound or belong to somebody else: what the ladder makes of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from drivers.discovery.holders import Holder
from drivers.gsm.watch import DEAF_CALL_SECONDS
from drivers.health import Alarm, AlarmKind
from drivers.ladder import AGAIN_SECONDS, Rung
from drivers.port import AudioNews, EndCause, Leg, LegState, PortState, PortTimeout
from drivers.power import PowerError
from drivers.serialline import PortBusy, PortForbidden
from tests.drivers.gsm_bench import Bench, bench
from tests.drivers.wires import ByteByByte, Delayed, Wire

HANGS = ["F11", "F11s", "F11g", "F11h"]
#: What cures it, the rungs that are taken, how often the power is switched.
CURES = [
    ("cure-esc", Rung.REINIT, 0),
    ("cure-reset", Rung.RESET, 0),
    ("cure-power", Rung.POWER, 1),
]
CALLER = "+4917012345678"


def _now() -> float:
    return asyncio.get_running_loop().time()


def _alarms(b: Bench) -> dict[AlarmKind, Alarm]:
    alarms = b.port.alarms()
    assert len({alarm.kind for alarm in alarms}) == len(alarms)
    return {alarm.kind: alarm for alarm in alarms}


async def _up(b: Bench) -> Leg:
    b.call(CALLER)
    leg = await b.port.next_ring()
    await leg.answer()
    return leg


async def _healed(b: Bench, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await b.port.until_state(PortState.FAULT)
        await b.port.until_state(PortState.IDLE)


# --- a modem that hangs ---------------------------------------------------------------------------------


@pytest.mark.parametrize("boot_seconds", [3.0, 20.0])
@pytest.mark.parametrize(("cure", "rung", "cycles"), CURES)
@pytest.mark.parametrize("hang", HANGS)
async def test_f11_a_dead_line_works_again_within_60_s(
    hang: str, cure: str, rung: Rung, cycles: int, boot_seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench(power=True) as b:
        b.boot_seconds = boot_seconds
        b.modem.fault(cure)
        b.modem.fault(hang)
        await _healed(b, 60)
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
        assert _alarms(b)[AlarmKind.OUT_OF_SERVICE].text == b.port.reason
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
            await _healed(b, 60)
            assert b.switch.cycles == cycles
            assert AlarmKind.OUT_OF_SERVICE not in _alarms(b)


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
        assert "power off and on failed: port gsm-1: the relay is not there. Put one in" in caplog.text


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
        await _healed(b, 60)
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
        await _healed(b, 60)
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
        leg = await _up(b)
        b.modem.fault("F11s")
        await asyncio.sleep(120)
        assert (leg.state, b.switch.cycles) == (LegState.UP, 0)
        assert "AT+CRESET" not in b.modem.commands
        assert b.port.health.rung is Rung.PING
        began = _now()
        await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        assert _now() - began < 15
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        assert "AT+CRESET" in b.modem.commands
        assert b.modem.call is None


async def test_f11_that_ends_during_the_call_is_not_noticed_by_the_caller() -> None:
    async with bench() as b:
        leg = await _up(b)
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
        leg = await _up(b)
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
        leg = await _up(b)
        b.modem.fault("F11s")
        began = _now()
        assert await leg.ended() is EndCause.PORT_LOST
        assert DEAF_CALL_SECONDS <= _now() - began <= DEAF_CALL_SECONDS + 30
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)


# --- sound ------------------------------------------------------------------------------------------------


async def test_f12_dead_sound_is_not_taken_for_a_dead_modem() -> None:
    async with bench(power=True) as b:
        leg = await _up(b)
        b.port.audio_news(AudioNews.DEAD)
        await asyncio.sleep(60)
        assert (leg.state, b.port.health.rung) == (LegState.UP, Rung.WELL)
        assert b.port.health.audio_trouble == "no sound comes from the audio port"
        await leg.hangup()
        async with asyncio.timeout(30):
            await b.port.until_state(PortState.IDLE)
        assert (b.modem.commands.count("AT+CRESET"), b.switch.cycles) == (1, 0)
        assert b.port.alarms() == ()


async def test_f12_again_within_an_hour_is_for_the_power_and_an_alarm_until_it_is_over() -> None:
    async with bench(power=True) as b:
        for cycles in (0, 1):
            leg = await _up(b)
            b.port.audio_news(AudioNews.DEAD)
            await leg.hangup()
            await _healed(b, 30)
            assert b.switch.cycles == cycles
        assert "no sound comes from the audio port" in _alarms(b)[AlarmKind.AUDIO].text
        await asyncio.sleep(3700)
        assert b.port.alarms() == ()


@pytest.mark.parametrize("fault", ["F13", "F13x"])
async def test_f13_counts_as_sound_too(fault: str) -> None:
    async with bench(power=True) as b:
        for _ in range(2):
            b.modem.fault(fault)
            b.call(CALLER)
            leg = await b.port.next_ring()
            await asyncio.wait({asyncio.ensure_future(leg.answer())})
            await leg.hangup()
            await _healed(b, 30)
        assert b.switch.cycles == 1
        assert AlarmKind.AUDIO in _alarms(b)


async def test_f12_while_idle_says_nothing_of_a_modem_that_answers() -> None:
    async with bench(power=True) as b:
        b.port.audio_news(AudioNews.ALIVE)
        await asyncio.sleep(60)
        assert b.port.state is PortState.IDLE


# --- what is not for the ladder -----------------------------------------------------------------------------


async def test_f9_a_dial_on_a_modem_that_hangs_is_left_alone_for_its_time() -> None:
    async with bench(power=True) as b:
        b.modem.fault("F11s")
        del b.modem.commands[:]
        await b.port.dial("+49301")
        await asyncio.sleep(50)
        assert b.modem.commands == ["ATD+49301;"]


class _Tapped(Wire):
    """Keeps what the host writes."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def carry(self, data: bytes, take: Callable[[bytes], None]) -> None:
        if take.__name__ == "feed":  # of the modem
            self.written.append(data)
        super().carry(data, take)


async def test_f20_no_ping_goes_into_a_prompt_that_sticks() -> None:
    wire = _Tapped()
    async with bench(wire) as b:
        b.modem.fault("F20")
        del wire.written[:]
        sending = asyncio.create_task(b.port._channel.submit("AT+CMGS=18", "+CMGS:", "00" * 19, seconds=45.0))
        await asyncio.sleep(44)
        assert [data[:9] for data in wire.written] == [b"AT+CMGS=1", b"000000000"]
        (error,) = await asyncio.gather(sending, return_exceptions=True)
        assert isinstance(error, PortTimeout)
        await asyncio.sleep(20)
        assert (b.port.state, b.port.health.heals) == (PortState.IDLE, 0)
        assert b"AT+CSQ\r" in wire.written


async def test_f16_a_modem_that_restarts_again_and_again_is_an_alarm() -> None:
    async with bench(power=True) as b:
        for _ in range(3):
            assert b.port.alarms() == ()
            b.modem.restarted()
            await _healed(b, 10)
        assert "3 times within an hour. Check its cable and power" in _alarms(b)[AlarmKind.RESTARTS].text
        assert (b.port.health.restarts, b.switch.cycles) == (3, 0)
        await asyncio.sleep(3700)
        assert b.port.alarms() == ()


async def test_f16_a_modem_that_drops_off_the_bus_again_and_again_is_an_alarm() -> None:
    async with bench(power=True) as b:
        for _ in range(3):
            assert b.port.alarms() == ()
            b.unplug()
            await asyncio.sleep(10)
            b.plug()
            await asyncio.sleep(60)
        assert AlarmKind.RESTARTS in _alarms(b)


async def test_f23_a_port_that_modemmanager_holds_is_left_alone_and_named() -> None:
    b = Bench()
    b.port = b.new_port(power=b.switch)
    b.line_error = PortBusy(
        "port gsm-1: /dev/gsm-1-at is busy, held by 812 (ModemManager). Stop that program"
    )
    await b.port.open()
    await asyncio.sleep(3000)
    assert "ModemManager" in b.port.reason
    assert (b.switch.cycles, b.modem.commands) == (0, [])
    assert "ModemManager" in _alarms(b)[AlarmKind.NOT_OURS].text
    b.line_error = None
    async with asyncio.timeout(10):
        await b.port.until_state(PortState.IDLE)
    assert b.port.alarms() == ()
    await b.port.close()


async def test_f24_a_second_writer_is_named_and_the_modem_not_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bench(power=True) as b:
        monkeypatch.setattr("drivers.healing.holder", lambda path: Holder(4711, "check_modem.py"))
        b.modem.fault("F11")  # the other program eats the answers
        await asyncio.sleep(300)
        assert b.port.state is PortState.FAULT
        assert "is open in process 4711 (check_modem.py) too" in b.port.reason
        assert AlarmKind.NOT_OURS in _alarms(b)
        assert b.switch.cycles == 0
        assert not {"AT+CRESET", "AT+CFUN=1,1"} & set(b.modem.commands)
        b.modem.fault("F11", False)
        async with asyncio.timeout(10):
            await b.port.until_state(PortState.IDLE)


async def test_a_port_that_may_not_be_opened_waits_for_a_person() -> None:
    b = Bench()
    b.port = b.new_port(power=b.switch)
    b.line_error = PortForbidden("port gsm-1: /dev/gsm-1-at may not be opened by this user")
    await b.port.open()
    await asyncio.sleep(300)
    assert "may not be opened" in b.port.reason
    assert b.switch.cycles == 0
    await b.port.close()


async def test_f26_a_call_whose_ring_goes_to_another_port_is_found() -> None:
    async with bench() as b:
        b.modem.fault("F7a")  # neither +CLIP nor +CLCC by themselves
        b.modem.fault("F7f")  # and no RING
        began = _now()
        b.call(CALLER)
        leg = await b.port.next_ring()
        assert leg.peer == CALLER
        assert _now() - began <= 12
        await leg.answer()
        assert leg.state is LegState.UP


# --- what is known ------------------------------------------------------------------------------------------


async def test_health_tells_signal_network_and_temperature() -> None:
    async with bench() as b:
        health = b.port.health
        assert (health.signal_dbm, health.registration, health.operator) == (-73, "home", "Testnetz")
        assert (health.technology, health.temperature_c) == ("E-UTRAN", 34.0)
        assert (health.rung, health.restarts, health.heals) == (Rung.WELL, 0, 0)
        b.modem.identity.rssi = 10
        await asyncio.sleep(11)
        assert b.port.health.signal_dbm == -93
        status = b.port.status()
        assert (status["iccid"], status["imsi"]) == (b.modem.identity.iccid, b.modem.identity.imsi)
        assert status["firmware"] == "LE20B04SIM7600M22"


async def test_an_idle_modem_is_asked_little() -> None:
    async with bench() as b:
        del b.modem.commands[:]
        await asyncio.sleep(60.5)
        assert len(b.modem.commands) <= 6 * 3 + 2 + 1  # pings, operator and temperature, message memories
        assert b.modem.commands.count("AT+COPS?") == b.modem.commands.count("AT+CPMUTEMP") == 1


async def test_a_network_that_stays_away_is_an_alarm() -> None:
    async with bench() as b:
        b.modem.fault("not-registered")
        await asyncio.sleep(60)
        assert b.port.alarms() == ()
        await asyncio.sleep(180)
        assert "no network for 4 minutes (denied)" in _alarms(b)[AlarmKind.NO_NETWORK].text
        b.modem.fault("not-registered", False)
        await asyncio.sleep(11)
        assert b.port.alarms() == ()
