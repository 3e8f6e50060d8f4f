"""Packaged speech and music as 8 kHz samples: Debian's prompt, spelling and picture-name packages.

Speech is split in two halves by file, so that what was tuned on one is scored on the other.
What was decoded is kept in .cache/corpus; copies at other speeds are made from it with sox and are not kept.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 8000
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "corpus"
SPEECH = {
    "asterisk-core-sounds-en-wav": ("/usr/share/asterisk/sounds/en_US_f_Allison", "*.wav"),
    "asterisk-core-sounds-es-wav": ("/usr/share/asterisk/sounds/es_MX_f_Allison", "*.wav"),
    "asterisk-core-sounds-fr-wav": ("/usr/share/asterisk/sounds/fr_CA_f_June", "*.wav"),
    "asterisk-core-sounds-it-wav": ("/usr/share/asterisk/sounds/it_IT_m_Carlo", "*.wav"),
    "asterisk-core-sounds-ru-wav": ("/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU", "*.wav"),
    "asterisk-prompt-it-menardi-wav": ("/usr/share/asterisk/sounds/it_IT_f_Menardi", "*.wav"),
    "tuxpaint-stamps-default": ("/usr/share/tuxpaint/stamps", "*_desc*.ogg"),
    "klettres-data": ("/usr/share/klettres", "*.ogg"),
}
MUSIC = {"asterisk-moh-opsound-wav": ("/usr/share/asterisk/moh", "*.wav")}
RAW = ["-t", "raw", "-r", str(RATE), "-c", "1", "-b", "16", "-e", "signed"]
GAP = bytes(2 * RATE // 2)  # half a second of silence after each file

Samples = npt.NDArray[np.int16]


def speech(half: str) -> Iterator[tuple[str, Samples]]:
    """(package, samples) of the files of one half, "tune" or "score", joined with half a second between.

    Ends the program with the line to install what is missing.
    """
    for package, (folder, pattern) in SPEECH.items():
        yield package, _joined(package, folder, pattern, half)


def music() -> Iterator[tuple[str, Samples]]:
    """(package, samples) of all music on hold."""
    for package, (folder, pattern) in MUSIC.items():
        yield package, _joined(package, folder, pattern, "all")


def at_speed(samples: Samples, speed: float) -> Samples:
    """The same sound played `speed` times as fast: pitch and length both change (sox `speed`)."""
    if speed == 1.0:
        return samples
    command = ["sox", "-D", "-v", "0.9", *RAW, "-", *RAW, "-", "speed", str(speed), "rate", str(RATE)]
    made = subprocess.run(command, input=samples.tobytes(), capture_output=True, check=True).stdout
    return np.frombuffer(made, np.int16)


def hours(samples: Samples) -> float:
    """How long it sounds."""
    return len(samples) / RATE / 3600


def _joined(package: str, folder: str, pattern: str, half: str) -> Samples:
    kept = CACHE / f"{package}-{half}.s16"
    if not kept.exists():
        files = sorted(Path(folder).rglob(pattern))
        if not files:
            sys.exit(f"no sound in {folder}. Install it with: sudo apt-get install sox {package}")
        chosen = {"tune": files[0::2], "score": files[1::2], "all": files}[half]
        CACHE.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as pool:
            decoded = b"".join(piece + GAP for piece in pool.map(_decoded, chosen))
        part = kept.with_suffix(".part")
        part.write_bytes(decoded)
        part.rename(kept)
    return np.fromfile(kept, np.int16)


def _decoded(path: Path) -> bytes:
    command = ["sox", "-D", "-v", "0.9", str(path), *RAW, "-", "remix", "-", "rate", str(RATE)]
    return subprocess.run(command, capture_output=True, check=True).stdout


if __name__ == "__main__":
    for part in ("tune", "score"):
        for name, sound in speech(part):
            print(f"{part:6} {name:32} {hours(sound):6.2f} h")
    for name, sound in music():
        print(f"{'all':6} {name:32} {hours(sound):6.2f} h")
