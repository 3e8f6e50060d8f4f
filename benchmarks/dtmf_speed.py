"""DTMF: nanoseconds per channel and frame of 20 ms, ours beside spandsp in the same run on the same samples.

The complete detectors, from rows of s16 samples of separate channels to digits. Ours is compiled three
times: as the box has it, with AVX2 forced, and for any x86-64. Every figure is the best of many rounds taken
in turn, in processor time.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus, native
from benchmarks.rig.report import Report, options
from dsp import dtmf
from tests.dsp.signals import noise, s16, silence

CHANNELS = 64
FRAMES = 25  # half a second: 64 channels of it stay in the cache, as samples just received do
FRAME = 160  # samples
ROUNDS = 200
COUNTS = (1, 8, 16, 64, 256, 512)
BUILDS = {  # name: flags, least ratio to spandsp that issue 3 asks
    "AVX2": (['-DVECTOR_CLONES=__attribute__((target("arch=x86-64-v3")))'], 5.0),
    "baseline x86-64": (["-DVECTOR_CLONES="], 2.0),
    "as built": ([], None),
}

Samples = npt.NDArray[np.int16]

DECLARED = "double hear(const int16_t *samples, int channels, int frames, int *digits);"
CLOCK = """
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e9 + (double)at.tv_nsec;
}
"""
OURS = (
    CLOCK
    + """
#include "dtmf.h"
static double hear(const int16_t *samples, int channels, int frames, int *digits)
{
    const int groups = (channels + DTMF_LANES - 1) / DTMF_LANES;
    struct dtmf_group *group = malloc(sizeof *group * groups);
    struct dtmf_digit out[DTMF_MOST_DIGITS(160)];
    double begun;

    for (int g = 0; g < groups; g++)
        dtmf_group_init(group + g);
    *digits = 0;
    begun = now();
    for (int frame = 0; frame < frames; frame++)
        for (int g = 0; g < groups; g++) {
            const int16_t *rows[DTMF_LANES] = {0};
            for (int lane = 0; lane < DTMF_LANES && g * DTMF_LANES + lane < channels; lane++)
                rows[lane] = samples + ((size_t)(g * DTMF_LANES + lane) * frames + frame) * 160;
            *digits += dtmf_group_feed(group + g, rows, 160, out);
        }
    begun = now() - begun;
    free(group);
    return begun;
}
"""
)
PEER = (
    CLOCK
    + """
#include <spandsp.h>
static void heard(void *digits, const char *text, int count)
{
    (void)text;
    *(int *)digits += count;
}
static double hear(const int16_t *samples, int channels, int frames, int *digits)
{
    dtmf_rx_state_t **rx = malloc(sizeof *rx * channels);
    double begun;

    *digits = 0;
    for (int c = 0; c < channels; c++)
        rx[c] = dtmf_rx_init(NULL, heard, digits);
    begun = now();
    for (int frame = 0; frame < frames; frame++)
        for (int c = 0; c < channels; c++)
            dtmf_rx(rx[c], samples + ((size_t)c * frames + frame) * 160, 160);
    begun = now() - begun;
    for (int c = 0; c < channels; c++)
        dtmf_rx_free(rx[c]);
    free(rx);
    return begun;
}
"""
)


def signals() -> dict[str, Samples]:
    """Name: samples of shape (CHANNELS, FRAMES * FRAME), no two channels alike (but in silence)."""
    count = FRAMES * FRAME
    keyed = np.frombuffer(dtmf.generate("123A456B789C*0#D" * 20, 70, 70, -8.0, 2.0), np.int16)
    starts = np.random.default_rng(1).integers(0, len(keyed) - count, CHANNELS)
    spoken = np.concatenate([samples for _, samples in corpus.speech("score")])
    loud = len(spoken) // CHANNELS
    return {
        "digits": np.stack([keyed[at : at + count] for at in starts]),
        "speech": np.stack([spoken[n * loud : n * loud + count] for n in range(CHANNELS)]),
        "noise": np.stack([s16(noise(count, -20, seed)) for seed in range(CHANNELS)]),
        "silence": np.stack([s16(silence(count))] * CHANNELS),
    }


def nanoseconds(modules: dict[str, ModuleType], samples: Samples, rounds: int) -> dict[str, float]:
    """Per channel and frame, the best of `rounds` of each."""
    channels, frames = len(samples), samples.shape[1] // FRAME
    best = dict.fromkeys(modules, float("inf"))
    for _ in range(rounds):
        for name, module in modules.items():
            held = module.ffi.from_buffer("int16_t[]", np.ascontiguousarray(samples))
            took = module.lib.hear(held, channels, frames, module.ffi.new("int *"))
            best[name] = min(best[name], took / channels / frames)
    return best


def main() -> None:
    """Both detectors on four signals, then ours with more and more channels."""
    arguments = options(__doc__).parse_args()
    modules = {"spandsp": native.compiled("dtmf_speed_peer", DECLARED, PEER, libraries=["spandsp"])}
    for name, (flags, _) in BUILDS.items():
        modules[name] = native.compiled("dtmf_speed", DECLARED, OURS, ours=["dtmf.c"], flags=flags)
    report = Report("DTMF receiver, cost", component="DTMF speed")
    made = signals()
    for kind, samples in made.items():
        took = nanoseconds(modules, samples, ROUNDS)
        peer = f"spandsp {took['spandsp']:.0f} ns"
        for name, (_, least) in BUILDS.items():
            report.figure(f"{kind}, {name}", round(took[name]), "ns per channel and 20 ms", peer=peer)
            report.figure(
                f"{kind}, {name}, times as fast", round(took["spandsp"] / took[name], 1), least=least
            )
    many = np.tile(made["speech"], (COUNTS[-1] // CHANNELS, 1))[:, : 20 * FRAME]
    box = {"as built": modules["as built"]}
    for count in COUNTS:
        took = nanoseconds(box, many[:count], max(8, ROUNDS * CHANNELS // count))
        report.figure(
            f"{count} channels of speech, as built", round(took["as built"]), "ns per channel and 20 ms"
        )
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
