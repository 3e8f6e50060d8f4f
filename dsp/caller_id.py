"""Caller ID in 8 kHz samples: who calls, by Bell 202, ETSI V.23 or DTMF; and the alert tone of call waiting.

The receivers are dsp/_native/caller_id.c and caller_id_alert.c, and dsp/dtmf.py. What a message says is
read by caller_id_message.py and caller_id_dtmf.py; caller_id_sender.py sends.
As a program, `python -m dsp.caller_id` reads s16le 8 kHz mono from standard input and prints a line a
finding; with --send it writes such samples.
"""

import argparse
import enum
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from dsp import caller_id_dtmf, caller_id_message, caller_id_sender, dtmf
from dsp._native.caller_id_rx import AlertRx, CallerIdRx
from dsp.caller_id_message import CallerId, Reason, When
from dsp.samples import Pieces, stream

RATE = 8000  # samples a second
FLUSH_SAMPLES = 800  # 100 ms: a message cut off is known after 40 ms, an alert after 20
DTMF_PAUSE_SAMPLES = 4000  # 500 ms without a digit end a number that has no end digit
DTMF_DELAY_SAMPLES = 1600  # 200 ms: a digit that began in time is known by then
DTMF_LEAST_DIGITS = 3  # fewer without an end say nothing
ACKNOWLEDGE_MS = 60  # GR-30 55-65: the answer to the alert tone
ACKNOWLEDGE_GAP_MS = 300  # left for it between alert and message
PIECE_SAMPLES = 160  # 20 ms


class Standard(enum.Enum):
    """How it is sent."""

    BELL202 = "bell202"
    ETSI = "etsi"
    DTMF = "dtmf"


@dataclass(frozen=True, slots=True)
class Message:
    """One transmission. Samples count from the receiver's first, from the first start bit (or digit) on."""

    caller: CallerId
    data: bytes  # from the type to the checksum; of DTMF the digits
    is_whole: bool  # to its end
    checksum_ok: bool  # DTMF has none: the same as is_whole
    start_sample: int
    end_sample: int


@dataclass(frozen=True, slots=True)
class Alert:
    """The dual tone that announces a message: answer it with `acknowledge()` when off hook."""

    start_sample: int
    end_sample: int


Finding = Message | Alert


class Receiver:
    """Finds messages and alerts in one channel. A message is known 10 ms after its last byte."""

    def __init__(self, standard: Standard) -> None:
        self._pieces = Pieces()
        self._feed: Callable[[memoryview], list[Finding]]
        self._feed = _Digits().feed if standard is Standard.DTMF else _Fsk(standard is Standard.ETSI).feed
        self._flush_samples = 2 * DTMF_PAUSE_SAMPLES if standard is Standard.DTMF else FLUSH_SAMPLES

    def feed(self, samples: bytes | bytearray | memoryview) -> list[Finding]:
        """Any number of bytes of s16 samples, host order; half a sample waits for its other half."""
        return self._feed(self._pieces.take(samples))

    def flush(self) -> list[Finding]:
        """At the end of the samples: what lasts to the very end. (Silence brings it out.)"""
        return self.feed(self._pieces.silence(self._flush_samples))


class _Fsk:
    def __init__(self, is_etsi: bool) -> None:
        self._messages = CallerIdRx(is_etsi)
        self._alerts = AlertRx()

    def feed(self, samples: memoryview) -> list[Finding]:
        found: list[Finding] = [Alert(*alert) for alert in self._alerts.feed(samples)]
        for message in self._messages.feed(samples):
            found.append(Message(caller_id_message.read(message[0]), *message))
        return sorted(found, key=lambda finding: finding.end_sample)


class _Digits:
    def __init__(self) -> None:
        self._receiver = dtmf.Receiver()
        self._digits: list[dtmf.Digit] = []
        self._heard = 0  # samples

    def feed(self, samples: memoryview) -> list[Finding]:
        found: list[Finding] = []
        while samples:  # the same pieces however the samples are split
            step = PIECE_SAMPLES - self._heard % PIECE_SAMPLES
            found += self._feed_piece(samples[:step])
            samples = samples[step:]
        return found

    def _feed_piece(self, samples: memoryview) -> list[Finding]:
        found: list[Finding] = []
        for digit in self._receiver.feed(samples):
            if self._digits and digit.start_sample - self._digits[-1].end_sample > DTMF_PAUSE_SAMPLES:
                found += self._end()
            self._digits.append(digit)
            if caller_id_dtmf.ends(self._text()):
                found += self._end()
        self._heard += len(samples)
        if self._digits and self._heard % PIECE_SAMPLES == 0:
            silent_samples = self._heard - self._digits[-1].end_sample
            if silent_samples > DTMF_PAUSE_SAMPLES + DTMF_DELAY_SAMPLES:
                found += self._end()
        return found

    def _text(self) -> str:
        return "".join(digit.digit for digit in self._digits)

    def _end(self) -> list[Finding]:
        text, digits = self._text(), self._digits
        self._digits = []
        is_whole = caller_id_dtmf.ends(text)
        if not is_whole and len(text) < DTMF_LEAST_DIGITS:
            return []
        span = (digits[0].start_sample, digits[-1].end_sample)
        return [Message(caller_id_dtmf.read(text), text.encode("ascii"), is_whole, is_whole, *span)]


# ---- sending ----


def generate(
    caller: CallerId,
    standard: Standard,
    *,
    single: bool = False,
    off_hook: bool = False,
    stuffed_bits: int = 0,
    level_dbm0: float = caller_id_sender.LEVEL_DBM0,
    brackets: str = "A C",
) -> bytes:
    """Samples (s16, 8 kHz) of one transmission.

    FSK: `single` sends SDMF; `off_hook` leaves out the seizure; the level is that of the carrier.
    DTMF: `brackets` is the variant (caller_id_dtmf.write); the level is that of the stronger tone.
    Raises ValueError for a caller that the standard cannot say.
    """
    if standard is Standard.DTMF:
        return dtmf.generate(caller_id_dtmf.write(caller, brackets), 70, 70, level_dbm0)  # Telia 1992: 70 ms
    tones = caller_id_sender.V23_HZ if standard is Standard.ETSI else caller_id_sender.BELL202_HZ
    message = caller_id_message.write(caller, single=single)
    return caller_id_sender.fsk(
        message, tones, off_hook=off_hook, stuffed_bits=stuffed_bits, level_dbm0=level_dbm0
    )


def acknowledge(level_dbm0: float = -9.0, digit: str = "D") -> bytes:
    """What a receiver off hook answers to the alert tone within 100 ms: DTMF D, or A (GR-30)."""
    return dtmf.generate(digit, ACKNOWLEDGE_MS, 0, level_dbm0)


# ---- the program ----


def listen(pieces: Iterable[bytes], standard: Standard) -> Iterator[Finding]:
    """The findings of samples that come in pieces of any length, each as soon as it is known."""
    receiver = Receiver(standard)
    for piece in pieces:
        yield from receiver.feed(piece)
    yield from receiver.flush()


def as_json(finding: Finding) -> str:
    """One object on one line; bytes as hexadecimal digits."""
    kind = "alert" if isinstance(finding, Alert) else "message"
    return json.dumps({"kind": kind, **asdict(finding)}, default=_plain)


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value.value


def as_line(finding: Finding) -> str:
    """`message start end ok number=... name="..." ...`, or `alert start end`."""
    span = f"{finding.start_sample} {finding.end_sample}"
    if isinstance(finding, Alert):
        return f"alert {span}"
    state = "ok" if finding.checksum_ok else "damaged" if finding.is_whole else "cut"
    caller = asdict(finding.caller)
    del caller["parameters"]
    if when := finding.caller.when:
        caller["when"] = f"{when.month:02}-{when.day:02}T{when.hour:02}:{when.minute:02}"
    said = [
        f"{name}={json.dumps(value, default=_plain)}"
        for name, value in caller.items()
        if value not in ("", None, ())
    ]
    return " ".join([f"message {span} {state}", *said])


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dsp.caller_id", description=main.__doc__)
    parser.add_argument("--standard", type=Standard, default=Standard.BELL202, help="bell202, etsi or dtmf")
    parser.add_argument("--json", action="store_true", help="one JSON object a finding")
    send = parser.add_argument_group("sending")
    send.add_argument("--send", action="store_true", help="write s16le samples to standard output instead")
    send.add_argument("--number", default="", help="the caller's")
    send.add_argument("--name", default="", help="the caller's (FSK)")
    send.add_argument(
        "--reason", type=Reason, help="of no number: private, unavailable, international, payphone"
    )
    send.add_argument("--time", type=_time, help="MMDDHHMM (FSK)")
    send.add_argument("--single", action="store_true", help="SDMF: time and number only")
    send.add_argument("--off-hook", action="store_true", help="alert tone first, and no seizure (FSK)")
    send.add_argument("--brackets", default="A C", help="variant: 'A C', 'A #', 'D C' or ' #' (DTMF)")
    send.add_argument("--level", type=float, default=caller_id_sender.LEVEL_DBM0, help="dBm0")
    return parser


def _time(text: str) -> When:
    when = caller_id_message.read_time(text.encode())
    if when is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no month, day, hour and minute. Use MMDDHHMM, as 09301224"
        )
    return when


def _send(options: argparse.Namespace) -> bytes:
    caller = CallerId(options.number, options.reason, options.name, when=options.time)
    samples = generate(
        caller,
        options.standard,
        single=options.single,
        off_hook=options.off_hook,
        level_dbm0=options.level,
        brackets=options.brackets,
    )
    if not options.off_hook or options.standard is Standard.DTMF:
        return samples
    return caller_id_sender.alert() + caller_id_sender.silence(ACKNOWLEDGE_GAP_MS) + samples


def main() -> int:
    """Prints caller ID found in s16le 8 kHz mono samples on standard input, a line a finding."""
    options = _options().parse_args()
    if options.send:
        try:
            sys.stdout.buffer.write(_send(options))
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        return 0
    for finding in listen(stream(sys.stdin.fileno()), options.standard):
        sys.stdout.write((as_json(finding) if options.json else as_line(finding)) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
