"""What the command line asks of recordings, answered without a box."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from appliance.acd.agent import AgentRefused
from appliance.api.record_requests import RecordRequests
from appliance.calls.record_desk import RecordDesk
from appliance.events import CallArrived, CallEnded
from appliance.recording_events import CustomerErased, RecordingsKept
from appliance.store.kinds import events_of
from appliance.voicemail.mailboxes import Mailboxes
from drivers.wire import WireError
from tests.appliance.recordings.conftest import Shelf

pytestmark = pytest.mark.slow  # a database and its thread
MINE = "+491701234567"


class Desk:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def command(self, *words: str) -> None:
        self.told.append(words)
        if words[0] == "gone":
            raise AgentRefused("no call gone is going on.")


class Bench:
    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf(folder)
        self.desk = Desk()
        self.live: set[str] = set()
        self.requests = RecordRequests(
            cast(RecordDesk, self.desk),
            self.shelf.keeper,
            bus=self.shelf.bus,
            journal=self.shelf.journal,
            mailboxes=Mailboxes(),
            going_on=lambda: self.live,
        )

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        reply, _ = asyncio.run(self.requests.answer({"op": op, **fields}))
        return dict(reply)

    def call(self, id: str, caller: str = MINE) -> Path:
        """A recorded call of that caller."""
        self.shelf.note(CallArrived(call_id=id, line="gsm-1", leg_id="gsm-1/1", caller=caller))
        path = self.shelf.record(id)
        self.shelf.note(CallEnded(call_id=id, outcome="answered", by="caller"))
        return path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.shelf.journal.close()


def test_a_wish_goes_to_the_desk_as_a_supervisors_where_nobody_else_is_named(bench: Bench) -> None:
    bench.ask("record", call="c1", command="pause", seconds="30")
    bench.ask("record", call="c1", command="start", by="ana")
    assert bench.desk.told == [("c1", "pause", "supervisor", "30"), ("c1", "start", "ana", "")]
    with pytest.raises(WireError, match="no call gone"):
        bench.ask("record", call="gone", command="stop")


def test_a_customer_is_counted_then_erased_and_told_of_without_the_number(bench: Bench) -> None:
    mine, others = bench.call("c1"), bench.call("c2", "+491709999999")
    other_left = "+491701234567"  # the shelf's recordings all have this party
    counted = bench.ask("recordings_erase", number=other_left, dry_run=True)
    assert counted == {"calls": 2, "recordings": 2, "messages": 0}
    assert (mine.exists(), others.exists()) == (True, True)
    assert bench.ask("recordings_erase", number=MINE) == counted
    assert (mine.exists(), others.exists()) == (False, False)
    assert {row.removed for row in bench.shelf.rows(removed=True)} == {"erased"}
    assert {row.left for row in bench.shelf.rows(removed=True)} == {"erased"}
    [told] = events_of(bench.shelf.journal.path, [CustomerErased])
    assert told.event == CustomerErased(calls=2, recordings=2, messages=0)
    assert bench.ask("recordings_erase", number=MINE)["calls"] == 0


def test_a_call_that_goes_on_or_is_kept_stops_an_erasure(bench: Bench) -> None:
    path = bench.call("c1")
    bench.live = {"c1"}
    with pytest.raises(WireError, match="Erase when it has ended"):
        bench.ask("recordings_erase", number=MINE)
    bench.live = set()
    assert bench.ask("recordings_keep", call="c1") == {"call": "c1", "recordings": 1}
    with pytest.raises(WireError, match="callbox recordings keep c1 --off"):
        bench.ask("recordings_erase", number=MINE)
    assert path.exists()
    bench.ask("recordings_keep", call="c1", on=False)
    bench.ask("recordings_erase", number=MINE)
    assert not path.exists()
    kept = events_of(bench.shelf.journal.path, [RecordingsKept])
    assert [each.event.on for each in kept if isinstance(each.event, RecordingsKept)] == [True, False]


def test_what_is_unclear_is_refused(bench: Bench) -> None:
    bench.call("c1")
    bench.call("c2")
    with pytest.raises(WireError, match="more than one call begins so"):
        bench.ask("recordings_keep", call="c")
    with pytest.raises(WireError, match="no recording of it"):
        bench.ask("recordings_keep", call="x")
    with pytest.raises(WireError, match="Give it in full"):
        bench.ask("recordings_erase", number="123")


def test_a_repair_says_what_it_did(bench: Bench) -> None:
    bench.call("c1").unlink()
    assert bench.ask("recordings_repair") == {"indexed": 0, "lost": 1, "deleted": 0}
    assert bench.ask("recordings_repair") == {"indexed": 0, "lost": 0, "deleted": 0}
