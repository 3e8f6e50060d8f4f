"""Speaks the catalogue into WAV files, when the box is built: `python -m appliance.speaking [FOLDER]`.

espeak-ng speaks, and for English flite where it is there (see say/README.md for why); sox brings it to
telephone form, and only what is new or changed is spoken. None of it is needed to run a box: without these
programs it is silent where no recording is named.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from appliance.say.catalogue import texts
from appliance.say.spoken import SPOKEN
from dsp import wav

SPEECH_DBM0 = -20.0  # the nominal level of active speech in the network, ITU-T G.223
ACTIVE_DB = 15.9  # what is further below the mean is a pause, ITU-T P.56
FULL_SCALE_SINE_DBM0 = 3.14  # ITU-T G.711
PEAK = 32768 / 2  # 6 dB of room: others may speak at the same time
FRAME_SAMPLES = 160
PAUSE_SECONDS = 0.25
LIMIT_SECONDS = 20
WORDS_A_MINUTE = "150"
FORM = "4"  # of what this file makes; a higher one has everything spoken again
INDEX = "spoken.json"
# The telephone's band; silence cut off at both ends, a little left so that words do not run together.
# At 0.4 % the last sound of "fifth" went with it: half the word.
TO_TELEPHONE = (
    *("gain", "-6", "sinc", "200-3600"),
    *("silence", "1", "0.01", "0.1%", "fade", "t", "0.01", "reverse"),
    *("silence", "1", "0.01", "0.1%", "fade", "t", "0.02", "reverse", "pad", "0.02", "0.06"),
)
#: Words that espeak-ng 1.51 stresses wrongly, in its own phonemes.
SOUNDS = {"сорока": "[[s@-rVk'A]]", "четырёхсот": "[[tS;ityr;Vxs'ot]]"}


class CannotSpeak(Exception):
    """A program is missing or failed; the message says which and what to do."""


@dataclass(frozen=True)
class Voice:
    """A program and its options: the text is its last argument, it writes `to`."""

    program: str
    options: tuple[str, ...]
    text: str = "--"
    to: str = "-w"

    def command(self, text: str, file: Path) -> list[str]:
        """What to run."""
        said = SOUNDS.get(text, text) if self.program == "espeak-ng" else text
        return [self.program, *self.options, self.to, str(file), self.text, said]


def voices() -> dict[str, Voice]:
    """The voice of each language, of what is installed. Raises CannotSpeak."""
    missing = [program for program in ("espeak-ng", "sox") if shutil.which(program) is None]
    if missing:
        raise CannotSpeak(
            f"{' and '.join(missing)} missing, so the box speaks no prompts of its own. To have them: "
            "sudo apt-get install espeak-ng flite sox"
        )
    flite = Voice("flite", ("-voice", "rms"), text="-t", to="-o")
    return {
        "en": flite if shutil.which("flite") else _espeak("en-us"),
        "ru": _espeak("ru"),
        "zh": _espeak("cmn-latn-pinyin"),  # "cmn" of Debian 12 reads the pinyin as if it were English
    }


def _espeak(voice: str) -> Voice:
    return Voice("espeak-ng", ("-v", voice, "-s", WORDS_A_MINUTE))


def speak_all(folder: Path, catalogue: Mapping[str, str], by: Mapping[str, Voice]) -> tuple[int, list[str]]:
    """Speak what is new or changed and remove what is no more; how many, and what went wrong."""
    index = folder / INDEX
    known = _read(index)
    wanted = {name: _mark(text, by[name[:2]]) for name, text in catalogue.items()}
    due = [name for name in wanted if known.get(name) != wanted[name] or not _file(folder, name).exists()]
    for name in set(known) - set(wanted):
        _file(folder, name).unlink(missing_ok=True)
    kept = {name: mark for name, mark in known.items() if wanted.get(name) == mark and name not in due}
    wrong = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        spoken = {
            name: pool.submit(speak, catalogue[name], by[name[:2]], _file(folder, name)) for name in due
        }
        for name, done in spoken.items():
            try:
                done.result()
                kept[name] = wanted[name]
            except (CannotSpeak, OSError, wav.WavError) as error:
                wrong.append(f"{name}: {error}")
    _write(index, kept)
    return len(due) - len(wrong), wrong


def speak(text: str, voice: Voice, file: Path) -> None:
    """One prompt, 8 kHz mono 16 bit, levelled; no text is a pause. Raises CannotSpeak, OSError, WavError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if text:
        with tempfile.TemporaryDirectory(prefix="callbox-speaking-") as work:
            raw, telephone = Path(work) / "raw.wav", Path(work) / "telephone.wav"
            _run(voice.command(text, raw))
            _run(["sox", "-V1", str(raw), "-r", "8000", "-c", "1", "-b", "16", str(telephone), *TO_TELEPHONE])
            samples = levelled(wav.read_mono(telephone))
    else:
        samples = bytes(2 * int(PAUSE_SECONDS * wav.RATE))
    half = file.with_suffix(".part")
    wav.write(half, samples)
    half.replace(file)


def levelled(samples: bytes) -> bytes:
    """The same at SPEECH_DBM0, or a little below where a peak would come near to clipping.

    Raises CannotSpeak for silence.
    """
    sound = array("h", samples)
    power = [
        sum(each * each for each in sound[at : at + FRAME_SAMPLES]) / FRAME_SAMPLES
        for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES)
    ]
    mean = sum(power) / len(power) if power else 0.0
    active = [each for each in power if each > mean / 10 ** (ACTIVE_DB / 10)]
    if not active:
        raise CannotSpeak("nothing was heard of it; check the text in appliance/say/catalogue")
    wanted = 32768**2 / 2 * 10 ** ((SPEECH_DBM0 - FULL_SCALE_SINE_DBM0) / 10)
    gain = min((wanted / (sum(active) / len(active))) ** 0.5, PEAK / max(map(abs, sound)))
    return array("h", (round(each * gain) for each in sound)).tobytes()


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise CannotSpeak(f"{command[0]} took longer than {LIMIT_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().splitlines() or ["nothing"]
        raise CannotSpeak(f'{command[0]} said "{said[-1]}"') from error


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.wav"


def _mark(text: str, voice: Voice) -> str:
    return hashlib.sha256("\0".join([FORM, *voice.command(text, Path())]).encode()).hexdigest()[:16]


def _read(index: Path) -> dict[str, str]:
    """Nothing where there is none, or half of one: everything is spoken again."""
    try:
        known = json.loads(index.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(index: Path, known: Mapping[str, str]) -> None:
    index.parent.mkdir(parents=True, exist_ok=True)
    half = index.with_suffix(".part")
    half.write_text(json.dumps(dict(sorted(known.items())), indent=0), encoding="utf-8")
    half.replace(index)


def main(arguments: list[str] | None = None) -> int:
    """`python -m appliance.speaking`: 1 where programs are missing or a prompt failed, which lines say."""
    parser = argparse.ArgumentParser(prog="python -m appliance.speaking", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SPOKEN, help="where to (%(default)s)")
    folder = parser.parse_args(arguments).folder
    try:
        count, wrong = speak_all(folder, texts(), voices())
    except CannotSpeak as error:
        sys.stderr.write(f"prompts: {error}\n")
        return 1
    for each in wrong:
        sys.stderr.write(f"prompts: {each}\n")
    sys.stdout.write(f"prompts: {count} spoken into {folder}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
