"""Anything at any moment: noise, silence, a pulled cable. The line is always in a named state with a reason,
heals when the modem behaves again, and no call is left on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random

import pytest

from drivers.emulated.network import Callee
from drivers.emulated.v253.chips import CX93001, USR5637, Chip
from drivers.port import DriverError, Leg, LegEnded, LegState, PortState
from drivers.v253.settings import Settings
from drivers.v253.supervision import Rules
from tests.drivers.v253_bench import Bench, bench
from tests.drivers.wires import Lossy, Wire

PARTY = "5550001"
WORDS = [
    *(
        f"\r\n{word}\r\n".encode()
        for word in [
            "OK",
            "ERROR",
            "RING",
            "CONNECT",
            "VCON",
            "BUSY",
            "NMBR=5551",
            "MESG=8004",
            "DRON=20",
            "0",
        ]
    ),
    *(b"\x10" + code for code in (b"\x03", b"R", b"d", b"l", b"b", b"X", b".", b"\x10", b"\x1a", b"")),
    *(b"\r\nNO CARRIER\r\n", b"\r\n> ", b"AT+VTR\r", b"\x00", b"\xff" * 40),
]


def _soup(luck: random.Random) -> bytes:
    """Words that mean something in between bytes that do not."""
    parts = []
    for _ in range(luck.randint(1, 6)):
        noise = bytes(luck.randrange(256) for _ in range(luck.randrange(30)))
        parts.append(luck.choice([luck.choice(WORDS), noise, b"\x10" * luck.randint(1, 60)]))
    return b"".join(parts)


async def _story(b: Bench, outbound: bool) -> None:
    """One call in the usual way, whatever comes of it."""
    leg: Leg | None = None
    with contextlib.suppress(LegEnded, DriverError, TimeoutError):
        async with asyncio.timeout(100):
            if outbound:
                leg = await b.port.dial(PARTY)
                await leg.until(LegState.UP)
            else:
                with contextlib.suppress(Exception):
                    b.call()
                leg = await b.port.next_ring()
                await leg.answer()
            await asyncio.sleep(3)
    if leg is not None:
        await leg.hangup()
        assert leg.state is LegState.ENDED


async def _settled(b: Bench) -> None:
    """Until the line is idle, on hook and nobody is on it; legs that came of noise are hung up."""

    async def clerk() -> None:
        while True:
            await (await b.port.next_ring()).hangup()

    def free() -> bool:
        return b.port.state is PortState.IDLE and not b.modem.is_off_hook and b.modem.stream is None

    for call in list(b.network.calls):
        b.network.hang_up(call)
    at_work = asyncio.create_task(clerk())
    try:
        async with asyncio.timeout(300):
            while not free():
                assert b.port.state is not PortState.FAULT or b.port.reason
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"stuck: {b.port.status()}, modem off hook: {b.modem.is_off_hook}") from None
    at_work.cancel()
    assert b.port._calls.leg is None


async def _works(b: Bench) -> None:
    b.call()
    async with asyncio.timeout(30):
        leg = await b.port.next_ring()
        await leg.answer()
        await leg.hangup()
    await _settled(b)


@pytest.fixture(autouse=True)
def _no_fault_of_the_driver(caplog: pytest.LogCaptureFixture) -> object:
    yield
    assert not [record for record in caplog.records if "fault of the driver" in record.getMessage()]


@pytest.mark.slow
@pytest.mark.parametrize("outbound", [False, True])
@pytest.mark.parametrize("chip", [CX93001, USR5637])
async def test_any_bytes_at_any_moment_leave_no_stuck_line(chip: Chip, outbound: bool) -> None:
    logging.getLogger("drivers").setLevel(logging.ERROR)
    settings = Settings(rules=Rules(max_call_seconds=60.0), max_dial_seconds=30.0)
    for seed in range(60):
        luck = random.Random(seed)
        async with bench(chip=chip, settings=settings) as b:
            b.party(PARTY, Callee(after_s=4.0))
            story = asyncio.create_task(_story(b, outbound))
            while not story.done():
                await asyncio.sleep(luck.random() * luck.choice((0.02, 0.5, 3.0)))
                b._from_modem(_soup(luck))
            await story
            await _settled(b)
            await _works(b)
    logging.getLogger("drivers").setLevel(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.parametrize("outbound", [False, True])
async def test_a_modem_that_falls_silent_at_any_command_heals(outbound: bool) -> None:
    for count in range(24):
        async with bench() as b:
            b.party(PARTY, Callee(after_s=4.0))
            _silent_after(b, count)
            await _story(b, outbound)
            b.modem.fault("silent", False)
            b.modem.commands.line = type(b.modem.commands).line.__get__(b.modem.commands)  # type: ignore[method-assign]
            await _settled(b)
            await _works(b)


def _silent_after(b: Bench, count: int) -> None:
    """The modem answers `count` more command lines and then none."""
    left, obey = count, b.modem.commands.line

    def line(body: str) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            obey(body)

    b.modem.commands.line = line  # type: ignore[method-assign]


@pytest.mark.slow
@pytest.mark.parametrize("outbound", [False, True])
async def test_a_cable_pulled_at_any_byte_ends_the_call_and_heals(outbound: bool) -> None:
    for sent in [*range(0, 200, 7), *range(200, 2000, 97)]:
        async with bench() as b:
            b.party(PARTY, Callee(after_s=4.0))
            b.cut_after = sent
            story = asyncio.create_task(_story(b, outbound))
            while not story.done() and b.plugged:  # noqa: ASYNC110 - two objects
                await asyncio.sleep(0.05)
            await asyncio.sleep(2)
            if not b.plugged:
                assert b.port.state is PortState.FAULT
                assert (
                    "missing" in b.port.reason or "unplugged" in b.port.reason or "went away" in b.port.reason
                )
                b.plug()
            await story
            await _settled(b)
            await _works(b)


@pytest.mark.slow
async def test_over_a_lossy_wire_every_call_ends_and_the_line_comes_back() -> None:
    settings = Settings(rules=Rules(max_call_seconds=60.0), max_dial_seconds=30.0)
    for seed in range(40):
        async with bench(settings=settings) as b:
            b.party(PARTY, Callee(after_s=4.0))
            b.wire = Lossy(seed, every=100)
            await _story(b, outbound=bool(seed % 2))
            b.wire = Wire()
            await _settled(b)
            await _works(b)


async def test_a_modem_silent_at_opening_says_so_and_comes_back() -> None:
    b = Bench()
    _silent_after(b, 0)
    await b.port.open()
    assert b.port.state is PortState.FAULT
    assert "nobody answers AT" in b.port.reason
    b.modem.commands.line = type(b.modem.commands).line.__get__(b.modem.commands)  # type: ignore[method-assign]
    await _settled(b)
    await _works(b)
    await b.port.close()


@pytest.mark.slow
async def test_a_modem_silent_from_any_step_of_its_opening_comes_back_by_itself() -> None:
    for count in range(30):
        b = Bench()
        _silent_after(b, count)
        opening = asyncio.create_task(b.port.open())
        await asyncio.sleep(40)
        b.modem.commands.line = type(b.modem.commands).line.__get__(b.modem.commands)  # type: ignore[method-assign]
        await opening
        await _settled(b)
        await _works(b)
        await b.port.close()
