"""Level meter, DC removal, level control and comfort noise: what they reach and what they cost.

Beside spandsp's power meter and DC restorer, over the same samples in the same run. Speech is the half kept
for scoring.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType

import numpy as np

from benchmarks.rig.corpus import RATE, Samples, speech
from benchmarks.rig.native import compiled
from benchmarks.rig.report import Report, options
from dsp import agc, comfort_noise, dc, level

FRAME = 160  # samples
AMPLITUDE_0DBM0 = 32767 * 10 ** (-3.14 / 20)
LEVELS = range(0, -61, -5)  # dBm0
PARTS = ("level", "speech_level", "dc", "agc", "cn_analyser", "cn_generator")
DECLARED = "\n".join(
    f"void run_{part}(const int16_t *in, int frames); int bytes_{part}(void);" for part in PARTS
)
OURS = """
#include "level.h"
#include "dc.h"
#include "agc.h"
#include "comfort_noise.h"
static int16_t out[160];
#define PART(NAME, INIT, STEP) \\
    void run_##NAME(const int16_t *in, int frames) \\
    { \\
        struct NAME s; \\
        INIT; \\
        for (int f = 0; f < frames; f++, in += 160) { STEP; } \\
    } \\
    int bytes_##NAME(void) { return sizeof(struct NAME); }
PART(level, level_init(&s, 0.125f), level_feed(&s, in, 160))
PART(speech_level, speech_level_init(&s), speech_level_feed(&s, in, 160))
PART(dc, dc_init(&s), dc_remove(&s, in, out, 160))
PART(agc, agc_init(&s, -19.0f, 20.0f), agc_run(&s, in, out, 160))
PART(cn_analyser, cn_analyser_init(&s), cn_analyser_feed(&s, in, 160))
PART(cn_generator, struct cn cn = {.level_dbm0 = -50.0f}; cn_generator_init(&s, 1); cn_generator_set(&s, &cn),
     cn_generator_fill(&s, out, 160))
"""
PEER = """
#include <spandsp.h>
static volatile int32_t kept;
void run_level(const int16_t *in, int frames)
{
    power_meter_t meter;
    power_meter_init(&meter, 8);
    for (int i = 0; i < frames * 160; i++)
        kept = power_meter_update(&meter, in[i]);
}
void run_dc(const int16_t *in, int frames)
{
    dc_restore_state_t dc;
    dc_restore_init(&dc);
    for (int i = 0; i < frames * 160; i++)
        kept = dc_restore(&dc, in[i]);
}
float level_dbm0(const int16_t *in, int count)
{
    power_meter_t meter;
    power_meter_init(&meter, 8);
    for (int i = 0; i < count; i++)
        power_meter_update(&meter, in[i]);
    return power_meter_current_dbm0(&meter);
}
"""
PEER_DECLARED = """
void run_level(const int16_t *in, int frames);
void run_dc(const int16_t *in, int frames);
float level_dbm0(const int16_t *in, int count);
"""


def cost_ns(module: ModuleType, part: str, sound: Samples) -> float:
    """Of a 20 ms frame, best of seven."""
    best, frames = 1e9, len(sound) // FRAME
    for _ in range(7):
        began = time.perf_counter_ns()
        getattr(module.lib, f"run_{part}")(module.ffi.from_buffer("int16_t[]", sound), frames)
        best = min(best, (time.perf_counter_ns() - began) / frames)
    return best


def sine(hz: float, dbm0: float, seconds: float = 2) -> Samples:
    """A tone of this level."""
    turns = np.arange(int(seconds * RATE)) * hz / RATE
    return np.round(AMPLITUDE_0DBM0 * 10 ** (dbm0 / 20) * np.sin(2 * np.pi * turns)).astype(np.int16)


def active_dbm0(sound: Samples) -> float:
    """Active speech level, ITU-T P.56."""
    meter = level.SpeechMeter()
    meter.feed(sound.tobytes())
    return meter.level_dbm0


def main() -> None:
    """Print the figures of each part."""
    chosen = options(__doc__).parse_args()
    ours = compiled(
        "parts_ours", DECLARED, OURS, ours=["level.c", "agc.c", "vad.c", "spectrum.c", "comfort_noise.c"]
    )
    peer = compiled("parts_peer", PEER_DECLARED, PEER, libraries=["spandsp"])
    sounds = [sound[: 30 * RATE].copy() for _, sound in speech("score")]
    parts: dict[str, Callable[[Report], None]] = {
        "level": lambda report: _level(report, peer),
        "DC removal": _dc,
        "level control": lambda report: _agc(report, sounds),
        "comfort noise": lambda report: _comfort_noise(report, sounds[0]),
    }
    costs = {"level": ("level", "speech_level"), "DC removal": ("dc",), "level control": ("agc",)}
    for name, judge in parts.items():
        report = Report(name.capitalize() if name != "DC removal" else name, component=name)
        judge(report)
        for part in costs.get(name, ("cn_analyser", "cn_generator")):
            _cost(report, part, ours, peer, sounds[0])
        report.show(as_json=chosen.json)


def _cost(report: Report, part: str, ours: ModuleType, peer: ModuleType, sound: Samples) -> None:
    theirs = f"spandsp {cost_ns(peer, part, sound):.0f}" if part in ("level", "dc") else ""
    name = part.replace("_", " ")
    report.figure(f"cost of a 20 ms frame, {name}", round(cost_ns(ours, part, sound)), "ns", peer=theirs)
    report.figure(f"memory of a channel, {name}", getattr(ours.lib, f"bytes_{part}")(), "bytes")


def _level(report: Report, peer: ModuleType) -> None:
    mine, theirs = [], []
    for dbm0 in LEVELS:
        for hz in (200, 440, 1004, 3400):
            tone, meter = sine(hz, dbm0), level.Meter()
            meter.feed(tone.tobytes())
            mine.append(abs(meter.reading().now_dbm0 - dbm0))
            heard = peer.lib.level_dbm0(peer.ffi.from_buffer("int16_t[]", tone), len(tone))
            theirs.append(abs(heard - dbm0))
    said = f"spandsp {max(theirs):.2f}"
    report.figure("largest error, 0 to -60 dBm0, 200-3400 Hz", round(max(mine), 3), "dB", most=0.1, peer=said)
    burst = np.concatenate([sine(1000, -20, 1), np.zeros(2 * RATE, np.int16)])
    error = abs(active_dbm0(np.tile(burst, 10)) - (-20 - 10 * np.log10(1.25)))
    report.figure(
        "active level of bursts, off", round(error, 2), "dB", most=0.3, standard="P.56: 0.2 s hangover"
    )


def _dc(report: Report) -> None:
    worst = 0.0
    for hz in (200, 300, 1000, 3400):
        out = np.frombuffer(dc.Remover().run((sine(hz, -10) + np.int16(3000)).tobytes()), np.int16)[RATE:]
        power = float(np.mean(out.astype(float) ** 2))
        worst = max(worst, abs(10 * np.log10(power / (AMPLITUDE_0DBM0**2 / 2)) + 10))
    report.figure("largest change, 200-3400 Hz", round(worst, 3), "dB", most=0.1)
    out = np.frombuffer(dc.Remover().run(np.full(RATE, 10_000, np.int16).tobytes()), np.int16)
    settled = (np.flatnonzero(out)[-1] + 1) / RATE * 1000
    report.figure("offset of 10,000 is wholly gone after", round(settled), "ms", most=500)


def _agc(report: Report, sounds: list[Samples]) -> None:
    errors = []
    for dbm0 in (-40, -30, -20, -10, -5):
        for sound in sounds:
            loud = sound * 10 ** ((dbm0 - active_dbm0(sound)) / 20)
            samples = np.clip(np.round(loud), -32768, 32767).astype(np.int16)
            out = np.frombuffer(agc.LevelControl().run(samples.tobytes()), np.int16)
            errors.append(abs(active_dbm0(out[10 * RATE :]) - agc.TARGET_DBM0))
    report.figure(
        "speech of -40 to -5 dBm0 after 10 s, off target, mean", round(float(np.mean(errors)), 2), "dB"
    )
    report.figure("the same, worst", round(max(errors), 2), "dB", most=3)


def _comfort_noise(report: Report, sound: Samples) -> None:
    random, worst = np.random.default_rng(1), 0.0
    for dbm0 in (-30, -45, -60):
        for slope in (0.0, 0.9, -0.7):
            white = random.normal(size=4 * RATE)
            coloured = white[1:] + slope * white[:-1]
            wanted = AMPLITUDE_0DBM0 / 2**0.5 * 10 ** (dbm0 / 20)
            heard = np.round(coloured / coloured.std() * wanted).astype(np.int16)
            analyser = comfort_noise.Analyser()
            analyser.feed(heard.tobytes())
            made = comfort_noise.Generator(analyser.noise()).fill(4 * RATE)
            power = float(np.mean(np.frombuffer(made, np.int16).astype(float) ** 2))
            worst = max(worst, abs(10 * np.log10(power / np.mean(heard.astype(float) ** 2))))
    report.figure("level of the noise made, off", round(worst, 2), "dB", most=1)


if __name__ == "__main__":
    main()
