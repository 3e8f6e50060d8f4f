"""A family that nobody has heard of: one table for the driver, one for the emulator, and all the rest works.

The contract and every fault test run for it as they stand; it leads its voice when dialled, hears keys itself
and reports calls in a way of its own.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.config.line_base import LineBase
from appliance.config.serial_lines import gsm_line
from drivers.at.parser import fields
from drivers.discovery.modems import Modems
from drivers.emulated.family import COMMON_SETTINGS, Says, Step, VoiceCommand, VoiceWhen
from drivers.gsm.clcc import CurrentCall, call_of
from drivers.gsm.port import GsmPort
from drivers.gsm.quirks import COMMON_CALLS, COMMON_URCS, Dialect, Gain, Meaning, Moment, VoiceRoute
from drivers.registry import DRIVERS
from tests.drivers import gsm_families
from tests.drivers.gsm_bench import bench
from tests.drivers.gsm_families import Pair
from tests.drivers.test_gsm_faults import *  # noqa: F403 - every fault test, for this family
from tests.drivers.test_gsm_port import GsmContract
from tests.drivers.wires import Wire


def read_call(text: str) -> CurrentCall | None:
    """`#CALL: <stat>,<dir>,<id>`."""
    values = fields(text)
    return call_of([*reversed(values), "0", "0"]) if len(values) == 3 else None


ACME = Dialect(
    name="acme",
    title="An ACME 9000 modem",
    ports=("the first port", "the second port"),
    urcs={**COMMON_URCS, "#KEY:": Meaning.DIGIT, "#HELLO": Meaning.REBOOT},
    calls={**COMMON_CALLS, "#CALL:": read_call},
    init=("AT+CLIP=1", "AT+CREG=1", "AT#CALLS=1"),
    init_optional=("AT#KEYS=1",),
    pin_tries=("AT#TRIES", "#TRIES:"),
    dial="ATD{};",
    answer="ATA",
    hangups=("AT+CHUP", "ATH", "AT+CHLD=1"),
    digit=("AT#PRESS={digit}",),
    digit_seconds=0.1,
    voice=VoiceRoute(moment=Moment.DIALLED, start="AT#PCM=1", stop="AT#PCM=0", query=("AT#PCM?", "#PCM: 0")),
    reset="AT+CFUN=1,1",
    reset_seconds=4.0,
    digits_reported=True,
    gains=(Gain("volume", "AT+CLVL={}", 0, 9, "loudness of the far end"),),
)
_TOLD = (Says("#CALL: {stat},{inbound},{index}", "#CALLS", "1"),)
ACME_9000 = replace(
    gsm_families.SIM7600.family,
    name="acme",
    settings={**COMMON_SETTINGS, "#CALLS": "0", "#KEYS": "0", "#PCM": "0"},
    says={**dict.fromkeys(Step, _TOLD), **dict.fromkeys((Step.FAILED, Step.ENDED), (*_TOLD, Says("{why}")))},
    voice=VoiceCommand("#PCM", "1", VoiceWhen.DIALLED),
    keys={"#PRESS": "=([0-9*#A-D])"},
    pin_tries=("#TRIES", "#TRIES: {tries}"),
    boot=("#HELLO",),
    ath_needs=None,
)
PAIR = Pair(ACME, ACME_9000)


@pytest.fixture
def pair() -> Pair:
    """In place of the table's families."""
    return PAIR


class TestContract(GsmContract):
    wire = Wire

    @pytest.fixture(autouse=True)
    def family(self) -> None:
        self.pair = PAIR


async def test_keys_that_such_a_modem_reports_are_heard() -> None:
    async with bench(pair=PAIR) as b:
        b.call()
        leg = await b.port.next_ring()
        assert not leg.digits_in_audio
        b.modem.report("#KEY: 4")
        await leg.answer()
        for line in ("#KEY: 5", "#KEY: x", "#KEY: 55", "#KEY: #"):
            b.modem.report(line)
        assert [await leg.digits.get(), await leg.digits.get()] == ["5", "#"]
        assert leg.digits.empty()


async def test_its_line_in_the_configuration_and_its_port_come_from_the_table() -> None:
    section = gsm_line(ACME)
    line = section.model_validate(
        {"driver": "acme", "to": "hangup", "port": "/dev/a", "audio_port": "/dev/b", "volume": 7}
    )
    with pytest.raises(ValueError, match="less than or equal to 9"):
        section.model_validate({"driver": "acme", "to": "hangup", "volume": 10})
    options = line.model_dump(exclude=set(LineBase.model_fields))
    make_gsm = DRIVERS["sim7600"].func  # type: ignore[attr-defined]
    port = make_gsm(ACME, Modems(), "gsm-1", **options)
    assert isinstance(port, GsmPort)
    assert port.dialect.tuning == ("AT+CLVL=7",)
