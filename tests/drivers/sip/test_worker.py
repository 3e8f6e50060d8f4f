"""The SIP worker with a real phone, baresip, at the other end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.port import EndCause, LegState, PortState, SlotAudio
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from tests.drivers.sip.bench import bench, needs_pjsua2, ring
from tests.drivers.sip.stand_in import StandIn
from tests.peers.baresip import Baresip, needs_baresip, tone_level_dbfs

pytestmark = [pytest.mark.slow, pytest.mark.realtime, needs_pjsua2, needs_baresip]


async def talking(pool: SipPool, phone: Baresip, *, label: str = "") -> SipLeg:
    """A leg we dialled, answered by the phone."""
    leg = await pool.dial(phone.uri, label=label)
    await phone.event("CALL_INCOMING")
    await phone.command("accept")
    await phone.event("CALL_ESTABLISHED")
    await leg.until(LegState.UP)
    return leg


async def test_a_dialled_phone_rings_answers_and_both_hear_each_other(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool):
        with StandIn(pool.memfd("sip-0"), say_hertz=700) as engine:
            async with Baresip(tmp_path / "ana", say="sine:440") as phone:
                leg = await pool.dial(phone.uri, from_user="18", from_name="Support")
                call = await phone.event("CALL_INCOMING")
                assert (call["peeruri"], call["peerdisplayname"]) == ("sip:18@127.0.0.1", "Support")
                await leg.until(LegState.RINGING)
                await phone.command("accept")
                await leg.until(LegState.UP)
                assert leg.audio == SlotAudio("sip-0", 64)
                await asyncio.sleep(2)
                await leg.hangup()
                await phone.event("CALL_CLOSED")
            heard, phone_heard = engine.heard(0), phone.heard()
    assert tone_level_dbfs(heard[4000:12000], 440) == pytest.approx(-10, abs=1)
    assert tone_level_dbfs(heard[4000:12000], 700) < -50
    assert tone_level_dbfs(phone_heard[4000:12000], 700) == pytest.approx(-10, abs=1.5)
    assert tone_level_dbfs(phone_heard[4000:12000], 440) < -50


async def test_a_phone_that_dials_in_is_answered_and_hangs_up(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), Baresip(tmp_path / "ana") as phone:
        await phone.command("dial", f"sip:*41@127.0.0.1:{worker.port}")
        leg = await ring(pool)
        assert (leg.called, leg.inbound, leg.peer) == ("*41", True, "<sip:ana@127.0.0.1>")
        await phone.event("CALL_RINGING")
        await leg.answer()
        assert leg.audio == SlotAudio("sip-0", 64)
        await phone.event("CALL_ESTABLISHED")
        await phone.command("hangup")
        assert await leg.ended() is EndCause.REMOTE


async def test_our_hangup_reaches_the_phone(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool), Baresip(tmp_path / "ana") as phone:
        leg = await talking(pool, phone)
        await leg.hangup()
        await phone.event("CALL_CLOSED")
        assert leg.cause is EndCause.LOCAL


async def test_a_phone_that_refuses_is_busy(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool), Baresip(tmp_path / "ana") as phone:
        leg = await pool.dial(phone.uri)
        await phone.event("CALL_INCOMING")
        await phone.command("hangup")
        assert await leg.ended() is EndCause.BUSY


async def test_a_phone_nobody_answers_is_cancelled(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool), Baresip(tmp_path / "ana") as phone:
        leg = await pool.dial(phone.uri)
        await phone.event("CALL_INCOMING")
        await leg.until(LegState.RINGING)
        await leg.hangup()
        closed = await phone.event("CALL_CLOSED")
        assert "Connection reset" in closed["param"] or "cancel" in closed["param"].lower()
        again = await talking(pool, phone)
        await again.hangup()


async def test_a_caller_who_cancels_while_ringing_is_gone(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), Baresip(tmp_path / "ana") as phone:
        await phone.command("dial", worker.uri)
        leg = await ring(pool)
        await phone.event("CALL_RINGING")
        await phone.command("hangup")
        assert await leg.ended() is EndCause.REMOTE


async def test_an_inbound_call_can_be_refused_as_busy(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), Baresip(tmp_path / "ana") as phone:
        await phone.command("dial", worker.uri)
        leg = await ring(pool)
        leg.refusal = 486
        await leg.hangup()
        assert "486" in (await phone.event("CALL_CLOSED"))["param"]


async def test_hold_and_resume_keep_the_slot_and_the_sound(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool):
        with StandIn(pool.memfd("sip-0")) as engine:
            async with Baresip(tmp_path / "ana", say="sine:440") as phone:
                leg = await talking(pool, phone)
                for _ in range(3):
                    await phone.command("hold")
                    await leg.until_held(True)
                    await phone.command("resume")
                    await leg.until_held(False)
                assert leg.audio == SlotAudio("sip-0", 64)
                await asyncio.sleep(0.3)
                engine.forget()
                await asyncio.sleep(1)
                assert tone_level_dbfs(engine.heard(0)[-4000:], 440) == pytest.approx(-10, abs=1)
                await leg.hangup()


async def test_digits_cross_both_ways(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool), Baresip(tmp_path / "ana") as phone:
        leg = await talking(pool, phone)
        for digit in "7*":
            await phone.command("sndcode", digit)
            assert await asyncio.wait_for(leg.digits.get(), 5) == digit
        await leg.send_digits("1#")
        assert [(await phone.event("CALL_DTMF_START"))["param"] for _ in range(2)] == ["1", "#"]
        assert leg.digits.empty()


async def test_a_killed_worker_costs_its_legs_and_its_successor_serves(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), Baresip(tmp_path / "ana") as phone:
        leg = await talking(pool, phone)
        worker.process.kill()
        await worker.process.wait()
        assert await asyncio.wait_for(leg.ended(), 2) is EndCause.PORT_LOST
        assert pool.state is PortState.FAULT
        await worker.start()
        async with asyncio.timeout(10):
            await pool.until_state(PortState.IDLE)
        await phone.command("hangup")
        again = await talking(pool, phone)
        await again.hangup()


async def test_a_brain_that_comes_back_finds_its_leg_talking_with_its_label(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), Baresip(tmp_path / "ana") as phone:
        leg = await talking(pool, phone, label="call-7")
        await pool.close()
        await asyncio.sleep(1)
        async with worker.pool() as successor:
            found = await ring(successor)
            assert (found.id, found.state, found.label, found.audio, found.inbound) == (
                leg.id,
                LegState.UP,
                "call-7",
                SlotAudio("sip-0", 64),
                False,
            )
            await found.hangup()
            await phone.event("CALL_CLOSED")
        assert len(phone.heard()) > 7000  # RTP never stopped
        await pool.open()


async def test_a_worker_that_is_full_says_so_and_the_edge_may_try_another(tmp_path: Path) -> None:
    async with bench(tmp_path, max_legs=1) as (worker, pool), Baresip(tmp_path / "ana") as phone:
        leg = await talking(pool, phone)
        async with Baresip(tmp_path / "ben", user="ben") as other:
            await other.command("dial", worker.uri)
            assert "503" in (await other.event("CALL_CLOSED"))["param"]
        assert leg.state is LegState.UP
        await leg.hangup()
