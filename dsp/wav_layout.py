"""Where things are in a WAV file: the header we write, and the walk through the chunks of anybody's file.

RIFF WAVE as in Microsoft's Multimedia Programming Interface 1.0; format tags as in RFC 2361.
"""

import os
import shlex
import struct
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

RATE = 8000  # samples a second
EXTENSIBLE = 0xFFFE  # WAVE_FORMAT_EXTENSIBLE: the format proper is in the first two bytes of a GUID
MOST_CHUNKS = 1000  # before the samples; a file with more is not a recording
MOST_SIZE = 0xFFFFFFFF


class WavError(Exception):
    """A file that is no WAV, or not one we read: whose, what is wrong, and what to do."""

    def __init__(self, name: str, what: str, advice: str) -> None:
        super().__init__(f"{name}: {what}. {advice}")
        self.what = what


class Format(Enum):
    """How samples are written: the WAVE format tag and the bits of a sample."""

    PCM16 = (1, 16)
    PCM8 = (1, 8)
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

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return self.frames / self.rate


def header(channels: int, frames: int, format: Format = Format.PCM16) -> bytes:
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


def layout_of(name: str, file: BinaryIO) -> Layout:
    """Walks the chunks up to the samples; raises WavError for what is no WAV or not of our formats."""
    file_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(12)
    if start[:4] in (b"RF64", b"BW64"):
        raise unsuitable(name, "a WAV file in the form for more than 4 GiB (RF64)")
    if len(start) < 12 or start[:4] != b"RIFF" or start[8:] != b"WAVE":
        raise unsuitable(name, "no WAV file (it does not begin with RIFF and WAVE)")
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
    raise unsuitable(name, "a WAV file without samples (no chunk `data`)")


def unsuitable(name: str, what: str) -> WavError:
    """What is not one of our files, with the line that makes one of it."""
    target = shlex.quote(os.path.splitext(name)[0] + "-8k.wav")
    return WavError(name, what, f"Convert it: sox {shlex.quote(name)} -r {RATE} -c 1 -b 16 {target}")


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
        raise unsuitable(
            name, "a WAV file whose format is missing (no whole chunk `fmt ` before the samples)"
        )
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", fmt[:16])
    if tag == EXTENSIBLE and len(fmt) >= 26:
        tag = int.from_bytes(fmt[24:26], "little")
    if rate == 0:
        raise unsuitable(name, "a WAV file whose rate is 0")
    if channels not in (1, 2):
        raise unsuitable(name, f"{channels} channels, expected 1 or 2")
    if (tag, bits) not in {format.value for format in Format}:
        raise unsuitable(name, f"format {tag} of {bits} bits, expected PCM of 16 or 8 bits, A-law or mu-law")
    return Format((tag, bits)), channels, rate
