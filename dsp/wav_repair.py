"""Repair of a WAV file whose writer was killed: its sizes are put right, and nothing that sounds is lost.

What is there is on the disk before the header is touched; the samples stay where they are. In any state
between, the file can be repaired again. `python -m dsp.wav repair` is the command.
"""

import fcntl
import os
import shlex
import struct
from dataclasses import dataclass
from typing import BinaryIO

from dsp.wav_layout import MOST_SIZE, Format, Layout, WavError, header, layout_of

RECORDED = (Format.PCM16, Format.ALAW, Format.ULAW)  # as the recorder writes, the usual one first
NOT_OURS = (
    "Only WAV files of PCM, A-law or mu-law in one or two channels are repaired; this one is left as it is. "
    "If it was a recording of this box and begins with zeros since a power cut, say its format: "
    "repair --as pcm16"
)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was found, and done."""

    layout: Layout
    changed: bool
    cut_bytes: int  # of half a frame at the end: a sample of one side alone


def repair(path: str | os.PathLike[str], lost_head: Format | None = None) -> Repaired:
    """Puts the sizes in the header right, in place, and cuts off half a frame at the end.

    A file in order stays as it is. One cut off inside its header becomes a recording of 0 s. With
    `lost_head`, a stereo header of that format is put over one that is nothing but zeros. Raises WavError,
    and changes nothing, for a file that is no such WAV, that is being recorded, over 4 GiB, or cannot be
    opened for writing.
    """
    name = os.fspath(path)
    try:
        with open(name, "r+b", buffering=0) as file:
            _lock(name, file)
            return _repaired(name, file, lost_head)
    except OSError as error:
        why = error.strerror or str(error)
        raise WavError(name, f"cannot be repaired ({why})", "Copy it and repair the copy.") from error


def _lock(name: str, file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise WavError(name, "is being recorded now", "Repair it when the call has ended.") from error


def _repaired(name: str, file: BinaryIO, lost_head: Format | None) -> Repaired:
    size = file.seek(0, os.SEEK_END)
    if size > MOST_SIZE:
        raise WavError(
            name,
            f"{size} bytes, and the sizes in a WAV file end at {MOST_SIZE}",
            "It is left as it is, whole. Take it apart: "
            f"sox --ignore-length {shlex.quote(name)} part.wav trim 0 24:00:00 : newfile : restart",
        )
    changed = _make_head(file, lost_head)
    try:
        layout = layout_of(name, file)
    except WavError as error:
        raise WavError(name, error.what, NOT_OURS) from error
    changed |= _write_sizes(file, layout)
    end = _end(layout)
    if end != layout.file_bytes:
        os.ftruncate(file.fileno(), end)  # cuts half a frame, or pads
    cut = max(0, layout.file_bytes - end)
    return Repaired(layout, changed or end != layout.file_bytes, cut)


def _end(layout: Layout) -> int:
    """Where the file is to end: after the samples and the byte that makes them even, if they come last."""
    if layout.rest_at < layout.file_bytes:
        return layout.file_bytes
    return layout.data_at + layout.data_bytes + (layout.data_bytes & 1)


def _write_sizes(file: BinaryIO, layout: Layout) -> bool:
    file.seek(0)
    before = file.read(layout.data_at)
    after = bytearray(before)
    struct.pack_into("<I", after, 4, _end(layout) - 8)
    struct.pack_into("<I", after, layout.data_at - 4, layout.data_bytes)
    if layout.fact_at:
        struct.pack_into("<I", after, layout.fact_at, layout.frames)
    return _put_head(file, before, bytes(after))


def _put_head(file: BinaryIO, before: bytes, after: bytes) -> bool:
    """Whether there was anything to change. The samples are on the disk first, then the header."""
    if before == after:
        return False
    os.fsync(file.fileno())
    os.pwrite(file.fileno(), after, 0)
    os.fsync(file.fileno())
    return True


def _make_head(file: BinaryIO, lost_head: Format | None) -> bool:
    """Completes a header that was cut off, and puts one over zeros where its format is told."""
    file.seek(0)
    start = file.read(len(header(2, 0, Format.ALAW)))
    whole = _completed(start)
    if whole is None and lost_head is not None:
        empty = header(2, 0, lost_head)
        whole = None if any(start[: len(empty)]) else empty
    return whole is not None and _put_head(file, start[: len(whole)], whole)


def _completed(start: bytes) -> bytes | None:
    """The empty recording's header of which `start` is a beginning; 16-bit stereo where it does not say."""
    for format in RECORDED:
        for channels in (2, 1):
            whole = header(channels, 0, format)
            if len(start) < len(whole) and _without_sizes(whole, len(start)) == _without_sizes(start):
                return whole
    return None


def _without_sizes(head: bytes, count: int | None = None) -> bytes:
    """The first bytes of a header, without the length of the file and the number of frames."""
    kept = head[:count]
    return kept[:4] + kept[8:40] + (kept[40:46] + kept[50:54] if kept[16:17] == b"\x12" else b"")
