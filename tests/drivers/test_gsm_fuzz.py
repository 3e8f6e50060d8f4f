"""Any lines at any moment: no exception, no leg left, and the port is idle again when the modem behaves."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from drivers.emulated.network import Callee, Outcome
from drivers.port import DriverError, LegEnded, LegState, PortState
from tests.drivers.gsm_bench import Bench, bench
from tests.drivers.gsm_families import PAIRS, Pair

PARTY, SILENT_PARTY = "+49301", "+49303"
VALUES = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "-1",
    "104",
    "17",
    "",
    '"+4917012345"',
    '""',
    "x",
    '"',
    "99999999999",
]
WORDS = [
    "OK",
    "ERROR",
    "+CME ERROR: 10",
    "> ",
    "\x1b",
    "RING",
    "NO CARRIER",
    "BUSY",
    "NO ANSWER",
    "ATA",
    "\x00\xff",
]
ROUNDS = 12
LINES = 25


def soup(pair: Pair, luck: random.Random) -> str:
    """A line of the family with any values, or of none."""
    starts = [start for start, meaning in pair.dialect.urcs.items() if meaning.name != "REBOOT"]
    if luck.random() < 0.2:
        return luck.choice(WORDS)
    start = luck.choice([*starts, *pair.dialect.calls, *pair.dialect.calls])
    return start + " " * luck.randrange(2) + ",".join(luck.choices(VALUES, k=luck.randrange(8)))


async def _brought_to(b: Bench, state: str) -> None:
    """The port in a state of its life, with whatever leg that has."""
    if state == "dialling":
        await b.port.dial(SILENT_PARTY)
    elif state in ("ringing", "answering", "up", "hanging up"):
        b.call("+4917012345678")
        leg = await b.port.next_ring()
        if state in ("up", "hanging up"):
            await leg.answer()
        if state == "answering":
            b.later.append(asyncio.ensure_future(leg.answer()))
        elif state == "hanging up":
            b.later.append(asyncio.ensure_future(leg.hangup()))


@pytest.mark.parametrize("family", PAIRS)
@pytest.mark.parametrize("state", ["idle", "dialling", "ringing", "answering", "up", "hanging up"])
async def test_any_lines_in_any_state_leave_a_port_that_works(
    family: str, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    pair = PAIRS[family]
    luck = random.Random(f"{family} {state}")
    async with bench(pair=pair) as b:
        b.later = []  # type: ignore[attr-defined]
        b.network.callees[SILENT_PARTY] = Callee(Outcome.NEVER)
        for _ in range(ROUNDS):
            await _brought_to(b, state)
            for _ in range(LINES):
                b._send(f"\r\n{soup(pair, luck)}\r\n".encode("latin-1", "replace"))
                await asyncio.sleep(luck.choice((0, 0, 0.01, 0.5, 3)))
            await asyncio.gather(*b.later, return_exceptions=True)  # type: ignore[attr-defined]
            await _behaves_again(b)
        _no_fault_of_ours(caplog)


async def _behaves_again(b: Bench) -> None:
    """Everybody hangs up; a call works in and out."""

    async def clerk() -> None:
        while True:
            leg = await b.port.next_ring()
            await leg.hangup()

    at_work = asyncio.create_task(clerk())  # ghosts that the soup made ring are offered and over
    await asyncio.sleep(1)
    if call := b.network.call_of(b.modem):
        b.network.hang_up(call.id)
    if b.port._calls.leg is not None:
        await b.port._calls.leg.hangup()
    async with asyncio.timeout(300):
        while b.port.state is not PortState.IDLE or b.modem.call or b.port._calls.leg:  # noqa: ASYNC110
            await asyncio.sleep(1)
    at_work.cancel()
    assert b.port.ring_waiting() is None
    try:
        b.call("+4917055555555")
        async with asyncio.timeout(60):
            leg = await b.port.next_ring()
        await leg.answer()
        assert leg.state is LegState.UP
        await leg.hangup()
    except (LegEnded, DriverError) as error:  # pragma: no cover - said in full
        raise AssertionError(f"a call after the soup: {error}") from error
    await b.port.until_state(PortState.IDLE)


def _no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    wrong = [
        record
        for record in caplog.records
        if record.exc_info or "fault of the driver" in record.message or record.levelno > logging.ERROR
    ]
    assert not wrong, wrong[0].getMessage()
