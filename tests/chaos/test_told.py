"""Every fault of the catalogue, alone: what it leaves in log and state is for a technician."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass

import pytest

from drivers.emulated.faults import FAULTS
from drivers.emulated.network import NetworkError, Plan, Sound
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.port import DriverError, LegEnded, Port, PortState
from tests.chaos.line import Rig
from tests.chaos.test_chaos import FxoRig, GsmRig
from tests.drivers.gsm_families import PAIRS

pytestmark = pytest.mark.slow

MINUTE = 60.0
TALK = Plan(Sound(tone_hz=1000.0, loop=True), hang_up_after_s=20)
NOBODY, REFUSED = "nobody answers AT", "was refused"
#: Faults that keep a line from working, and words that must then have stood in its reason or an alarm.
#: F12 and F12w are heard by the engine, which is not here.
KEEP_GSM = {
    **dict.fromkeys(("F11", "F11s", "F11g", "F11h"), NOBODY),
    **dict.fromkeys(("F13", "F13x", "F22"), REFUSED),
    "F15": "is missing",
    "F16": "unplugged",
    "no-sim": "no SIM",
    "not-registered": "no network",
}
KEEP_VOICE = {
    "F15": "is missing",
    "V5l": "rings on though it was taken",
    "dead-audio": "no sound comes from the modem",
    "refuse-vtr": "AT+VTR was refused",
    "silent": NOBODY,
    "silent-leave": NOBODY,
    "silent-vls": "no answer to AT+VLS=1",
    "silent-vtr": "no CONNECT to AT+VTR",
}
#: The same, if the fault is there already when the line is opened.
KEEP_SHUT = {"F28": "SIM is busy", "F28a": "SIM does not work"}
KEEP_SHUT_HUAWEI = {"F22a": "this modem has no voice"}
MOST_OF_ONE = 4  # times the same line within a minute: a technician reads it once
OBJECT = re.compile(r"(port|leg) [a-z]+-1(/[0-9a-f]+)?: \S")
FOR_PROGRAMMERS = re.compile(r"Traceback|\w(Error|Exception)\b|<\w+[ .]|object at 0x|\bNone\b|\(\)|b'|%[sdr]")


@dataclass(frozen=True)
class Told:
    """What was said of a line while a fault was on, and how the line was at the end."""

    warnings: list[logging.LogRecord]
    said: str  # every reason and alarm
    state: PortState


async def _visit(port: Port) -> None:
    leg = await port.next_ring()
    with contextlib.suppress(LegEnded, DriverError):
        async with leg.alive():
            await leg.answer()
            await asyncio.sleep(30)
    await leg.hangup()


async def _serve(port: Port) -> None:
    while True:
        await _visit(port)


async def a_minute_of(rig: Rig, fault: str, caplog: pytest.LogCaptureFixture, *, restart: bool) -> Told:
    """The fault begins while the line is idle; a call comes, a minute passes."""
    await rig.port.open()
    await asyncio.sleep(1)
    caplog.clear()
    rig.unplug() if fault == "F15" else rig.fault(fault)
    if restart:
        await rig.port.close()
        rig.port = rig.reborn()
        await rig.port.open()
    with contextlib.suppress(NetworkError):
        rig.network.place(rig.modem, "+4917012345678", TALK)
    serving, said = asyncio.create_task(_serve(rig.port)), set()
    for _ in range(int(MINUTE * 4)):
        await asyncio.sleep(0.25)
        said |= {rig.port.reason, *(alarm.text for alarm in rig.port.alarms())}
    told = Told(
        [record for record in caplog.records if record.levelno >= logging.WARNING],
        "\n".join(sorted(said)),
        rig.port.state,
    )
    serving.cancel()
    await rig.port.close()
    return told


def judge(told: Told, words: str | None) -> None:
    """`words`: what must have been said of a fault that keeps the line from working; None: it works."""
    for record in told.warnings:
        text = record.getMessage()
        assert OBJECT.match(text), text
        assert record.exc_info is None, text
        assert not FOR_PROGRAMMERS.search(text), text
    assert not FOR_PROGRAMMERS.search(told.said)
    texts = [record.getMessage() for record in told.warnings]
    assert max(map(texts.count, texts), default=0) <= MOST_OF_ONE, texts
    if words is None:
        assert told.state is PortState.IDLE, told.said
    else:
        assert words in told.said


@pytest.mark.parametrize("restart", [False, True], ids=["works", "opens"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("family", PAIRS)
async def test_a_fault_of_a_gsm_modem_is_told_to_a_technician(
    family: str, fault: str, restart: bool, caplog: pytest.LogCaptureFixture
) -> None:
    shut = {**KEEP_SHUT, **(KEEP_SHUT_HUAWEI if family == "huawei" else {})}
    told = await a_minute_of(GsmRig(pair=PAIRS[family]), fault, caplog, restart=restart)
    judge(told, (KEEP_GSM | shut if restart else KEEP_GSM).get(fault))


@pytest.mark.parametrize("restart", [False, True], ids=["works", "opens"])
@pytest.mark.parametrize("fault", VOICE_FAULTS)
async def test_a_fault_of_a_voice_modem_is_told_to_a_technician(
    fault: str, restart: bool, caplog: pytest.LogCaptureFixture
) -> None:
    judge(await a_minute_of(FxoRig(), fault, caplog, restart=restart), KEEP_VOICE.get(fault))
