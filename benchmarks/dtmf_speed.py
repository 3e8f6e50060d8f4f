"""DTMF: nanoseconds per channel and frame of 20 ms, ours beside spandsp in the same run on the same samples.

The complete detectors, from rows of s16 samples of separate channels to digits. Ours is compiled three
times: as the box has it, with AVX2 forced, and for any x86-64. Every figure is the best of many rounds taken
in turn.
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
FRAMES = 50
FRAME = 160  # samples
ROUNDS = 100
COUNTS = (1, 8, 16, 64, 256, 512)
BUILDS = {  # name: flags, least ratio to spandsp that issue 3 asks
    "AVX2": (['-DVECTOR_CLONES=__attribute__((target("arch=x86-64-v3")))'], 5.0),
    "baseline x86-64": (["-DVECTOR_CLONES="], 2.0),
    "as built": ([], None),
}

Samples = npt.NDArray[np.int16]

DECLARED = "double hear(const int16_t *samples, int channels, int frames, int *digits);"
TICKS = """
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static void begin(int channels);
static void tick(int16_t (*rows)[160], int channels, int *digits);
static void end(int channels);
/* Nanoseconds of the detectors alone; the samples of a tick are put before them in buffers, as a box does. */
static double hear(const int16_t *samples, int channels, int frames, int *digits)
{
    int16_t (*rows)[160] = malloc(sizeof *rows * channels);
    double took = 0;

    *digits = 0;
    begin(channels);
    for (int frame = 0; frame < frames; frame++) {
        for (int c = 0; c < channels; c++)
            memcpy(rows[c], samples + ((size_t)c * frames + frame) * 160, sizeof *rows);
        took -= now();
        tick(rows, channels, digits);
        took += now();
    }
    end(channels);
    free(rows);
    return took;
}
"""
OURS = (
    TICKS
    + """
#include "dtmf.h"
static struct dtmf_group group[32];
static void begin(int channels)
{
    for (int g = 0; g * DTMF_LANES < channels; g++)
        dtmf_group_init(group + g);
}
static void tick(int16_t (*rows)[160], int channels, int *digits)
{
    static struct dtmf_digit out[DTMF_MOST_DIGITS(160)];

    for (int first = 0; first < channels; first += DTMF_LANES) {
        const int16_t *at[DTMF_LANES] = {0};
        for (int lane = 0; lane < DTMF_LANES && first + lane < channels; lane++)
            at[lane] = rows[first + lane];
        *digits += dtmf_group_feed(group + first / DTMF_LANES, at, 160, out);
    }
}
static void end(int channels)
{
    (void)channels;
}
"""
)
PEER = (
    TICKS
    + """
#include <spandsp.h>
static dtmf_rx_state_t *rx[512];
static void heard(void *digits, const char *text, int count)
{
    (void)text;
    *(int *)digits += count;
}
static int found;
static void begin(int channels)
{
    for (int c = 0; c < channels; c++)
        rx[c] = dtmf_rx_init(NULL, heard, &found);
    found = 0;
}
static void tick(int16_t (*rows)[160], int channels, int *digits)
{
    for (int c = 0; c < channels; c++)
        dtmf_rx(rx[c], rows[c], 160);
    *digits = found;
}
static void end(int channels)
{
    for (int c = 0; c < channels; c++)
        dtmf_rx_free(rx[c]);
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
