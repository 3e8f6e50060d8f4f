"""The resampler and the drift corrector beside speexdsp's resampler of quality 3 and 5, on the same sines.

Sines go through each; what comes out is split into the sine and all else. Loops and clocks are in C.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rig.native import compiled
from benchmarks.rig.report import Report, options

AMPLITUDE = 30000
BASE = 8000
PASS_HZ = np.linspace(100, 3400, 34)
DRIFT_PPM = 300
DRIFT_HZ = (1003.7, 2997.3, 3396.1)
TRIES = 300
HEADERS = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
"""
# In both: frames of 20 ms, the quickest counts. Returns the samples made.
DECLARED = """
int run(const int16_t *in, int count, int from, int to, int quality, int16_t *out, double *ns);
"""
OURS = (
    HEADERS
    + """
#include "resample.h"
#include "sinc.h"
int run(const int16_t *in, int count, int from, int to, int quality, int16_t *out, double *ns)
{
    int up = from == 8000, frame = from / 50, made = 0;
    struct resample_filter filter;
    struct upsampler u;
    struct downsampler d;
    resample_filter_init(&filter, up ? to / from : from / to);
    upsampler_init(&u);
    downsampler_init(&d);
    for (int at = 0; at + frame <= count; at += frame) {
        double begun = now();
        if (up)
            upsample(&u, &filter, in + at, frame, out + made);
        else
            downsample(&d, &filter, in + at, frame, out + made);
        double took = now() - begun;
        *ns = took < *ns ? took : *ns;
        made += to / 50;
    }
    return made;
}
int drift(const float *in, int count, double ratio, float *out, double *ns)
{
    static struct sinc s;
    double at = 0.0;
    int made = 0;
    sinc_init(&s);
    while (at + 161 * ratio + SINC_TAPS < count) {
        double begun = now();
        for (int i = 0; i < 160; i++, at += ratio)
            out[made++] = sinc_at(&s, in + (int)at, at - (int)at);
        double took = now() - begun;
        *ns = took < *ns ? took : *ns;
    }
    return made;
}
"""
)
PEER = (
    HEADERS
    + """
#include <speex/speex_resampler.h>
int run(const int16_t *in, int count, int from, int to, int quality, int16_t *out, double *ns)
{
    int error, frame = from / 50, made = 0;
    SpeexResamplerState *s = speex_resampler_init(1, from, to, quality, &error);
    for (int at = 0; at + frame <= count; at += frame) {
        spx_uint32_t used = frame, got = 2 * (to / 50);
        double begun = now();
        speex_resampler_process_int(s, 0, in + at, &used, out + made, &got);
        double took = now() - begun;
        *ns = took < *ns ? took : *ns;
        made += got;
    }
    speex_resampler_destroy(s);
    return made;
}
int latency(int from, int to, int quality)
{
    int error;
    SpeexResamplerState *s = speex_resampler_init(1, from, to, quality, &error);
    int samples = speex_resampler_get_input_latency(s);
    speex_resampler_destroy(s);
    return samples;
}
int drift(const float *in, int count, int from, int to, int quality, float *out, double *ns)
{
    int error, made = 0;
    SpeexResamplerState *s = speex_resampler_init(1, from, to, quality, &error);
    for (int at = 0; at + 160 <= count; at += 160) {
        spx_uint32_t used = 160, got = 200;
        double begun = now();
        speex_resampler_process_float(s, 0, in + at, &used, out + made, &got);
        double took = now() - begun;
        *ns = took < *ns ? took : *ns;
        made += got;
    }
    speex_resampler_destroy(s);
    return made;
}
"""
)
OURS_DRIFT = "int drift(const float *in, int count, double ratio, float *out, double *ns);"
PEER_DRIFT = """
int latency(int from, int to, int quality);
int drift(const float *in, int count, int from, int to, int quality, float *out, double *ns);
"""
Signal = npt.NDArray[Any]
Through = Callable[[Signal, int, int], Signal]


def sine(hz: float, rate: int, count: int) -> Signal:
    """A loud one, in whole samples."""
    return (AMPLITUDE * np.sin(2 * np.pi * hz / rate * np.arange(count))).round().astype(np.int16)


def through(module: ModuleType, quality: int, spent: list[float]) -> Through:
    """The resampler of a module; nanoseconds a frame are left in `spent`."""

    def run(samples: Signal, from_rate: int, to_rate: int) -> Signal:
        buffer, ns = module.ffi.from_buffer, module.ffi.new("double *", 1e30)
        out = np.zeros(2 * len(samples) * to_rate // from_rate + 1000, np.int16)
        given = (buffer("int16_t[]", samples), len(samples), from_rate, to_rate, quality)
        made = module.lib.run(*given, buffer("int16_t[]", out), ns)
        spent.append(ns[0])
        return out[made // 10 : made].astype(float)  # settled

    return run


def level_db(samples: Signal, hz: float, rate: int) -> float:
    """Of one frequency against the sine that was sent."""
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hz / rate * np.arange(len(samples)))
    return float(20 * np.log10(2 * abs(np.sum(samples * window * turn)) / window.sum() / AMPLITUDE + 1e-9))


def flatness_db(run: Through, from_rate: int, to_rate: int) -> float:
    """The largest deviation from 0 dB up to 3.4 kHz."""
    levels = [
        level_db(run(sine(hz, from_rate, from_rate), from_rate, to_rate), hz, to_rate) for hz in PASS_HZ
    ]
    return max(abs(level) for level in levels)


def images_db(run: Through, rate: int) -> float:
    """Up: the loudest of what stands at 4.6 kHz or above when a sine of at most 3.4 kHz is sent."""
    worst = -200.0
    for hz in PASS_HZ:
        made = run(sine(hz, BASE, BASE), BASE, rate)
        spots = [abs(k * BASE + side * hz) for k in range(1, rate // BASE + 1) for side in (-1, 1)]
        worst = max([worst] + [level_db(made, at, rate) for at in spots if 4600 <= at <= rate / 2])
    return worst


def aliases_db(run: Through, rate: int) -> float:
    """Down: the loudest of what is left of sines from 4.6 kHz on."""
    left = [run(sine(hz, rate, rate // 2), rate, BASE) for hz in np.linspace(4600, rate / 2 - 1, 50)]
    return max(float(10 * np.log10(np.mean(made**2) / (AMPLITUDE**2 / 2) + 1e-12)) for made in left)


def measured(run: Through, spent: list[float], rate: int, up: bool) -> dict[str, float]:
    """The figures of one direction."""
    from_rate, to_rate = (BASE, rate) if up else (rate, BASE)
    spent.clear()
    return {
        "flat to 3.4 kHz within": round(flatness_db(run, from_rate, to_rate), 3),
        "images" if up else "aliases": round(images_db(run, rate) if up else aliases_db(run, rate), 1),
        "cost of 20 ms": round(min(spent)),
    }


def resampling(report: Report, ours: ModuleType, speex: ModuleType) -> None:
    """Each direction and ratio, ours and speexdsp's."""
    for rate in (16000, 48000):
        for up in (True, False):
            name = f"{BASE // 1000} to {rate // 1000} kHz" if up else f"{rate // 1000} to {BASE // 1000} kHz"
            figures = []
            for module, quality in ((ours, 0), (speex, 3), (speex, 5)):
                spent: list[float] = []
                figures.append(measured(through(module, quality, spent), spent, rate, up))
            goals = {"flat to 3.4 kHz within": 0.1, "images": -60, "aliases": -60}
            for what, value in figures[0].items():
                peer = f"speexdsp 3: {figures[1][what]:g}, 5: {figures[2][what]:g}"
                unit = "ns" if what == "cost of 20 ms" else "dB"
                report.figure(f"{name}: {what}", value, unit, most=goals.get(what), peer=peer)
            rates = (BASE, rate) if up else (rate, BASE)
            delays = [speex.lib.latency(*rates, quality) / rates[0] * 1000 for quality in (3, 5)]
            own = 2.0 if up else 1.875
            peer = f"speexdsp 3: {delays[0]:.2f}, 5: {delays[1]:.2f}"
            report.figure(f"{name}: delay", own, "ms", peer=peer)


def clean_db(samples: Signal, hz: float) -> float:
    """A sine of known frequency against all else."""
    turn = 2 * np.pi * hz / BASE * np.arange(len(samples))
    basis = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    rest = samples - basis @ np.linalg.lstsq(basis, samples, rcond=None)[0]
    return float(10 * np.log10(np.mean(samples**2) / np.mean(rest**2)))


def drifting(report: Report, ours: ModuleType, speex: ModuleType) -> None:
    """Tones through a ratio 300 ppm off 1: how far all else lies below them, and what a frame costs."""
    million = 10**6
    costs = {}
    for hz in DRIFT_HZ:
        sent = (AMPLITUDE * np.sin(2 * np.pi * hz / BASE * np.arange(2 * BASE))).astype(np.float32)
        reached = {}
        for name, module, quality in (
            ("ours", ours, 0),
            ("speexdsp 3", speex, 3),
            ("speexdsp 5", speex, 5),
        ):
            out, ns = np.zeros(3 * BASE, np.float32), module.ffi.new("double *", 1e30)
            ends = (module.ffi.from_buffer("float[]", out), ns)
            source = (module.ffi.from_buffer("float[]", sent), len(sent))
            if name == "ours":
                made = module.lib.drift(*source, 1 + DRIFT_PPM / million, *ends)
            else:
                made = module.lib.drift(*source, million + DRIFT_PPM, million, quality, *ends)
            reached[name] = clean_db(out[1000 : made - 200].astype(float), hz * (1 + DRIFT_PPM / million))
            costs[name] = min(ns[0], costs.get(name, 1e30))
        peer = f"speexdsp 3: {reached['speexdsp 3']:.1f}, 5: {reached['speexdsp 5']:.1f}"
        what = f"drift corrector at {DRIFT_PPM} ppm: all else below {hz:.0f} Hz"
        report.figure(what, round(reached["ours"], 1), "dB", peer=peer)
    peer = f"speexdsp 3: {costs['speexdsp 3']:.0f}, 5: {costs['speexdsp 5']:.0f}"
    report.figure("drift corrector: cost of 20 ms", round(costs["ours"]), "ns", peer=peer)
    delays = [speex.lib.latency(million + DRIFT_PPM, million, quality) / 8 for quality in (3, 5)]
    report.figure(
        "drift corrector: delay of the filter",
        1.0,
        "ms",
        peer=f"speexdsp 3: {delays[0]:.2f}, 5: {delays[1]:.2f}",
    )


def main() -> None:
    arguments = options(__doc__).parse_args()
    ours = compiled("resample_ours", DECLARED + OURS_DRIFT, OURS, ours=("resample.c", "sinc.c"))
    speex = compiled("resample_speex", DECLARED + PEER_DRIFT, PEER, libraries=["speexdsp"])
    report = Report("Resampler and drift corrector", component="resampler")
    resampling(report, ours, speex)
    drifting(report, ours, speex)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
