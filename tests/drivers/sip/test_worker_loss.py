"""A phone whose packets get lost is heard without holes: the engine conceals what the worker did not get."""

from __future__ import annotations

import asyncio
import random
import sys
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from drivers.port import LegState, SlotAudio
from drivers.sip.pool import SipPool
from drivers.wire import Peer, connect
from tests.drivers.sip.bench import Bench, needs_pjsua2
from tests.peers.raw_phone import RawPhone
from tests.peers.raw_sound import RawSound

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone, needs_pjsua2]

FRAME = 160
SECONDS = 4.0


async def engine_peer(path: Path) -> Peer:
    """The engine, as soon as it listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                return Peer(connect(path))
            except OSError:
                await asyncio.sleep(0.05)


async def recorded(folder: Path, lose: float) -> npt.NDArray[np.int16]:
    """What the engine records of a phone that says 500 Hz at -10 dBFS and loses packets on the way."""
    media, worker = folder / "media.sock", Bench(folder)
    engine = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "appliance.media.engine", "--socket", str(media), "--log-level", "warning"
    )
    await worker.start()
    try:
        wire = await engine_peer(media)
        attached = asyncio.Event()

        async def attach(name: str, memfd: int) -> None:
            await wire.request("worker.attach", worker=name, fds=[memfd])
            attached.set()

        pool = SipPool(sockets=[worker.socket], on_worker_up=attach)
        await pool.open()
        await asyncio.wait_for(attached.wait(), 10)
        async with RawPhone() as phone, RawSound(phone, lose=lose, dice=random.Random(7)):
            leg = await pool.dial(phone.uri)
            await asyncio.wait_for(leg.until(LegState.UP), 5)
            assert isinstance(leg.audio, SlotAudio)
            await wire.request("port.slot", port="a", worker=leg.audio.worker, slot=leg.audio.slot)
            await asyncio.sleep(0.3)
            await wire.request("record", record="a", path=str(folder / "a.wav"), left="a", right="")
            await asyncio.sleep(SECONDS)
            await wire.request("record.stop", record="a")
            await leg.hangup()
        await pool.close()
    finally:
        engine.terminate()
        await engine.wait()
        await worker.end()
    with wave.open(str(folder / "a.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return sound.reshape(-1, file.getnchannels())[:, 0]


def holes(sound: npt.NDArray[np.int16]) -> float:
    """Share of the 10 ms pieces that are more than 6 dB below -10 dBFS of a tone."""
    pieces = sound[: len(sound) // 80 * 80].reshape(-1, 80).astype(np.float64)
    rms = np.sqrt((pieces**2).mean(axis=1)) * np.sqrt(2) / 32767
    return float((rms < 10 ** (-16 / 20)).mean())


async def test_five_per_cent_of_lost_packets_leave_no_holes(tmp_path: Path) -> None:
    sound = await recorded(tmp_path, 0.05)
    assert len(sound) > (SECONDS - 0.5) * 8000
    assert holes(sound[800:-800]) < 0.005  # 0.05 and more without concealment
