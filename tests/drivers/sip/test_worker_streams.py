"""Sound of a worker whose far end changes what it likes: early, on other ports, by other codecs, forged."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from drivers.port import EndCause, LegEnded, LegState, PortTimeout
from drivers.sip import leg as leg_module
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from tests.drivers.sip.bench import Bench, bench, needs_own_build, needs_pjsua2, ring
from tests.drivers.sip.stand_in import StandIn
from tests.peers.baresip import tone_level_dbfs
from tests.peers.raw_phone import RawPhone, udp_socket
from tests.peers.raw_sound import RawSound

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone, needs_pjsua2]

PACKET = b"\x80\x08" + bytes(10)  # an RTP header for A-law
OURS, THEIRS = 700.0, 500.0  # Hz


@contextlib.asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[tuple[Bench, SipPool, StandIn, RawPhone]]:
    """A worker, its pool, an engine that says 700 Hz and a phone that does as the test says."""
    async with bench(folder) as (worker, pool), RawPhone(answers=0) as phone:
        with StandIn(pool.memfd("sip-0"), say_hertz=OURS) as engine:
            yield worker, pool, engine, phone


async def called(pool: SipPool, phone: RawPhone, **sdp: str) -> SipLeg:
    """A leg we dialled, answered; the phone may go on in the dialogue."""
    leg = await pool.dial(phone.uri)
    invite = await phone.asked("INVITE")
    phone.respond(invite, 200, phone.sdp(**sdp))
    await asyncio.wait_for(leg.until(LegState.UP), 2)
    phone.enter(invite)
    return leg


async def calling(worker: Bench, pool: SipPool, phone: RawPhone, **how: object) -> SipLeg:
    """A leg of a phone that called us and was answered."""
    phone.invite(worker.port, **how)  # type: ignore[arg-type]
    leg = await ring(pool)
    answering = asyncio.create_task(leg.answer())
    phone.acknowledge(await phone.response("INVITE"))
    await answering
    return leg


def is_tone(sound: npt.NDArray[np.int16], hertz: float) -> bool:
    """True when its last half second is the tone at about -10 dBFS and nothing else."""
    level = tone_level_dbfs(sound[-4000:], hertz)
    other = tone_level_dbfs(sound[-4000:], OURS + THEIRS - hertz)
    return len(sound) >= 4000 and abs(level + 10) < 1 and other < -40


async def both_hear(engine: StandIn, sound: RawSound, seconds: float = 0.8) -> bool:
    """Whether the tones cross both ways in the time that comes; Python's engine may stumble now and then."""
    for _ in range(5):
        engine.forget()
        sound.packets()
        await asyncio.sleep(seconds)
        if is_tone(engine.heard(0), THEIRS) and is_tone(sound.heard(), OURS):
            return True
    return False


async def test_sound_crosses_both_ways_before_the_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as (_, pool, engine, phone), RawSound(phone) as sound:
        leg = await pool.dial(phone.uri)
        invite = await phone.asked("INVITE")
        phone.respond(invite, 183, phone.sdp())
        audio = await asyncio.wait_for(leg.until_audio(), 2)
        assert leg.state is LegState.RINGING
        assert await both_hear(engine, sound)
        phone.respond(invite, 200, phone.sdp())
        await asyncio.wait_for(leg.until(LegState.UP), 2)
        assert leg.audio == audio
        assert await both_hear(engine, sound)
        await leg.hangup()
        await phone.asked("BYE")


async def test_a_caller_hears_us_before_the_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        phone.invite(worker.port)
        leg = await ring(pool)
        await leg.progress()
        progress = await phone.response("INVITE", at_least=183)
        assert progress.status == 183
        phone.take_in(progress)
        assert leg.audio is not None
        assert await both_hear(engine, sound)
        answering = asyncio.create_task(leg.answer())
        phone.acknowledge(await phone.response("INVITE"))
        await answering
        assert await both_hear(engine, sound)
        await leg.progress()  # harmless now


async def test_a_caller_without_an_offer_has_no_sound_before_the_answer(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, _, phone):
        phone.invite(worker.port, sdp="")
        leg = await ring(pool)
        await leg.progress()
        assert leg.audio is None
        phone.request("CANCEL", number=leg_number(phone))
        assert await asyncio.wait_for(leg.ended(), 2) is EndCause.REMOTE
        with pytest.raises(LegEnded):
            await leg.progress()


def leg_number(phone: RawPhone) -> int:
    """CSeq of the phone's last request."""
    return phone.last_number


async def test_a_reliable_provisional_answer_is_acknowledged_with_prack(tmp_path: Path) -> None:
    async with stage(tmp_path) as (_, pool, engine, phone), RawSound(phone) as sound:
        leg = await pool.dial(phone.uri)
        invite = await phone.asked("INVITE")
        assert "100rel" in invite.headers["supported"]
        phone.respond(invite, 183, phone.sdp(), headers=["Require: 100rel", "RSeq: 17"])
        prack = await phone.asked("PRACK")
        assert prack.headers["rack"] == f"17 {invite.headers['cseq']}"
        phone.respond(prack, 200)
        assert await both_hear(engine, sound)
        phone.respond(invite, 200)
        await asyncio.wait_for(leg.until(LegState.UP), 2)
        assert await both_hear(engine, sound)


async def test_a_caller_who_insists_on_prack_gets_what_it_wants(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        phone.invite(worker.port, headers=["Require: 100rel", "Supported: 100rel"])
        leg = await ring(pool)
        for _ in range(2):  # 180, then 183
            provisional = await phone.response("INVITE", at_least=180)
            assert provisional.headers["require"] == "100rel"
            phone.take_in(provisional)
            rack = f"RAck: {provisional.headers['rseq']} {provisional.headers['cseq']}"
            phone.request("PRACK", headers=[rack])
            assert (await phone.response("PRACK")).status == 200
            await leg.progress()
        assert await both_hear(engine, sound)
        answering = asyncio.create_task(leg.answer())
        phone.acknowledge(await phone.response("INVITE"))
        await answering


async def test_a_codec_changed_in_mid_call_changes_no_sound(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        await calling(worker, pool, phone)
        assert await both_hear(engine, sound)
        for payload_type in (0, 8):
            phone.request("INVITE", phone.sdp(payloads=str(payload_type)))
            accepted = await phone.response("INVITE")
            assert f"RTP/AVP {payload_type}" in accepted.body
            phone.acknowledge(accepted)
            sound.payload_type = payload_type
            await asyncio.sleep(0.1)
            assert await both_hear(engine, sound)


async def test_another_address_in_a_reinvite_or_update_gets_the_sound(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone):
        await calling(worker, pool, phone)
        for method in ("INVITE", "UPDATE"):
            with udp_socket() as elsewhere:
                phone.request(method, phone.sdp(rtp_port=elsewhere.getsockname()[1]))
                accepted = await phone.response(method)
                assert accepted.status == 200
                if method == "INVITE":
                    phone.acknowledge(accepted)
                phone.take_in(accepted)
                async with RawSound(phone, sock=elsewhere) as sound:
                    await asyncio.sleep(0.1)
                    assert await both_hear(engine, sound)


@pytest.mark.parametrize("way", ["sendonly", "inactive", "0.0.0.0"])
async def test_hold_in_all_its_forms_is_seen_and_undone(tmp_path: Path, way: str) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        leg = await calling(worker, pool, phone)
        for _ in range(2):
            offer = phone.sdp(direction="sendrecv" if way == "0.0.0.0" else way)
            if way == "0.0.0.0":  # RFC 2543, still seen
                offer = offer.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
            phone.request("INVITE", offer)
            phone.acknowledge(await phone.response("INVITE"))
            await asyncio.wait_for(leg.until_held(True), 2)
            phone.request("INVITE", phone.sdp())
            phone.acknowledge(await phone.response("INVITE"))
            await asyncio.wait_for(leg.until_held(False), 2)
        assert await both_hear(engine, sound)


async def test_packets_that_stop_and_come_again_are_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, _, phone), RawSound(phone) as sound:
        leg = await calling(worker, pool, phone)
        await asyncio.sleep(1.5)
        assert leg.silent_since is None
        sound.mute = True
        await asyncio.wait_for(leg.until_silent(), 9)
        assert leg.state is LegState.UP
        sound.mute = False
        await asyncio.wait_for(leg.until_silent(False), 3)


async def test_a_forged_source_beside_the_true_one_is_not_heard_and_hears_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        with udp_socket() as forger:
            await calling(worker, pool, phone)
            await asyncio.sleep(0.2)
            async with RawSound(phone, hertz=1900, sock=forger) as forged:
                assert await both_hear(engine, sound, 1.5)
                assert forged.sent > 50
                assert tone_level_dbfs(engine.heard(0), 1900) < -50
                assert forged.packets() == []


@needs_own_build
async def test_a_flood_of_forged_packets_does_not_take_the_sound_over(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        with udp_socket() as forger:
            await calling(worker, pool, phone)
            await asyncio.sleep(0.2)
            for _ in range(25):  # thirty between two of the phone's
                for number in range(30):
                    forger.sendto(PACKET + bytes([number]) * 160, ("127.0.0.1", phone.far_rtp))
                await asyncio.sleep(0.02)
            assert await both_hear(engine, sound)
            with pytest.raises(BlockingIOError):
                forger.recv(2048)


async def test_a_far_end_that_never_acknowledges_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_module, "ACK_SECONDS", 1.0)
    async with stage(tmp_path) as (worker, pool, _, phone):
        phone.invite(worker.port)
        leg = await ring(pool)
        with pytest.raises(PortTimeout):
            await leg.answer()
        assert (await phone.response("INVITE")).status == 200
        await leg.hangup()
        assert leg.cause is EndCause.LOCAL
        phone.invite(worker.port)
        await ring(pool)


async def test_keys_by_info_are_heard(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, _, phone):
        leg = await calling(worker, pool, phone)
        phone.request("INFO", "Signal=5\r\nDuration=160\r\n", content="application/dtmf-relay")
        assert (await phone.response("INFO")).status == 200
        assert await asyncio.wait_for(leg.digits.get(), 2) == "5"


async def test_a_session_timer_is_agreed_and_refreshed_by_the_far_end(tmp_path: Path) -> None:
    async with stage(tmp_path) as (worker, pool, engine, phone), RawSound(phone) as sound:
        timer = ["Supported: timer", "Session-Expires: 90;refresher=uac", "Min-SE: 90"]
        leg = await calling(worker, pool, phone, headers=timer)
        for method in ("INVITE", "UPDATE"):
            phone.request(method, phone.sdp(), headers=timer)
            accepted = await phone.response(method)
            assert accepted.headers["session-expires"] == "90;refresher=uac"
            if method == "INVITE":
                phone.acknowledge(accepted)
            assert await both_hear(engine, sound)
        phone.request("UPDATE", headers=timer)
        assert (await phone.response("UPDATE")).status == 200
        assert leg.state is LegState.UP


async def test_keys_by_info_go_one_after_another(tmp_path: Path) -> None:
    async with stage(tmp_path) as (_, pool, _, phone):
        leg = await called(pool, phone)
        phone.obliges = False
        await leg.send_digits("12")
        await leg.send_digits("3")
        keys = []
        for _ in range(3):
            info = await phone.asked("INFO")
            assert phone.inbox.empty()  # the next one waits for the answer
            phone.respond(info, 200)
            keys.append(info.body.partition("Signal=")[2][:1])
        assert keys == ["1", "2", "3"]
