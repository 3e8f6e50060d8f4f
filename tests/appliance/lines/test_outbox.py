"""Messages that go out: what becomes of each part is known, or said to be unknown; nothing goes twice."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.config.schema import Tariff
from appliance.line_events import PartChanged
from appliance.lines.limits import LimitReached
from appliance.lines.line import LineRefused
from appliance.lines.outbox import MOST_AGE_SECONDS, REPORT_SECONDS, RETRY_SECONDS
from appliance.store import line_reads
from appliance.store.messages import MessageRow, MessageState, PartState
from drivers.messages import Fate
from drivers.port import DriverError, MessageRefused, PortLost, PortRefused, PortTimeout
from tests.appliance.lines.rig import Ledger, Rig, make_port, report

TO = "+15550123456"
NETWORK = MessageRefused("port gsm-1: no network service (+CMS ERROR: 331)", may_pass=True)
NEVER = MessageRefused("port gsm-1: unknown subscriber (+CMS ERROR: 28)", may_pass=False)


async def send(box: Rig, text: str = "hello", *, report: bool = False, flash: bool = False) -> MessageRow:
    return await box.outbox.send(box.line(), TO, text, report=report, flash=flash)


def stored(path: Path, message: str) -> MessageRow:
    return line_reads.message_story(path, message)[0]


def states(box: Rig) -> list[tuple[int, str]]:
    return [(event.part, event.state) for event in box.events(PartChanged)]


async def test_a_message_is_sent_part_by_part_and_delivered_when_the_reports_say_so(tmp_path: Path) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    async with Rig(path, {"gsm-1": port}) as box:
        row = await send(box, "x" * 200, report=True)
        assert row.parts == 2
        sent = await box.outbox.settled(row, 10.0)
        assert sent.state is MessageState.SENT
        port.messages.delivers(report(1), report(0))
        row = await box.outbox.settled(row, 10.0)
    assert row.state is MessageState.DELIVERED
    assert stored(path, row.message) == row
    assert states(box) == [
        (1, "sending"),
        (1, "sent"),
        (2, "sending"),
        (2, "sent"),
        (2, "delivered"),
        (1, "delivered"),
    ]
    assert len(port.messages.sent) == 2


async def test_a_report_may_be_quicker_than_the_answer_to_the_command(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    port.messages.send_seconds = 2.0
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await send(box, report=True)
        await asyncio.sleep(1)
        port.messages.delivers(report(0))
        row = await box.outbox.settled(row, 10.0)
    assert row.state is MessageState.DELIVERED


@pytest.mark.parametrize(
    ("fate", "state", "why"),
    [
        (Fate.TRYING, MessageState.SENT, "the network goes on trying (status 0x20)"),
        (Fate.FAILED, MessageState.FAILED, "the network gave it up (status 0x46)"),
    ],
)
async def test_other_reports_say_why(tmp_path: Path, fate: Fate, state: MessageState, why: str) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    async with Rig(path, {"gsm-1": port}) as box:
        row = await send(box, report=True)
        await asyncio.sleep(1)
        port.messages.delivers(report(0, fate, recipient="15550123456"))
        row = await box.outbox.settled(row, 5.0)
    assert (row.state, row.why) == (state, why)


async def test_a_report_for_somebody_else_changes_nothing(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await send(box, report=True)
        await asyncio.sleep(1)
        port.messages.delivers(report(0, recipient="+4917099999999"), report(99))
        assert (await box.outbox.settled(row, 5.0)).state is MessageState.SENT


async def test_what_may_pass_is_tried_again_later_and_later(tmp_path: Path) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    port.messages.outcomes.extend([NETWORK, NETWORK, 5])
    async with Rig(path, {"gsm-1": port}) as box:
        row = await send(box)
        early = await box.outbox.settled(row, 5.0)
        assert (early.state, early.why) == (MessageState.QUEUED, str(NETWORK))
        row = await box.outbox.settled(row, 120.0)
        tried = [
            stamped.wall_s for stamped in box.stamped if getattr(stamped.event, "state", "") == "sending"
        ]
    assert (row.state, row.out_parts[0].reference, row.out_parts[0].attempt) == (MessageState.SENT, 5, 3)
    assert [round(b - a) for a, b in itertools.pairwise(tried)] == [10, 60]


async def test_after_the_last_try_it_has_failed_with_the_networks_reason(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    port.messages.outcomes.extend([NETWORK] * 20)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await send(box)
        row = await box.outbox.settled(row, 3 * sum(RETRY_SECONDS))
    assert (row.state, row.why) == (MessageState.FAILED, str(NETWORK))
    assert len(port.messages.outcomes) == 20 - 1 - len(RETRY_SECONDS)


async def test_what_will_never_be_taken_fails_at_once_with_all_its_parts(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    port.messages.outcomes.append(NEVER)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await box.outbox.settled(await send(box, "x" * 400), 5.0)
    assert (row.state, row.why) == (MessageState.FAILED, str(NEVER))
    assert [part.state for part in row.out_parts] == [PartState.FAILED] * 3
    assert port.messages.sent == []


async def test_a_modem_that_has_no_time_now_is_asked_again(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    port.messages.outcomes.extend([PortRefused("port gsm-1: busy with a call")] * 30)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await box.outbox.settled(await send(box), 600.0)
    assert row.state is MessageState.SENT


@pytest.mark.parametrize("error", [PortTimeout("port gsm-1: no answer"), PortLost("port gsm-1: unplugged")])
async def test_when_nobody_knows_it_is_unsure_until_somebody_asks_for_it_again(
    tmp_path: Path, error: DriverError
) -> None:
    port = make_port("gsm-1")
    port.messages.outcomes.append(error)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await box.outbox.settled(await send(box), 5.0)
        assert (row.state, row.why) == (MessageState.UNSURE, str(error))
        await asyncio.sleep(3600)
        assert port.messages.sent == []
        row = await box.outbox.retry(row.message[:-4])
        row = await box.outbox.settled(row, 5.0)
    assert row.state is MessageState.SENT
    assert len(port.messages.sent) == 1


async def test_a_report_tells_that_the_unsure_one_arrived(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    port.messages.outcomes.append(PortTimeout("port gsm-1: no answer"))
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await box.outbox.settled(await send(box, report=True), 5.0)
        port.messages.delivers(report(77))
        await asyncio.sleep(1)
    assert stored(tmp_path / "box.db", row.message).state is MessageState.DELIVERED


async def test_a_modem_that_tells_no_reference_has_its_reports_matched_by_number(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    port.messages.outcomes.append(-1)
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        row = await send(box, report=True)
        await asyncio.sleep(1)
        port.messages.delivers(report(77))
        assert (await box.outbox.settled(row, 5.0)).state is MessageState.DELIVERED


async def test_a_report_that_never_comes_is_waited_for_three_days_and_no_memory_is_kept(
    tmp_path: Path,
) -> None:
    async with Rig(tmp_path / "box.db", {"gsm-1": make_port("gsm-1")}) as box:
        box.also(box.outbox.watch())
        await send(box, report=True)
        await asyncio.sleep(REPORT_SECONDS - 60)
        assert len(box.outbox._open) == 1
        await asyncio.sleep(2 * 3600)
        assert not box.outbox._open
        assert not box.outbox._born
        assert not box.outbox._tries


async def test_a_clock_that_is_set_forward_makes_no_message_old(tmp_path: Path) -> None:
    """A box without a battery begins in 1970 until somebody tells it the time."""
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.breaks()
        row = await send(box)
        box.jump_s = 50 * 365 * 24 * 3600.0
        await asyncio.sleep(120)
        port.heals()
        assert (await box.outbox.settled(row, 60.0)).state is MessageState.SENT


@pytest.mark.parametrize(("committed", "state"), [(0, MessageState.UNSURE), (1, MessageState.SENT)])
async def test_what_the_modem_took_is_not_sent_again_whatever_the_disk_heard_of_it(
    tmp_path: Path, committed: int, state: MessageState
) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    box = await Rig(path, {"gsm-1": port}).__aenter__()
    row = await send(box)
    await asyncio.sleep(1)
    assert states(box) == [(1, "sending"), (1, "sent")]
    await box.dies()
    box.ledger.power_fails(committed=committed)
    async with Rig(path, {"gsm-1": port}) as box:
        row = await box.outbox.settled(stored(path, row.message), 10.0)
    assert row.state is state
    assert len(port.messages.sent) == 1


async def test_a_box_that_dies_while_sending_sends_the_other_parts_and_says_what_is_unsure(
    tmp_path: Path,
) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    port.messages.send_seconds = 1.0
    box = await Rig(path, {"gsm-1": port}).__aenter__()
    row = await send(box, "y" * 200)
    await asyncio.sleep(0.5)
    await box.dies()
    box.ledger.power_fails(committed=0)
    async with Rig(path, {"gsm-1": port}) as box:
        row = await box.outbox.settled(stored(path, row.message), 10.0)
        assert [part.state for part in row.out_parts] == [PartState.UNSURE, PartState.SENT]
        row = await box.outbox.settled(await box.outbox.retry(row.message), 10.0)
    assert row.state is MessageState.SENT
    assert len(port.messages.sent) == 2


async def test_the_queue_survives_a_restart_and_waits_for_its_line(tmp_path: Path) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    async with Rig(path, {"gsm-1": port}) as box:
        port.breaks()
        rows = [await send(box, f"number {n}") for n in range(3)]
    async with Rig(path, {"gsm-1": port}) as box:
        await asyncio.sleep(600)
        assert port.messages.sent == []
        port.heals()
        settled = [await box.outbox.settled(row, 5.0) for row in rows]
    assert [row.state for row in settled] == [MessageState.SENT] * 3
    assert len(port.messages.sent) == 3


async def test_a_message_that_is_a_day_old_is_not_sent_any_more(tmp_path: Path) -> None:
    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}) as box:
        port.breaks()
        row = await send(box)
        await asyncio.sleep(MOST_AGE_SECONDS + 120)
        port.heals()
        row = await box.outbox.settled(row, 5.0)
    assert (row.state, row.why) == (MessageState.FAILED, "it could not be sent within 24 hours")


async def test_a_line_that_is_gone_from_the_configuration_sends_nothing(tmp_path: Path) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    async with Rig(path, {"gsm-1": port}) as box:
        port.breaks()
        row = await send(box)
    async with Rig(path, {"gsm-2": make_port("gsm-2")}) as box:
        await asyncio.sleep(1)
        with pytest.raises(LineRefused, match="no line gsm-1 any more"):
            await box.outbox.retry(row.message)
    row = stored(path, row.message)
    assert (row.state, row.why) == (MessageState.FAILED, "there is no line gsm-1 for messages any more")


@pytest.mark.parametrize(
    ("number", "text", "reason"),
    [
        ("nonsense", "hello", "no number"),
        ("", "hello", "no number"),
        (TO, "", "empty"),
        (TO, "x" * 5000, "33 parts"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_its_reason(
    tmp_path: Path, number: str, text: str, reason: str
) -> None:
    async with Rig(tmp_path / "box.db", {"gsm-1": make_port("gsm-1")}) as box:
        with pytest.raises(LineRefused, match=reason):
            await box.outbox.send(box.line(), number, text, report=True, flash=False)
    assert line_reads.messages(tmp_path / "box.db") == []


async def test_a_line_without_messages_is_refused_by_name(tmp_path: Path) -> None:
    port = make_port("fxo-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": make_port("gsm-1")}) as box:
        port.messages = None
        box.lines["gsm-1"].port.messages = None
        with pytest.raises(LineRefused, match="line gsm-1 carries no messages"):
            await send(box)


async def test_only_what_failed_or_is_unsure_is_sent_again(tmp_path: Path) -> None:
    async with Rig(tmp_path / "box.db", {"gsm-1": make_port("gsm-1")}) as box:
        row = await box.outbox.settled(await send(box), 5.0)
        with pytest.raises(LineRefused, match="is sent; only what failed"):
            await box.outbox.retry(row.message)
        with pytest.raises(line_reads.NoSuchMessage):
            await box.outbox.retry("19990101")


async def test_a_disk_that_takes_nothing_is_told_to_whoever_sends(tmp_path: Path) -> None:
    class Full(Ledger):
        async def written(self) -> bool:
            await asyncio.sleep(3600)
            return await super().written()

    port = make_port("gsm-1")
    async with Rig(tmp_path / "box.db", {"gsm-1": port}, ledger=Full(tmp_path / "box.db")) as box:
        with pytest.raises(LineRefused, match="waits in memory only"):
            await send(box)
        await asyncio.sleep(1800)
        assert port.messages.sent == []
        await asyncio.sleep(5400)
        assert len(port.messages.sent) == 1


async def test_limits_refuse_the_message_that_would_be_too_many(tmp_path: Path) -> None:
    path, port = tmp_path / "box.db", make_port("gsm-1")
    tariff = Tariff(messages_a_day=3)
    async with Rig(path, {"gsm-1": port}, tariff=tariff) as box:
        await box.outbox.settled(await send(box, "x" * 200), 5.0)
        with pytest.raises(
            LimitReached, match=r"limit of messages a day .* 2 of 3 .* until 2026-11-21 00:00"
        ):
            await send(box, "x" * 200)
        port.breaks()
        await send(box)
        with pytest.raises(LimitReached):  # the one that waits is counted too
            await send(box)
    port.heals()
    async with Rig(path, {"gsm-1": port}, tariff=tariff) as box:
        await asyncio.sleep(5)
        with pytest.raises(LimitReached, match="3 of 3"):
            await send(box)
        assert box.alarms.names("gsm-1") == ["limit reached: messages a day"]
        await asyncio.sleep(timedelta(hours=12).total_seconds())
        await box.outbox.settled(await send(box), 5.0)
        assert box.alarms.names("gsm-1") == []
    assert len(port.messages.sent) == 4
