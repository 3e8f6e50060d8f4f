"""The box's own prompts and music: form, level, no clipping, and no sound that a DTMF receiver falls for."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dsp.dtmf import AMPLITUDE_0DBM0, Receiver

FOLDER = Path(__file__).parents[1] / "config" / "prompts"
LISTED = dict(line.split("\t") for line in (FOLDER / "en.txt").read_text().splitlines())
FILES = sorted(FOLDER.glob("*.wav"))
MUSIC = FOLDER / "music.wav"


def samples(path: Path) -> npt.NDArray[np.float64]:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def level_dbm0(sound: npt.NDArray[np.float64]) -> float:
    """Mean level; a sine of amplitude AMPLITUDE_0DBM0 is 0 dBm0."""
    return float(10 * np.log10((sound**2).mean() / (AMPLITUDE_0DBM0**2 / 2)))


def spoken(sound: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The 20 ms frames that are not a pause: within 20 dB of the loudest."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    return np.asarray(frames[power > power.max() / 100].ravel())


def test_every_listed_prompt_has_its_file_and_no_file_is_left_over() -> None:
    assert {path.stem for path in FILES} == set(LISTED) | {"music"}


def test_all_prompts_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FILES) < 1_500_000
    assert MUSIC.stat().st_size < 500_000


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_prompt_stands_at_the_level_of_telephone_speech(name: str) -> None:
    assert level_dbm0(spoken(samples(FOLDER / f"{name}.wav"))) == pytest.approx(-20.0, abs=1.0)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_clips(path: Path) -> None:
    assert np.abs(samples(path)).max() < 32767 * 10 ** (-6 / 20)


@pytest.mark.parametrize("name", sorted(LISTED))
def test_a_prompt_has_no_silence_at_its_ends_and_is_long_enough_for_its_words(name: str) -> None:
    sound = samples(FOLDER / f"{name}.wav")
    assert np.abs(sound[:800]).max() > 500  # speech within 100 ms
    assert np.abs(sound[-1600:]).max() > 300
    words = len(LISTED[name].split())
    assert 0.2 * words < len(sound) / 8000 < 0.8 * words


def test_the_music_loops_without_a_click_and_lies_a_little_under_speech() -> None:
    sound = samples(MUSIC)
    assert 20 <= len(sound) / 8000 <= 30
    assert level_dbm0(sound) == pytest.approx(-22.0, abs=0.5)
    # The second difference is large where a waveform is cut; at the seam it is as anywhere else.
    bend = np.abs(np.diff(np.concatenate([sound, sound[:400]]), 2))
    assert bend[len(sound) - 3 : len(sound) + 3].max() < np.percentile(bend, 99.5)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_prompt_is_taken_for_a_key_press(path: Path) -> None:
    receiver = Receiver()
    sound = samples(path).astype("<i2").tobytes()
    assert receiver.feed(sound) + receiver.flush() == []
