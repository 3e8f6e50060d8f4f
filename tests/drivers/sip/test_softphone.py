"""The phones of the demo, as processes of their own, called by a real worker."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.port import EndCause, LegState
from tests.drivers.sip.bench import bench, needs_pjsua2, ring
from tests.drivers.sip.stand_in import StandIn
from tests.peers.baresip import free_port, tone_level_dbfs, write_tone

pytestmark = [pytest.mark.slow, pytest.mark.realtime, needs_pjsua2]


@contextlib.asynccontextmanager
async def phones(folder: Path, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """The process and its SIP port."""
    port = free_port()
    command = [sys.executable, "-m", "drivers.sip.softphone", "--port", str(port), *options]
    with (folder / "phones.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output
        )
    try:
        await _until_serving(folder / "phones.log")
        yield process, port
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0


async def _until_serving(log: Path) -> None:
    for _ in range(200):
        if _contains(log, "sip:"):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("the phones did not start")


def _contains(log: Path, text: str) -> bool:
    return text in log.read_text()


async def test_a_phone_answers_speaks_and_hangs_up_by_itself(tmp_path: Path) -> None:
    write_tone(tmp_path / "say.wav", 500, seconds=0.5)  # shorter than the talk: it must loop
    options = ["--user", "ana", "--answer-after", "0.2", "--talk-seconds", "1.5", "1.6"]
    async with (
        bench(tmp_path) as (_, pool),
        phones(tmp_path, *options, "--play", str(tmp_path / "say.wav")) as (_, port),
    ):
        with StandIn(pool.memfd("sip-0")) as engine:
            leg = await pool.dial(f"sip:ana@127.0.0.1:{port}")
            await leg.until(LegState.RINGING)
            await leg.until(LegState.UP)
            assert await asyncio.wait_for(leg.ended(), 3) is EndCause.REMOTE
        assert tone_level_dbfs(engine.heard(0)[4000:8000], 500) == pytest.approx(-10, abs=1)


async def test_two_phones_of_one_process_ring_apart_and_a_third_call_is_busy(tmp_path: Path) -> None:
    options = ["--user", "ana", "ben", "--answer-after", "0"]
    async with bench(tmp_path) as (_, pool), phones(tmp_path, *options) as (_, port):
        ana, ben = [await pool.dial(f"sip:{user}@127.0.0.1:{port}") for user in ("ana", "ben")]
        await asyncio.wait_for(asyncio.gather(ana.until(LegState.UP), ben.until(LegState.UP)), 3)
        third = await pool.dial(f"sip:ana@127.0.0.1:{port}")
        assert await asyncio.wait_for(third.ended(), 3) is EndCause.BUSY
        assert ana.state is ben.state is LegState.UP


async def test_a_phone_dials_a_star_code_and_presses_keys_when_told(tmp_path: Path) -> None:
    async with (
        bench(tmp_path) as (worker, pool),
        phones(tmp_path, "--user", "ana", "ben") as (process, _),
    ):
        assert process.stdin is not None
        process.stdin.write(f"nonsense\nben dial sip:*41@127.0.0.1:{worker.port}\n".encode())
        leg = await ring(pool)
        assert (leg.peer, leg.called) == ("<sip:ben@127.0.0.1>", "*41")
        await leg.answer()
        process.stdin.write(b"ben digits 42\n")
        assert [await asyncio.wait_for(leg.digits.get(), 5) for _ in range(2)] == ["4", "2"]
        process.stdin.write(b"ben hangup\n")
        assert await asyncio.wait_for(leg.ended(), 3) is EndCause.REMOTE


async def test_a_recording_the_phones_cannot_play_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"RIFF nothing")
    command = [sys.executable, "-m", "drivers.sip.softphone", "--user", "ana", "--play"]
    process = await asyncio.create_subprocess_exec(
        *command, str(tmp_path / "noise.wav"), stderr=asyncio.subprocess.PIPE
    )
    _, error = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 2
    assert b"8 kHz, mono, 16 bits" in error
