"""The line echo canceller beside Speex's: eight hybrids of ITU-T G.168, noise and packaged speech; cost.

Both get the same samples in the same run, without residual suppressors. Speech is the half not tuned on,
but for the English prompts, of which both halves were.
ERLE is how far the echo is brought down; in double talk only the echo's part of what is left is counted. Also
writes docs/echo-convergence.svg.

    python -m benchmarks.echo_convergence
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus, native
from benchmarks.rig.report import Report, options
from dsp import g711
from tests.dsp.hybrids import TAPS, path
from tests.dsp.signals import RATE, level_dbm0, noise, s16, silence, sine

PLOT = Path(__file__).resolve().parents[1] / "docs" / "echo-convergence.svg"
SECONDS = 22
DELAYS = (0, 384, 80, 160, 320, 40, 240, 10)  # samples, one a hybrid: anywhere in the tail
FRAMES = 400  # timed, in each of so many rounds
ROUNDS = 8

Signal = npt.NDArray[np.floating[Any]]
Runner = Callable[[Signal, Signal], Signal]

DECLARED = (
    "double run(int kind, const int16_t *far, const int16_t *near, int16_t *out, int count, int suppress);"
)
SOURCE = """
#include <stdint.h>
#include <stdlib.h>
#include <speex/speex_echo.h>
#include "echo.h"

/* Kind 0 is ours, 1 Speex. Returns the ns a frame of the quickest ten frames in a row. */
static double run(int kind, const int16_t *far, const int16_t *near, int16_t *out, int count, int suppress)
{
    struct echo *ours = malloc(echo_size(512));
    SpeexEchoState *speex = speex_echo_state_init(160, 512);
    double best = 1e12, start = now();
    int rate = 8000;

    speex_echo_ctl(speex, SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    echo_init(ours, 512, suppress);
    for (int at = 0, frame = 1; at + 160 <= count; at += 160, frame++) {
        if (kind == 0)
            echo_cancel(ours, far + at, near + at, out + at, 160);
        else
            speex_echo_cancellation(speex, near + at, far + at, out + at);
        if (frame % 10 == 0) {
            const double end = now();
            best = (end - start) / 10 < best ? (end - start) / 10 : best;
            start = end;
        }
    }
    free(ours);
    speex_echo_state_destroy(speex);
    return best;
}
"""


def compiled(*flags: str) -> Any:
    """Both cancellers; `flags` as native.compiled."""
    parts = ["echo.c", "echo_residual.c"]
    return native.compiled("echo", DECLARED, SOURCE, ours=parts, libraries=["speexdsp"], flags=flags)


def ran(module: Any, kind: int, far: Signal, near: Signal, suppress: int = 0) -> tuple[Signal, float]:
    """What is left, and ns a frame."""
    sent, heard = s16(far), s16(near)
    out = np.zeros(len(sent), np.int16)
    pointers = [module.ffi.cast("int16_t *", samples.ctypes.data) for samples in (sent, heard, out)]
    cost = module.lib.run(kind, *pointers, len(sent), suppress)
    return out.astype(float), cost


def erle(echo: Signal, left: Signal, start: float, end: float) -> float:
    """dB between two times in seconds."""
    part = slice(round(start * RATE), round(end * RATE))
    return float(10 * np.log10((np.sum(echo[part] ** 2) + 1) / (np.sum(left[part] ** 2) + 1)))


def seconds_to_20_db(echo: Signal, left: Signal, start: float = 0.0) -> float:
    """From `start` to the first quarter of a second with 20 dB; 10 when there is none in 10 s."""
    for step in range(200):
        at = start + step * 0.05
        if erle(echo, left, at, at + 0.25) >= 20:
            return step * 0.05
    return 10.0


def at_level(signal: Signal, dbm0: float) -> Signal:
    """The same sound, this loud."""
    return signal * 10 ** ((dbm0 - level_dbm0(signal)) / 20)


def speech() -> list[Signal]:
    """A piece of each package, at -15 dBm0."""
    pieces = [samples.astype(float) for _, samples in corpus.speech("score")]
    return [at_level(one[60 * RATE : (60 + SECONDS) * RATE], -15) for one in pieces]


def talk_in(echo: Signal, talk: Signal, start: int, end: int, db: float) -> Signal:
    """A near talker between two seconds, louder than the echo by `db`."""
    made, part = np.zeros_like(echo), slice(start * RATE, end * RATE)
    made[part] = at_level(talk[part], level_dbm0(echo[part]) + db)
    return made


def measured(run: Runner, far: Signal, talk: Signal, hybrid: int, erl_db: float) -> dict[str, float]:
    """All figures for one far signal over one hybrid."""
    names = list(TAPS)
    echo = np.convolve(far, path(names[hybrid], erl_db, DELAYS[hybrid]))[: len(far)]
    near_talk = talk_in(echo, talk, 12, 17, 6)
    first_talk = talk_in(echo, talk, 0, 4, 0)
    other = np.convolve(far, path(names[(hybrid + 1) % 8], erl_db + 2, 100))[: len(far)]
    changed = np.concatenate([echo[: 10 * RATE], other[10 * RATE :]])
    line = noise(len(far), -50, 70 + hybrid)
    talked, moved = run(far, echo + near_talk), run(far, changed)
    undisturbed = run(far, echo)
    return {
        "s to 20 dB": seconds_to_20_db(echo, undisturbed),
        "dB in the 12th second": erle(echo, undisturbed, 11, 12),
        "dB in the last 4 s of 22": erle(echo, undisturbed, 18, 22),
        "dB during double talk": erle(echo, talked - near_talk, 12, 17),
        "dB after double talk": erle(echo, talked, 17, 19),
        "dB lost by double talk": erle(echo, undisturbed, 17, 19) - erle(echo, talked, 17, 19),
        "dB after double talk from the start": erle(echo, run(far, echo + first_talk), 5, 6),
        "s to 20 dB, another path": seconds_to_20_db(changed, moved, 10.0),
        "dB with the line's noise at -50 dBm0": erle(echo, run(far, echo + line) - line, 11, 13),
        "dB behind A-law": erle(echo, run(far, coded(echo)), 11, 13),
    }


def coded(signal: Signal) -> Signal:
    """Through A-law and back."""
    heard = g711.alaw_decode(g711.alaw_encode(s16(signal).tobytes()))
    return np.frombuffer(heard, np.int16).astype(float)


def after_tones(run: Runner) -> float:
    """dB lost on noise by ten seconds of each tone before it; the worst."""
    lost = []
    for hz in ((2100,), (1004,), (697, 1209), (350, 440), (480, 620)):
        tone = sum(sine(one, 10 * RATE, -13) for one in hz)
        far = np.concatenate([noise(5 * RATE, -15, 1), tone, noise(RATE, -15, 2)])
        echo = np.convolve(np.round(far), path("D.5", 6, 60))[: len(far)]
        left = run(far, echo)
        lost.append(erle(echo, left, 4, 5) - erle(echo, left, 15, 15.5))
    return max(lost)


def clipping(module: Any, sounds: list[Signal]) -> tuple[float, float]:
    """The suppressor: % of active near frames weakened by over 3 dB in double talk; dBm0 left of speech."""
    weak, active_frames, left_alone = 0, 0, []
    for hybrid, far in enumerate(sounds):
        echo = np.convolve(far, path(list(TAPS)[hybrid], 6, DELAYS[hybrid]))[: len(far)]
        talk = talk_in(echo, sounds[(hybrid + 3) % len(sounds)], 12, SECONDS, 0)
        plain, held = ran(module, 0, far, echo + talk)[0], ran(module, 0, far, echo + talk, 1)[0]
        active = levels(talk) > -40
        weak += int(np.sum(levels(plain)[active] - levels(held)[active] > 3))
        active_frames += int(active.sum())
        left_alone.append(level_dbm0(ran(module, 0, far, echo, 1)[0][10 * RATE :]))
    return 100 * weak / active_frames, max(left_alone)


def levels(signal: Signal) -> Signal:
    """Of frames of 20 ms."""
    return np.array([level_dbm0(frame) for frame in signal[: len(signal) // 160 * 160].reshape(-1, 160)])


GOALS: dict[tuple[str, str], dict[str, float]] = {
    ("noise", "s to 20 dB"): {"most": 1.0},
    ("speech", "s to 20 dB"): {"most": 1.0},
    ("noise", "dB in the 12th second"): {"least": 40},
    ("speech", "dB in the 12th second"): {"least": 32},
    ("noise", "dB lost by double talk"): {"most": 6},
    ("speech", "dB lost by double talk"): {"most": 6},
}


def add_figures(report: Report, module: Any, sounds: list[Signal], erl_db: float) -> None:
    """A row a figure and kind of far signal: worst and mean of the eight hybrids, ours and Speex's."""
    for kind in ("noise", "speech"):
        rows: list[list[dict[str, float]]] = [[], []]
        for hybrid in range(8):
            far = noise(SECONDS * RATE, -15, hybrid) if kind == "noise" else sounds[hybrid % len(sounds)]
            for who in (0, 1):
                run = lambda sent, heard, who=who: ran(module, who, sent, heard)[0]  # noqa: E731
                talk = sounds[(hybrid + 3) % len(sounds)]
                rows[who].append(measured(run, np.round(far), talk, hybrid, erl_db))
        for name in rows[0][0]:
            ours, speex = ([row[name] for row in who] for who in rows)
            worst = max if name.startswith("s ") or "lost" in name else min
            report.figure(
                f"{kind}, echo {erl_db:g} dB down: {name}, worst of 8 hybrids",
                round(float(worst(ours)), 1),
                f"(mean {np.mean(ours):.1f})",
                **(GOALS.get((kind, name), {}) if erl_db == 6 else {}),
                peer=f"Speex {worst(speex):.1f}, mean {np.mean(speex):.1f}",
            )


def add_costs(report: Report, module: Any) -> None:
    """ns a frame with vectors and without, and memory."""
    far = noise(FRAMES * 160, -15, 1)
    near = np.convolve(far, path("D.5", 6, 60))[: len(far)] + noise(len(far), -55, 2)
    baseline = compiled("-DVECTOR_CLONES=")
    runs = {
        "Speex": (module, 1, 0),
        "filter": (module, 0, 0),
        "filter and suppressor": (module, 0, 1),
        "filter, baseline x86-64": (baseline, 0, 0),
    }
    costs: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):  # in turn: the machine is shared, and the quickest of each is compared
        for name, (build, who, suppress) in runs.items():
            costs[name].append(ran(build, who, far, near, suppress)[1])
    speex = min(costs.pop("Speex"))
    for name, found in costs.items():
        report.figure(f"cost of a frame of 20 ms, {name}", round(min(found)), "ns", peer=f"Speex {speex:.0f}")
        report.figure(f"times as fast as Speex, {name}", round(speex / min(found), 2), "x", least=1.0)


def plot(module: Any, voice: Signal, talk: Signal) -> None:
    """ERLE over time: noise and speech, double talk between."""
    from matplotlib import rc_context  # only here: a second of import that the figures do without
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True)
    times = np.arange(0, SECONDS - 0.5, 0.25)
    for axis, kind, far in zip(axes, ("noise", "speech"), (noise(len(voice), -15, 5), voice), strict=True):
        echo = np.convolve(np.round(far), path("D.5", 6, 160))[: len(far)]
        near_talk = talk_in(echo, talk, 12, 17, 6)
        for who, name, colour in ((0, "Callbox", "tab:blue"), (1, "Speex", "tab:orange")):
            left = ran(module, who, np.round(far), echo + near_talk)[0] - near_talk
            axis.plot(times, [erle(echo, left, at, at + 0.5) for at in times], label=name, color=colour)
        axis.axvspan(12, 17, color="0.9", label="double talk, 6 dB over the echo")
        axis.set_ylabel(f"{kind}: ERLE, dB")
        axis.grid(alpha=0.3)
    axes[0].legend(loc="lower center", fontsize=8)
    axes[1].set_xlabel("seconds (hybrid D.5 of ITU-T G.168, 20 ms late, 6 dB return loss)")
    with rc_context({"svg.hashsalt": "echo", "svg.fonttype": "none"}):  # the same file each time, and small
        figure.savefig(PLOT, metadata={"Date": None})


def main() -> None:
    """Measure and report."""
    parser = options(__doc__)
    parser.add_argument("--all-losses", action="store_true", help="return losses of 10 and 20 dB too")
    arguments = parser.parse_args()
    module = compiled()
    report = Report("line echo canceller", component="line echo canceller")
    sounds = speech()
    for erl_db in (6, 10, 20) if arguments.all_losses else (6,):
        add_figures(report, module, sounds, erl_db)
    tones = [after_tones(lambda sent, heard, who=who: ran(module, who, sent, heard)[0]) for who in (0, 1)]
    report.figure(
        "lost on noise after 10 s of a tone, worst of 5",
        round(tones[0], 1),
        "dB",
        most=6,
        peer=f"Speex {tones[1]:.1f}",
    )
    alone = ran(module, 0, silence(len(sounds[0])), sounds[0])[0]
    report.figure("a near talker alone: samples changed", int(np.sum(alone != s16(sounds[0]))), "", most=0)
    clipped, left = clipping(module, sounds)
    report.figure("suppressor: near frames weakened by 3 dB in double talk", round(clipped, 2), "%", most=1)
    report.figure("suppressor: loudest of what is left of speech, mean level", round(left, 1), "dBm0")
    add_costs(report, module)
    plot(module, sounds[1], sounds[4])
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
