"""DTMF: requirements of Q.24 and MT8870D and what our lines do to digits, ours beside spandsp; talk-off.

Every requirement is tried with all keys, random phases, starts and lengths; reached when every trial is.
`--long` adds copies of the speech at other speeds; `--map` draws docs/dtmf-map.svg.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus, native
from benchmarks.rig.report import Report, options
from dsp import dtmf, g711
from tests.dsp.signals import RATE, Signal, noise, s16, silence, sine, through_gsm

MAP = Path(__file__).resolve().parents[1] / "docs" / "dtmf-map.svg"
LOW, HIGH, KEYS = (697, 770, 852, 941), (1209, 1336, 1477, 1633), "123A456B789C*0#D"
DIAL_TONES = ((350, 440), (425,), (400, 450), (400, 425), (350, 450))  # tone-zones
SPEEDS = (0.8, 0.87, 0.93, 1.07, 1.15, 1.25)
TRIALS = 12  # of all sixteen keys, for a requirement

Samples = npt.NDArray[np.int16]
Rng = np.random.Generator
Trial = tuple[Samples, str]  # what is heard, the digits in it

PEER = """
#include <spandsp.h>
static int hear(const int16_t *samples, int count, char *digits, int most)
{
    dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);
    int found = 0;
    for (int at = 0; at < count; at += 160) {
        dtmf_rx(rx, samples + at, count - at < 160 ? count - at : 160);
        found += (int)dtmf_rx_get(rx, digits + found, most - found);
    }
    dtmf_rx_free(rx);
    return found;
}
"""


class Peer:
    """spandsp's receiver, as it comes."""

    def __init__(self) -> None:
        declared = "static int hear(const int16_t *samples, int count, char *digits, int most);"
        self._module = native.compiled("dtmf_peer", declared, PEER, libraries=["spandsp"])

    def digits(self, samples: Samples) -> str:
        """What it hears."""
        room = self._module.ffi.new("char[]", 65536)
        held = self._module.ffi.from_buffer("int16_t[]", np.ascontiguousarray(samples))
        found = self._module.lib.hear(held, len(samples), room, 65536)
        return str(self._module.ffi.buffer(room, found)[:].decode())


def ours(samples: Samples) -> str:
    """What our receiver hears."""
    receiver = dtmf.Receiver()
    return "".join(found.digit for found in receiver.feed(samples.tobytes()) + receiver.flush())


# --- signals ---


def press(
    rng: Rng, key: str, ms: float, low_dbm0: float, high_dbm0: float, offs: tuple[float, float] = (0, 0)
) -> Signal:
    """One key in any phase; `offs` is how far its tones are off, as shares of their frequency."""
    row, column = divmod(KEYS.index(key), 4)
    count = round(ms * RATE / 1000)
    phases = rng.uniform(0, 2 * np.pi, 2)
    low = sine(LOW[row] * (1 + offs[0]), count, low_dbm0, phases[0])
    return low + sine(HIGH[column] * (1 + offs[1]), count, high_dbm0, phases[1])


def dialled(
    rng: Rng,
    *,
    ms: float = 50,
    pause_ms: float = 50,
    dbm0: tuple[float, float] = (-10, -10),
    off: float = 0,
    keys: str = "",
) -> tuple[Signal, str]:
    """All keys in any order, their tones off by `off` in any direction; silence around."""
    keys = keys or "".join(rng.permutation(list(KEYS)))
    pieces = [silence(800 + int(rng.integers(160)))]
    for key in keys:
        ways = rng.choice([(1, 1), (-1, -1), (1, 0), (0, -1), (1, -1), (-1, 1)])
        pieces += [press(rng, key, ms, *dbm0, offs=(off * ways[0], off * ways[1]))]
        pieces += [silence(round(pause_ms * RATE / 1000))]
    return np.concatenate([*pieces, silence(800)]), keys


def twisted(rng: Rng, twists: tuple[float, ...], level: float = -4.0) -> tuple[float, float]:
    """Levels of low and high tone; the twist is high over low, dB."""
    twist = float(rng.choice(twists))
    return level - max(0.0, twist), level + min(0.0, twist)


def clean(rng: Rng, **how: object) -> Trial:
    """What is dialled, as it is; a list among `how` is a choice."""
    chosen = {name: rng.choice(value) if isinstance(value, list) else value for name, value in how.items()}
    signal, keys = dialled(rng, **chosen)  # type: ignore[arg-type]
    return s16(signal), keys


def level(rng: Rng, low: float, high: float, **how: float) -> Trial:
    """Both tones at a level between."""
    at = rng.uniform(low, high)
    return clean(rng, dbm0=(at, at), **how)


def twist(rng: Rng, *twists: float) -> Trial:
    """Twists of these dB, off frequency too."""
    return clean(rng, ms=40, dbm0=twisted(rng, twists, rng.uniform(-20, 0)), off=rng.uniform(0, 0.015))


def just_off_2_hz(rng: Rng) -> Trial:
    """MT8870D: 1.5 % and 2 Hz off."""
    pieces, keys = [silence(800)], KEYS
    for key in keys:
        row, column = divmod(KEYS.index(key), 4)
        sign = rng.choice([-1, 1], 2)
        offs = sign[0] * (0.015 + 2 / LOW[row]), sign[1] * (0.015 + 2 / HIGH[column])
        pieces += [press(rng, key, 50, -10, -10, offs), silence(400)]
    return s16(np.concatenate([*pieces, silence(400)])), keys


def repeated(rng: Rng) -> Trial:
    """The same key over and over, 30 ms between."""
    return clean(rng, ms=rng.uniform(40, 60), pause_ms=30, keys=str(rng.choice(list(KEYS))) * 16)


def holed(rng: Rng) -> Trial:
    """Each digit has a hole of up to 10 ms anywhere."""
    pieces, keys = [silence(800)], "".join(rng.permutation(list(KEYS)))
    for key in keys:
        tone = press(rng, key, rng.uniform(60, 100), -10, -10)
        hole = int(rng.integers(8, 81))
        at = int(rng.integers(0, len(tone) - hole))
        tone[at : at + hole] = 0
        pieces += [tone, silence(480)]
    return s16(np.concatenate([*pieces, silence(400)])), keys


def quick(rng: Rng) -> Trial:
    """A digit every 93 ms, in any proportion of tone and pause that both are allowed."""
    on = rng.uniform(40, 63)
    return clean(rng, ms=on, pause_ms=93 - on)


def noisy(rng: Rng) -> Trial:
    """Noise in the voice band 12 dB below a tone."""
    signal, keys = dialled(rng)
    return s16(signal + noise(len(signal), -22, int(rng.integers(1 << 31)), 300, 3400)), keys


def white(rng: Rng) -> Trial:
    """White noise 15 dB below both tones together, and two seconds of it alone."""
    signal, keys = dialled(rng, pause_ms=100)
    signal = np.concatenate([signal, silence(16000)])
    return s16(signal + noise(len(signal), -7 - 15, int(rng.integers(1 << 31)))), keys


def over_dial_tone(rng: Rng) -> Trial:
    """Dial tone 22 dB above the digits."""
    signal, keys = dialled(rng, dbm0=(-29, -29))
    hz = DIAL_TONES[rng.integers(len(DIAL_TONES))]
    phases = rng.uniform(0, 2 * np.pi, 2)
    return s16(signal + sum(sine(f, len(signal), -7, p) for f, p in zip(hz, phases, strict=False))), keys


def dial_tone_ends(rng: Rng) -> Trial:
    """Dial tone of the same level that ends, or begins, in the middle of a digit."""
    signal, keys = dialled(rng)
    tone = sum(sine(f, len(signal), -10) for f in DIAL_TONES[rng.integers(len(DIAL_TONES))])
    at = int(rng.integers(800, len(signal) - 800))
    tone[at:] = 0
    return s16(signal + (tone if rng.integers(2) else tone[::-1])), keys


def third_tone(rng: Rng) -> Trial:
    """A tone 16 dB below, anywhere."""
    signal, keys = dialled(rng)
    return s16(signal + sine(rng.uniform(300, 3400), len(signal), -26, rng.uniform(0, 6))), keys


def coded(
    rng: Rng, encode: Callable[[bytes], bytes], decode: Callable[[bytes], bytes], added: bool = False
) -> Trial:
    """Through G.711 at any level, 40 ms; `added`: also twist of 8 dB and noise 15 dB below."""
    at = rng.uniform(-29, 0)
    signal, keys = dialled(rng, ms=40, dbm0=(at, at))
    if added:
        signal, keys = dialled(rng, ms=50, dbm0=twisted(rng, (-8, 8), rng.uniform(-15, -3)))
        signal += noise(len(signal), -38, int(rng.integers(1 << 31)), 300, 3400)
    return np.frombuffer(decode(encode(s16(signal).tobytes())), np.int16), keys


def gsm(rng: Rng) -> Trial:
    """GSM full rate, 100 ms."""
    at = rng.uniform(-20, -6)
    signal, keys = dialled(rng, ms=100, pause_ms=100, dbm0=(at, at))
    return through_gsm(s16(signal)), keys


def clipped(rng: Rng) -> Trial:
    """Clipped by anything."""
    at = rng.uniform(-4, 30)
    return clean(rng, dbm0=(at, at))


def offset(rng: Rng) -> Trial:
    """Any DC, as serial codecs have it."""
    signal, keys = dialled(rng, dbm0=(-25, -25))
    return s16(signal + rng.uniform(-8000, 8000)), keys


def hum(rng: Rng) -> Trial:
    """Hum 17 dB above."""
    signal, keys = dialled(rng, dbm0=(-20, -20))
    return s16(signal + sine(float(rng.choice([50, 60])), len(signal), -3, rng.uniform(0, 6))), keys


def slipped(rng: Rng) -> Trial:
    """A sample lost or doubled in each digit."""
    signal, keys = dialled(rng, ms=60, pause_ms=60)
    made = s16(signal)
    for n in reversed(range(16)):
        at = 880 + n * 960 + int(rng.integers(480))
        made = np.delete(made, at) if rng.integers(2) else np.insert(made, at, made[at])
    return made, keys


def echoed(rng: Rng) -> Trial:
    """An echo 20 ms late, 10 dB below, either sign."""
    signal, keys = dialled(rng, ms=rng.uniform(40, 100), pause_ms=60)
    late = 160 + int(rng.integers(-8, 9))
    echo = np.concatenate([silence(late), signal])[: len(signal)]
    return s16(signal + echo * rng.choice([-1, 1]) * 10 ** (-10 / 20)), keys


@dataclass(frozen=True)
class Row:
    """A requirement: what makes a trial of it, and whether its digits must be heard or must not."""

    name: str
    make: Callable[[Rng], Trial]
    accept: bool = True


ROWS = (
    Row("frequency 1.5 % off accepted (Q.24 AT&T)", lambda r: clean(r, ms=40, off=0.015)),
    Row("frequency 1.8 % off accepted (Q.24 NTT)", lambda r: clean(r, ms=40, off=0.018)),
    Row("frequency 1.5 % and 2 Hz off accepted (MT8870D)", just_off_2_hz),
    Row("frequency 3.5 % off rejected (Q.24 AT&T)", lambda r: clean(r, ms=100, off=0.035), accept=False),
    Row("frequency 3.0 % off rejected (Q.24 NTT)", lambda r: clean(r, ms=100, off=0.03), accept=False),
    Row("level 0 to -25 dBm0 accepted (Q.24 AT&T)", lambda r: level(r, -25, 0, ms=40)),
    Row("level +1 to -29 dBm0 accepted (MT8870D)", lambda r: level(r, -29, 1, ms=40)),
    Row("level -55 dBm0 rejected (Q.24 AT&T)", lambda r: level(r, -60, -55, ms=100), accept=False),
    Row("twist +4 to -8 dB accepted (Q.24 AT&T)", lambda r: twist(r, 4, 2, -5, -8)),
    Row("twist +-8 dB accepted (MT8870D)", lambda r: twist(r, 8, -8)),
    Row("tone of 40 ms accepted (Q.24)", lambda r: clean(r, ms=40)),
    Row("tone of 24 ms rejected (Q.24 NTT)", lambda r: clean(r, ms=r.uniform(3, 24)), accept=False),
    Row("pause of 30 ms parts (Q.24 NTT)", repeated),
    Row("interruption of 10 ms bridged (Q.24)", holed),
    Row("a digit every 93 ms (Q.24 AT&T)", quick),
    Row("noise 12 dB below (MT8870D)", noisy),
    Row("dial tone 22 dB above (MT8870D)", over_dial_tone),
    Row("third tone 16 dB below (MT8870D)", third_tone),
    Row("A-law, 40 ms, 0 to -29 dBm0", lambda r: coded(r, g711.alaw_encode, g711.alaw_decode)),
    Row("mu-law, 40 ms, 0 to -29 dBm0", lambda r: coded(r, g711.ulaw_encode, g711.ulaw_decode)),
    Row("A-law, twist 8 dB and noise", lambda r: coded(r, g711.alaw_encode, g711.alaw_decode, True)),
    Row("GSM full rate, 100 ms", gsm),
    Row("clipping by any amount", clipped),
    Row("DC offset", offset),
    Row("hum 17 dB above", hum),
    Row("dial tone that ends or begins in a digit", dial_tone_ends),
    Row("one-sample slips", slipped),
    Row("echo 20 ms late, 10 dB below", echoed),
    Row("white noise at 15 dB, no digit more", white),
)


def missed(row: Row, hear: Callable[[Samples], str], trials: int) -> int:
    """Trials whose digits were not exactly those that must be heard."""
    count = 0
    for seed in range(trials):
        samples, keys = row.make(np.random.default_rng(seed))
        count += hear(samples) != (keys if row.accept else "")
    return count


# --- talk-off and the map ---


def talk_off(
    report: Report,
    peer: Peer,
    name: str,
    pieces: Callable[[], Iterator[tuple[str, Samples]]],
    speeds: list[float],
) -> None:
    """False digits of both in the same sound."""
    false = theirs = 0
    hours = 0.0
    for _, samples in pieces():
        for speed in speeds:
            heard = corpus.at_speed(samples, speed)
            false += len(ours(heard))
            theirs += len(peer.digits(heard))
            hours += corpus.hours(heard)
    report.figure(f"false digits in {hours:.1f} h of {name}", false, most=theirs, peer=f"spandsp {theirs}")


def heard_share(hear: Callable[[Samples], str], off: float, ms: float, trials: int = 3) -> float:
    """How many of the keys with this deviation and length are heard."""
    count = 0
    for seed in range(trials):
        samples, keys = clean(np.random.default_rng(seed), ms=ms, off=off, pause_ms=60)
        found = hear(samples)
        count += sum(min(found.count(key), 1) for key in keys)
    return count / trials / len(KEYS)


def draw_map(peer: Peer) -> None:
    """docs/dtmf-map.svg: share of digits heard over deviation and length, with what Q.24 asks."""
    import matplotlib  # only here: the other figures do without

    matplotlib.use("svg")
    from matplotlib import pyplot

    pyplot.rcParams["svg.hashsalt"] = "callbox"
    offs, lengths = np.arange(0, 5.01, 0.25), np.arange(16, 60.1, 2)
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for plot, (name, hear) in zip(axes, (("ours", ours), ("spandsp", peer.digits)), strict=True):
        share = [[heard_share(hear, off / 100, ms) for off in offs] for ms in lengths]
        drawn = plot.pcolormesh(offs, lengths, share, cmap="Blues", vmin=0, vmax=1, rasterized=True)
        plot.plot([0, 1.5, 1.5], [40, 40, 61], "g", label="Q.24: all within must be heard")
        plot.plot([0, 5.1], [23, 23], "r", label="Q.24: none beyond may be heard")
        plot.plot([3.5, 3.5], [15, 61], "r")
        plot.set(title=name, xlabel="frequency deviation, %", xlim=(-0.1, 5.1), ylim=(15, 61))
    axes[0].set_ylabel("tone, ms")
    axes[0].legend(loc="lower right", fontsize="small")
    figure.colorbar(drawn, ax=axes, label="share of digits heard")
    figure.savefig(MAP, metadata={"Date": None}, dpi=60)


def main() -> None:
    """All requirements, then talk-off."""
    parser = options(__doc__)
    parser.add_argument("--long", action="store_true", help="speech at six other speeds too (3 minutes more)")
    parser.add_argument("--map", action="store_true", help="draw docs/dtmf-map.svg")
    parser.add_argument("--trials", type=int, default=TRIALS, help="of all keys, for a requirement")
    arguments = parser.parse_args()
    peer, report = Peer(), Report("DTMF receiver, accuracy", component="DTMF")
    if arguments.map:
        draw_map(peer)
    reached = theirs = 0
    for row in ROWS:
        fails, peer_fails = (missed(row, hear, arguments.trials) for hear in (ours, peer.digits))
        reached, theirs = reached + (fails == 0), theirs + (peer_fails == 0)
        said = f"spandsp {peer_fails}"
        report.figure(row.name, fails, f"of {arguments.trials} trials failed", most=0, peer=said)
    report.figure(f"requirements reached, of {len(ROWS)}", reached, peer=f"spandsp {theirs}", least=theirs)
    for half in ("tune", "score"):
        talk_off(report, peer, f"speech, half {half!r}", lambda half=half: corpus.speech(half), [1.0])
        if arguments.long:
            speeds = list(SPEEDS)
            name = f"speech at other speeds, half {half!r}"
            talk_off(report, peer, name, lambda half=half: corpus.speech(half), speeds)
    talk_off(report, peer, "music", corpus.music, [1.0])
    report.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
