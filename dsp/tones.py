"""Call-progress tones: which tone a zone has (config/tones/ZONE.toml), and the samples of it.

What a tone is written like is told in config/tones/README.md; the generator is dsp/_native/tone.c.
"""

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from dsp._native.tone_gen import ToneGen

NAMES = ("dial", "busy", "ringback", "congestion", "call_waiting", "recall", "record", "sit", "stutter")
FOLDER = Path(__file__).resolve().parent.parent / "config" / "tones"  # in a checkout; the box passes its own
LEVEL_DBM0 = -13.0  # of each frequency: a tone of two is -10 dBm0


class ToneError(Exception):
    """An unknown zone or tone, or a text that is no tone."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a tone: what sounds (no frequency = silence) and for how long (None = for ever)."""

    hz: tuple[float, ...]
    ms: float | None
    modulation_hz: float = 0.0
    quiet: bool = False  # 10 dB lower
    once: bool = False  # left out when the tone repeats


def elements(text: str) -> list[Element]:
    """A tone's text as data. Raises ToneError for a text that is no tone."""
    _check(text, "tone")
    return [_element(part.strip()) for part in text.split(",")]


def _element(part: str) -> Element:
    """One element of a text that was checked."""
    sound, _, ms = part.removeprefix("!").partition("/")
    carriers, _, modulation = sound.removesuffix("@").partition("*")
    return Element(
        hz=tuple(hz for hz in map(float, carriers.split("+")) if hz),
        ms=float(ms) if ms and float(ms) else None,
        modulation_hz=float(modulation or 0),
        quiet=sound.endswith("@"),
        once=part.startswith("!"),
    )


def zones(folder: Path = FOLDER) -> list[str]:
    """The names of all zones in the folder, in alphabetical order."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def spec(zone: str, name: str, folder: Path = FOLDER) -> str:
    """The text of a zone's tone, `spec("us", "ringback")` is "440+480/2000,0/4000".

    Raises ToneError for a zone or tone that is not there, or a file that does not hold what it should.
    """
    if zone not in (known := zones(folder)):
        raise ToneError(f"zone {zone!r}: no file {zone}.toml in {folder}. {_closest(zone, known)}")
    tones = _read(folder / f"{zone}.toml")
    if name not in tones:
        raise ToneError(f"zone {zone}: no tone {name!r}. {_closest(name, list(tones))}")
    return tones[name]


def where(zone: str, name: str, folder: Path = FOLDER) -> str:
    """`file:line` of a zone's tone, for messages."""
    path = folder / f"{zone}.toml"
    return f"{path}:{_line(path.read_text(encoding='utf-8'), name)}"


def _read(path: Path) -> dict[str, str]:
    """The `[tones]` of a file, checked."""
    try:
        text = path.read_text(encoding="utf-8")
        tones = tomllib.loads(text).get("tones")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ToneError(f"{path}: cannot be read as TOML ({error}). Correct the file.") from error
    if not isinstance(tones, dict):
        raise ToneError(f"{path}: no table [tones]. Add one, as in the other files of the folder.")
    for name, tone in tones.items():
        where = f"{path}:{_line(text, name)}"
        if name not in NAMES:
            raise ToneError(f"{where}: unknown tone {name!r}. {_closest(name, list(NAMES))}")
        _check(tone, f"{where}: tone {name}")
    return tones


def _line(text: str, name: str) -> int:
    """The line that sets `name`; tomllib keeps no positions."""
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.partition("=")[0].strip() == name), 1)


def _check(text: object, where: str) -> None:
    if not isinstance(text, str):
        raise ToneError(f'{where}: expected text, found {text!r}. Write it as "440+480/2000,0/4000".')
    try:
        ToneGen(text.encode(), LEVEL_DBM0)
    except ValueError as error:
        raise ToneError(
            f"{where}: {text!r} is no tone. Write elements of frequency/milliseconds, as "
            f'"440+480/2000,0/4000" (frequencies below 4000 Hz, at most 64 elements).'
        ) from error


def _closest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.3)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known) or 'none'}."


class Tone:
    """Plays a tone, piece by piece.

    `text` is what `spec` returns; `level_dbm0` is of each frequency, 0 dBm0 being a sine 3.14 dB below clip.
    Raises ToneError for a text that is no tone.
    """

    def __init__(self, text: str, level_dbm0: float = LEVEL_DBM0) -> None:
        _check(text, "tone")
        self._generator = ToneGen(text.encode(), level_dbm0)

    def fill(self, samples: int) -> bytes:
        """The next samples, s16 at 8 kHz; fewer than asked for only at the end of a tone that ends."""
        return self._generator.fill(samples)
