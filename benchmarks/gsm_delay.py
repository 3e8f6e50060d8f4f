"""Delay that the box adds between a GSM modem's audio port and a SIP phone, bridged and recorded.

The real engine and a real worker, told what to do as the brain would; the benchmark is both far ends. Each
line is a pty on which a modem writes 320 B every 20 ms of its own clock, and takes 320 B when it has written.
Phones send and get G.711 by RTP. Lines and phones begin at phases spread over the 20 ms, two modems have
clocks 200 ppm off. Every second each far end says a step of 20 ms in silence, its first sample now at the
beginning of a chunk (or packet), now anywhere in it.

  arrival to arrival   from the moment the chunk with the step's first sample is given to the box to the
                       moment the packet or bytes that hold it are there on the other side; steps at the
                       beginning of a chunk. The goals are for this one, which is the forwarder's delay where
                       chunks are only passed on.
  any sample           the same for steps anywhere in a chunk: the box cuts the modem's stream anew on its own
                       grid, so that the end of a chunk waits up to 20 ms longer than its beginning.
  sound to sound       sample for sample on the two time axes, a chunk's first sample said or heard when the
                       chunk is there, and for the modem when it takes it: with all that lies in buffers.

    python -m benchmarks.gsm_delay [--lines 22] [--seconds 40] [--json]
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import sys
import tempfile
import time
import tty
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.rig.box import START_SECONDS, connected, free_ports
from benchmarks.rig.phone import SILENCE, Phone
from benchmarks.rig.processes import before_others
from benchmarks.rig.report import Report, options
from drivers import serialline
from drivers.port import LegState, PortState, SlotAudio
from drivers.sip.pool import SipPool
from drivers.wire import Peer

FRAME = 160  # samples, 20 ms
FRAME_SECONDS = 0.02
STEP_EVERY = 50  # frames
LOUD, THRESHOLD = 8064, 4000
LOUD_ALAW = 0xAA  # +8064, ITU-T G.711 table 1
LONGEST_MS = 500.0  # a step that takes longer is lost
SETTLE_SECONDS = 4.0  # jitter buffers and clocks find their place
DRIFTS_PPM = (200.0, -200.0)  # of the last two modems

PCM_SILENCE = bytes(2 * FRAME)

Loudness = npt.NDArray[np.bool_]  # a value for each sample
QUIET: Loudness = np.zeros(FRAME, dtype=np.bool_)


@dataclass
class Step:
    """What was said: index of the first loud sample in its chunk, and when the box got the chunk (s)."""

    index: int
    at: float


@dataclass
class Delays:
    """Of one direction, in ms; the names are those of the figures above."""

    arrival: list[float] = field(default_factory=list)
    anywhere: list[float] = field(default_factory=list)
    sound: list[float] = field(default_factory=list)


class Mouth:
    """Says chunks of 160 samples with a step in them now and then."""

    def __init__(self, dice: random.Random) -> None:
        self.steps: deque[Step] = deque()
        self._dice = dice
        self._number = dice.randrange(STEP_EVERY)
        self._rest = 0  # of a step, in the next chunk

    def chunk(self) -> tuple[Loudness, int]:
        """The next chunk, and where a step begins in it (-1: nowhere)."""
        self._number += 1
        if not self._rest and self._number % STEP_EVERY:
            return QUIET, -1
        loud, index = np.zeros(FRAME, dtype=np.bool_), -1
        loud[: self._rest] = True
        self._rest = 0
        if self._number % STEP_EVERY == 0:
            index = 0 if self._number % (2 * STEP_EVERY) else self._dice.randrange(FRAME)
            loud[index:] = True
            self._rest = index
        return loud, index


class Ear:
    """Finds where steps begin in pieces of a stream."""

    def __init__(self) -> None:
        self._was_loud = False

    def begins(self, loud: Loudness) -> int:
        """Index of the first sample of a step that begins in this piece, -1 if none does."""
        if not len(loud) or loud is QUIET:
            self._was_loud = self._was_loud and not len(loud)
            return -1
        was, self._was_loud = self._was_loud, bool(loud[-1])
        return int(loud.argmax()) if loud.any() and not was else -1


class FarPhone:
    """The agent's end of one pair."""

    def __init__(self, name: str, phase: float, dice: random.Random) -> None:
        self.phone = Phone(name, on_packet=self._came)
        self.mouth, self.heard = Mouth(dice), Delays()
        self.hears: Callable[[], deque[Step]] = deque
        self._ear = Ear()
        self._phase = phase

    async def run(self, start: float) -> None:
        """Speak for ever, from `start` and our phase on."""
        due = start + self._phase
        while True:
            await asyncio.sleep(due - time.monotonic())
            loud, index = self.mouth.chunk()
            alaw = SILENCE if loud is QUIET else bytes(np.where(loud, LOUD_ALAW, SILENCE[0]).astype(np.uint8))
            if index >= 0:
                self.mouth.steps.append(Step(index, time.monotonic()))
            self.phone.speak(alaw)
            due += FRAME_SECONDS

    def _came(self, payload: bytes, at: float) -> None:
        if payload == SILENCE:  # nearly always, so it is worth being quick
            self._ear.begins(QUIET)
            return
        index = self._ear.begins(ALAW_IS_LOUD[np.frombuffer(payload, dtype=np.uint8)])
        if index >= 0 and (step := matching(self.hears(), at)) is not None:
            note(self.heard, step, at)
            self.heard.sound.append((at - step.at) * 1000 + (index - step.index) / 8)


class FarModem:
    """The caller's end: the modem's side of a pty, on a clock of its own."""

    def __init__(self, phase: float, ppm: float, dice: random.Random) -> None:
        self.fd, self._host = os.openpty()
        tty.setraw(self._host)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._host)
        self.mouth, self.heard = Mouth(dice), Delays()
        self.hears: Callable[[], deque[Step]] = deque
        self._ear, self._loudspeaker = Ear(), Ear()
        self._untaken = np.zeros(0, dtype=np.int16)
        self._in_buffer: deque[Step] = deque()
        self._phase, self._period = phase, FRAME_SECONDS / (1 + ppm * 1e-6)

    async def run(self, start: float) -> None:
        """Speak and listen for ever, from `start` and our phase on."""
        due = start + self._phase
        await asyncio.sleep(due - time.monotonic())
        with contextlib.suppress(BlockingIOError):
            while os.read(self.fd, 4096):  # what was written before the call is not heard
                pass
        asyncio.get_running_loop().add_reader(self.fd, self._readable)
        while True:
            await asyncio.sleep(due - time.monotonic())
            loud, index = self.mouth.chunk()
            if index >= 0:
                self.mouth.steps.append(Step(index, time.monotonic()))
            os.write(self.fd, PCM_SILENCE if loud is QUIET else (loud * LOUD).astype("<i2").tobytes())
            self._take(time.monotonic())
            due += self._period

    def close(self) -> None:
        """Pull the cable."""
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)
        os.close(self._host)

    def _readable(self) -> None:
        at = time.monotonic()
        samples = np.frombuffer(os.read(self.fd, 4096), dtype="<i2")
        self._untaken = np.concatenate([self._untaken, samples])
        if self._ear.begins(np.abs(samples) >= THRESHOLD) >= 0:
            step = matching(self.hears(), at)
            if step is not None:
                note(self.heard, step, at)
                self._in_buffer.append(step)

    def _take(self, at: float) -> None:
        """What the modem's loudspeaker gets now."""
        frame, self._untaken = self._untaken[:FRAME], self._untaken[FRAME:]
        index = self._loudspeaker.begins(np.abs(frame) >= THRESHOLD)
        if index >= 0 and self._in_buffer:
            step = self._in_buffer.popleft()
            self.heard.sound.append((at - step.at) * 1000 + (index - step.index) / 8)


def matching(said: deque[Step], at: float) -> Step | None:
    """The step that comes at `at`; older ones are lost."""
    while said:
        step = said.popleft()
        if 0 <= (at - step.at) * 1000 < LONGEST_MS:
            return step
    return None


def note(delays: Delays, step: Step, at: float) -> None:
    """The chunk with the first sample of `step` is there."""
    delays.anywhere.append((at - step.at) * 1000)
    if step.index == 0:
        delays.arrival.append((at - step.at) * 1000)


def alaw_is_loud() -> Loudness:
    """For each A-law code whether its level is over the threshold (ITU-T G.711 table 1)."""
    codes = (np.arange(256) ^ 0x55) & 0x7F
    exponent, mantissa = codes >> 4, codes & 15
    levels = np.where(exponent == 0, mantissa * 16 + 8, (mantissa * 16 + 264) << np.maximum(exponent - 1, 0))
    return np.asarray(levels >= THRESHOLD)


ALAW_IS_LOUD = alaw_is_loud()


@contextlib.asynccontextmanager
async def engine_and_worker(folder: Path) -> AsyncIterator[tuple[Peer, SipPool]]:
    """The two processes, and what the brain would hold of them."""
    bin = Path(sys.executable).parent
    sockets = {name: folder / f"{name}.sock" for name in ("media", "sip-0")}
    async with contextlib.AsyncExitStack() as held:
        with (folder / "log").open("ab") as log:
            for command in (
                f"{bin}/callbox-media --socket {sockets['media']}",
                f"{bin}/callbox-sip --socket {sockets['sip-0']} --name sip-0 --port {free_ports(1)}",
            ):
                process = await asyncio.create_subprocess_exec(*command.split(), stdout=log, stderr=log)
                held.push_async_callback(_end, process)
        (await connected(sockets["sip-0"])).close()
        engine = Peer(await connected(sockets["media"]))
        held.callback(engine.close)

        async def attach(name: str, memory: int) -> None:
            await engine.request("worker.attach", worker=name, fds=[memory])

        pool = SipPool(sockets=[sockets["sip-0"]], on_worker_up=attach)
        held.push_async_callback(pool.close)
        await pool.open()
        async with asyncio.timeout(START_SECONDS):
            await pool.until_state(PortState.IDLE)
        yield engine, pool


async def _end(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        process.kill()
        await process.wait()


async def bridge(
    line: str, pair: tuple[FarModem, FarPhone], engine: Peer, pool: SipPool, folder: Path
) -> None:
    """A pair of far ends bridged and recorded, as the brain does it."""
    modem, phone = pair
    modem.hears, phone.hears = lambda: phone.mouth.steps, lambda: modem.mouth.steps
    await phone.phone.open()
    leg = await pool.dial(phone.phone.uri)
    async with asyncio.timeout(5):
        await leg.until(LegState.UP)
    if not isinstance(leg.audio, SlotAudio):
        raise SystemExit(f"leg {leg.id} is up without audio")
    fd = serialline.open_audio(line, modem.path)
    await engine.request("port.serial", port=line, fds=[fd])
    os.close(fd)
    await engine.request("port.slot", port=leg.id, worker=leg.audio.worker, slot=leg.audio.slot)
    await engine.request("connect", src=line, dst=leg.id)
    await engine.request("connect", src=leg.id, dst=line)
    await engine.request("record", record=line, path=str(folder / f"{line}.wav"), left=line, right=leg.id)


def pairs(lines: int, dice: random.Random) -> list[tuple[FarModem, FarPhone]]:
    """Far ends with phases spread over the 20 ms; the last two modems drift."""
    spread = [FRAME_SECONDS * (n + dice.random()) / lines for n in range(lines)]
    drifts = [0.0] * (lines - len(DRIFTS_PPM)) + list(DRIFTS_PPM)
    others = dice.sample(spread, lines)
    return [
        (FarModem(spread[n], drifts[n], dice), FarPhone(f"phone-{n + 1}", others[n], dice))
        for n in range(lines)
    ]


async def measure(lines: int, seconds: float, report: Report) -> None:
    """All lines at once for `seconds`."""
    before_others(os.getpid())
    far = pairs(lines, random.Random(5))
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as name:
        folder = Path(name)
        async with engine_and_worker(folder) as (engine, pool):
            for number, pair in enumerate(far):
                await bridge(f"gsm-{number + 1}", pair, engine, pool, folder)
            start = time.monotonic() + 0.1
            speaking = [asyncio.create_task(end.run(start)) for pair in far for end in pair]
            await asyncio.sleep(SETTLE_SECONDS)
            gc.disable()  # a collection of ours is no delay of the box
            for modem, phone in far:
                modem.heard, phone.heard = Delays(), Delays()
            before = await engine.request("counters")
            await asyncio.sleep(seconds)
            after = await engine.request("counters")
            records = (await engine.request("state"))["records"]
            gc.enable()
            for task in speaking:
                task.cancel()
            await asyncio.gather(*speaking, return_exceptions=True)
            for modem, phone in far:
                modem.close()
                phone.phone.close()
    if len(records) != lines or any(record["dropped_frames"] for record in records):
        raise SystemExit(f"{len(records)} of {lines} recordings, or frames missing in them")
    show("GSM -> SIP", [phone.heard for _, phone in far], report)
    show("SIP -> GSM", [modem.heard for modem, _ in far], report)
    report.figure("engine: frames concealed", after["underruns"] - before["underruns"], "")
    for name in ("late_ticks", "overruns"):
        report.figure(
            f"engine: {name}", after[name] - before[name], f"in {after['ticks'] - before['ticks']} ticks"
        )


def show(way: str, heard: list[Delays], report: Report) -> None:
    """One direction of all lines."""
    joined = {
        name: [ms for one in heard for ms in getattr(one, name)] for name in ("arrival", "anywhere", "sound")
    }
    report.spread(f"{way}, arrival to arrival", joined["arrival"], "ms", p50=15, most=40)
    drifting = [ms for one in heard[-len(DRIFTS_PPM) :] for ms in one.arrival]
    report.spread("  of these with 200 ppm", drifting, "ms")
    report.spread("  any sample", joined["anywhere"], "ms")
    report.spread("  sound to sound", joined["sound"], "ms")


def main() -> None:
    """Run and print."""
    parser = options(__doc__)
    parser.add_argument("--lines", type=int, default=22, help="3 to 32 (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=40.0, help="of measuring (default %(default)s)")
    chosen = parser.parse_args()
    if not len(DRIFTS_PPM) < chosen.lines <= 32:
        parser.error(f"--lines {chosen.lines}: 3 to 32, a worker has no more legs")
    report = Report(f"GSM delay: {chosen.lines} lines, recorded")
    asyncio.run(measure(chosen.lines, chosen.seconds, report))
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
