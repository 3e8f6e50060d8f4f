"""Caller ID: messages received over noise and level, beside spandsp on the same signals; talk-off; cost.

Signals are made in numpy (tests/dsp/caller_id_signals.py). A message counts when its bytes are all right
and it is told once. spandsp is Debian's libspandsp, adsi_rx for its CLASS and CLIP standards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.rig import corpus
from benchmarks.rig.native import compiled
from benchmarks.rig.report import Report, options
from dsp.caller_id_sender import fsk
from tests.dsp import caller_id_signals as signals
from tests.dsp.signals import RATE, noise, s16, sine

Samples = npt.NDArray[np.int16]

STANDARDS = {
    "Bell 202": (0, signals.BELL202, 12),
    "V.23": (1, signals.ETSI, 14),
}  # number, tones, dB to reach
NOISE_DB = (20, 16, 14, 12, 10, 9, 8, 7, 6)
LEVELS_DBM0 = (0, -13.5, -30, -33, -36, -38, -40, -45)
FRAME = 160

OURS_DECLARATIONS = """
int ours_messages(int standard, const int16_t *samples, int count, uint8_t *out, int room);
int ours_alerts(const int16_t *samples, int count, int64_t *starts, int room);
double ours_ns(int standard, const int16_t *samples, int count, int channels);
double alert_ns(const int16_t *samples, int count, int channels);
int ours_bytes(void);
int alert_bytes(void);
"""
TIMED = r"""
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Nanoseconds a frame of 160 samples, over `channels` that all hear the same. */
#define TIMED(feed)                                                          \
    const double begun = now();                                              \
    for (int at = 0; at + 160 <= count; at += 160)                           \
        for (int c = 0; c < channels; c++)                                   \
            feed;                                                            \
    return (now() - begun) / ((double)(count / 160) * channels);

struct taken {
    uint8_t *out; /* messages without their checksum, the length before each */
    int used, room;
};

static void take(void *user, const uint8_t *message, int count)
{
    struct taken *taken = user;

    if (taken->out && taken->used + count + 1 <= taken->room) {
        taken->out[taken->used++] = (uint8_t)count;
        memcpy(taken->out + taken->used, message, count);
        taken->used += count;
    }
}
"""
OURS = (
    TIMED
    + r"""
#include "caller_id.h"
#include "caller_id_alert.h"

static int ours_messages(int standard, const int16_t *samples, int count, uint8_t *out, int room)
{
    struct taken taken = {out, 0, room};
    struct caller_id_rx rx;
    struct caller_id_message message;

    caller_id_rx_init(&rx, standard);
    for (int at = 0; at + 160 <= count; at += 160)
        if (caller_id_rx_feed(&rx, samples + at, 160, &message))
            take(&taken, message.bytes, message.count - message.checksum_ok);
    return taken.used;
}

static int ours_alerts(const int16_t *samples, int count, int64_t *starts, int room)
{
    struct alert_rx rx;
    struct alert_found found;
    int used = 0;

    alert_rx_init(&rx);
    for (int at = 0; at + 160 <= count; at += 160)
        if (alert_rx_feed(&rx, samples + at, 160, &found) && used < room)
            starts[used++] = found.start_sample;
    return used;
}

static double ours_ns(int standard, const int16_t *samples, int count, int channels)
{
    static struct caller_id_rx rx[512];
    struct caller_id_message message;

    for (int c = 0; c < channels; c++)
        caller_id_rx_init(&rx[c], standard);
    TIMED(caller_id_rx_feed(&rx[c], samples + at, 160, &message))
}

static double alert_ns(const int16_t *samples, int count, int channels)
{
    static struct alert_rx rx[512];
    struct alert_found found;

    for (int c = 0; c < channels; c++)
        alert_rx_init(&rx[c]);
    TIMED(alert_rx_feed(&rx[c], samples + at, 160, &found))
}

static int ours_bytes(void) { return sizeof(struct caller_id_rx); }
static int alert_bytes(void) { return sizeof(struct alert_rx); }
"""
)
PEER_DECLARATIONS = """
int peer_messages(int standard, const int16_t *samples, int count, uint8_t *out, int room);
int peer_sends(int standard, const uint8_t *message, int count, int16_t *samples, int room);
double peer_ns(int standard, const int16_t *samples, int count, int channels);
int peer_bytes(void);
"""
PEER = (
    r"""
#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <spandsp.h>
"""
    + TIMED
    + r"""
static const int STANDARDS[] = {ADSI_STANDARD_CLASS, ADSI_STANDARD_CLIP};

static int peer_messages(int standard, const int16_t *samples, int count, uint8_t *out, int room)
{
    struct taken taken = {out, 0, room};
    adsi_rx_state_t *rx = adsi_rx_init(NULL, STANDARDS[standard], take, &taken);

    for (int at = 0; at + 160 <= count; at += 160)
        adsi_rx(rx, samples + at, 160);
    adsi_rx_free(rx);
    return taken.used;
}

static int peer_sends(int standard, const uint8_t *message, int count, int16_t *samples, int room)
{
    adsi_tx_state_t *tx = adsi_tx_init(NULL, STANDARDS[standard]);
    int used = 0, made;

    adsi_tx_put_message(tx, message, count);
    while (used + 160 <= room && (made = adsi_tx(tx, samples + used, 160)) > 0)
        used += made;
    adsi_tx_free(tx);
    return used;
}

static double peer_ns(int standard, const int16_t *samples, int count, int channels)
{
    static adsi_rx_state_t rx[512];
    struct taken none = {NULL, 0, 0};

    for (int c = 0; c < channels; c++)
        adsi_rx_init(&rx[c], STANDARDS[standard], take, &none);
    TIMED(adsi_rx(&rx[c], samples + at, 160))
}

static int peer_bytes(void) { return sizeof(adsi_rx_state_t); }
"""
)


def loops() -> tuple[Any, Any, Any]:
    """Ours, ours without vector clones, and spandsp's, compiled."""
    files = ["caller_id.c", "caller_id_alert.c", "fsk.c"]
    ours = compiled("caller_id_ours", OURS_DECLARATIONS, OURS, ours=files)
    plain = compiled("caller_id_plain", OURS_DECLARATIONS, OURS, ours=files, flags=["-DVECTOR_CLONES="])
    peer = compiled("caller_id_peer", PEER_DECLARATIONS, PEER, libraries=["spandsp"], flags=["-Wno-all"])
    return ours, plain, peer


# ---- what is received ----


def heard(module: Any, loop: Callable[..., int], standard: int, samples: Samples) -> list[bytes]:
    """The messages a receiver tells, without their checksum."""
    room = module.ffi.new("uint8_t[]", 4000)
    used = loop(standard, module.ffi.from_buffer("int16_t[]", samples), len(samples), room, 4000)
    data, messages = bytes(module.ffi.buffer(room, used)), []
    while data:
        messages.append(data[1 : 1 + data[0]])
        data = data[1 + data[0] :]
    return messages


def success(
    ours: Any, peer: Any, name: str, count: int, line: Callable[..., Any], **how: float
) -> tuple[float, float]:
    """Per cent of `count` messages right, ours and spandsp's; `line` makes what arrives of what is sent."""
    standard, tones, _ = STANDARDS[name]
    rng = np.random.default_rng(11)
    right = [0, 0]
    for n in range(count):
        message = signals.random_call(rng)
        samples = s16(line(signals.sent(message, tones, pause=1600 + n, **how), n))
        told = [
            heard(ours, ours.lib.ours_messages, standard, samples),
            heard(peer, peer.lib.peer_messages, standard, samples),
        ]
        for who in range(2):
            right[who] += told[who] == [message[:-1]]
    return 100 * right[0] / count, 100 * right[1] / count


def over_noise(report: Report, ours: Any, peer: Any, count: int) -> None:
    """White noise in 0-4 kHz under a carrier of -13.5 dBm0."""
    for name, (_, _, least_db) in STANDARDS.items():
        for snr in NOISE_DB:
            reached, theirs = success(
                ours, peer, name, count, lambda signal, n, snr=snr: signals.in_noise(signal, snr, n)
            )
            goal = 100.0 if snr >= least_db else None
            report.figure(
                f"{name}, noise {snr} dB below", reached, "%", least=goal, peer=f"spandsp {theirs:g}"
            )


def over_level(report: Report, ours: Any, peer: Any, count: int) -> None:
    """No noise but that of the samples."""
    for name in STANDARDS:
        for dbm0 in LEVELS_DBM0:
            reached, theirs = success(ours, peer, name, count, lambda signal, n: signal, dbm0=dbm0)
            goal = 100.0 if dbm0 >= -40 else None
            report.figure(f"{name}, {dbm0:g} dBm0", reached, "%", least=goal, peer=f"spandsp {theirs:g}")


def over_line(report: Report, ours: Any, peer: Any, count: int) -> None:
    """What a line does besides: each with noise 20 dB below."""

    def ring(signal: Any, n: int) -> Any:
        rung = np.clip(sine(25, 4000, 25, n), -32767, 32767)
        return signals.in_noise(np.concatenate([rung, signal[1600 + n :]]), 20, n)

    def hum(signal: Any, n: int) -> Any:
        return signals.in_noise(signal + sine(60, len(signal), -30 + 18, n), 20, n, -30)

    def echo(signal: Any, n: int) -> Any:
        return signals.in_noise(signal + 10 ** (-10 / 20) * np.roll(signal, 8), 20, n)

    def plain(signal: Any, n: int) -> Any:
        return signals.in_noise(signal, 20, n)

    rows: list[tuple[str, Callable[..., Any], dict[str, float]]] = [
        ("twist +10 dB", plain, {"twist_db": 10}),
        ("twist -10 dB", plain, {"twist_db": -10}),
        ("1 % fast, 1 % high", plain, {"baud": 1212, "off": 0.01}),
        ("no seizure, 40 bits of mark", plain, {"seizure": 0, "mark": 40}),
        ("10 bits of mark between bytes", plain, {"stuffed": 10}),
        ("a clipped ring right before", ring, {}),
        ("60 Hz 18 dB above, at -30 dBm0", hum, {"dbm0": -30}),
        ("echo 1 ms, -10 dB", echo, {}),
    ]
    for name in STANDARDS:
        for what, line, how in rows:
            reached, theirs = success(ours, peer, name, count, line, **how)
            report.figure(f"{name}, {what}", reached, "%", least=100.0, peer=f"spandsp {theirs:g}")


def each_others(report: Report, ours: Any, peer: Any, count: int) -> None:
    """spandsp's sender heard by ours, and ours by spandsp."""
    for name, (standard, tones, _) in STANDARDS.items():
        rng = np.random.default_rng(3)
        right = [0, 0]
        for _ in range(count):
            message = signals.random_call(rng)
            made = peer.ffi.new("int16_t[]", 24000)
            peer.lib.peer_sends(standard, message[:-1], len(message) - 1, made, 22000)
            samples = np.frombuffer(peer.ffi.buffer(made), np.int16)
            right[0] += heard(ours, ours.lib.ours_messages, standard, samples) == [message[:-1]]
            samples = np.frombuffer(fsk(message, (tones[1], tones[0])) + bytes(3200), np.int16)
            right[1] += heard(peer, peer.lib.peer_messages, standard, samples) == [message[:-1]]
        report.figure(f"{name}, sent by spandsp", 100 * right[0] / count, "%", least=100.0)
        report.figure(f"{name}, sent by us, heard by spandsp", 100 * right[1] / count, "%", least=100.0)


# ---- speech ----


def speech(report: Report, ours: Any, half: str) -> None:
    """False alerts and messages in speech, and alerts found under speech as loud as each of their tones."""
    hours, alerts, messages, placed, hits = 0.0, 0, 0, 0, 0
    for _, samples in corpus.speech(half):
        hours += corpus.hours(samples)
        alerts += len(alert_starts(ours, samples))
        messages += sum(len(heard(ours, ours.lib.ours_messages, standard, samples)) for standard in (0, 1))
        loud, places = with_alerts(samples[: 600 * RATE])
        found = alert_starts(ours, loud)
        hits += sum(int(np.abs(found - place).min() <= 160) for place in places)
        placed += len(places)
    report.figure(f"false alerts in {hours:.1f} h of speech ({half})", alerts, "", most=1)
    report.figure(f"false messages in {hours:.1f} h of speech ({half}), both standards", messages, "")
    report.figure(
        f"alerts of -18 dBm0 a tone found under speech of -18 ({half})", 100 * hits / placed, "%", least=99
    )


def with_alerts(samples: Samples) -> tuple[Samples, npt.NDArray[np.int64]]:
    """Speech at -18 dBm0 while it is active, and an alert of 80 ms every second."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(float)
    power = np.mean(frames**2, axis=1)
    active = np.mean(power[power > power.max() * 10**-3.5])
    mixed = samples * (22826 / np.sqrt(2 * active) * 10 ** (-18 / 20))
    places = np.arange(RATE, len(mixed) - RATE, RATE)
    for place in places:
        mixed[place : place + 640] += signals.alert(80, -18)
    return s16(mixed), places


def alert_starts(ours: Any, samples: Samples) -> npt.NDArray[np.int64]:
    room = ours.ffi.new("int64_t[]", 4000)
    used = ours.lib.ours_alerts(ours.ffi.from_buffer("int16_t[]", samples), len(samples), room, 4000)
    return np.frombuffer(ours.ffi.buffer(room), np.int64)[:used]


# ---- cost ----


def cost(report: Report, ours: Any, plain: Any, peer: Any) -> None:
    """Of a 20 ms frame, in noise and while messages come, 64 channels; and the same for 1 and 512."""
    rng = np.random.default_rng(1)
    calls = np.concatenate([signals.sent(signals.random_call(rng)) for _ in range(4)])
    quiet = noise(len(calls), -50, 1)
    for what, signal in (("messages", calls), ("a quiet line", quiet)):
        samples = s16(signals.in_noise(signal, 20, 1))
        given = ours.ffi.from_buffer("int16_t[]", samples), len(samples), 64
        ns = [min(loop(*given) for _ in range(5)) for loop in (_for(ours), _for(plain))]
        theirs = min(peer.lib.peer_ns(0, *given) for _ in range(5))
        ratio = f"spandsp {theirs:.0f}"
        report.figure(f"a frame of {what}", round(ns[0]), "ns", most=round(theirs), peer=ratio)
        report.figure(
            f"a frame of {what}, baseline x86-64", round(ns[1]), "ns", most=round(theirs), peer=ratio
        )
    for channels in (1, 512):
        given = ours.ffi.from_buffer("int16_t[]", samples), len(samples), channels
        report.figure(
            f"the same, {channels} channels", round(min(_for(ours)(*given) for _ in range(3))), "ns"
        )
    given = ours.ffi.from_buffer("int16_t[]", samples), len(samples), 64
    report.figure("a frame for the alert tone", round(min(ours.lib.alert_ns(*given) for _ in range(5))), "ns")
    report.figure(
        "memory a channel, messages", ours.lib.ours_bytes(), "bytes", peer=f"spandsp {peer.lib.peer_bytes()}"
    )
    report.figure("memory a channel, alert tone", ours.lib.alert_bytes(), "bytes")


def _for(module: Any) -> Callable[..., float]:
    return lambda *given: float(module.lib.ours_ns(0, *given))


def main() -> None:
    """Prints the figures."""
    parser = options(__doc__)
    parser.add_argument("--messages", type=int, default=100, help="at each point (100)")
    parser.add_argument("--half", choices=["tune", "score"], default="score", help="of the packaged speech")
    chosen = parser.parse_args()
    ours, plain, peer = loops()
    report = Report("Caller ID: received, beside spandsp", component="caller ID")
    over_noise(report, ours, peer, chosen.messages)
    over_level(report, ours, peer, chosen.messages)
    over_line(report, ours, peer, chosen.messages)
    each_others(report, ours, peer, chosen.messages)
    speech(report, ours, chosen.half)
    cost(report, ours, plain, peer)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
