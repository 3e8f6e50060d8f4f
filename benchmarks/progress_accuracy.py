"""Call progress: busy found in 46 zones, false findings in packaged sound, cost; beside spandsp.

Rates: each zone's busy tone, four cycles, random phases; a trial counts when busy is told within three cycles
(Spain: 3.3, dsp/README.md) and nothing else is. spandsp's super_tone_rx has the same tones and limits.
`--long` listens for all zones in over 100 hours (about ten minutes); `--plot` draws docs/progress-noise.svg.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus, native
from benchmarks.rig.report import Report, options
from dsp import g711, tones
from dsp.progress import ANY, Cadence, Detector
from dsp.progress_plan import Pattern, patterns
from tests.dsp.signals import RATE, Signal, cadence, level_dbm0, noise, s16, silence, sine, through_gsm

PLOT = Path(__file__).resolve().parents[1] / "docs" / "progress-noise.svg"
FEW = (ANY, "de", "us", "uk", "es", "cn")  # zones of the short run over speech
SPEEDS = tuple(round(float(speed), 3) for speed in np.linspace(0.8, 1.25, 28))  # of the long one
HANG_UP = ("busy", "congestion", "sit")
OWN = Cadence((440.0,), 350, 350)
CHANNELS, FRAME = 64, 160

Samples = npt.NDArray[np.int16]
Make = Callable[[Signal, int], Signal | Samples]

PEER = """
#include <spandsp.h>
struct heard { int at, code[64], when[64], count; };
static void report(void *user, int code, int level, int delay)
{
    struct heard *heard = user;
    if (code >= 0 && heard->count < 64) {
        heard->code[heard->count] = code;
        heard->when[heard->count++] = heard->at;
    }
}
static super_tone_rx_descriptor_t *described(const int *element, int elements)
{
    super_tone_rx_descriptor_t *all = super_tone_rx_make_descriptor(NULL);
    int id = -1;
    for (const int *at = element; elements--; at += 5) {
        if (at[0])
            id = super_tone_rx_add_tone(all);
        super_tone_rx_add_element(all, id, at[1], at[2], at[3], at[4]);
    }
    return all;
}
int hear(const int *element, int elements, const int16_t *samples, int count, int *code, int *when, int most)
{
    static struct heard heard;
    super_tone_rx_descriptor_t *all = described(element, elements);
    super_tone_rx_state_t *rx = super_tone_rx_init(NULL, all, report, &heard);
    int found = 0;
    for (int at = 0; at + 160 <= count; at += 160) {
        heard.count = 0;
        heard.at = at + 160;
        super_tone_rx(rx, samples + at, 160);
        for (int i = 0; i < heard.count && found < most; i++, found++) {
            code[found] = heard.code[i];
            when[found] = heard.when[i];
        }
    }
    super_tone_rx_free(rx);
    super_tone_rx_free_descriptor(all);
    return found;
}
double cost(const int *element, int elements, const int16_t *samples, int frames, int channels)
{
    static struct heard heard;
    super_tone_rx_descriptor_t *all = described(element, elements);
    super_tone_rx_state_t *rx[512];
    for (int i = 0; i < channels; i++)
        rx[i] = super_tone_rx_init(NULL, all, report, &heard);
    const double begun = now();
    for (int frame = 0; frame < frames; frame++)
        for (int i = 0; i < channels; i++)
            super_tone_rx(rx[i], samples + (frame * 160 + i * 1600) % (frames * 160), 160);
    return (now() - begun) / frames / channels;
}
"""
PEER_DECLARED = """
int hear(const int *element, int elements, const int16_t *samples, int count, int *code, int *when, int most);
double cost(const int *element, int elements, const int16_t *samples, int frames, int channels);
"""
OURS = """
#include <stdlib.h>
#include "progress.h"
double cost(uintptr_t plan, const int16_t *samples, int frames, int channels)
{
    struct progress *all = calloc(channels, sizeof *all);
    struct progress_finding out[8];
    for (int i = 0; i < channels; i++)
        progress_init(&all[i], (const struct progress_plan *)plan);
    const double begun = now();
    for (int frame = 0; frame < frames; frame++)
        for (int i = 0; i < channels; i++)
            progress_feed(&all[i], samples + (frame * 160 + i * 1600) % (frames * 160), 160, out, 8);
    const double took = now() - begun;
    free(all);
    return took / frames / channels;
}
"""
OURS_DECLARED = "double cost(uintptr_t plan, const int16_t *samples, int frames, int channels);"


class Peer:
    """spandsp's super_tone_rx with a zone's busy, congestion and ring-back."""

    def __init__(self) -> None:
        self._module = native.compiled("progress_peer", PEER_DECLARED, PEER, libraries=["spandsp"])

    def heard(self, zone: str, samples: Samples) -> list[tuple[str, int]]:
        """(kind, sample at which it was told)."""
        described = _described(zone)
        if not described:  # us-old: modulated tones only, which spandsp cannot describe
            return []
        kinds = [one.kind for one in patterns(zone) if _can_peer(one)]
        ffi, held = self._module.ffi, np.ascontiguousarray(samples)
        code, when = ffi.new("int[4096]"), ffi.new("int[4096]")
        source = ffi.from_buffer("int16_t[]", held)
        found = self._module.lib.hear(described, len(described) // 5, source, len(held), code, when, 4096)
        return [(kinds[code[i]], int(when[i])) for i in range(found)]

    def cost(self, zone: str, samples: Samples, frames: int) -> float:
        """ns a frame and channel."""
        described = _described(zone)
        source = self._module.ffi.from_buffer("int16_t[]", samples)
        return float(self._module.lib.cost(described, len(described) // 5, source, frames, CHANNELS))


def _can_peer(one: Pattern) -> bool:
    cadenced = all(part.most_ms is not None and len(part.sound) <= 2 for part in one.parts)
    return one.kind in ("busy", "congestion", "ringback") and cadenced


def _described(zone: str) -> list[int]:
    """Five numbers an element: begins a tone, two frequencies (0: none), least and most ms."""
    numbers: list[int] = []
    for one in patterns(zone):
        for at, part in enumerate(one.parts if _can_peer(one) else ()):
            first, second = ([round(hz) for hz in part.sound] + [0, 0])[:2]
            numbers += [int(at == 0), first, second, round(part.least_ms), round(part.most_ms or 0)]
    return numbers


def ours(zone: str, samples: Samples, busy: Cadence | None = None) -> list[tuple[str, int]]:
    """What our detector tells in frames of 20 ms, and when."""
    detector, told = Detector(zone, busy), []
    data = samples.tobytes()
    for at in range(0, len(data), 2 * FRAME):
        piece = data[at : at + 2 * FRAME]
        told += [
            (one.tone, at // 2 + len(piece) // 2) for one in detector.feed(piece) if one.end_sample is None
        ]
    return told


# --- rates ---------------------------------------------------------------------------------


def _with_noise(snr_db: float, low: float = 0, high: float = 4000) -> Make:
    def make(signal: Signal, seed: int) -> Signal:
        sounding = np.abs(signal) > 0
        level = level_dbm0(signal[sounding])
        return signal + noise(len(signal), level - snr_db, seed, low, high)

    return make


def _with_hum(signal: Signal, seed: int) -> Signal:
    return signal + sum(sine(50 * n, len(signal), -25 - 6 * n, seed) for n in (1, 2, 3)) + 2000


def _with_clicks(signal: Signal, seed: int) -> Signal:
    sounds = np.convolve(np.abs(signal) > 0, np.ones(80), "same") > 0
    edge = np.convolve(np.abs(np.diff(sounds.astype(int), prepend=0)), np.ones(200))[: len(signal)] > 0
    clicks = np.random.default_rng(seed).normal(size=len(signal))
    return signal + clicks * edge * 3000


def _through_gsm(signal: Signal, _: int) -> Samples:
    return through_gsm(s16(signal))


def _through_alaw(signal: Signal, _: int) -> Samples:
    return np.frombuffer(g711.alaw_decode(g711.alaw_encode(s16(signal).tobytes())), np.int16)


def _as_is(signal: Signal, _: int) -> Signal:
    return signal


RATES: list[tuple[str, Make, dict[str, float], float]] = [
    *((f"{dbm0} dBm0", _as_is, {"dbm0": dbm0}, 100.0) for dbm0 in (0, -20, -30, -35)),
    ("frequencies 1.5 % high", _as_is, {"off": 0.015}, 100.0),
    ("frequencies 1.5 % low", _as_is, {"off": -0.015}, 100.0),
    ("times 10 % long", _as_is, {"stretch": 1.1}, 100.0),
    ("times 10 % short", _as_is, {"stretch": 0.9}, 100.0),
    ("-35 dBm0, white noise 15 dB under", _with_noise(15), {"dbm0": -35}, 100.0),
    ("-35 dBm0, white noise 10 dB under", _with_noise(10), {"dbm0": -35}, 100.0),
    ("-35 dBm0, white noise 5 dB under", _with_noise(5), {"dbm0": -35}, 0.0),
    ("300-3400 Hz noise 10 dB under", _with_noise(10, 300, 3400), {}, 100.0),
    ("200-1000 Hz noise 10 dB under", _with_noise(10, 200, 1000), {}, 100.0),
    ("hum with harmonics, DC", _with_hum, {}, 100.0),
    ("clicks of 25 ms at every edge", _with_clicks, {}, 100.0),
    ("A-law, -35 dBm0", _through_alaw, {"dbm0": -35}, 100.0),
    ("GSM full rate, -13 dBm0", _through_gsm, {}, 100.0),
    ("GSM full rate, -25 dBm0", _through_gsm, {"dbm0": -25}, 0.0),
    ("GSM full rate, -35 dBm0", _through_gsm, {"dbm0": -35}, 0.0),
]


def _trial(zone: str, make: Make, how: dict[str, float], seed: int) -> tuple[Samples, int]:
    """Busy of a zone, and the sample by which it must be told."""
    text = tones.spec(zone, "busy")
    cycle = sum(part.ms or 0 for part in tones.elements(text)) / 1000 * how.get("stretch", 1.0)
    lead = silence(2000 + 37 * seed)
    made = make(np.concatenate([lead, cadence(text, 4 * cycle, **how)]), seed)  # type: ignore[arg-type]
    samples = made if made.dtype == np.int16 else s16(made)
    return samples, len(lead) + round((3.3 if zone == "es" else 3.0) * cycle * RATE)


def _is_right(told: list[tuple[str, int]], due: int) -> bool:
    return bool(told) and {kind for kind, _ in told} == {"busy"} and told[0][1] <= due


def rate(peer: Peer, make: Make, how: dict[str, float], trials: int) -> tuple[float, float, float]:
    """Percent found in time: ours by zone, ours whatever the zone, spandsp by zone."""
    right = np.zeros(3)
    zones = tones.zones()
    for zone in zones:
        for seed in range(1, trials + 1):
            samples, due = _trial(zone, make, how, seed)
            each = (ours(zone, samples), ours(ANY, samples), peer.heard(zone, samples))
            right += [_is_right(told, due) for told in each]
    return tuple(float(100 * share) for share in right / len(zones) / trials)  # type: ignore[return-value]


def rates(report: Report, peer: Peer) -> None:
    """One line a condition."""
    for name, make, how, least in RATES:
        zone, anywhere, spandsp = rate(peer, make, how, 1 if "GSM" in name else 2)
        report.figure(
            f"busy within 3 cycles, {name}", round(zone, 1), "% of 46 zones", least=least or None,
            peer=f"spandsp {spandsp:.1f}",
        )  # fmt: skip
        report.figure(f"  the same, whatever the zone: {name}", round(anywhere, 1), "%", least=least or None)


# --- false findings ---------------------------------------------------------------------------------


def _sounds(speeds: Sequence[float]) -> Iterator[Samples]:
    for speed in speeds:
        for _, sound in (*corpus.speech("score"), *corpus.music()):
            yield corpus.at_speed(sound, speed)


def _count(zones: Sequence[str], sounds: Iterator[Samples]) -> tuple[float, dict[str, int]]:
    """Hours listened, and how often each tone was told in them by all zones together."""
    hours, told = 0.0, dict.fromkeys(("dial", "busy", "congestion", "ringback", "sit"), 0)
    for sound in sounds:
        hours += corpus.hours(sound)
        for detector in [*map(Detector, zones), Detector(busy=OWN)]:
            for one in [*detector.feed(sound.tobytes()), *detector.flush()]:
                told[one.tone] += one.end_sample is None
                if one.tone in HANG_UP and one.end_sample is None:
                    print(f"false: {one}, detector of {len(sound)} samples", file=sys.stderr)
    return hours, told


def false_findings(report: Report, peer: Peer, *, long: bool) -> None:
    """In the half of the speech that nothing was tuned on, and music."""
    zones = (ANY, *tones.zones()) if long else FEW
    hours, told = _count(zones, _sounds(SPEEDS if long else (1.0,)))
    copies = f", copies at {len(SPEEDS)} speeds 0.8-1.25" if long else ""
    detectors = len(zones) + 1
    report.figure(f"packaged speech and music{copies}", round(hours, 1), "h")
    report.figure("  each heard by so many detectors (zones, any, own)", detectors)
    wrong = sum(told[kind] for kind in HANG_UP)
    report.figure("false busy, congestion, special information in it, all detectors", wrong, "", most=0)
    harmless = (told["dial"] + told["ringback"]) / hours / detectors
    report.figure("false dial tone and ring-back, a detector", round(harmless, 4), "an hour")
    if not long:
        false = sum(kind != "ringback" for sound in _sounds((1.0,)) for kind, _ in peer.heard("de", sound))
        report.figure("spandsp, busy and congestion of de, same sound", false)
    hours, told = _count(zones, _over_a_steady_tone())
    wrong = sum(told[kind] for kind in HANG_UP)
    report.figure(f"false ones in {hours:.1f} h of speech over a steady 425 Hz", wrong, "", most=0)


def _over_a_steady_tone() -> Iterator[Samples]:
    for _, sound in corpus.speech("score"):
        part = sound[: 600 * RATE].astype(float)
        yield s16(part + sine(425, len(part), -25))


# --- cost ---------------------------------------------------------------------------------


def costs(report: Report, peer: Peer) -> None:
    """A frame of 20 ms a channel, 64 channels of speech or of busy tone."""
    best = native.compiled("progress_ours", OURS_DECLARED, OURS, ours=FILES)
    base = native.compiled("progress_base", OURS_DECLARED, OURS, ours=FILES, flags=["-DVECTOR_CLONES="])
    plan = Detector("de").plan
    speech = np.ascontiguousarray(next(corpus.speech("score"))[1][: 2000 * FRAME])
    for name, sound in (("speech", speech), ("busy tone", s16(cadence("425/480,0/480", 40)))):
        times = [_least(module, plan.address(), sound) for module in (best, base)]
        spandsp = min(peer.cost("de", sound, 2000) for _ in range(3))
        report.figure(
            f"cost of a frame, {name}", round(times[0]), "ns", most=300, peer=f"spandsp {spandsp:.0f}"
        )
        report.figure(f"  the same, baseline code: {name}", round(times[1]), "ns")


FILES = ("progress.c", "progress_burst.c")


def _least(module: Any, plan: int, sound: Samples) -> float:
    source = module.ffi.from_buffer("int16_t[]", sound)
    return min(float(module.lib.cost(plan, source, 2000, CHANNELS)) for _ in range(3))


def plot(peer: Peer) -> None:
    """Rate over signal to noise, ours and spandsp's."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    levels = list(range(-6, 21, 2))
    found = [rate(peer, _with_noise(snr), {"dbm0": -35}, 1) for snr in levels]
    figure, axes = pyplot.subplots(figsize=(7, 3.5))
    for at, name in enumerate(("by zone", "whatever the zone", "spandsp, by zone")):
        axes.plot(levels, [one[at] for one in found], marker="o", label=name)
    axes.set(
        xlabel="busy tone of -35 dBm0 over white noise of 4 kHz, dB",
        ylabel="found within 3 cycles, % of 46 zones",
    )
    axes.grid(visible=True)
    axes.legend()
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> None:
    """Everything, or the long listening."""
    parser = options(__doc__)
    parser.add_argument("--long", action="store_true", help="over 100 hours, all zones; nothing else")
    parser.add_argument("--plot", action="store_true", help="draw docs/progress-noise.svg; nothing else")
    chosen = parser.parse_args()
    peer = Peer()
    if chosen.plot:
        plot(peer)
        return
    report = Report("Call progress", component="" if chosen.long else "call progress")
    if not chosen.long:
        rates(report, peer)
        costs(report, peer)
    false_findings(report, peer, long=chosen.long)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
