"""Text telephone: characters received of those sent, ours beside spandsp (its V.18 receiver, and its plain
FSK receiver) and minimodem on the same samples; false callers; cost.

Text is sent with two stop bits, which minimodem wants. `--long` adds copies of the speech at other speeds.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus, native
from benchmarks.rig.report import Report, options
from dsp import g711
from dsp._native.baudot_line import BaudotRx, BaudotTx
from dsp.text_telephone import Receiver, Sender
from tests.dsp.signals import RATE, Signal, level_dbm0, noise, s16, silence, sine, through_gsm
from tests.dsp.text_telephone_signals import burst, elements, right, tables

Samples = npt.NDArray[np.int16]
Hears = Callable[[Samples, int], str]

BAUD = {45: 1000 / 22, 50: 50.0}
LEVEL = -15.0  # dBm0
# What all receivers read alike: no sign that differs between V.18 and teleprinters, and no figure after a
# space without its shift.
TEXT = "THE QUICK BROWN FOX JUMPS OVER 13 LAZY DOGS AT 24 OAK ST. RYRYRYRY (56,789). " * 5
SNRS = (20, 15, 10, 7, 5, 3, 0, -3, -5)
SPEEDS = (0.5, 0.7, 0.8, 0.9, 1.1, 1.25, 1.4, 1.6)
CALL_SAMPLES = 60 * RATE
CHANNELS = 64

DECLARED = "double cost(const int16_t *samples, int count, int channels);"
OURS = """
#include <stdlib.h>
#include "baudot.h"
static double cost(const int16_t *samples, int count, int channels)
{
    struct baudot_rx *rx = calloc(channels, sizeof *rx);
    struct baudot_character out[2];
    for (int c = 0; c < channels; c++)
        baudot_rx_init(rx + c, 0);
    double from = now();
    for (int at = 0; at + 160 <= count; at += 160)
        for (int c = 0; c < channels; c++)
            baudot_rx_feed(rx + c, samples + at, 160, out, 2);
    double spent = now() - from;
    free(rx);
    return spent / (count / 160) / channels;
}
"""
PEER_DECLARED = f"""{DECLARED}
int v18(const int16_t *samples, int count, int baud, char *text, int room);
int fsk(const int16_t *samples, int count, int baud, char *codes, int room);
"""
PEER = """
#include <spandsp.h>
struct text { char *at; int used, room; };
static void take(void *user, const uint8_t *text, int count)
{
    struct text *kept = user;
    for (int i = 0; i < count && kept->used < kept->room; i++)
        kept->at[kept->used++] = text[i];
}
static void take_code(void *user, int code)
{
    struct text *kept = user;
    if (code >= 0 && kept->used < kept->room) /* below 0 is a change of state */
        kept->at[kept->used++] = code;
}
static void drop(void *user, const uint8_t *text, int count) { }
static int v18(const int16_t *samples, int count, int baud, char *text, int room)
{
    struct text kept = {text, 0, room};
    v18_state_t *rx = v18_init(NULL, 1, baud == 45 ? V18_MODE_5BIT_45 : V18_MODE_5BIT_50, take, &kept);
    for (int at = 0; at < count; at += 160)
        v18_rx(rx, samples + at, count - at < 160 ? count - at : 160);
    v18_free(rx);
    return kept.used;
}
static int fsk(const int16_t *samples, int count, int baud, char *codes, int room)
{
    struct text kept = {codes, 0, room};
    const fsk_spec_t *spec = &preset_fsk_specs[baud == 45 ? FSK_WEITBRECHT : FSK_WEITBRECHT50];
    fsk_rx_state_t *rx = fsk_rx_init(NULL, spec, FSK_FRAME_MODE_5N1_FRAMES, take_code, &kept);
    fsk_rx_signal_cutoff(rx, -48.0f);
    for (int at = 0; at < count; at += 160)
        fsk_rx(rx, samples + at, count - at < 160 ? count - at : 160);
    fsk_rx_free(rx);
    return kept.used;
}
static double cost(const int16_t *samples, int count, int channels)
{
    v18_state_t *rx[256];
    for (int c = 0; c < channels; c++)
        rx[c] = v18_init(NULL, 1, V18_MODE_5BIT_45, drop, NULL);
    double from = now();
    for (int at = 0; at + 160 <= count; at += 160)
        for (int c = 0; c < channels; c++)
            v18_rx(rx[c], samples + at, 160);
    double spent = now() - from;
    for (int c = 0; c < channels; c++)
        v18_free(rx[c]);
    return spent / (count / 160) / channels;
}
"""


# --- receivers ------------------------------------------------------------------------------------


def ours(samples: Samples, baud: int) -> str:
    """What our receiver hears, which finds the speed by itself."""
    receiver = Receiver()
    return "".join(found.character for found in receiver.feed(samples.tobytes()) + receiver.flush())


class Spandsp:
    """Its V.18 receiver, and its plain FSK receiver with the shifts minded here."""

    def __init__(self) -> None:
        self.module = native.compiled("text_telephone_peer", PEER_DECLARED, PEER, libraries=["spandsp"])
        letters, figures = ({code: sign for sign, code in table.items()} for table in tables())
        self._alphabets = {"11111": letters, "11011": figures}

    def _run(self, run: Callable[..., int], samples: Samples, baud: int) -> bytes:
        room = self.module.ffi.new("char[]", 65536)
        held = self.module.ffi.from_buffer("int16_t[]", np.ascontiguousarray(samples))
        return bytes(self.module.ffi.buffer(room, run(held, len(samples), baud, room, 65536)))

    def v18(self, samples: Samples, baud: int) -> str:
        """Its text."""
        return self._run(self.module.lib.v18, samples, baud).decode("latin-1")

    def fsk(self, samples: Samples, baud: int) -> str:
        """Its codes (lowest bit first on the line), as text by V.18 Table A.1."""
        text, alphabet = "", self._alphabets["11111"]
        for value in self._run(self.module.lib.fsk, samples, baud):
            code = f"{value & 31:05b}"[::-1]
            if code in self._alphabets:
                alphabet = self._alphabets[code]
            else:
                text += alphabet.get(code, "")
        return text


MINIMODEM = ["minimodem", "-q", "-R", str(RATE), "-M", "1400", "-S", "1800", "--stopbits", "2"]


def minimodem(samples: Samples, baud: int) -> str:
    """What minimodem prints; it wants a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heard.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
        command = [*MINIMODEM, "--rx", "-5", "-f", str(path), f"{BAUD[baud]:.4f}"]
        try:
            return subprocess.run(command, capture_output=True, check=False).stdout.decode("latin-1")
        except FileNotFoundError:
            sys.exit("no minimodem. Install it with: sudo apt-get install minimodem")


# --- signals --------------------------------------------------------------------------------------


def line(
    baud: int = 45, dbm0: tuple[float, float] = (LEVEL, LEVEL), stop_bits: float = 2, off: float = 0
) -> Signal:
    """The text at one go."""
    hz = (1400 * (1 + off), 1800 * (1 + off))
    sound = burst(elements(TEXT), baud=BAUD[baud], stop_bits=stop_bits, dbm0=dbm0, hz=hz)
    return np.concatenate([silence(RATE), sound, silence(RATE)])


def noisy(signal: Signal, snr_db: float) -> Samples:
    """With white noise, 0-4 kHz, relative to the level of the tones."""
    return s16(signal + noise(len(signal), LEVEL - snr_db, seed=round(snr_db) + 100))


def holed(signal: Signal) -> Samples:
    """10 ms of nothing twice a second, anywhere."""
    samples, rng = s16(signal), np.random.default_rng(3)
    for at in range(RATE, len(samples) - RATE, RATE // 2):
        hole = at + int(rng.integers(RATE // 2 - 80))
        samples[hole : hole + 80] = 0
    return samples


def lines() -> dict[str, tuple[Samples, int]]:
    """What lines do to the text: name, samples and speed."""
    made = {f"{snr} dB SNR, {baud} baud": (noisy(line(baud), snr), baud) for baud in BAUD for snr in SNRS}
    for level in (0, -30, -40, -45):
        made[f"level {level} dBm0"] = (s16(line(dbm0=(level, level))), 45)
    for off in (-0.05, -0.015, 0.015, 0.05):
        made[f"tones {off:+.1%}, 20 dB SNR"] = (noisy(line(off=off), 20), 45)
    for twist in (-6, 6):
        made[f"twist {twist} dB, 20 dB SNR"] = (noisy(line(dbm0=(LEVEL, LEVEL + twist)), 20), 45)
    hum = sine(50, len(line()), LEVEL + 15)
    made["hum 50 Hz, 15 dB above"] = (s16(line() + hum), 45)
    made["1.5 stop bits, 10 dB SNR"] = (noisy(line(stop_bits=1.5), 10), 45)
    made["hole of 10 ms twice a second"] = (holed(line()), 45)
    quiet = s16(line(dbm0=(-40, -40))).tobytes()
    made["A-law, -40 dBm0"] = (np.frombuffer(g711.alaw_decode(g711.alaw_encode(quiet)), np.int16), 45)
    made["GSM full rate"] = (through_gsm(s16(line())), 45)
    return made


# --- figures --------------------------------------------------------------------------------------


LEAST = {"20 dB SNR": 1.0, "10 dB SNR": 0.99}  # of the characters sent


def characters(report: Report, spandsp: Spandsp) -> None:
    """Received right of those sent, each receiver on the same samples."""
    peers: dict[str, Hears] = {"spandsp V.18": spandsp.v18, "its FSK": spandsp.fsk, "minimodem": minimodem}
    for name, (samples, baud) in lines().items():
        share = next((share for start, share in LEAST.items() if name.startswith(start)), None)
        others = [f"{peer} {right(TEXT, hears(samples, baud))}" for peer, hears in peers.items()]
        report.figure(
            f"characters right of {len(TEXT)}, {name}",
            right(TEXT, ours(samples, baud)),
            least=None if share is None else math.ceil(share * len(TEXT)),
            peer=", ".join(others),
        )


def sending(report: Report, spandsp: Spandsp) -> None:
    """What others read of what we send."""
    sender = Sender(45, -10)
    sender.send(TEXT)
    samples = np.frombuffer(sender.samples(round(len(TEXT) * 1.3 * 8 * 176)), np.int16)
    report.figure("level sent for -10 dBm0", round(level_dbm0(samples[RATE : 3 * RATE]), 2), "dBm0")
    for name, hears in (
        ("minimodem", minimodem),
        ("spandsp V.18", spandsp.v18),
        ("spandsp FSK", spandsp.fsk),
    ):
        heard = right(TEXT, hears(samples, 45))
        report.figure(f"characters of ours right of {len(TEXT)}, read by {name}", heard)


def talk_off(report: Report, *, long: bool) -> None:
    """Callers and characters that were none, in speech and music, a call a minute."""
    for half in ("tune", "score"):
        sounds = [sound for _, sound in corpus.speech(half)]
        if half == "score":
            sounds += [sound for _, sound in corpus.music()]
        hours, callers, found = 0.0, 0, 0
        for speed in (1.0, *(SPEEDS if long else SPEEDS[1:2])):
            for sound in sounds:
                heard = corpus.at_speed(sound, speed)
                hours += corpus.hours(heard)
                for at in range(0, len(heard), CALL_SAMPLES):
                    receiver = Receiver()
                    found += len(receiver.feed(heard[at : at + CALL_SAMPLES].tobytes()))
                    callers += receiver.caller
        said = f"{half} half, {hours:.1f} h, copies at other speeds among it"
        report.figure(f"false callers ({said})", callers, most=0)
        report.figure(f"false characters ({said})", found)


def cost(report: Report, spandsp: Spandsp) -> None:
    """Nanoseconds for a frame of 20 ms of one channel among 64, the better of three tries."""
    module = native.compiled("text_telephone_ours", DECLARED, OURS, ours=["baudot.c"])
    speech = next(corpus.speech("score"))[1][: 20 * RATE]
    for name, samples in {"text": noisy(line(), 20)[: 20 * RATE], "speech": speech}.items():
        taken = []
        for run in (module, spandsp.module):
            held = run.ffi.from_buffer("int16_t[]", np.ascontiguousarray(samples))
            taken.append(min(run.lib.cost(held, len(samples), CHANNELS) for _ in range(3)))
        report.figure(f"cost of 20 ms, {name}", round(taken[0]), "ns", peer=f"spandsp V.18 {taken[1]:.0f}")
    report.figure("memory of a channel, receiving", BaudotRx.state_bytes, "bytes")
    report.figure("memory of a channel, sending", BaudotTx.state_bytes, "bytes")


def found_after(report: Report) -> None:
    """How long the space bar or text must be typed until the caller is found, slowly and at full speed."""
    for name, text, second in (
        ("text, 3 keys", "HELLO", 3),
        ("space bar, 2 keys", "     ", 2),
        ("text, 6 keys", "HELLO", 6),
    ):
        keys = [burst([code], lead_ms=150 if second < 4 else 1, hold_ms=1) for code in elements(text)]
        pieces = [np.concatenate([key, silence(max(0, RATE // second - len(key)))]) for key in keys]
        receiver, samples, at = Receiver(), s16(np.concatenate([*pieces, silence(RATE)])), 0
        while not receiver.caller and at < len(samples):
            receiver.feed(samples[at : at + 80].tobytes())
            at += 80
        report.figure(f"caller found after, {name} a second", round(at / RATE, 2), "s", most=2)


def main() -> None:
    """Measure all."""
    parser: argparse.ArgumentParser = options(__doc__)
    parser.add_argument("--long", action="store_true", help="80 hours of speech, at nine speeds")
    chosen = parser.parse_args()
    report = Report("text telephone (V.18 Annex A)", component="text telephone")
    spandsp = Spandsp()
    characters(report, spandsp)
    sending(report, spandsp)
    found_after(report)
    talk_off(report, long=chosen.long)
    cost(report, spandsp)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
