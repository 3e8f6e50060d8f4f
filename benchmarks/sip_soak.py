"""Thousands of calls of every kind at one SIP worker: it must live, forget them all, and not grow.

Phones made of sockets call and are called, hold, change codec and address, refer, stop talking, end by BYE,
CANCEL, refusal or not at all, by seeded dice, `--at-once` of them at a time; every call's sound is looked at
once. Memory is compared after the first 100 s: `--calls 5000` for that. `--torture` sends as many mutated
messages of RFC 4475 before it.

    python -m benchmarks.sip_soak [--calls 300] [--at-once 16] [--torture 0] [--seed 1] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from drivers.port import DriverError, LegEnded, LegState
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from drivers.wire import Peer, connect
from tests.drivers.sip.bench import Bench, bench
from tests.drivers.sip.stand_in import StandIn
from tests.drivers.sip.test_worker_torture import endure
from tests.peers.raw_phone import RawPhone
from tests.peers.raw_sound import RawSound

WARM_UP_SECONDS = 100.0  # the library keeps what belongs to a call for 32 s after it (RFC 3261), in pools
GOAL_KB_A_CALL = 1.0
CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"

Ring = Callable[[RawPhone], Awaitable[SipLeg]]


class Soak:
    """One run: `done` counts what the calls went through, `wrong` what should not have happened."""

    def __init__(self, worker: Bench, pool: SipPool, dice: random.Random) -> None:
        self.worker = worker
        self.pool = pool
        self.dice = dice
        self.done: collections.Counter[str] = collections.Counter()
        self.wrong: collections.Counter[str] = collections.Counter()
        self.pause_ms = 0.0
        self._waiting: dict[str, asyncio.Future[SipLeg]] = {}

    async def receive(self) -> None:
        """Give each leg that comes in to the call that waits for it, by the number dialled."""
        while True:
            leg = await self.pool.next_ring()
            assert isinstance(leg, SipLeg)
            waiting = self._waiting.pop(leg.called, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(leg)
            else:
                leg.give_up(480)

    async def own_pauses(self) -> None:
        """How long this process, or the machine, stood still: what is wrong then is not the worker's."""
        while True:
            begin = time.monotonic()
            await asyncio.sleep(0.05)
            self.pause_ms = max(self.pause_ms, (time.monotonic() - begin - 0.05) * 1000)

    async def one(self, number: int) -> None:
        """A call's life, and what went wrong in it."""
        try:
            async with asyncio.timeout(30):
                if self.dice.random() < 0.5:
                    await self.inbound(number)
                else:
                    await self.outbound()
        except (AssertionError, DriverError, LegEnded, TimeoutError) as error:
            self.wrong[f"{type(error).__name__}: {error}"[:80]] += 1

    async def inbound(self, number: int) -> None:
        async with RawPhone(f"in{number}", answers=0) as phone:
            waiting = self._waiting[f"n{number}"] = asyncio.get_running_loop().create_future()
            secret = self.dice.random() < 0.2
            offer = phone.sdp(profile="RTP/SAVP", attributes=CRYPTO) if secret else None
            late = not secret and self.dice.random() < 0.1
            phone.invite(self.worker.port, to=f"n{number}", sdp="" if late else offer)
            leg = await asyncio.wait_for(waiting, 5)
            if self.dice.random() < 0.3:
                await leg.progress()
            end = self.dice.choice(["cancel", "refuse", "no ack", *["talk"] * 7])
            self.done[f"in, {end}"] += 1
            if end == "cancel":
                phone.request("CANCEL", number=phone.last_number)
                await leg.ended()
            elif end == "refuse":
                await leg.hangup()
            else:
                answering = asyncio.create_task(leg.answer())
                accepted = await phone.response("INVITE")
                if end == "no ack":
                    answering.cancel()
                    await leg.hangup()
                    return
                phone.acknowledge(accepted, phone.sdp() if late else "")
                await answering
                await self.talk(leg, phone, plain=not secret)

    async def outbound(self) -> None:
        async with RawPhone(answers=0) as phone:
            leg = await self.pool.dial(phone.uri)
            invite = await phone.asked("INVITE")
            end = self.dice.choice(["busy", "moved", "silent", *["talk"] * 7])
            self.done[f"out, {end}"] += 1
            if self.dice.random() < 0.3:
                phone.respond(invite, 183, phone.sdp())
                await leg.until_audio()
            if end in ("busy", "moved"):
                phone.respond(invite, 486 if end == "busy" else 302, headers=["Contact: <sip:x@127.0.0.1:9>"])
                await leg.ended()
            elif end == "silent":
                await leg.hangup()
                phone.respond(invite, 487)
            else:
                phone.respond(invite, 200, phone.sdp())
                await leg.until(LegState.UP)
                phone.enter(invite)
                await self.talk(leg, phone, plain=True)

    async def talk(self, leg: SipLeg, phone: RawPhone, *, plain: bool) -> None:
        """Up: what phones do, then either end hangs up, or the far end does not care."""
        async with RawSound(phone, hertz=500) as sound:
            await asyncio.sleep(0.1)
            for _ in range(self.dice.randrange(4)) if plain else ():
                step = self.dice.choice([self.hold, self.codec, self.transfer, self.keys])
                self.done[step.__name__] += 1
                await step(leg, phone, sound)
            sound.packets()
            await asyncio.sleep(0.3)
            assert len(sound.packets()) > 8, "our sound stopped"
        if self.dice.random() < 0.5:
            await leg.hangup()
        else:
            phone.request("BYE")
            await leg.ended()

    async def hold(self, leg: SipLeg, phone: RawPhone, sound: RawSound) -> None:
        for direction, held in (("sendonly", True), ("sendrecv", False)):
            phone.request("INVITE", phone.sdp(payloads=str(sound.payload_type), direction=direction))
            phone.acknowledge(await phone.response("INVITE"))
            await leg.until_held(held)

    async def codec(self, leg: SipLeg, phone: RawPhone, sound: RawSound) -> None:
        sound.payload_type = 8 - sound.payload_type
        phone.request("INVITE", phone.sdp(payloads=str(sound.payload_type)))
        phone.acknowledge(await phone.response("INVITE"))

    async def transfer(self, leg: SipLeg, phone: RawPhone, sound: RawSound) -> None:
        await leg.tell_referrer(180, "Ringing", last=False)
        await leg.tell_referrer(503, "Service Unavailable", last=True)
        assert (await phone.asked("NOTIFY")).headers["event"] == "refer"

    async def keys(self, leg: SipLeg, phone: RawPhone, sound: RawSound) -> None:
        phone.request("INFO", "Signal=5\r\nDuration=160\r\n", content="application/dtmf-relay")
        assert await leg.digits.get() == "5"


async def ask(worker: Bench) -> dict[str, float]:
    """What the worker's audio thread has counted."""
    peer = Peer(connect(worker.socket))
    try:
        return await peer.request("counters")
    finally:
        peer.close()


def resident_kb(pid: int) -> int:
    """Memory of a process that is in RAM."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def soak(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run it once and give the figures."""
    async with bench(folder, max_legs=60, seconds=3600) as (worker, pool):
        with StandIn(pool.memfd("sip-0")):
            run = Soak(worker, pool, random.Random(options.seed))
            receiving = asyncio.create_task(run.receive())
            pausing = asyncio.create_task(run.own_pauses())
            begin, warm, warm_calls = time.monotonic(), 0, 0
            memory: list[float] = []
            free = asyncio.Semaphore(options.at_once)
            async with asyncio.TaskGroup() as group:
                for number in range(options.calls):
                    await free.acquire()
                    if number % max(1, options.calls // 10) == 0:
                        memory.append(round(resident_kb(worker.process.pid) / 1024, 1))
                    if not warm and time.monotonic() - begin > WARM_UP_SECONDS:
                        warm, warm_calls = resident_kb(worker.process.pid), number
                    task = group.create_task(run.one(number))
                    task.add_done_callback(lambda _: free.release())
            took = time.monotonic() - begin
            await asyncio.sleep(1)
            receiving.cancel()
            pausing.cancel()
            counters = await ask(worker)
            memory.append(round(resident_kb(worker.process.pid) / 1024, 1))
            grown = resident_kb(worker.process.pid) - warm if warm else 0
        assert worker.process.returncode is None
        legs = int(pool.status()["workers"][0]["legs"])  # type: ignore[index]
        return {
            "calls": options.calls,
            "seconds": round(took, 1),
            "kb_a_call": round(grown / (options.calls - warm_calls), 2),
            "resident_mb": memory,
            "legs_left": legs,
            "late_max_ms": round(counters["late_max_ms"], 1),
            "own_pause_ms": round(run.pause_ms, 1),
            "done": dict(run.done),
            "wrong": dict(run.wrong),
        }


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=300, help="how many (default %(default)s)")
    parser.add_argument("--at-once", type=int, default=16, help="at a time (default %(default)s)")
    parser.add_argument("--torture", type=int, default=0, help="mutated messages before it")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as folder:
        if options.torture:
            rung = asyncio.run(endure(Path(folder), options.torture, options.seed, seconds=3600))
            print(f"{options.torture} mutated messages: it lives, {rung} of them rang and none is left")
        figures = asyncio.run(soak(options, Path(folder)))
    good = (
        not figures["wrong"]
        and not figures["legs_left"]
        and float(str(figures["kb_a_call"])) < GOAL_KB_A_CALL
    )
    print(
        json.dumps(figures)
        if options.json
        else "\n".join(f"{key}: {value}" for key, value in figures.items())
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
