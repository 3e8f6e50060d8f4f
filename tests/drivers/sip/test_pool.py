"""The pool of SIP workers against a fake worker on the real wire."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.port import EndCause, LegEnded, LegState, PortLost, PortRefused, PortState, SlotAudio
from drivers.sip.account import Through, TrunkAccount, account_of
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from tests.drivers.sip.fake_worker import FakeWorker, described


@contextlib.asynccontextmanager
async def opened(*workers: FakeWorker, **hooks: object) -> AsyncIterator[SipPool]:
    """A pool over these workers, closed in the end with them."""
    pool = SipPool(sockets=[worker.server.path for worker in workers], **hooks)  # type: ignore[arg-type]
    await pool.open()
    try:
        async with asyncio.timeout(30):
            yield pool
    finally:
        await pool.close()
        for worker in workers:
            worker.dies()


async def rings(pool: SipPool) -> SipLeg:
    leg = await pool.next_ring()
    assert isinstance(leg, SipLeg)
    return leg


async def test_a_dialled_leg_goes_from_dialing_to_up_with_its_slot(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        leg = await pool.dial("sip:ana@127.0.0.1:5071", label="call-7", headers={"X": "y"}, from_user="18")
        assert (leg.state, leg.inbound, leg.audio, leg.label) == (LegState.DIALING, False, None, "call-7")
        await worker.until_asked("dial")
        assert worker.asked[-1] == {
            "id": worker.asked[-1]["id"],
            "op": "dial",
            "leg": leg.id,
            "to": "sip:ana@127.0.0.1:5071",
            "label": "call-7",
            "headers": {"X": "y"},
            "from_user": "18",
            "from_name": "",
            "account": "",
            "through": "direct",
            "srtp": "off",
        }
        worker.happens("ringing", leg.id)
        await leg.until(LegState.RINGING)
        worker.happens("up", leg.id, slot=3)
        await leg.until(LegState.UP)
        assert leg.audio == SlotAudio("sip-0", 3)
        assert leg.digits_in_audio is False


async def test_digits_and_hold_reach_the_leg(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock", legs=[described("a", "up", slot=0)])
    async with opened(worker) as pool:
        leg = await rings(pool)
        worker.happens("digit", "a", digit="*")
        worker.happens("held", "a", held=True)
        assert await leg.digits.get() == "*"
        await leg.until_held(True)
        worker.happens("held", "a", held=False)
        await leg.until_held(False)


@pytest.mark.parametrize(
    ("cause", "code", "expected"),
    [("busy", 486, EndCause.BUSY), ("no_answer", 480, EndCause.NO_ANSWER), ("remote", 200, EndCause.REMOTE)],
)
async def test_the_workers_cause_is_the_legs_cause(
    tmp_path: Path, cause: str, code: int, expected: EndCause
) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        leg = await pool.dial("sip:ana@x")
        worker.happens("ended", leg.id, cause=cause, code=code)
        assert await leg.ended() is expected


async def test_an_incoming_leg_rings_and_is_answered(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        worker.happens("incoming", "in.1", peer="<sip:ana@x>", called="*41", contact="", source="")
        leg = await rings(pool)
        assert (leg.state, leg.inbound, leg.peer, leg.called) == (
            LegState.RINGING,
            True,
            "<sip:ana@x>",
            "*41",
        )
        answering = asyncio.create_task(leg.answer())
        await worker.until_asked("answer")
        worker.happens("up", "in.1", slot=0)
        await answering
        assert leg.audio == SlotAudio("sip-0", 0)


async def test_answering_a_caller_who_is_gone_raises_leg_ended(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    worker.refuse["answer"] = "no such leg"
    async with opened(worker) as pool:
        worker.happens("incoming", "in.1", peer="", called="", contact="", source="")
        leg = await rings(pool)
        worker.happens("ended", "in.1", cause="remote", code=487)
        with pytest.raises(LegEnded):
            await leg.answer()


async def test_an_inbound_leg_is_refused_with_the_code_asked_for(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        worker.happens("incoming", "in.1", peer="", called="", contact="", source="")
        leg = await rings(pool)
        leg.refusal = 486
        await leg.hangup()
        assert (worker.asked[-1]["op"], worker.asked[-1]["code"]) == ("hangup", 486)
        assert leg.cause is EndCause.LOCAL


async def test_the_least_loaded_worker_dials(tmp_path: Path) -> None:
    one, two = FakeWorker(tmp_path / "sip-0.sock"), FakeWorker(tmp_path / "sip-1.sock")
    async with opened(one, two) as pool:
        legs = [await pool.dial("sip:ana@x") for _ in range(6)]
        await asyncio.gather(one.until_asked("dial", 3), two.until_asked("dial", 3))
        assert [sum(m["op"] == "dial" for m in worker.asked) for worker in (one, two)] == [3, 3]
        assert len({leg.id for leg in legs}) == 6


async def test_when_all_legs_are_taken_a_dial_is_refused_with_the_limit(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock", max_legs=1)
    async with opened(worker) as pool:
        leg = await pool.dial("sip:ana@x")
        with pytest.raises(PortRefused, match="1 are all there are"):
            await pool.dial("sip:bob@x")
        worker.happens("ended", leg.id, cause="remote", code=200)
        await leg.ended()
        await pool.dial("sip:bob@x")


async def test_a_dial_the_worker_refuses_leaves_no_leg_behind(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock", max_legs=1)
    worker.refuse["dial"] = "no call to nonsense"
    async with opened(worker) as pool:
        for _ in range(2):
            leg = await pool.dial("nonsense")
            assert await leg.ended() is EndCause.FAILED


async def test_a_dial_whose_caller_is_cancelled_in_that_tick_has_its_leg(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    legs = []

    async def caller() -> None:
        legs.append(await pool.dial("sip:ana@x"))
        await asyncio.sleep(3600)

    async with opened(worker) as pool:
        task = asyncio.create_task(caller())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [leg.state for leg in legs] == [LegState.DIALING]


async def test_a_dead_worker_costs_its_own_legs_alone_and_is_found_again(tmp_path: Path) -> None:
    found: asyncio.Queue[str] = asyncio.Queue()

    async def up(name: str, memfd: int) -> None:
        found.put_nowait(name)

    one, two = FakeWorker(tmp_path / "sip-0.sock"), FakeWorker(tmp_path / "sip-1.sock")
    async with opened(one, two, on_worker_up=up) as pool:
        assert {await found.get(), await found.get()} == {"sip-0", "sip-1"}
        lost, kept = await pool.dial("sip:ana@x"), await pool.dial("sip:bob@x")
        one.dies()
        assert await lost.ended() is EndCause.PORT_LOST
        assert kept.state is LegState.DIALING
        assert pool.state is PortState.IDLE
        assert "sip-0.sock" in pool.reason
        replaced = FakeWorker(tmp_path / "sip-0.sock")
        assert await found.get() == "sip-0"
        await asyncio.sleep(0.01)
        assert pool.reason == ""
        await pool.dial("sip:ana@x")
        await replaced.until_asked("dial")
        assert replaced.asked[-1]["op"] == "dial"
        replaced.dies()


async def test_without_any_worker_the_pool_is_in_fault_and_refuses(tmp_path: Path) -> None:
    pool = SipPool(sockets=[tmp_path / "sip-0.sock"])
    await pool.open()
    assert (pool.state, pool.status()["state"]) == (PortState.FAULT, "fault")
    assert "sip-0.sock" in pool.reason
    with pytest.raises(PortRefused):
        await pool.dial("sip:ana@x")
    worker = FakeWorker(tmp_path / "sip-0.sock")
    await pool.until_state(PortState.IDLE)
    await pool.close()
    worker.dies()


async def test_legs_alive_before_us_are_offered_with_their_label_after_the_hook(tmp_path: Path) -> None:
    worker = FakeWorker(
        tmp_path / "sip-0.sock",
        legs=[
            described("old.1", "up", slot=5, label="call-7", held=True),
            described("in.1", "ringing", inbound=True, called="*41"),
            described("old.2", "ringing", label="call-8"),
        ],
    )
    seen: list[tuple[str, int]] = []

    async def up(name: str, memfd: int) -> None:
        await asyncio.sleep(1)
        worker.happens("digit", "old.1", digit="5")  # while the engine still takes the page
        seen.append((name, pool._rings.qsize()))
        assert os.fstat(memfd).st_ino == os.fstat(worker.page).st_ino

    pool = SipPool(sockets=[worker.server.path], on_worker_up=up)
    await pool.open()
    assert seen == [("sip-0", 0)]
    first, second, third = [await rings(pool) for _ in range(3)]
    assert (first.id, first.state, first.inbound, first.label, first.audio, first.held) == (
        "old.1",
        LegState.UP,
        False,
        "call-7",
        SlotAudio("sip-0", 5),
        True,
    )
    assert (second.state, second.inbound, second.called) == (LegState.RINGING, True, "*41")
    assert (third.state, third.inbound, third.label) == (LegState.RINGING, False, "call-8")
    assert await first.digits.get() == "5"
    await pool.close()
    assert first.state is LegState.UP
    worker.dies()


async def test_the_hooks_tell_of_a_workers_coming_and_going(tmp_path: Path) -> None:
    story: list[str] = []
    told = asyncio.Event()

    async def up(name: str, memfd: int) -> None:
        story.append(f"{name} up")

    async def lost(name: str) -> None:
        story.append(f"{name} lost, {leg.state.value}")
        told.set()

    worker, other = FakeWorker(tmp_path / "sip-0.sock"), FakeWorker(tmp_path / "sip-1.sock")
    async with opened(worker, other, on_worker_up=up, on_worker_lost=lost) as pool:
        leg = await pool.dial("sip:ana@x")
        assert os.fstat(pool.memfd("sip-0")).st_ino == os.fstat(worker.page).st_ino
        worker.dies()
        await told.wait()
        assert sorted(story) == ["sip-0 lost, ended", "sip-0 up", "sip-1 up"]
        with pytest.raises(PortLost):
            pool.memfd("sip-0")


async def test_events_about_legs_nobody_knows_are_let_go(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        worker.happens("ended", "ghost", cause="remote", code=200)
        worker.happens("digit", "ghost", digit="1")
        leg = await pool.dial("sip:ana@x")
        assert leg.state is LegState.DIALING
        assert pool._rings.empty()


async def test_the_status_tells_each_workers_health_and_how_often_it_came_anew(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        await worker.until_asked("counters")
        await asyncio.sleep(0.1)

        def row() -> dict[str, object]:
            return pool.status()["workers"][0]  # type: ignore[index, no-any-return]

        assert (row()["reply_ms"], row()["restarts"], row()["pid"]) == (0.0, 0, 1)
        worker.dies()
        await pool.until_state(PortState.FAULT)
        successor = FakeWorker(tmp_path / "sip-0.sock", pid=2)
        await pool.until_state(PortState.IDLE)
        assert (row()["restarts"], row()["pid"]) == (1, 2)
        successor.silent.add("counters")
        await asyncio.sleep(20)
        assert row()["reply_ms"] is None
        successor.dies()


async def test_every_worker_knows_the_accounts_of_the_trunks(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        pool.set_accounts([TrunkAccount("berlin", user="box", password="secret")])
        await worker.until_asked("accounts", 2)  # none when it was found
        told = [message["accounts"] for message in worker.asked if message["op"] == "accounts"]
        assert [[account["name"] for account in accounts] for accounts in told] == [[], ["berlin"]]
        assert account_of(told[1][0]) == pool.accounts[0]
        assert "secret" not in repr(pool.accounts[0])


async def test_a_leg_beside_another_is_dialled_by_the_same_worker(tmp_path: Path) -> None:
    one, two = FakeWorker(tmp_path / "sip-0.sock"), FakeWorker(tmp_path / "sip-1.sock", max_legs=2)
    async with opened(one, two) as pool:
        first = await pool.dial("sip:ana@x")
        beside = [await pool.dial("sip:ana@x", near=first) for _ in range(3)]
        assert {leg.worker for leg in beside} == {first.worker}
        full = await pool.dial("sip:ana@x", near=beside[0])
        assert full.worker != first.worker


async def test_early_sound_silence_and_where_a_call_was_sent_reach_the_leg(tmp_path: Path) -> None:
    worker = FakeWorker(tmp_path / "sip-0.sock")
    async with opened(worker) as pool:
        leg = await pool.dial("ana", through=Through.AGENT)
        several = [
            {"event": "ringing", "leg": leg.id},
            {"event": "early", "leg": leg.id, "slot": 2},
            {"event": "silent", "leg": leg.id, "seconds": 5.0},
        ]
        worker.happens("several", leg.id, news=several)
        assert await leg.until_audio() == SlotAudio("sip-0", 2)
        await leg.until_silent()
        assert (leg.state, leg.silent_since) == (LegState.RINGING, asyncio.get_running_loop().time() - 5)
        worker.happens("sounding", leg.id)
        await leg.until_silent(False)
        worker.happens("ended", leg.id, cause="failed", code=302, forwarded="sip:ben@x")
        assert await leg.ended() is EndCause.FAILED
        assert (leg.code, leg.forwarded) == (302, "sip:ben@x")
        with pytest.raises(LegEnded):
            await leg.until_silent()
