"""The SIP worker against a phone that does what real ones seldom do, and against rubbish."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import numpy as np
import pytest

from drivers.port import EndCause, LegState
from tests.drivers.sip.bench import bench, needs_pjsua2, ring
from tests.drivers.sip.stand_in import StandIn
from tests.peers.baresip import tone_level_dbfs
from tests.peers.raw_phone import RawPhone, udp_socket

pytestmark = [pytest.mark.slow, pytest.mark.realtime, needs_pjsua2]


async def test_an_offer_without_g711_gets_488(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), RawPhone() as phone:
        offer = phone.sdp(payloads="96", attributes="a=rtpmap:96 opus/48000/2\r\n")
        phone.invite(worker.port, sdp=offer)
        assert (await phone.response("INVITE")).status == 488
        assert pool.status()["workers"][0]["legs"] == 0  # type: ignore[index]


async def test_a_late_offer_is_answered_with_ours(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), RawPhone() as phone:
        phone.invite(worker.port, sdp="")
        leg = await ring(pool)
        answering = asyncio.create_task(leg.answer())
        accepted = await phone.response("INVITE")
        assert (accepted.status, "m=audio" in accepted.body) == (200, True)
        phone.acknowledge(accepted, phone.sdp())
        await answering
        assert leg.audio is not None
        phone.request("BYE")
        assert await leg.ended() is EndCause.REMOTE


async def test_a_changed_codec_in_a_reinvite_keeps_the_leg_and_slot(tmp_path: Path) -> None:
    async with bench(tmp_path) as (worker, pool), RawPhone() as phone:
        phone.invite(worker.port)
        leg = await ring(pool)
        answering = asyncio.create_task(leg.answer())
        phone.acknowledge(await phone.response("INVITE"))
        await answering
        audio = leg.audio
        phone.request("INVITE", phone.sdp(payloads="0"))
        accepted = await phone.response("INVITE")
        assert "RTP/AVP 0" in accepted.body
        phone.acknowledge(accepted)
        phone.request("INVITE", phone.sdp(payloads="0", direction="inactive"))
        phone.acknowledge(await phone.response("INVITE"))
        await asyncio.wait_for(leg.until_held(True), 2)
        phone.request("INVITE", phone.sdp(payloads="8"))
        phone.acknowledge(await phone.response("INVITE"))
        await asyncio.wait_for(leg.until_held(False), 2)
        assert (leg.state, leg.audio) == (LegState.UP, audio)


@pytest.mark.parametrize("ptime_ms", [10, 30, 60])
async def test_a_phone_with_packets_of_another_length_is_heard_and_hears(
    tmp_path: Path, ptime_ms: int
) -> None:
    async with bench(tmp_path) as (_, pool), RawPhone(ptime_ms=ptime_ms) as phone:
        with StandIn(pool.memfd("sip-0"), say_hertz=700) as engine:
            leg = await pool.dial(phone.uri)
            await leg.until(LegState.UP)
            lengths: set[int] = set()
            square = bytes([0x2A] * 8 + [0xAA] * 8)  # 500 Hz, A-law +-8064 and its negative
            for number in range(1200 // ptime_ms):
                phone.send_rtp(number, (square * ptime_ms)[: 8 * ptime_ms])
                await asyncio.sleep(ptime_ms / 1000)
                lengths.update(_received(phone))
            await leg.hangup()
    assert lengths == {160}  # ours stay one tick long
    assert tone_level_dbfs(engine.heard(0)[-4800:], 500) > -20


async def test_a_peer_that_never_answers_disturbs_nobody(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool), RawPhone() as phone:
        with udp_socket() as silent:
            waiting = await pool.dial(f"sip:ghost@127.0.0.1:{silent.getsockname()[1]}")
            leg = await pool.dial(phone.uri)
            await asyncio.wait_for(leg.until(LegState.UP), 2)
            assert waiting.state is LegState.DIALING
            begin = time.monotonic()
            await waiting.hangup()
            assert time.monotonic() - begin < 0.5
            await leg.hangup()
            await phone.asked("BYE")


async def test_an_address_that_is_none_fails_at_once(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool), RawPhone() as phone:
        for bad in ("nonsense", "sip:", "sip:a@b\r\nX: y", ""):
            leg = await pool.dial(bad)
            assert await asyncio.wait_for(leg.ended(), 2) is EndCause.FAILED
        leg = await pool.dial(phone.uri)
        await asyncio.wait_for(leg.until(LegState.UP), 2)


async def test_refusals_of_a_phone_end_the_leg_by_their_code(tmp_path: Path) -> None:
    expected = {486: EndCause.BUSY, 480: EndCause.NO_ANSWER, 603: EndCause.REJECTED, 500: EndCause.FAILED}
    async with bench(tmp_path) as (_, pool):
        for code, cause in expected.items():
            async with RawPhone(answers=code) as phone:
                leg = await pool.dial(phone.uri)
                assert await asyncio.wait_for(leg.ended(), 2) is cause


async def test_rubbish_on_the_port_leaves_the_worker_and_its_calls_alone(tmp_path: Path) -> None:
    dice = random.Random(5)
    async with bench(tmp_path) as (worker, pool), RawPhone() as phone, RawPhone("good") as good:
        leg = await pool.dial(phone.uri)
        await leg.until(LegState.UP)
        with udp_socket() as sock:
            for number in range(600):
                sock.sendto(_rubbish(dice, worker.port, number), ("127.0.0.1", worker.port))
                await asyncio.sleep(0.002)
        await asyncio.sleep(0.2)
        assert worker.process.returncode is None
        assert leg.state is LegState.UP
        while not pool._rings.empty():  # a mutation may still be a good INVITE
            await (await ring(pool)).hangup()
        again = await pool.dial(good.uri)
        await asyncio.wait_for(again.until(LegState.UP), 2)
        await again.hangup()
        await leg.hangup()
        await phone.asked("BYE")


def _received(phone: RawPhone) -> set[int]:
    lengths = set()
    while True:
        try:
            lengths.add(len(phone.rtp.recv(2000)) - 12)
        except BlockingIOError:
            return lengths


def _rubbish(dice: random.Random, port: int, number: int) -> bytes:
    """Random bytes, or an INVITE with bytes changed, cut out or doubled."""
    if number % 3 == 0:
        return dice.randbytes(dice.randrange(1, 1400))
    text = (
        f"INVITE sip:box@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{number}\r\n"
        f"From: <sip:x@y>;tag={number}\r\nTo: <sip:box@z>\r\nCall-ID: {number}@x\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:x@127.0.0.1:9>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
        "Content-Length: 127\r\n\r\nv=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 9 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
    data = np.frombuffer(text.encode(), dtype=np.uint8).copy()
    for _ in range(dice.randrange(1, 12)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    cut = dice.randrange(len(data))
    return bytes(data) if number % 3 == 1 else bytes(data[:cut]) + bytes(data[max(0, cut - 40) :])
