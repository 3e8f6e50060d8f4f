"""Sixty lines full duplex on ptys, 48 GSM and 12 V.253: what the engine costs, adds and loses.

The real engine process, told what to do as the brain would; the benchmark is all modems, each by a clock
100 ppm off, fast and slow in turn (rig/line_pump.c). Lines are bridged in pairs, so that calls go in and
out by modems; every call is recorded, DTMF is looked for on every line, and V.253 lines have the echo
canceller, call progress and silence. Once a second each line says a loud chunk: the delay is from its
write to the read of the bytes that hold its first sample, at the partner's.

Nothing may be lost once the clocks are known: no frame concealed or thrown away by the engine, no period
in which a modem has nothing to play, no step unheard, no frame missing in a recording. What the brain and
SIP workers cost beside the engine: `thirty_calls --calls 60 --v253 12`.

    python -m benchmarks.lines_load [--seconds 60] [--gsm 48] [--v253 12] [--json]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
import tty
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.rig import native
from benchmarks.rig.box import connected
from benchmarks.rig.processes import before_others, cpu_seconds, pss_mb
from benchmarks.rig.report import Report, options, percentile
from drivers.wire import Peer

SETTLE_SECONDS = 10.0
PPM = (100.0, -100.0)  # of the lines in turn
SOURCE = Path(__file__).parent / "rig" / "line_pump.c"
DECLARED = """
void *pump_new(int lines, int most);
void pump_set(void *pump, int number, int fd, int partner, int voice, double ppm, double phase);
void pump_clear(void *pump);
void pump_run(void *pump, double seconds);
void pump_line(void *pump, int number, double *out);
int pump_delays(void *pump, double *out);
double pump_late_ms(void *pump);
"""
VOICE: dict[str, Any] = {
    "coding": "ulaw",
    "shielded": True,
    "echo_tail_ms": 64,
    "progress_zone": "us",
    "silence_seconds": 30.0,
}
CHANNEL_GOAL = 0.3  # % of a core; chan_dongle takes 0.5 to 0.58, chan_quectel 0.59


@dataclass
class Line:
    """A modem's pty."""

    name: str
    voice: bool
    far: int
    near: int


def lines_of(gsm: int, voice: int) -> list[Line]:
    """The lines in the order in which each two are a call."""
    made = []
    for number in range(gsm + voice):
        far, near = os.openpty()
        tty.setraw(near)
        os.set_blocking(far, False)
        made.append(Line(f"{'gsm' if number < gsm else 'fxo'}-{number + 1}", number >= gsm, far, near))
    half = len(made) // 2
    return [line for pair in zip(made[:half], reversed(made[half:]), strict=True) for line in pair]


async def declare(engine: Peer, lines: Sequence[Line], folder: Path) -> None:
    """All lines with DTMF, bridged in pairs and recorded."""
    for line in lines:
        kind = VOICE if line.voice else {}
        await engine.request("port.serial", port=line.name, fds=[line.near], **kind)
        await engine.request("dtmf", port=line.name, on=True)
    for one, other in zip(lines[::2], lines[1::2], strict=True):
        await engine.request("connect", src=one.name, dst=other.name)
        await engine.request("connect", src=other.name, dst=one.name)
        path = str(folder / f"{one.name}.wav")
        await engine.request("record", record=one.name, path=path, left=one.name, right=other.name)


class Pump:
    """The far ends of all lines."""

    def __init__(self, lines: Sequence[Line], seconds: float) -> None:
        module: ModuleType = native.compiled("line_pump", DECLARED, SOURCE.read_text())
        self._lib, self._ffi = module.lib, module.ffi
        self._most = int((seconds + SETTLE_SECONDS) * len(lines) * 1.1)
        self._pump = self._lib.pump_new(len(lines), self._most)
        for number, line in enumerate(lines):
            phase, ppm = number / len(lines), PPM[number // 2 % 2]
            self._lib.pump_set(self._pump, number, line.far, number ^ 1, line.voice, ppm, phase)
        self._lines = len(lines)

    def clear(self) -> None:
        """What comes counts."""
        self._lib.pump_clear(self._pump)

    def run(self, seconds: float) -> None:
        """Speak and listen, in a thread that does not wait for its turn."""
        before_others(0)
        self._lib.pump_run(self._pump, seconds)

    def delays_ms(self) -> list[float]:
        """Of every step that was heard."""
        out = self._ffi.new(f"double[{self._most}]")
        return [out[i] for i in range(self._lib.pump_delays(self._pump, out))]

    def sums(self) -> dict[str, int]:
        """Of all lines."""
        out, names = self._ffi.new("double[6]"), ("dry", "heard", "said", "codes", "waiting", "lost")
        sums = dict.fromkeys(names, 0)
        for number in range(self._lines):
            self._lib.pump_line(self._pump, number, out)
            for i, name in enumerate(names):
                sums[name] += int(out[i])
        return sums

    def late_ms(self) -> float:
        """The worst of our own lateness, which is no delay of the box."""
        return float(self._lib.pump_late_ms(self._pump))


@dataclass
class Heard:
    """What the far ends found: delays of the steps, sums over all lines, their own lateness."""

    delays_ms: list[float]
    sums: dict[str, int]
    late_ms: float


@dataclass
class Look:
    """What the engine had used and counted at a time."""

    at: float
    cpu: float
    rss_kb: int
    pss_mb: float
    counters: dict[str, Any]


async def look(engine: Peer, pid: int) -> Look:
    """Now."""
    counters = await engine.request("counters")
    return Look(time.monotonic(), cpu_seconds(pid), rss_kb(pid), pss_mb(pid), counters)


def rss_kb(pid: int) -> int:
    """Resident memory (proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise OSError(f"/proc/{pid}/status has no VmRSS")


async def measure(gsm: int, voice: int, seconds: float, report: Report) -> None:
    """All lines for `seconds`."""
    with tempfile.TemporaryDirectory(prefix="callbox-bench-") as name:
        folder = Path(name)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appliance.media.engine", "--socket", str(folder / "media.sock")),
            *("--log-level", "warning"),
        )
        try:
            engine = Peer(await connected(folder / "media.sock"))
            empty_kb = rss_kb(process.pid)
            lines = lines_of(gsm, voice)
            await declare(engine, lines, folder)
            pump = Pump(lines, seconds)
            running = asyncio.create_task(asyncio.to_thread(pump.run, SETTLE_SECONDS + seconds + 1))
            await asyncio.sleep(SETTLE_SECONDS)
            before = await look(engine, process.pid)
            pump.clear()
            await asyncio.sleep(seconds)
            after = await look(engine, process.pid)
            figures = Heard(pump.delays_ms(), pump.sums(), pump.late_ms())
            records = (await engine.request("state"))["records"]
            await running
            engine.close()
        finally:
            process.terminate()
            await process.wait()
    _costs(report, before, after, empty_kb, gsm, voice)
    _delays(report, figures, gsm + voice)
    _losses(report, before.counters, after.counters, sum(record["dropped_frames"] for record in records))


def _costs(report: Report, before: Look, after: Look, empty_kb: int, gsm: int, voice: int) -> None:
    lines = gsm + voice
    share = 100 * (after.cpu - before.cpu) / (after.at - before.at)
    report.figure("engine: processor", round(share, 2), "% of a core")
    report.figure("  a line, recorded, DTMF", round(share / lines, 3), "% of a core", most=CHANNEL_GOAL)
    ticks = after.counters["ticks"] - before.counters["ticks"]
    busy = (after.counters["busy_ms"] - before.counters["busy_ms"]) / ticks
    report.figure("  a tick of all lines", round(busy, 3), "ms")
    for name, at in (("start", before), ("end", after)):
        report.figure(f"engine: resident memory at the {name}", round(at.rss_kb / 1024, 1), "MB")
        report.figure("  a line's share of it", round((at.rss_kb - empty_kb) / lines, 1), "kB")
    report.figure("  growth from start to end", after.rss_kb - before.rss_kb, "kB", most=256)
    report.figure("engine: memory at the end", round(after.pss_mb, 1), "MB PSS")


def _delays(report: Report, heard: Heard, lines: int) -> None:
    delays, sums = heard.delays_ms, heard.sums
    report.figure(f"added delay, p50 of {len(delays)}", round(percentile(delays, 50), 2), "ms")
    report.figure("added delay, p99", round(percentile(delays, 99), 2), "ms", most=25)
    report.figure("added delay, max", round(max(delays), 2), "ms")
    report.figure("this benchmark's modems: latest by", round(heard.late_ms, 2), "ms")
    report.figure("modems without sound to play", sums["dry"], "periods of 20 ms", most=0)
    unheard = sums["said"] - sums["heard"]  # one a line may be on its way at either end of the time
    report.figure("steps not heard", unheard, f"of {sums['said']}", most=lines)
    report.figure("codes in what V.253 modems were given", sums["codes"], "", most=0)
    report.figure("chunks the box had no room for", sums["lost"], "", most=0)


def _losses(report: Report, before: dict[str, Any], after: dict[str, Any], dropped: int) -> None:
    for name in ("underruns", "overruns", "realigns"):
        report.figure(f"engine: {name}", after[name] - before[name], "frames", most=0)
    report.figure("frames missing in recordings", dropped, "", most=0)
    ticks, late = (after[name] - before[name] for name in ("ticks", "late_ticks"))
    report.figure("engine: ticks later than 5 ms", late, f"of {ticks}")
    erle = [port["erle_db"] for port in after["ports"] if port["erle_db"]]
    report.figure("echo put down, worst V.253 line", round(min(erle, default=0.0), 1), "dB")


def main() -> None:
    """Run and print."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of measuring (default %(default)s)")
    parser.add_argument("--gsm", type=int, default=48, help="lines (default %(default)s)")
    parser.add_argument("--v253", type=int, default=12, help="lines (default %(default)s)")
    chosen = parser.parse_args()
    if chosen.gsm + chosen.v253 < 2 or (chosen.gsm + chosen.v253) % 2:
        parser.error(f"--gsm {chosen.gsm} --v253 {chosen.v253}: an even number of lines, a call has two")
    report = Report(f"{chosen.gsm} GSM and {chosen.v253} V.253 lines for {chosen.seconds:g} s")
    asyncio.run(measure(chosen.gsm, chosen.v253, chosen.seconds, report))
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
