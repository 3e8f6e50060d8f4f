"""What demo callers say: recorded human speech where it can be had, the box's own prompts where not.

Human speech is Debian's package asterisk-core-sounds-en-wav: as installed, or fetched into a cache, which
needs no root. Everything is 8 kHz, 16 bit, mono. All of it blocks: call it before the loop runs, or in a
thread.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from dsp import wav

PACKAGE = "asterisk-core-sounds-en-wav"
INSTALLED = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROMPTS = Path(__file__).resolve().parents[2] / "config" / "prompts"
NOT_SPEECH = {"tt-monkeys.wav", "music.wav"}
SENTENCE_SECONDS = 2.0  # shorter files are single words: "press", "zero"
FETCH_SECONDS = 120  # 18 MB
BYTES_PER_SECOND = 2 * wav.RATE


class SpeechUnavailable(Exception):
    """The package cannot be fetched here; the message says why."""


def caller_speech(cache: Path, *, installed: Path = INSTALLED) -> list[Path]:
    """WAV files of sentences, 2 s and longer, in a fixed order; never empty.

    Fetches the package into `cache` once if it is not at `installed`, which takes `FETCH_SECONDS` at most.
    Says on standard error what it fetches, and when it has to do with the box's own prompts.
    """
    fetched = cache / PACKAGE / INSTALLED.relative_to("/")
    for folder in (installed, fetched):
        if found := sentences(folder):
            return found
    try:
        _tell(f"fetching recorded speech for the callers (Debian's {PACKAGE}, 18 MB)")
        fetch(cache)
        if found := sentences(fetched):
            return found
        raise SpeechUnavailable(f"the package holds no sentences in {INSTALLED}")
    except SpeechUnavailable as error:
        _tell(
            f"no recorded human speech: {error}. The callers speak with the box's own computer voice. "
            f"For human callers: sudo apt-get install {PACKAGE}"
        )
    return sentences(PROMPTS)


def sentences(folder: Path) -> list[Path]:
    """The files of a folder that are long enough to be a sentence; none if there is no such folder."""
    shortest = SENTENCE_SECONDS * BYTES_PER_SECOND
    return sorted(
        path
        for path in folder.glob("*.wav")
        if path.name not in NOT_SPEECH and path.stat().st_size >= shortest
    )


def fetch(cache: Path) -> None:
    """Unpack the package into `cache`; raises SpeechUnavailable. Half a package is never left there."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            work = Path(folder)
            _run(["apt-get", "-qq", "-o", "Acquire::Retries=1", "download", PACKAGE], work)
            (package,) = work.glob("*.deb")
            _run(["dpkg-deb", "-x", str(package), PACKAGE], work)
            (work / PACKAGE).rename(cache / PACKAGE)
    except OSError as error:
        raise SpeechUnavailable(f"{cache}: {error.strerror or error}") from error


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=FETCH_SECONDS)
    except FileNotFoundError as error:
        raise SpeechUnavailable(f"{command[0]} is not here, so this is not Debian") from error
    except subprocess.TimeoutExpired as error:
        raise SpeechUnavailable(f"{command[0]} took longer than {FETCH_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().splitlines() or ["nothing"]
        raise SpeechUnavailable(f'{command[0]} said "{said[-1]}"') from error


def _tell(text: str) -> None:
    sys.stderr.write(f"callbox demo: {text}\n")
