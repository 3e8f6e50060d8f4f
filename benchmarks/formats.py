"""G.711 beside spandsp's inline functions, on the same speech; the linear forms.

All loops are in C. "64 KiB table" is the other way to write an encoder, with one load a sample.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.rig.corpus import speech
from benchmarks.rig.native import compiled
from benchmarks.rig.report import Report, options

CHANNELS, FRAME = 64, 160
ROUNDS = 300  # each frame of each channel; the quickest of TRIES counts
TRIES = 20
TIMED = """
/* Nanoseconds a frame of 160 samples: `work` does frame f of `frames`. */
#define TIMED(work) \\
    double best = 1e30; \\
    for (int try = 0; try < tries; try++) { \\
        double from = now(); \\
        for (int f = 0; f < frames; f++) { work; } \\
        double each = (now() - from) / frames; \\
        best = each < best ? each : best; \\
    } \\
    return best;
"""
BOTH = """
double alaw_encode(const int16_t *in, uint8_t *out, int frames, int tries);
double ulaw_encode(const int16_t *in, uint8_t *out, int frames, int tries);
double alaw_decode(const uint8_t *in, int16_t *out, int frames, int tries);
double ulaw_decode(const uint8_t *in, int16_t *out, int frames, int tries);
"""
OURS = (
    TIMED
    + """
#include "g711.h"
#include "linear.h"
#define AT (f * 160)
double alaw_encode(const int16_t *in, uint8_t *out, int frames, int tries)
{ TIMED(g711_alaw_from_s16(out + AT, in + AT, 160)) }
double ulaw_encode(const int16_t *in, uint8_t *out, int frames, int tries)
{ TIMED(g711_ulaw_from_s16(out + AT, in + AT, 160)) }
double alaw_decode(const uint8_t *in, int16_t *out, int frames, int tries)
{ TIMED(g711_alaw_to_s16(out + AT, in + AT, 160)) }
double ulaw_decode(const uint8_t *in, int16_t *out, int frames, int tries)
{ TIMED(g711_ulaw_to_s16(out + AT, in + AT, 160)) }
double alaw_to_ulaw(const uint8_t *in, uint8_t *out, int frames, int tries)
{ TIMED(g711_ulaw_from_alaw(out + AT, in + AT, 160)) }
double linear_in(int form, const uint8_t *in, int16_t *out, int frames, int tries)
{ TIMED(linear_to_s16(form, out + AT, in + AT * linear_bytes(form), 160)) }
double linear_out(int form, const int16_t *in, uint8_t *out, int frames, int tries)
{ TIMED(linear_from_s16(form, out + AT * linear_bytes(form), in + AT, 160)) }
double table_encode(const int16_t *in, uint8_t *out, int frames, int tries)
{
    static uint8_t table[65536];
    for (int i = 0; i < 65536; i++)
        table[i] = g711_alaw_encode((int16_t)i);
    TIMED(for (int i = 0; i < 160; i++) out[AT + i] = table[(uint16_t)in[AT + i]])
}
"""
)
OURS_DECLARED = (
    BOTH
    + """
double alaw_to_ulaw(const uint8_t *in, uint8_t *out, int frames, int tries);
double linear_in(int form, const uint8_t *in, int16_t *out, int frames, int tries);
double linear_out(int form, const int16_t *in, uint8_t *out, int frames, int tries);
double table_encode(const int16_t *in, uint8_t *out, int frames, int tries);
"""
)
PEER = (
    TIMED
    + """
#include <inttypes.h>
#include <spandsp.h>
#define EACH(to, made) TIMED(for (int i = f * 160; i < f * 160 + 160; i++) to[i] = made(in[i]))
double alaw_encode(const int16_t *in, uint8_t *out, int frames, int tries) { EACH(out, linear_to_alaw) }
double ulaw_encode(const int16_t *in, uint8_t *out, int frames, int tries) { EACH(out, linear_to_ulaw) }
double alaw_decode(const uint8_t *in, int16_t *out, int frames, int tries) { EACH(out, alaw_to_linear) }
double ulaw_decode(const uint8_t *in, int16_t *out, int frames, int tries) { EACH(out, ulaw_to_linear) }
"""
)
FILES = ("g711.c", "linear.c")
LAWS = {"alaw": "A-law", "ulaw": "mu-law"}
FORMS = ("s16le", "s16be", "s14-left", "s14-right", "u8", "s8")  # the order of enum linear_form


def coded(module: ModuleType, name: str, samples: Any, kind: Any, tries: int = 1) -> tuple[Any, float]:
    """What a coder makes of whole frames, and its nanoseconds a frame."""
    out = np.zeros(len(samples), kind)
    buffers = [
        module.ffi.from_buffer(f"{'int16_t' if array.dtype == np.int16 else 'uint8_t'}[]", array)
        for array in (samples, out)
    ]
    return out, getattr(module.lib, name)(*buffers, len(samples) // FRAME, tries)


def sound() -> Any:
    """A second of speech on every channel, and more: as many frames as ROUNDS for each."""
    found = [samples for _, samples in speech("score")]
    each = CHANNELS * FRAME * ROUNDS // len(found) // FRAME * FRAME
    return np.concatenate([samples[len(samples) // 3 :][:each] for samples in found])


def exactness(report: Report, ours: ModuleType, peer: ModuleType) -> None:
    """Where ours and the peer's bytes differ, over all there are."""
    every = np.resize(np.arange(-32768, 32768).astype(np.int16), 410 * FRAME)
    codes = np.resize(np.arange(256).astype(np.uint8), 2 * FRAME)
    for law, name in LAWS.items():
        mine, theirs = (coded(module, f"{law}_encode", every, np.uint8)[0] for module in (ours, peer))
        differ = int((mine != theirs)[:65536].sum())
        report.figure(
            f"{name}: samples of 65,536 coded otherwise than spandsp does",
            differ,
            standard="G.711 leaves both open" if differ else "",
            most=127 if law == "ulaw" else 0,
        )
        mine, theirs = (coded(module, f"{law}_decode", codes, np.int16)[0] for module in (ours, peer))
        report.figure(f"{name}: bytes of 256 decoded otherwise", int((mine != theirs)[:256].sum()), most=0)


def costs(report: Report, ours: ModuleType, plain: ModuleType, peer: ModuleType) -> None:
    """Nanoseconds a frame, ours with the machine's vectors and without."""
    samples = sound()
    for law, name in LAWS.items():
        coded_samples = coded(ours, f"{law}_encode", samples, np.uint8)[0]
        for step, data, kind in (("encode", samples, np.uint8), ("decode", coded_samples, np.int16)):
            fast, slow, theirs = (
                coded(module, f"{law}_{step}", data, kind, TRIES)[1] for module in (ours, plain, peer)
            )
            report.figure(f"{name} {step}, a frame", round(fast, 1), "ns", peer=f"spandsp {theirs:.0f}")
            report.figure(f"{name} {step}, times as fast as spandsp", round(theirs / fast, 1), least=1)
            report.figure(f"{name} {step}, the same on plain SSE2", round(theirs / slow, 1), least=1)
    report.figure(
        "A-law encode by a 64 KiB table",
        round(coded(ours, "table_encode", samples, np.uint8, TRIES)[1], 1),
        "ns",
    )
    report.figure(
        "A-law to mu-law", round(coded(ours, "alaw_to_ulaw", coded_samples, np.uint8, TRIES)[1], 1), "ns"
    )
    linear(report, ours, samples)


def linear(report: Report, ours: ModuleType, samples: Any) -> None:
    """Nanoseconds a frame of each linear form."""
    buffer, room = ours.ffi.from_buffer, np.zeros(2 * len(samples), np.uint8)
    frames = len(samples) // FRAME
    for number, form in enumerate(FORMS):
        out = ours.lib.linear_out(
            number, buffer("int16_t[]", samples), buffer("uint8_t[]", room), frames, TRIES
        )
        back = np.zeros(len(samples), np.int16)
        into = ours.lib.linear_in(number, buffer("uint8_t[]", room), buffer("int16_t[]", back), frames, TRIES)
        report.figure(f"{form} to 16 bits and back, a frame each way", f"{into:.1f} and {out:.1f}", "ns")


def main() -> None:
    arguments = options(__doc__).parse_args()
    ours = compiled("formats_ours", OURS_DECLARED, OURS, ours=FILES)
    plain = compiled("formats_plain", OURS_DECLARED, OURS, ours=FILES, flags=["-DVECTOR_CLONES="])
    peer = compiled("formats_spandsp", BOTH, PEER, libraries=["spandsp"])
    report = Report("Formats: G.711 and linear", component="G.711")
    exactness(report, ours, peer)
    costs(report, ours, plain, peer)
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
