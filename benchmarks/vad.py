"""Voice-activity detection beside Speex's: packaged speech in six noises at four signal-to-noise ratios.

Ours was tuned on one half of the speech and is scored on the other. Speex's detector is run twice: with the
probabilities it comes with (35 and 20 %) and with the best for it on the tuning half (98 and 95 %).
The error is half of the speech missed and of the rest called speech; what is speech is told in
benchmarks/rig/noisy_speech.py. Speech levels are -10 to -40 dBm0.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType

import numpy as np

from benchmarks.rig.corpus import Samples
from benchmarks.rig.native import compiled
from benchmarks.rig.noisy_speech import NOISES, SNRS, Flags, Scene, rates, scenes
from benchmarks.rig.report import Report, options

FRAME = 160  # samples
DECLARED = "void hear(const int16_t *in, int frames, char *said); int bytes(void);"
OURS = """
#include "vad.h"
void hear(const int16_t *in, int frames, char *said)
{
    struct vad vad;
    vad_init(&vad);
    for (int f = 0; f < 2 * frames; f++)
        said[f] = vad_feed(&vad, in + f * 80, 80);
}
int bytes(void) { return sizeof(struct vad); }
"""
PEER = """
#include <fcntl.h>
#include <unistd.h>
#include <speex/speex_preprocess.h>
#include <string.h>
void hear(const int16_t *in, int frames, char *said, int start, int stay)
{
    SpeexPreprocessState *state = speex_preprocess_state_init(160, 8000);
    int off = 0, on = 1;
    spx_int16_t piece[160];
    speex_preprocess_ctl(state, SPEEX_PREPROCESS_SET_DENOISE, &off);
    int errors = dup(2), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 2); /* it prints a warning each time */
    speex_preprocess_ctl(state, SPEEX_PREPROCESS_SET_VAD, &on);
    dup2(errors, 2);
    close(errors);
    close(nowhere);
    speex_preprocess_ctl(state, SPEEX_PREPROCESS_SET_PROB_START, &start);
    speex_preprocess_ctl(state, SPEEX_PREPROCESS_SET_PROB_CONTINUE, &stay);
    for (int f = 0; f < frames; f++) {
        memcpy(piece, in + f * 160, sizeof piece);
        said[2 * f] = said[2 * f + 1] = speex_preprocess_run(state, piece);
    }
    speex_preprocess_state_destroy(state);
}
"""
Hears = Callable[[Samples], Flags]


def ours() -> tuple[Hears, ModuleType]:
    """Our detector, a decision for each 10 ms; and its module."""
    module = compiled("vad_ours", DECLARED, OURS, ours=["vad.c", "spectrum.c"])
    return lambda samples: _heard(module, samples), module


def speex(start: int, stay: int) -> Hears:
    """Speex's, with these probabilities in percent to begin and to go on."""
    declared = "void hear(const int16_t *in, int frames, char *said, int start, int stay);"
    module = compiled("vad_speex", declared, PEER, libraries=["speexdsp"])
    return lambda samples: _heard(module, samples, start, stay)


def _heard(module: ModuleType, samples: Samples, *settings: int) -> Flags:
    said = np.zeros(len(samples) // FRAME * 2, np.int8)
    from_buffer = module.ffi.from_buffer
    count = len(samples) // FRAME
    module.lib.hear(from_buffer("int16_t[]", samples), count, from_buffer("char[]", said), *settings)
    return said.astype(bool)


def cost_ns(hears: Hears, scene: Scene) -> float:
    """Of a 20 ms frame, best of five."""
    best = 1e9
    for _ in range(5):
        began = time.perf_counter_ns()
        hears(scene.samples)
        best = min(best, (time.perf_counter_ns() - began) / (len(scene.samples) // FRAME))
    return best


def main() -> None:
    """Print the figures."""
    parser = options(__doc__)
    parser.add_argument("--plot", metavar="FILE", help="also draw the errors, as docs/voice-activity.svg")
    parser.add_argument("--seconds", type=int, default=60, help="of each package in each noise (60)")
    chosen = parser.parse_args()
    report = Report("Voice-activity detection", component="voice activity")
    mine, module = ours()
    detectors = {"ours": mine, "set": speex(98, 95), "as it comes": speex(35, 20)}
    found: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    for scene in scenes("score", chosen.seconds):
        for name, hears in detectors.items():
            found[name, scene.noise, scene.snr].append(rates(hears(scene.samples), scene))
    percent = {key: np.mean(values, 0) * 100 for key, values in found.items()}
    for noise in NOISES:
        for snr in SNRS:
            _row(report, noise, snr, {name: percent[name, noise, snr] for name in detectors})
    if chosen.plot:
        _draw(percent, chosen.plot)
    last = scene
    peer = f"Speex {cost_ns(detectors['set'], last):.0f}"
    report.figure("cost of a 20 ms frame", round(cost_ns(mine, last)), "ns", peer=peer)
    report.figure("memory of a channel", module.lib.bytes(), "bytes")
    report.show(as_json=chosen.json)


def _row(report: Report, noise: str, snr: int, percent: dict[str, np.ndarray]) -> None:
    missed, false = percent["ours"]
    others = ", ".join(f"{name} {m:.1f} + {f:.1f}" for name, (m, f) in percent.items() if name != "ours")
    report.figure(
        f"{noise} at {snr} dB: error",
        round(float(np.mean(percent["ours"])), 1),
        f"% (missed {missed:.1f}, false {false:.1f})",
        most=round(min(float(np.mean(percent[name])) for name in percent if name != "ours"), 1),
        peer=f"Speex {others}",
    )


def _draw(percent: dict[tuple[str, str, int], np.ndarray], path: str) -> None:
    from matplotlib.figure import Figure  # only here: a second of import that the figures do without

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    styles = {"ours": "C0o-", "set": "C1s-", "as it comes": "C1s:"}
    labels = {"ours": "Callbox", "set": "Speex, set for this", "as it comes": "Speex, as it comes"}
    for axes, noise in zip(figure.subplots(2, 3, sharex=True, sharey=True).flat, NOISES, strict=True):
        for name, style in styles.items():
            error = [float(np.mean(percent[name, noise, snr])) for snr in SNRS]
            axes.plot(SNRS, error, style, label=labels[name], markersize=4)
        axes.set_title(noise, fontsize=10)
        axes.set_xticks(SNRS)
        axes.set_ylim(0, 52)
        axes.grid(alpha=0.3)
        if noise == "hum":  # there is room
            axes.legend(fontsize=8)
    figure.supxlabel("signal-to-noise ratio, dB", fontsize=9)
    figure.supylabel("error: mean of missed and false, %", fontsize=9)
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
