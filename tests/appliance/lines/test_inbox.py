"""Messages that come in: none lost, none told twice, whatever moment the box dies in."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.line_events import MessageReceived
from appliance.lines.inbox import INCOMPLETE_SECONDS
from appliance.store import line_reads
from appliance.store.messages import Direction, MessageState
from appliance.store.rebuild import rebuild
from drivers.messages import Arrival, TextPart, Unreadable
from drivers.virtual_messages import VirtualMessages
from tests.appliance.lines.rig import SENT_AT, Ledger, Rig, SimPort, make_port, text


async def test_a_message_is_kept_told_once_and_forgotten(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.messages.delivers(text("hello", message_class=0))
        await asyncio.sleep(1)
        [told] = box.events(MessageReceived)
    assert (told.line, told.sim, told.sender, told.text) == ("gsm-1", port.sim, "+4915550199", "hello")
    assert (told.parts, told.complete, told.message_class) == (1, True, 0)
    assert port.messages.kept == []
    row, [part] = line_reads.message_story(tmp_path / "box.db", told.message)
    assert (row.direction, row.state, row.text) == (Direction.IN, MessageState.RECEIVED, "hello")
    assert part.forgotten


async def test_it_is_on_the_disk_before_the_modem_forgets_it(tmp_path: Path) -> None:
    class Watched(VirtualMessages):
        async def forget(self, arrival: Arrival) -> bool:
            seen.append([row.text for row in line_reads.messages(tmp_path / "box.db")])
            return await super().forget(arrival)

    seen: list[list[str]] = []
    port = make_port("gsm-1", Watched())
    async with Rig(tmp_path / "box.db", {"gsm-1": port}):
        port.messages.delivers(text("hello"))
        await asyncio.sleep(1)
    assert seen == [["hello"]]


async def test_parts_are_joined_in_any_order_also_across_a_restart(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.messages.delivers(text("three", slot="SM:1", part=3, parts=3, reference=7))
        port.messages.delivers(text("one, ", slot="SM:2", part=1, parts=3, reference=7))
        await asyncio.sleep(1)
        assert box.events(MessageReceived) == []
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.messages.delivers(text("two, ", slot="SM:1", part=2, parts=3, reference=7))
        await asyncio.sleep(1)
        [told] = box.events(MessageReceived)
    assert (told.text, told.parts, told.complete) == ("one, two, three", 3, True)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        await asyncio.sleep(1)
        assert box.events(MessageReceived) == []


async def test_parts_of_different_senders_and_messages_are_never_mixed(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    later = SENT_AT + timedelta(minutes=5)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        for n, (sender, when, words) in enumerate(
            [("+1", SENT_AT, "AB"), ("+2", SENT_AT, "CD"), ("+1", later, "EF"), ("MyBank", SENT_AT, "GH")]
        ):
            for part, word in enumerate(words, 1):
                arrival = text(word, slot=f"SM:{n}{part}", part=part, parts=2, sender=sender, sent_at=when)
                port.messages.delivers(arrival)
        await asyncio.sleep(1)
        assert [told.text for told in box.events(MessageReceived)] == ["AB", "CD", "EF", "GH"]


async def test_a_part_that_comes_twice_is_one(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        for slot in ("SM:1", "SM:2", "SM:3"):
            port.messages.delivers(text("one", slot=slot, part=1, parts=2))
        port.messages.delivers(text("two", slot="SM:4", part=2, parts=2))
        await asyncio.sleep(2 * INCOMPLETE_SECONDS)
        assert [told.text for told in box.events(MessageReceived)] == ["onetwo"]
    assert line_reads.open_parts(tmp_path / "box.db") == []


async def test_what_never_becomes_whole_is_told_with_what_is_there(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.messages.delivers(text("begin", slot="SM:1", part=1, parts=3))
        port.messages.delivers(text("end", slot="SM:2", part=3, parts=3))
        await asyncio.sleep(INCOMPLETE_SECONDS - 60)
        assert box.events(MessageReceived) == []
        await asyncio.sleep(1200)
        [told] = box.events(MessageReceived)
    assert (told.text, told.complete, told.parts) == ("begin[…]end", False, 3)
    assert line_reads.messages(tmp_path / "box.db")[0].state is MessageState.INCOMPLETE


async def test_what_cannot_be_read_is_kept_and_listed(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}):
        port.messages.delivers(Unreadable("SM:9", "DEADBEEF", "it ends in the middle of the sender"))
        await asyncio.sleep(1)
    [part] = line_reads.unreadable_parts(tmp_path / "box.db")
    assert (part.event.pdu, part.event.why) == ("DEADBEEF", "it ends in the middle of the sender")
    assert port.messages.kept == []


async def test_the_same_message_from_two_modems_is_two_and_a_sim_that_moved_brings_none_again(
    tmp_path: Path,
) -> None:
    class Stuck(VirtualMessages):
        async def forget(self, arrival: Arrival) -> bool:
            return False

    ports = {"gsm-1": make_port("gsm-1", Stuck()), "gsm-2": make_port("gsm-2", Stuck())}
    ports["gsm-2"].sim = "262019999999999"
    async with Rig(tmp_path / "box.db", ports) as box:
        for port in ports.values():
            port.messages.delivers(text("advertisement"))
        await asyncio.sleep(1)
        assert [told.line for told in box.events(MessageReceived)] == ["gsm-1", "gsm-2"]
    moved = {"gsm-3": make_port("gsm-3", ports["gsm-1"].messages)}
    moved["gsm-3"].messages.restarts()
    async with Rig(tmp_path / "box.db", moved) as box:
        await asyncio.sleep(1)
        assert box.events(MessageReceived) == []


async def test_twins_are_two_messages_once_the_first_is_forgotten(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.messages.delivers(text("ok", slot="", pdu="AA"))
        port.messages.delivers(text("ok", slot="", pdu="AA"))
        await asyncio.sleep(1)
        assert len(box.events(MessageReceived)) == 2


# --- power cuts ---------------------------------------------------------------------------------------


class Fuse:
    """Lets so many steps pass, then stands still for ever: the box is dead from there."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.blown = asyncio.Event()

    async def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            self.blown.set()
            await asyncio.Event().wait()


class FusedMessages(VirtualMessages):
    """A modem that outlives the box, which may die before and after each thing it does."""

    fuse: Fuse

    async def next_arrival(self) -> Arrival:
        arrival = await super().next_arrival()
        await self.fuse.step()
        return arrival

    async def forget(self, arrival: Arrival) -> bool:
        await self.fuse.step()
        done = await super().forget(arrival)
        await self.fuse.step()
        return done


class FusedLedger(Ledger):
    """A journal with the same fuse."""

    fuse: Fuse

    async def written(self) -> bool:
        await self.fuse.step()
        done = await super().written()
        await self.fuse.step()
        return done


async def live_and_die(path: Path, port: SimPort, dice: random.Random) -> None:
    """One life of the box until its fuse blows, or nothing is left to do."""
    ledger = FusedLedger(path)
    ledger.fuse = port.messages.fuse = fuse = Fuse(dice.randint(0, 30))
    port.messages.restarts()
    box = await Rig(path, {"gsm-1": port}, ledger=ledger).__aenter__()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await fuse.blown.wait()
    await box.dies()
    ledger.power_fails(committed=dice.randint(0, len(ledger.waiting)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_the_box_dies_again_and_again_and_no_message_is_lost_or_told_twice(
    tmp_path: Path, seed: int
) -> None:
    dice, path = random.Random(seed), tmp_path / "box.db"
    port = make_port("gsm-1", FusedMessages())
    wanted: list[str] = []
    arrivals: list[TextPart] = []
    for number in range(100):
        parts = dice.choice([1, 1, 2, 3])
        words = [f"{number}.{part} " for part in range(1, parts + 1)]
        wanted.append("".join(words))
        for part, word in enumerate(words, 1):
            arrivals.append(text(word, slot="", part=part, parts=parts, reference=number))
    dice.shuffle(arrivals)
    slots = 20  # the modem's memory: what it holds at once
    while arrivals or port.messages.kept:
        while arrivals and len(port.messages.kept) < slots:
            port.messages.kept.append(arrivals.pop())
        await live_and_die(path, port, dice)
    async with Rig(path, {"gsm-1": make_port("gsm-1")}):
        await asyncio.sleep(1)
    told = Counter(row.text for row in line_reads.messages(path, limit=1000))
    assert told == Counter(wanted)
    assert [part for part in line_reads.open_parts(path) if not part.event.message] == []
    before = line_reads.messages(path, limit=1000)
    rebuild(path)
    assert line_reads.messages(path, limit=1000) == before
