"""Line echo canceller for an analogue line: what we send comes back from the hybrid, and is taken out.

The canceller is dsp/_native/echo.c. As a program, `python -m dsp.echo` reads stereo s16le at 8 kHz from
standard input, left what was sent to the line and right what came from it, and writes what is left of the
right, mono.
"""

import argparse
import os
import sys
from dataclasses import dataclass

from dsp._native.echo_line import EchoLine

RATE = 8000  # samples a second
TAIL_MS = 64.0  # covers a long local line; ITU-T G.168's hybrids last up to 16 ms
MOST_TAIL_MS = 128.0
PIECE_BYTES = 640  # 20 ms of two channels


@dataclass(frozen=True, slots=True)
class Status:
    """How well it goes: what is usually left of the echo, in dB below it; whether much more is left now."""

    erle_db: float
    double_talk: bool
    converged: bool


class Canceller:
    """Cancels the echo of one line, without delay. `suppress` also replaces what is left by comfort noise.

    Raises ValueError for a tail that is not within 0-128 ms; memory grows with every 64 ms of it.
    """

    def __init__(self, tail_ms: float = TAIL_MS, *, suppress: bool = False) -> None:
        if not 0 < tail_ms <= MOST_TAIL_MS:
            raise ValueError(f"echo tail of {tail_ms:g} ms: give more than 0 and at most {MOST_TAIL_MS:g} ms")
        self._line = EchoLine(max(1, round(tail_ms * RATE / 1000)), suppress)

    def cancel(self, far: bytes | bytearray | memoryview, near: bytes | bytearray | memoryview) -> bytes:
        """What is left of `near` (s16, host order) without the echo of `far`, sent at the same time.

        Any number of samples, the same of both; raises ValueError when they differ.
        """
        sent, heard = memoryview(far).cast("B"), memoryview(near).cast("B")
        if len(sent) != len(heard) or len(sent) % 2:
            raise ValueError(
                f"{len(sent)} bytes sent and {len(heard)} bytes from the line: "
                "an echo canceller takes whole samples, the same number of both"
            )
        out = bytearray(len(sent))
        if out:
            self._line.cancel(sent.cast("h"), heard.cast("h"), memoryview(out).cast("h"))
        return bytes(out)

    @property
    def status(self) -> Status:
        """As of the last block of 8 ms."""
        return Status(*self._line.status())

    @property
    def memory_bytes(self) -> int:
        """What one channel takes."""
        return self._line.memory_bytes


def _split(stereo: bytes) -> tuple[bytes, bytes]:
    samples = memoryview(stereo).cast("h")
    return samples[0::2].tobytes(), samples[1::2].tobytes()


def main() -> None:
    """`python -m dsp.echo`."""
    parser = argparse.ArgumentParser(
        prog="python -m dsp.echo",
        description="Reads stereo s16le at 8 kHz (left: sent to the line, right: from the line) from "
        "standard input and writes the right without the echo of the left, mono.",
    )
    parser.add_argument("--tail-ms", type=float, default=TAIL_MS, help="longest echo, up to 128 (default 64)")
    parser.add_argument("--suppress", action="store_true", help="replace what is left by comfort noise")
    options = parser.parse_args()
    try:
        canceller = Canceller(options.tail_ms, suppress=options.suppress)
    except ValueError as error:
        parser.error(str(error))
    held, source = b"", sys.stdin.fileno()
    while piece := os.read(source, PIECE_BYTES):
        held += piece
        whole = len(held) & ~3
        sys.stdout.buffer.write(canceller.cancel(*_split(held[:whole])))
        sys.stdout.buffer.flush()
        held = held[whole:]


if __name__ == "__main__":
    main()
