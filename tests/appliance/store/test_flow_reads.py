"""Earlier calls and earlier PINs, as a flow asks for them; also after a restart of the brain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.calls.flow_outside import Outside
from appliance.config.schema import Config
from appliance.events import CallArrived, CallConnected, CallEnded, Event, Stamped
from appliance.flow_events import PinTried
from appliance.flows.actions import History, MayTry
from appliance.store.flow_reads import calls_of_number, wrong_pins
from appliance.store.journal import Journal

NOW_S = 1_700_000_000.0
DAY_S = 86400.0


async def _send(line: str, number: str, text: str) -> str:
    return ""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "callbox.db"
    journal = Journal(path)

    def call(number: str, days_ago: float, outcome: str, *more: Event, agent: str = "") -> None:
        at = NOW_S - days_ago * DAY_S
        call_id = f"{int(at)}-{number[-2:]}"
        talked = [CallConnected(call_id=call_id, queue="sales", agent=agent)] if agent else []
        arrived = CallArrived(call_id=call_id, line="gsm-1", leg_id="l", caller=number)
        ended = CallEnded(call_id=call_id, outcome=outcome, by="caller")
        for event in (arrived, *talked, *more, ended):
            journal.append(Stamped(event, at, at, "before"))

    call("+4915100", 20, "answered", agent="eva")
    call("+4915100", 3, "answered", agent="ana")
    call("+4915100", 1, "abandoned")
    call("+4915199", 0.5, "menu")
    for days_ago, right in ((2, False), (0.01, False), (0.02, True)):
        tried = PinTried(flow="main", node="pin", caller="+4915177", right=right)
        journal.append(Stamped(tried, NOW_S - days_ago * DAY_S, 1.0, "before"))
    assert journal.close()
    return path


def outside(database: Path | None) -> Outside:
    return Outside(Config(), database, _send)


@pytest.mark.realtime
async def test_earlier_calls_of_a_number_are_those_of_the_last_days(database: Path) -> None:
    flows = outside(database)
    assert await flows.history("+4915100", 7, NOW_S, but="") == History(2, "abandoned", "")
    assert await flows.history("+4915100", 365, NOW_S, but="") == History(3, "abandoned", "")
    newest = calls_of_number(database, "+4915100", 0.0, but="")[0].call_id
    assert await flows.history("+4915100", 7, NOW_S, but=newest) == History(1, "answered", "ana")
    assert await flows.history("", 7, NOW_S, but="") == History()
    assert await flows.history("\ud800\x00'", 7, NOW_S, but="") == History()
    assert await outside(None).history("+4915100", 7, NOW_S, but="") == History()


@pytest.mark.realtime
async def test_wrong_pins_count_after_a_restart_and_for_their_time_only(database: Path) -> None:
    assert [number for number, _, _ in wrong_pins(database, 0.0)] == ["+4915177", "+4915177"]
    flows = outside(database)
    may = MayTry("main/pin", tries=2, minutes=60)
    assert await asyncio.gather(*(flows.may_try("+4915177", may, NOW_S) for _ in range(2))) == [True, False]
    assert not await flows.may_try("+4915177", may, NOW_S + 2000)
    assert await flows.may_try("+4915177", may, NOW_S + 3700)
    assert await flows.may_try("+4915100", may, NOW_S)
    assert not await outside(database).may_try("+4915177", MayTry("main/pin", 2, 10_080), NOW_S)


@pytest.mark.realtime
async def test_a_database_that_cannot_be_read_knows_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "callbox.db"
    broken.write_bytes(b"not a database at all" * 100)
    flows = outside(broken)
    assert await flows.history("+4915100", 7, NOW_S, but="") == History()
    assert await flows.may_try("+4915100", MayTry("main/pin", 1, 60), NOW_S)
