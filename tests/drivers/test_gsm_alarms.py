"""Modems that restart, lose their sound or belong to somebody else, and what is known of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from drivers.discovery.holders import Holder
from drivers.health import AlarmKind
from drivers.ladder import Rung
from drivers.port import AudioNews, LegState, PortState, PortTimeout
from drivers.serialline import PortBusy, PortForbidden
from tests.drivers.gsm_bench import CALLER, Bench, alarms_of, bench, healed, now, up
from tests.drivers.gsm_families import PAIRS
from tests.drivers.wires import Wire

# --- sound ------------------------------------------------------------------------------------------------


async def test_f12_dead_sound_is_not_taken_for_a_dead_modem() -> None:
    async with bench(power=True) as b:
        leg = await up(b)
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
            leg = await up(b)
            b.port.audio_news(AudioNews.DEAD)
            await leg.hangup()
            await healed(b, 30)
            assert b.switch.cycles == cycles
        assert "no sound comes from the audio port" in alarms_of(b)[AlarmKind.AUDIO].text
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
            await healed(b, 30)
        assert b.switch.cycles == 1
        assert AlarmKind.AUDIO in alarms_of(b)


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
            await healed(b, 10)
        assert "3 times within an hour. Check its cable and power" in alarms_of(b)[AlarmKind.RESTARTS].text
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
        assert AlarmKind.RESTARTS in alarms_of(b)


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
    assert "ModemManager" in alarms_of(b)[AlarmKind.NOT_OURS].text
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
        assert AlarmKind.NOT_OURS in alarms_of(b)
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
        began = now()
        b.call(CALLER)
        leg = await b.port.next_ring()
        assert leg.peer == CALLER
        assert now() - began <= 12
        await leg.answer()
        assert leg.state is LegState.UP


# --- what is known ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "firmware", "celsius"),
    [
        ("sim7600", "LE20B04SIM7600M22", 34.0),
        ("quectel", "EC25EFAR06A03M4G", 34.0),
        ("huawei", "11.608.14.15.311", None),
    ],
)
async def test_health_tells_signal_network_and_temperature(
    family: str, firmware: str, celsius: float | None
) -> None:
    async with bench(pair=PAIRS[family]) as b:
        health = b.port.health
        assert (health.signal_dbm, health.registration, health.operator) == (-73, "home", "Testnetz")
        assert (health.technology, health.temperature_c) == ("E-UTRAN", celsius)
        assert (health.rung, health.restarts, health.heals) == (Rung.WELL, 0, 0)
        b.modem.identity.rssi = 10
        await asyncio.sleep(11)
        assert b.port.health.signal_dbm == -93
        status = b.port.status()
        assert (status["iccid"], status["imsi"]) == (b.modem.identity.iccid, b.modem.identity.imsi)
        assert status["firmware"] == firmware


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
        assert "no network for 4 minutes (denied)" in alarms_of(b)[AlarmKind.NO_NETWORK].text
        b.modem.fault("not-registered", False)
        await asyncio.sleep(11)
        assert b.port.alarms() == ()
