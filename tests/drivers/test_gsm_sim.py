"""The SIM: no PIN is ever tried twice, whatever a family tells; what is for a person, what for a reset."""

from __future__ import annotations

import asyncio

import pytest

from drivers.emulated.modem import Identity
from drivers.gsm.families import FAMILIES
from drivers.gsm.sim import FOR_A_PERSON, Sim, SimState, SimTrouble
from drivers.health import AlarmKind
from drivers.ladder import Rung
from drivers.port import PortState, PortTimeout
from tests.drivers.answering import Answering
from tests.drivers.gsm_bench import Bench, bench
from tests.drivers.gsm_families import PAIRS

#: How each family tells the tries left: two left, all left, and what tells nothing.
TRIES = {
    "sim7600": ("AT+SPIC", "+SPIC: 2,10,0,10", "+SPIC: 3,10,0,10", "+SPIC: ?"),
    "quectel": ('AT+QPINC="SC"', '+QPINC: "SC",2,10', '+QPINC: "SC",3,10', '+QPINC: "SC"'),
    "huawei": (
        "AT^CPIN?",
        "^CPIN: SIM PIN,2,10,2,10,3",
        "^CPIN: SIM PIN,,10,3,10,3",
        "^CPIN: SIM PIN,,10,,10,",
    ),
}
ENTER = 'AT+CPIN="1234"'


def _sim(family: str, pin: str = "1234") -> Sim:
    return Sim("gsm-1", FAMILIES[family], pin)


def test_every_family_is_looked_at() -> None:
    assert set(TRIES) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_pin_is_entered_when_all_tries_are_left(family: str) -> None:
    command, _, full, _ = TRIES[family]
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", command: full, ENTER: "+CME ERROR: 16"})
    sim = _sim(family)
    with pytest.raises(SimTrouble, match=r'gsm-1.*refused the PIN.*"\+CME ERROR: 16".*not tried again'):
        await sim.open(modem.channel)
    assert modem.asked.count(ENTER) == 1
    assert sim.state is SimState.PIN_WRONG


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_refused_pin_is_not_tried_again_though_the_modem_says_that_it_may(family: str) -> None:
    command, _, full, _ = TRIES[family]
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", command: full, ENTER: "ERROR"})
    sim = _sim(family)
    for _ in range(5):
        with pytest.raises(SimTrouble, match="refused the PIN"):
            await sim.open(modem.channel)
    assert modem.asked.count(ENTER) == 1


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_pin_is_not_entered_when_a_try_is_gone(family: str) -> None:
    command, gone, _, _ = TRIES[family]
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", command: gone})
    with pytest.raises(SimTrouble, match="2 PIN tries left"):
        await _sim(family).open(modem.channel)
    assert ENTER not in modem.asked


@pytest.mark.parametrize("said", ["ERROR", "unclear"])
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_pin_is_not_entered_when_the_tries_are_not_told(family: str, said: str) -> None:
    command, _, _, unclear = TRIES[family]
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", command: unclear if said == "unclear" else said})
    sim = _sim(family)
    with pytest.raises(SimTrouble, match=r"does not tell how many tries are left.*not tried.*Switch.*off"):
        await sim.open(modem.channel)
    assert ENTER not in modem.asked
    assert sim.state in FOR_A_PERSON


async def test_the_standards_way_to_tell_the_tries_will_do() -> None:
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", "AT+CPINR": "+CPINR: SIM PIN,3,3", ENTER: "ERROR"})
    with pytest.raises(SimTrouble, match="refused"):
        await _sim("quectel").open(modem.channel)
    assert ENTER in modem.asked


async def test_a_pin_without_an_answer_is_not_tried_again_once_it_was_counted() -> None:
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", "AT+SPIC": "+SPIC: 3,10,0,10", ENTER: None})
    sim = _sim("sim7600")
    with pytest.raises(PortTimeout):
        await sim.open(modem.channel)
    after = Answering({"AT+CPIN?": "+CPIN: SIM PIN", "AT+SPIC": "+SPIC: 2,10,0,10"})
    with pytest.raises(SimTrouble, match="2 PIN tries"):
        await sim.open(after.channel)
    assert ENTER not in after.asked


async def test_another_sim_gets_the_pin_again() -> None:
    modem = Answering({"AT+CPIN?": "+CPIN: SIM PIN", "AT+SPIC": "+SPIC: 3,10,0,10", ENTER: "ERROR"})
    sim = _sim("sim7600")
    for said in ("+CPIN: SIM PIN", "+CME ERROR: 10", "+CPIN: SIM PIN"):
        modem.answers["AT+CPIN?"] = said
        with pytest.raises(SimTrouble):
            await sim.open(modem.channel)
    assert modem.asked.count(ENTER) == 2


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        ("+CPIN: SIM PIN", SimState.PIN_WANTED, "wants its PIN.*Put its pin into the configuration"),
        ("+CPIN: SIM PUK", SimState.PUK, "PUK.*operator's letter"),
        ("+CPIN: PH-NET PIN", SimState.LOCKED, "locked to another network.*unlocked"),
        ("+CME ERROR: 10", SimState.MISSING, "no SIM.*Insert a SIM"),
        ("+CME ERROR: 13", SimState.ILL, "SIM does not work.*Check the SIM card"),
        ("+CME ERROR: 14", SimState.BUSY, "SIM is busy.*normal"),
        ("ERROR", SimState.ILL, "does not work"),
    ],
)
async def test_what_is_wrong_with_a_sim_is_told_with_what_to_do(
    said: str, state: SimState, words: str
) -> None:
    sim = _sim("sim7600", pin="")
    with pytest.raises(SimTrouble, match=words) as caught:
        await sim.open(Answering({"AT+CPIN?": said}).channel)
    assert sim.state is caught.value.state is state


@pytest.mark.parametrize("said", ["+CPIN: READY", "+CPIN: SIM PIN2", "+CPIN: SIM PUK2"])
async def test_a_sim_that_can_call_is_ready(said: str) -> None:
    sim = _sim("sim7600")
    await sim.open(Answering({"AT+CPIN?": said}).channel)
    assert sim.state is SimState.READY


# --- on a modem -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_pin_is_entered_again_after_every_restart_of_the_modem(family: str) -> None:
    b = Bench(identity=Identity(pin="1234"), pair=PAIRS[family])
    b.port = b.new_port(pin="1234")
    await b.port.open()
    for _ in range(4):
        b.unplug()
        await b.port.until_state(PortState.FAULT)
        b.plug()
        await b.port.until_state(PortState.IDLE)
    assert b.modem.identity.pin_tries == 3
    await b.port.close()


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_wrong_pin_is_tried_once_however_often_the_modem_restarts(family: str) -> None:
    b = Bench(identity=Identity(pin="1234"), pair=PAIRS[family])
    b.port = b.new_port(pin="9999", power=b.switch)
    await b.port.open()
    for _ in range(5):
        await asyncio.sleep(100)
        b.unplug()
        await asyncio.sleep(5)
        b.plug()
    await asyncio.sleep(3000)
    assert (b.modem.identity.pin_tries, b.switch.cycles) == (2, 0)
    (alarm,) = b.port.alarms()
    assert alarm.kind is AlarmKind.SIM
    assert "PIN" in alarm.text
    await b.port.close()


async def test_f28_a_sim_that_is_busy_after_power_up_is_waited_for() -> None:
    b = Bench()
    b.port = b.new_port(power=b.switch)
    b.modem.fault("F28")
    await b.port.open()
    await asyncio.sleep(20)
    b.modem.fault("F28", False)
    async with asyncio.timeout(10):
        await b.port.until_state(PortState.IDLE)
    assert "AT+CRESET" not in b.modem.commands
    assert b.port.health.restarts == 0
    await b.port.close()


@pytest.mark.parametrize("fault", ["F28", "no-sim"])
async def test_a_sim_that_stays_away_has_the_modem_reset_and_then_its_power_switched(fault: str) -> None:
    async with bench(power=True) as b:
        b.modem.fault(fault)
        if fault == "F28":
            b.modem.restarted()
        await asyncio.sleep(50)
        assert "AT+CRESET" in b.modem.commands
        await asyncio.sleep(100)
        assert b.switch.cycles == 1
        assert b.port.health.rung is Rung.OUT
        assert "SIM" in b.port.reason
        b.modem.fault(fault, False)
        async with asyncio.timeout(60):
            await b.port.until_state(PortState.IDLE)
        assert b.port.alarms() == ()


async def test_a_sim_pulled_out_is_told_within_15_s_and_a_new_one_taken() -> None:
    async with bench(power=True) as b:
        b.modem.fault("no-sim")
        await asyncio.sleep(15)
        assert (b.port.state, b.port.status()["sim"]) == (PortState.FAULT, "no SIM")
        b.modem.fault("no-sim", False)
        async with asyncio.timeout(15):
            await b.port.until_state(PortState.IDLE)


async def test_a_sim_pulled_out_in_a_call_does_not_end_it() -> None:
    async with bench() as b:
        b.call()
        leg = await b.port.next_ring()
        await leg.answer()
        b.modem.fault("no-sim")
        await asyncio.sleep(60)
        assert leg.cause is None
        await leg.hangup()
        await asyncio.sleep(15)
        assert b.port.status()["sim"] == "no SIM"
