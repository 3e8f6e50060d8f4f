"""WAV files: any usual telephone WAV in, as 16-bit mono at 8 kHz; 16-bit out; repair of a cut-off one.

A file whose writer was killed says in its header that it is empty, or short, or endless. Whatever it says,
what is in the file is read. `python -m dsp.wav repair FILE...` puts the sizes right for other programs.
Not here: other sample rates, compressed formats, files over 4 GB (RF64). The recorder writes its own files.
"""

import argparse
import os
import shlex
import struct
import sys
from array import array
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from dsp import g711

RATE = 8000  # samples a second
EXTENSIBLE = 0xFFFE  # WAVE_FORMAT_EXTENSIBLE: the format proper is in the first two bytes of a GUID
MOST_CHUNKS = 1000  # before the samples; a file with more is not a recording
MOST_SIZE = 0xFFFFFFFF


class WavError(Exception):
    """A file that is no WAV, or not one we read."""


class Format(Enum):
    """How samples are written: the WAVE format tag and the bits of a sample."""

    S16 = (1, 16)
    U8 = (1, 8)
    ALAW = (6, 8)
    ULAW = (7, 8)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a file, in bytes from its start."""

    format: Format
    channels: int
    rate: int
    data_at: int  # first byte of the samples
    data_bytes: int  # of them, whole frames, whatever the header says
    fact_at: int  # of the frame count in the `fact` chunk; 0 = there is none
    rest_at: int  # first byte after the samples and their padding
    file_bytes: int

    @property
    def frame_bytes(self) -> int:
        """One sample of every channel."""
        return self.channels * self.format.value[1] // 8

    @property
    def frames(self) -> int:
        """Samples of each channel."""
        return self.data_bytes // self.frame_bytes


def read_mono(path: str | os.PathLike[str]) -> bytes:
    """The samples of a file, s16 at 8 kHz, stereo mixed to mono.

    Reads 16-bit and 8-bit PCM, A-law and mu-law. Raises WavError for anything else, for another rate, and for
    a file that cannot be read; the message holds the sox line that makes a file we read.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            layout = _layout(name, file)
            file.seek(layout.data_at)
            data = file.read(layout.data_bytes)
    except OSError as error:
        raise WavError(
            f"{name}: cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error
    if layout.rate != RATE:
        raise _unsuitable(name, f"{layout.rate} samples a second, expected {RATE}")
    whole = len(data) - len(data) % layout.frame_bytes  # the file may have become shorter meanwhile
    samples = _linear(data[:whole], layout.format)
    return samples if layout.channels == 1 else _mixed(samples)


def write(path: str | os.PathLike[str], samples: bytes, channels: int = 1) -> None:
    """Writes s16 samples at 8 kHz (frames interleaved where there are two channels)."""
    with open(path, "wb") as file:
        file.write(header(channels, len(samples) // (2 * channels)))
        file.write(samples)


def header(channels: int, frames: int, format: Format = Format.S16) -> bytes:
    """Everything before the samples: 44 bytes for PCM, 58 for A-law and mu-law (which must have a `fact`)."""
    tag, bits = format.value
    frame_bytes = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, RATE, RATE * frame_bytes, frame_bytes, bits)
    fact = b""
    if tag != 1:
        fmt += struct.pack("<H", 0)  # no more parameters
        fact = struct.pack("<4sII", b"fact", 4, min(frames, MOST_SIZE))
    data_bytes = min(frames * frame_bytes, MOST_SIZE)
    chunks = struct.pack("<4sI", b"fmt ", len(fmt)) + fmt + fact + struct.pack("<4sI", b"data", data_bytes)
    riff_bytes = min(4 + len(chunks) + data_bytes + (data_bytes & 1), MOST_SIZE)
    return struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + chunks


def repair(path: str | os.PathLike[str]) -> Layout:
    """Puts the sizes in the header right, in place, and cuts off half a frame at the end.

    Returns what is there. A file in order stays as it is. Raises WavError where no samples are to be found.
    """
    name = os.fspath(path)
    try:
        with open(name, "r+b") as file:
            layout = _layout(name, file)
            _write_sizes(file, layout)
    except OSError as error:
        raise WavError(
            f"{name}: cannot be repaired ({error.strerror}). Copy it and repair the copy."
        ) from error
    return layout


def _write_sizes(file: BinaryIO, layout: Layout) -> None:
    end = layout.data_at + layout.data_bytes
    if layout.rest_at >= layout.file_bytes:  # the samples are the last chunk
        file.truncate(end)
        file.seek(end)
        file.write(b"\0" * (layout.data_bytes & 1))
    sizes = {
        4: file.seek(0, os.SEEK_END) - 8,
        layout.data_at - 4: layout.data_bytes,
    }
    if layout.fact_at:
        sizes[layout.fact_at] = layout.frames
    for at, size in sizes.items():
        file.seek(at)
        file.write(struct.pack("<I", min(size, MOST_SIZE)))


def _layout(name: str, file: BinaryIO) -> Layout:
    """Walks the chunks up to the samples."""
    file_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(12)
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise _unsuitable(name, "no WAV file (it does not begin with RIFF and WAVE)")
    fmt = b""
    at, fact_at = 12, 0
    for _ in range(MOST_CHUNKS):
        head = _chunk_head(file, at)
        if head is None:
            break
        chunk, size = head
        if chunk == b"data":
            return _with_samples(name, file, fmt, at + 8, size, fact_at, file_bytes)
        if chunk == b"fmt ":
            fmt = file.read(min(size, 40))
        if chunk == b"fact" and size >= 4 and at + 12 <= file_bytes:
            fact_at = at + 8
        at += 8 + size + (size & 1)
    raise _unsuitable(name, "a WAV file without samples (no chunk `data`)")


def _with_samples(
    name: str, file: BinaryIO, fmt: bytes, at: int, said: int, fact_at: int, file_bytes: int
) -> Layout:
    format, channels, rate = _parsed_format(name, fmt)
    frame_bytes = channels * format.value[1] // 8
    there = file_bytes - at
    size = said if said <= there and _chunks_to_the_end(file, at + said + (said & 1), file_bytes) else there
    return Layout(
        format=format,
        channels=channels,
        rate=rate,
        data_at=at,
        data_bytes=size - size % frame_bytes,
        fact_at=fact_at,
        rest_at=at + size + (size & 1),
        file_bytes=file_bytes,
    )


def _chunk_head(file: BinaryIO, at: int) -> tuple[bytes, int] | None:
    """Name and size of the chunk at a place; None at the end of the file."""
    file.seek(at)
    head = file.read(8)
    if len(head) < 8:
        return None
    return head[:4], int.from_bytes(head[4:], "little")


def _chunks_to_the_end(file: BinaryIO, at: int, file_bytes: int) -> bool:
    """Whether whole chunks with readable names follow, up to the last byte. If not, samples go on there."""
    for _ in range(MOST_CHUNKS):
        if at in (file_bytes, file_bytes + 1):  # some writers leave the last padding out
            return True
        head = _chunk_head(file, at)
        if head is None or not head[0].isascii() or not head[0].decode("ascii").isprintable():
            return False
        at += 8 + head[1] + (head[1] & 1)
    return False


def _parsed_format(name: str, fmt: bytes) -> tuple[Format, int, int]:
    """Format, channels and rate of a `fmt ` chunk."""
    if len(fmt) < 16:
        raise _unsuitable(
            name, "a WAV file whose format is missing (no whole chunk `fmt ` before the samples)"
        )
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == EXTENSIBLE and len(fmt) >= 26:
        tag = int.from_bytes(fmt[24:26], "little")
    if rate == 0:
        raise _unsuitable(name, "a WAV file whose rate is 0")
    if channels not in (1, 2):
        raise _unsuitable(name, f"{channels} channels, expected 1 or 2")
    if (tag, bits) not in {format.value for format in Format}:
        raise _unsuitable(name, f"format {tag} of {bits} bits, expected PCM of 16 or 8 bits, A-law or mu-law")
    return Format((tag, bits)), channels, rate


def _unsuitable(name: str, what: str) -> WavError:
    target = shlex.quote(str(Path(name).with_suffix("")) + "-8k.wav")
    return WavError(f"{name}: {what}. Convert it: sox {shlex.quote(name)} -r {RATE} -c 1 -b 16 {target}")


def _linear(data: bytes, format: Format) -> bytes:
    """Samples of any format as s16, channels still interleaved."""
    if format is Format.ALAW:
        return g711.alaw_decode(data)
    if format is Format.ULAW:
        return g711.ulaw_decode(data)
    if format is Format.U8:
        return array("h", [(sample - 128) * 256 for sample in data]).tobytes()
    return data


def _mixed(samples: bytes) -> bytes:
    """The mean of left and right."""
    both = array("h", samples)
    return array("h", [(a + b) >> 1 for a, b in zip(both[0::2], both[1::2], strict=True)]).tobytes()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 1 when a file could not be repaired."""
    parser = argparse.ArgumentParser(prog="python -m dsp.wav", description="WAV files of the box.")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("repair", help="put the sizes right in a file whose writer was killed")
    command.add_argument("file", nargs="+")
    failed = 0
    for name in parser.parse_args(arguments).file:
        try:
            layout = repair(name)
        except WavError as error:
            sys.stderr.write(f"{error}\n")
            failed = 1
        else:
            sys.stdout.write(f"{name}: {layout.frames / layout.rate:.3f} s, {layout.channels} channel(s)\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
