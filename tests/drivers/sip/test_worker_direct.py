"""Two phones of a real worker, bridged by a real engine: heard between the ticks, without it if need be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.port import LegState, SlotAudio
from drivers.sip.leg import SipLeg
from tests.appliance.media.process_rig import Running, engine
from tests.drivers.sip.bench import bench, needs_pjsua2
from tests.peers.raw_phone import PCMA_SILENCE, RawPhone

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone, needs_pjsua2]

SO_TIMESTAMPNS = 35  # linux/socket.h
LATEST_MS = 12.0  # a tick's worth at most where a mix takes 10 on average; half of them below 6


@contextlib.asynccontextmanager
async def two_talking(folder: Path) -> AsyncIterator[tuple[RawPhone, RawPhone, Running, list[SipLeg]]]:
    """Two phones called by one worker, their slots ports a and b of an engine, bridged."""
    async with (
        bench(folder) as (_, pool),
        engine(folder) as media,
        RawPhone("ana") as ana,
        RawPhone("bob") as bob,
    ):
        await media.peer.request("worker.attach", worker="sip-0", fds=[pool.memfd("sip-0")])
        legs = [await pool.dial(phone.uri) for phone in (ana, bob)]
        for leg, port in zip(legs, "ab", strict=True):
            await asyncio.wait_for(leg.until(LegState.UP), 5)
            assert isinstance(leg.audio, SlotAudio)
            await media.peer.request("port.slot", port=port, worker="sip-0", slot=leg.audio.slot)
        await media.peer.request("connect", src="a", dst="b")
        await media.peer.request("connect", src="b", dst="a")
        for phone in (ana, bob):
            phone.rtp.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        yield ana, bob, media, legs


class Talk:
    """Both phones speak; ana's packets are told apart by what is in them, and timed at bob's."""

    def __init__(self, ana: RawPhone, bob: RawPhone) -> None:
        self._phones = (ana, bob)
        self._number = 0
        self.said: dict[bytes, int] = {}  # payload -> when, ns

    async def on(self, seconds: float) -> list[float]:
        """Speak for so long; the delays in ms of what bob heard as ana said it."""
        loop = asyncio.get_running_loop()
        delays: list[float] = []
        begin, count = loop.time(), round(seconds * 50)
        for step in range(count):
            await asyncio.sleep(max(0.0, begin + step * 0.0203 - loop.time()))  # a phase that wanders
            self._number += 1
            payload = bytes([0x20 + self._number % 80, 0x30 + self._number // 80 % 80] * 80)
            self.said[payload] = time.time_ns()
            self._phones[0].send_rtp(self._number, payload)
            self._phones[1].send_rtp(self._number, bytes([PCMA_SILENCE]) * 160)
            delays += self._heard()
        return delays

    def _heard(self) -> list[float]:
        delays = []
        with contextlib.suppress(BlockingIOError):
            while True:
                data, stamps, _, _ = self._phones[1].rtp.recvmsg(2048, 64)
                seconds, nanoseconds = struct.unpack("qq", stamps[0][2])
                at = self.said.pop(data[12:], 0)
                if at:
                    delays.append((seconds * 1_000_000_000 + nanoseconds - at) / 1e6)
        return delays


async def test_two_alone_are_heard_between_the_ticks_and_outlive_the_engine(tmp_path: Path) -> None:
    async with two_talking(tmp_path) as (ana, bob, media, _):
        talk = Talk(ana, bob)
        await talk.on(0.5)
        delays = await talk.on(1.5)
        assert len(delays) >= 70, "each packet comes as it was sent"
        assert statistics.median(delays) < LATEST_MS / 2
        await media.peer.request("disconnect", src="a", dst="b")
        await talk.on(0.2)
        assert await talk.on(0.4) == [], "nothing of hers from the tick on"
        await media.peer.request("connect", src="a", dst="b")
        await talk.on(0.3)
        os.kill(media.process.pid, signal.SIGKILL)
        delays = await talk.on(1.0)
        assert len(delays) >= 45, "two who talk hear nothing of a dead engine"
        assert statistics.median(delays) < LATEST_MS


async def test_a_leg_that_ends_is_heard_by_nobody_and_its_place_is_another_leg(tmp_path: Path) -> None:
    async with two_talking(tmp_path) as (ana, bob, _, legs):
        talk = Talk(ana, bob)
        assert len(await talk.on(1.0)) > 30
        await legs[0].hangup()
        await talk.on(0.1)
        assert await talk.on(0.3) == []
