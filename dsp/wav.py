"""WAV files: any usual telephone WAV in, as 16-bit mono at 8 kHz; 16-bit out; repair of a cut-off one.

A file whose writer was killed says in its header that it is empty, or short, or endless. Whatever it says,
what is in the file is read. `python -m dsp.wav repair FILE...` puts the sizes right for other programs.
Not here: other sample rates, compressed formats, files over 4 GiB (RF64). The recorder writes its own files.
"""

import argparse
import json
import os
import sys
from array import array

from dsp import g711, linear
from dsp.wav_layout import RATE, Format, Layout, WavError, header, layout_of, unsuitable
from dsp.wav_repair import RECORDED, Repaired, repair

__all__ = [
    "RATE",
    "Format",
    "Layout",
    "Repaired",
    "WavError",
    "header",
    "read_mono",
    "repair",
    "seconds",
    "write",
]


def read_mono(path: str | os.PathLike[str]) -> bytes:
    """The samples of a file, s16 at 8 kHz, stereo mixed to mono.

    Reads 16-bit and 8-bit PCM, A-law and mu-law. Raises WavError for anything else, for another rate, and for
    a file that cannot be read; the message holds the sox line that makes a file we read.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            layout = layout_of(name, file)
            file.seek(layout.data_at)
            data = file.read(layout.data_bytes)
    except OSError as error:
        raise _unreadable(name, error) from error
    if layout.rate != RATE:
        raise unsuitable(name, f"{layout.rate} samples a second, expected {RATE}")
    whole = len(data) - len(data) % layout.frame_bytes  # the file may have become shorter meanwhile
    samples = _linear(data[:whole], layout.format)
    return samples if layout.channels == 1 else _mixed(samples)


def write(path: str | os.PathLike[str], samples: bytes, channels: int = 1) -> None:
    """Writes s16 samples at 8 kHz (frames interleaved where there are two channels)."""
    with open(path, "wb") as file:
        file.write(header(channels, len(samples) // (2 * channels)))
        file.write(samples)


def seconds(path: str | os.PathLike[str]) -> float:
    """How long a file sounds, by what is in it: the header of one that is being written may be behind.

    Raises WavError as `read_mono` does, but for the rate.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            return layout_of(name, file).seconds
    except OSError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: OSError) -> WavError:
    return WavError(name, f"cannot be read ({error.strerror})", "Check the path and its permissions.")


def _linear(data: bytes, format: Format) -> bytes:
    """Samples of any format as s16, channels still interleaved."""
    if format is Format.ALAW:
        return g711.alaw_decode(data)
    if format is Format.ULAW:
        return g711.ulaw_decode(data)
    if format is Format.PCM8:
        return linear.decode(data, linear.Form.U8)
    return data


def _mixed(samples: bytes) -> bytes:
    """The mean of left and right."""
    both = array("h", samples)
    return array("h", [(a + b) >> 1 for a, b in zip(both[0::2], both[1::2], strict=True)]).tobytes()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status: 1 when a file could not be repaired."""
    parser = argparse.ArgumentParser(prog="python -m dsp.wav", description="WAV files of the box.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = "put the sizes right in files whose writer was killed, in place"
    command = commands.add_parser(
        "repair",
        help=about,
        description=about + ". Exit status: 0 all files are in order now, 1 one of them is not.",
    )
    command.add_argument("file", nargs="+", metavar="FILE")
    command.add_argument("--json", action="store_true", help="a JSON object a line for each file")
    names = [format.name.lower() for format in RECORDED]
    command.add_argument(
        "--as", choices=names, dest="lost_head", help="the format, where the header itself is lost"
    )
    options = parser.parse_args(arguments)
    lost_head = Format[options.lost_head.upper()] if options.lost_head else None
    done = [_repaired_one(name, lost_head, options.json) for name in options.file]
    return 0 if all(done) else 1


def _repaired_one(name: str, lost_head: Format | None, as_json: bool) -> bool:
    """Repairs and says so; whether it is in order now."""
    try:
        repaired = repair(name, lost_head)
    except WavError as error:
        if as_json:
            _say({"file": name, "ok": False, "error": str(error)})
        else:
            sys.stderr.write(f"{error}\n")
        return False
    layout = repaired.layout
    format = layout.format.name.lower()
    if as_json:
        figures = {"format": format, "channels": layout.channels, "seconds": round(layout.seconds, 6)}
        _say(
            {"file": name, "ok": True, "changed": repaired.changed, "cut_bytes": repaired.cut_bytes} | figures
        )
    else:
        state = "repaired" if repaired.changed else "in order"
        sys.stdout.write(f"{name}: {state}, {layout.seconds:.3f} s, {layout.channels} channel(s), {format}\n")
    return True


def _say(content: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")


if __name__ == "__main__":
    sys.exit(main())
