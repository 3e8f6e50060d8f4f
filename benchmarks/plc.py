"""Packet-loss concealment beside spandsp's and plain mirroring: same sound, same losses.

Mirroring plays the last good frame backwards, forwards, backwards, fading for 60 ms, and joins in 2.5 ms.

Judged over the lost frames and the one after each gap, where the sound is not silence: signal-to-noise ratio
of 10 ms segments (each held to -10..35 dB), and log-spectral distance (32 ms windows, bins to 60 dB down).
No listening model such as PESQ is used. Speech is the half kept for scoring.
"""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rig.corpus import Samples, speech
from benchmarks.rig.native import compiled
from benchmarks.rig.report import Report, options

FRAME = 160  # samples
RATE = 8000
AMPLITUDE_0DBM0 = 22826
RATES = (1, 3, 5, 10, 20)  # % of frames lost
BURST = 3.0  # frames, mean
SECONDS = 90  # of each package
DECLARATIONS = """
void conceal_ours(const int16_t *in, const char *lost, int frames, int16_t *out);
void conceal_mirrored(const int16_t *in, const char *lost, int frames, int16_t *out);
void conceal_spandsp(const int16_t *in, const char *lost, int frames, int16_t *out);
int bytes_ours(void);
int bytes_spandsp(void);
"""
OURS = """
#include "plc.h"
#include <string.h>
void conceal_ours(const int16_t *in, const char *lost, int frames, int16_t *out)
{
    struct plc plc;
    plc_init(&plc);
    for (int f = 0; f < frames; f++)
        if (lost[f])
            plc_lost(&plc, out + f * 160, 160);
        else
            plc_good(&plc, in + f * 160, out + f * 160, 160);
}
void conceal_mirrored(const int16_t *in, const char *lost, int frames, int16_t *out)
{
    int16_t last[160] = {0}, before[160];
    int missed = 3;
    for (int f = 0; f < frames; f++, in += 160, out += 160) {
        const int left = 480 - missed * 160;
        for (int i = 0; i < 160; i++)
            before[i] = left <= 0 ? 0 : last[missed % 2 ? i : 159 - i] * (left - i) / 480;
        memcpy(out, lost[f] ? before : in, 320);
        for (int i = 0; !lost[f] && f > 0 && lost[f - 1] && i < 20; i++)
            out[i] = (before[i] * (20 - i) + in[i] * i) / 20;
        missed = !lost[f] ? 0 : missed < 3 ? missed + 1 : 3;
        if (!lost[f])
            memcpy(last, out, 320);
    }
}
int bytes_ours(void) { return sizeof(struct plc); }
"""
PEER = """
#include <spandsp.h>
#include <string.h>
void conceal_spandsp(const int16_t *in, const char *lost, int frames, int16_t *out)
{
    plc_state_t plc;
    plc_init(&plc);
    for (int f = 0; f < frames; f++) {
        memcpy(out + f * 160, in + f * 160, 320);
        if (lost[f])
            plc_fillin(&plc, out + f * 160, 160);
        else
            plc_rx(&plc, out + f * 160, 160);
    }
}
int bytes_spandsp(void) { return sizeof(plc_state_t); }
"""
METHODS = ("ours", "spandsp", "mirrored")


def losses(frames: int, percent: float, burst: float, seed: int) -> npt.NDArray[np.int8]:
    """Which frames are lost, at random in bursts of this mean length (1: singly)."""
    random = np.random.default_rng(seed).random(frames)
    begin = percent / 100 / (burst * (1 - percent / 100))
    lost, inside = np.zeros(frames, np.int8), False
    for n, chance in enumerate(random):
        inside = chance < (1 - 1 / burst if inside else begin)
        lost[n] = inside
    return lost


def concealed(module: ModuleType, method: str, sound: Samples, lost: npt.NDArray[np.int8]) -> Samples:
    """The sound with the lost frames replaced."""
    out = np.zeros(len(lost) * FRAME, np.int16)
    run = getattr(module.lib, f"conceal_{method}")
    from_buffer = module.ffi.from_buffer
    run(
        from_buffer("int16_t[]", sound), from_buffer("char[]", lost), len(lost), from_buffer("int16_t[]", out)
    )
    return out


def judged(sound: Samples, out: Samples, lost: npt.NDArray[np.int8]) -> tuple[float, float]:
    """(segmental SNR, log-spectral distance) in dB over the frames touched by a loss and not silent."""
    touched = lost.astype(bool)
    touched[1:] |= touched[:-1].copy()
    clean = sound[: len(out)].astype(float).reshape(-1, FRAME)
    made = out.astype(float).reshape(-1, FRAME)
    loud = np.mean(clean**2, 1) > (AMPLITUDE_0DBM0**2 / 2) * 10**-4.5  # -45 dBm0
    rows = np.flatnonzero(touched & loud)
    halves = clean[rows].reshape(-1, 80)
    error = (made[rows] - clean[rows]).reshape(-1, 80)
    ratio = 10 * np.log10((np.sum(halves**2, 1) + 1) / (np.sum(error**2, 1) + 1))
    return float(np.mean(np.clip(ratio, -10, 35))), _spectral_distance(clean, made, rows)


def _spectral_distance(clean: Any, made: Any, rows: Any) -> float:
    """Windows of 32 ms around each frame; bins more than 60 dB below the window's largest count as that."""
    rows = rows[(rows > 0) & (rows < len(clean) - 1)]
    spectra = []
    for signal in (clean, made):
        flat = signal.ravel()
        at = rows[:, None] * FRAME - 48 + np.arange(256)[None, :]
        power = np.abs(np.fft.rfft(flat[at] * np.hanning(256), axis=1)[:, 8:110]) ** 2
        spectra.append(power)
    floor = spectra[0].max(1, keepdims=True) * 1e-6 + 1
    distance = 10 * np.log10((spectra[0] + floor) / (spectra[1] + floor))
    return float(np.mean(np.sqrt(np.mean(distance**2, 1))))


def tones(seconds: float = 20) -> dict[str, Samples]:
    """What must go on in phase."""
    t = np.arange(int(seconds * RATE)) / RATE
    mixes = {
        "1 kHz": (1000,),
        "DTMF 1": (697, 1209),
        "DTMF 6": (770, 1477),
        "dial 425": (425,),
        "dial 350+440": (350, 440),
    }
    return {
        name: np.round(sum(5000 * np.sin(2 * np.pi * hz * t) for hz in mix)).astype(np.int16)
        for name, mix in mixes.items()
    }


def modules() -> dict[str, ModuleType]:
    """The compiled loops of each method."""
    ours = compiled("plc_ours", _declared("ours", "mirrored", "bytes_ours"), OURS, ours=["plc.c"])
    peer = compiled("plc_peer", _declared("spandsp", "bytes_spandsp"), PEER, libraries=["spandsp"])
    return {"ours": ours, "mirrored": ours, "spandsp": peer}


def _declared(*names: str) -> str:
    lines = DECLARATIONS.splitlines()
    return "\n".join(line for line in lines if any(f"{name}(" in line for name in names))


def compare(
    report: Report,
    name: str,
    sounds: list[Samples],
    percent: float,
    burst: float,
    natives: dict[str, ModuleType],
) -> None:
    """Two rows: signal-to-noise ratio and spectral distance of this loss."""
    figures: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS}
    for seed, sound in enumerate(sounds):
        lost = losses(len(sound) // FRAME, percent, burst, seed + int(percent * 100))
        for method in METHODS:
            figures[method].append(judged(sound, concealed(natives[method], method, sound, lost), lost))
    snr = {method: float(np.mean([f[0] for f in figures[method]])) for method in METHODS}
    lsd = {method: float(np.mean([f[1] for f in figures[method]])) for method in METHODS}
    for what, value, sign in (("SNR", snr, "least"), ("spectral distance", lsd, "most")):
        peer = f"spandsp {value['spandsp']:.2f}, mirrored {value['mirrored']:.2f}"
        goal: Any = {sign: round(value["spandsp"], 2)}
        report.figure(f"{name}, {what}", round(value["ours"], 2), "dB", peer=peer, **goal)


def cost_ns(native: ModuleType, method: str, sound: Samples, lost: npt.NDArray[np.int8]) -> float:
    """Of a frame, best of five runs."""
    best = 1e9
    for _ in range(5):
        began = time.perf_counter_ns()
        concealed(native, method, sound, lost)
        best = min(best, (time.perf_counter_ns() - began) / len(lost))
    return best


def main() -> None:
    """Print the figures."""
    chosen = options(__doc__).parse_args()
    report = Report("Packet-loss concealment", component="packet-loss concealment")
    natives = modules()
    sounds = [sound[: SECONDS * RATE].copy() for _, sound in speech("score")]
    for burst, kind in ((1.0, "singly"), (BURST, "in bursts of 3")):
        for percent in RATES:
            compare(report, f"speech, {percent} % lost {kind}", sounds, percent, burst, natives)
    for name, tone in tones().items():
        compare(report, f"{name}, 5 % lost singly", [tone], 5, 1.0, natives)
    _costs(report, natives, sounds[0])
    report.show(as_json=chosen.json)


def _costs(report: Report, natives: dict[str, ModuleType], sound: Samples) -> None:
    frames = len(sound) // FRAME
    for name, percent in (("good frame", 0.0), ("frame, 10 % lost", 10.0)):
        lost = losses(frames, percent, 1.0, 7)
        mine, theirs = (cost_ns(natives[method], method, sound, lost) for method in ("ours", "spandsp"))
        report.figure(f"cost of a {name}", round(mine), "ns", peer=f"spandsp {theirs:.0f}")
    peer = f"spandsp {natives['spandsp'].lib.bytes_spandsp()}"
    report.figure("memory of a channel", natives["ours"].lib.bytes_ours(), "bytes", peer=peer)


if __name__ == "__main__":
    main()
