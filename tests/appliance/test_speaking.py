"""The prompts that are spoken when the box is built: all of them, only once, at the level of speech."""

from __future__ import annotations

import json
import math
import shutil
import wave
from array import array
from pathlib import Path

import pytest

from appliance import speaking
from appliance.say.catalogue import texts
from appliance.say.spoken import SPOKEN
from appliance.speaking import CannotSpeak, Voice, levelled, main, speak_all, voices
from dsp.dtmf import Receiver

TONE = array("h", (round(3000 * math.sin(0.3 * n)) for n in range(8000))).tobytes()
NEEDED = ("espeak-ng", "flite", "sox")
needs_voices = pytest.mark.skipif(
    not all(shutil.which(program) for program in NEEDED),
    reason="needs espeak-ng, flite and sox: apt-get install espeak-ng flite sox",
)


def samples(path: Path) -> array[int]:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        return array("h", file.readframes(file.getnframes()))


def level_dbm0(sound: array[int]) -> float:
    """Of the 20 ms frames within 20 dB of the loudest."""
    power = [
        sum(each * each for each in sound[at : at + 160]) / 160 for at in range(0, len(sound) - 159, 160)
    ]
    spoken = [each for each in power if each > max(power) / 100]
    return 10 * math.log10(sum(spoken) / len(spoken) / (32768**2 / 2)) + 3.14


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Voices without programs: the names of the files that were spoken, in order."""
    said: list[str] = []

    def speak(text: str, voice: Voice, file: Path) -> None:
        if text == "unspeakable":
            raise CannotSpeak("the program said nothing")
        said.append(f"{file.parent.name}/{file.stem}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    monkeypatch.setattr(speaking, "speak", speak)
    return said


BY = {"en": Voice("one", ())}


def test_only_what_is_new_or_changed_is_spoken_and_what_is_gone_is_removed(
    tmp_path: Path, said: list[str]
) -> None:
    assert speak_all(tmp_path, {"en/a": "a", "en/b": "b"}, BY) == (2, [])
    assert speak_all(tmp_path, {"en/a": "a", "en/b": "b"}, BY) == (0, [])
    assert speak_all(tmp_path, {"en/a": "other"}, BY) == (1, [])
    assert sorted(path.name for path in (tmp_path / "en").iterdir()) == ["a.wav"]
    (tmp_path / "en/a.wav").unlink()
    assert speak_all(tmp_path, {"en/a": "other"}, BY) == (1, [])
    assert speak_all(tmp_path, {"en/a": "other"}, {"en": Voice("another", ())}) == (1, [])
    assert sorted(said) == ["en/a", "en/a", "en/a", "en/a", "en/b"]


@pytest.mark.parametrize("index", ["", "{", "[]", '{"en/a": '])
def test_an_index_cut_by_a_lost_power_has_everything_spoken_again(
    tmp_path: Path, said: list[str], index: str
) -> None:
    speak_all(tmp_path, {"en/a": "a"}, BY)
    (tmp_path / "spoken.json").write_text(index)
    assert speak_all(tmp_path, {"en/a": "a"}, BY) == (1, [])


def test_what_cannot_be_spoken_is_named_and_tried_again(tmp_path: Path, said: list[str]) -> None:
    for _ in range(2):
        assert speak_all(tmp_path, {"en/a": "unspeakable", "en/b": "b"}, BY)[1] == [
            "en/a: the program said nothing"
        ]
    assert said == ["en/b"]
    assert list(json.loads((tmp_path / "spoken.json").read_text())) == ["en/b"]


def test_without_the_programs_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "prompts: espeak-ng and sox missing, so the box speaks no prompts of its own. "
        "To have them: sudo apt-get install espeak-ng flite sox\n"
    )


def test_a_prompt_is_levelled_by_its_speech_and_silence_is_refused() -> None:
    quiet = bytes(16000) + TONE + bytes(16000)
    assert level_dbm0(array("h", levelled(quiet))) == pytest.approx(-20, abs=0.2)
    with pytest.raises(CannotSpeak, match="nothing was heard"):
        levelled(bytes(1600))


def test_a_click_does_not_make_a_prompt_clip() -> None:
    click = array("h", [0] * 8000)
    click[4000:4160] = array("h", [200] * 160)
    click[4080] = 20000
    assert max(map(abs, array("h", levelled(click.tobytes())))) <= 32768 / 2


@needs_voices
@pytest.mark.slow
@pytest.mark.timeout(180)  # from nothing it is some 600 programs
def test_the_build_speaks_everything_at_the_level_of_speech_and_no_two_numbers_alike() -> None:
    """P9: every prompt of every language is there, loud enough, unclipped, and is no key press."""
    assert speak_all(SPOKEN, texts(), voices())[1] == []
    sounds = {name: samples(SPOKEN / f"{name}.wav") for name in texts()}
    for name, text in texts().items():
        sound, letters = sounds[name], len(text)
        if not text:
            assert not any(sound)
            continue
        assert level_dbm0(sound) == pytest.approx(-20, abs=4), name  # the loud part of a word
        assert max(map(abs, sound)) <= 32768 / 2, name
        shortest, longest = (0.12, 0.6) if name.startswith("zh") else (0.03, 0.3)
        assert 0.2 + shortest * max(letters - 6, 0) <= len(sound) / 8000 <= 0.6 + longest * letters, name
    for language in ("en", "ru", "zh"):
        numbers = [sounds[f"{language}/{n}"].tobytes() for n in range(3, 10)]
        assert len(set(numbers)) == len(numbers)


@needs_voices
@pytest.mark.slow
def test_no_spoken_prompt_is_taken_for_a_key_press() -> None:
    speak_all(SPOKEN, texts(), voices())
    for name in texts():
        receiver = Receiver()
        assert receiver.feed(samples(SPOKEN / f"{name}.wav").tobytes()) + receiver.flush() == [], name
