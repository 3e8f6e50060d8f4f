"""What demo callers say: where it comes from, and that it is what the emulated network can play."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.demo import speech
from dsp import wav


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder programs are found in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def sentence(path: Path, seconds: float, value: int = 1000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    wav.write(path, value.to_bytes(2, "little", signed=True) * round(seconds * wav.RATE))
    return path


def test_sentences_of_the_installed_package_are_used_and_single_words_and_noises_left_out(
    tmp_path: Path, bin_folder: Path
) -> None:
    long = sentence(tmp_path / "sounds" / "vm-intro.wav", 2.5)
    sentence(tmp_path / "sounds" / "press.wav", 0.6)
    sentence(tmp_path / "sounds" / "tt-monkeys.wav", 16)
    assert speech.caller_speech(tmp_path / "cache", installed=tmp_path / "sounds") == [long]


def test_the_package_is_fetched_into_the_cache_once(
    tmp_path: Path, bin_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sounds = "usr/share/asterisk/sounds/en_US_f_Allison"
    ready = sentence(tmp_path / "ready.wav", 3)
    program(bin_folder / "apt-get", "echo > asterisk.deb; echo x >> " + str(tmp_path / "asked"))
    program(
        bin_folder / "dpkg-deb",
        f'/bin/mkdir -p "$3/{sounds}" && /bin/cp {ready} "$3/{sounds}/vm-intro.wav"',
    )
    cache, nowhere = tmp_path / "cache", tmp_path / "nowhere"
    first = speech.caller_speech(cache, installed=nowhere)
    again = speech.caller_speech(cache, installed=nowhere)
    assert first == again == [cache / speech.PACKAGE / sounds / "vm-intro.wav"]
    assert (tmp_path / "asked").read_text() == "x\n"
    assert capsys.readouterr().err.count("fetching") == 1
    assert list(cache.iterdir()) == [cache / speech.PACKAGE]


@pytest.mark.parametrize(
    ("apt", "reason"),
    [
        ("", "not Debian"),
        ("echo E: Unable to locate package >&2; exit 100", "E: Unable to locate package"),
        ("echo half > asterisk.deb", "dpkg-deb is not here"),
    ],
    ids=["no apt", "no index", "half a package"],
)
def test_without_the_package_the_callers_speak_with_our_own_prompts_and_the_reason_is_told(
    tmp_path: Path, bin_folder: Path, capsys: pytest.CaptureFixture[str], apt: str, reason: str
) -> None:
    if apt:
        program(bin_folder / "apt-get", apt)
    found = speech.caller_speech(tmp_path / "cache", installed=tmp_path / "nowhere")
    assert {path.parent for path in found} == {speech.PROMPTS}
    assert speech.PROMPTS / "welcome.wav" in found
    assert speech.PROMPTS / "music.wav" not in found
    told = capsys.readouterr().err
    assert reason in told
    assert "sudo apt-get install asterisk-core-sounds-en-wav" in told
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_apt_that_hangs_is_given_up(
    tmp_path: Path, bin_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(speech, "FETCH_SECONDS", 0.1)
    program(bin_folder / "apt-get", "exec /bin/sleep 60")
    assert speech.caller_speech(tmp_path / "cache", installed=tmp_path / "nowhere")
    assert "took longer than 0.1 s" in capsys.readouterr().err


@pytest.mark.slow
def test_debians_sentences_can_all_be_read() -> None:
    found = speech.sentences(speech.INSTALLED)
    if not found:
        pytest.skip(f"no recorded speech here; sudo apt-get install {speech.PACKAGE}")
    assert len(found) > 100
    assert all(len(wav.read_mono(path)) >= 2 * 2 * wav.RATE - 44 for path in found)
