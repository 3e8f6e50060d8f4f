"""Want 23: who picked up is told from the first voice on, and silence is never taken for a person."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dsp import wav
from dsp.answering_machine import (
    BEEP_SECONDS,
    GREETING_SECONDS,
    NOBODY_SECONDS,
    PAUSE_SECONDS,
    WORD_SECONDS,
    AnsweringMachine,
    Sound,
    Who,
    picked_up,
)
from tests.dsp.greetings import MACHINES, PERSONS, VOICES, beep, greeting
from tests.dsp.signals import RATE, noise, s16, silence

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
QUIET, VOICE, TONE = Sound.QUIET, Sound.VOICE, Sound.TONE


def told(*heard: tuple[Sound, float], answered_s: float = 100.0) -> tuple[Who, float]:
    """Who it is, and how many seconds after the answer that was due; the times are after the answer too."""
    machine = AnsweringMachine(answered_s)
    for sound, at_s in heard:
        machine.heard(sound, answered_s + at_s)
    return machine.who(max(machine.due_s, answered_s)), round(machine.due_s - answered_s, 3)


@pytest.mark.parametrize("before_s", [0.0, 3.4, 7.5, 8.0])
def test_want_23_the_clock_starts_with_the_first_voice(before_s: float) -> None:
    end_s = before_s + 1
    assert told((VOICE, before_s), (QUIET, end_s)) == (Who.PERSON, end_s + PAUSE_SECONDS)
    assert told((VOICE, before_s)) == (Who.MACHINE, before_s + GREETING_SECONDS)


def test_want_23_silence_is_nobody_and_no_person() -> None:
    assert told() == (Who.NOBODY, NOBODY_SECONDS)
    assert AnsweringMachine(0.0).who(NOBODY_SECONDS - 0.01) is Who.UNKNOWN


def test_short_pauses_do_not_end_a_greeting() -> None:
    heard = [(sound, at + s) for at in range(4) for sound, s in ((VOICE, 0.0), (QUIET, 0.25))]
    assert told(*heard, (VOICE, 4)) == (Who.MACHINE, GREETING_SECONDS)
    assert told(*heard) == (Who.PERSON, 3.25 + PAUSE_SECONDS)


def test_a_beep_is_a_machine_before_any_word_and_after() -> None:
    assert told((TONE, 2)) == (Who.MACHINE, 2 + BEEP_SECONDS)
    assert told((VOICE, 1), (QUIET, 2), (TONE, 2.5)) == (Who.MACHINE, 2.5 + BEEP_SECONDS)


def test_a_knock_and_a_pip_are_nobody() -> None:
    knock = (VOICE, 1.0), (QUIET, 1 + WORD_SECONDS - 0.01)
    pip = (VOICE, 2.0), (TONE, 2.1), (VOICE, 2.2), (QUIET, 2.4)
    assert told(*knock, *pip) == (Who.NOBODY, NOBODY_SECONDS)


def test_what_was_told_stays() -> None:
    machine = AnsweringMachine(0.0)
    machine.heard(VOICE, 1.0)
    machine.heard(QUIET, 2.0)
    assert machine.who(2 + PAUSE_SECONDS) is Who.PERSON
    machine.heard(TONE, 3.0)
    assert machine.who(100.0) is Who.PERSON


def test_the_same_sound_again_changes_nothing() -> None:
    once = told((VOICE, 1), (QUIET, 2))
    assert told((QUIET, 0.5), (VOICE, 1), (VOICE, 1.5), (QUIET, 2), (QUIET, 2.5)) == once


@pytest.mark.parametrize("hz", [400, 800, 1000, 1400, 2000])
@pytest.mark.parametrize(("seconds", "who"), [(0.05, Who.NOBODY), (0.5, Who.MACHINE)])
def test_a_tone_on_a_quiet_line(hz: float, seconds: float, who: Who) -> None:
    heard = np.concatenate([silence(RATE), beep(hz, seconds), silence(10 * RATE)])
    assert picked_up([s16(heard + noise(len(heard), -55, seed=1)).tobytes()])[0] is who


@pytest.mark.parametrize("dbm0", [-60, -40, -25])
def test_want_23_a_noisy_line_is_nobody(dbm0: float) -> None:
    who, seconds = picked_up([s16(noise(11 * RATE, dbm0, seed=5)).tobytes()])
    assert (who, seconds) == (Who.NOBODY, NOBODY_SECONDS)


def test_any_split_and_the_program_tell_the_same() -> None:
    sound = s16(np.concatenate([silence(RATE), beep(1000, 1)])).tobytes()
    whole = picked_up([sound])
    assert picked_up([sound[at : at + 160] for at in range(0, len(sound), 160)]) == whole
    asked = [sys.executable, "-m", "dsp.answering_machine"]
    said = subprocess.run(asked, input=sound, capture_output=True, check=True).stdout.decode()
    assert said == f"{whole[0].value} {whole[1]:.2f}\n"


@pytest.mark.slow
@pytest.mark.parametrize("snr_db", [30, 20, 10])
def test_want_23_greetings_of_persons_and_machines_after_any_silence(snr_db: float) -> None:
    if shutil.which("espeak-ng") is None or shutil.which("flite") is None:
        pytest.skip("needs voices: apt-get install espeak-ng flite sox")
    chosen, wrong = random.Random(snr_db), []
    for seed in range(120):
        who, words = chosen.choice([(Who.PERSON, PERSONS), (Who.MACHINE, MACHINES)])
        said, voice = chosen.choice(words), chosen.choice(VOICES)
        before_s, dbm0 = chosen.uniform(0, 8), chosen.uniform(-35, -10)
        heard = greeting(voice, said, dbm0=dbm0, snr_db=snr_db, before_s=before_s, seed=seed)
        found, _ = picked_up([s16(heard).tobytes()])
        if found is not who:
            wrong.append((found, said, voice, before_s, dbm0))
    assert wrong == []


@pytest.mark.slow
def test_recorded_sentences_are_told_by_their_length_and_none_has_a_beep() -> None:
    if not SOUNDS.is_dir():
        pytest.skip("needs packaged speech: apt-get install asterisk-core-sounds-en-wav")
    for path in sorted(SOUNDS.glob("*.wav")):
        said = wav.read_mono(path)
        seconds = len(said) / 2 / RATE
        who, _ = picked_up([bytes(2 * RATE) + said + bytes(4 * RATE)])
        if path.stem == "beep" or seconds > 6:
            assert who is Who.MACHINE, path
        elif seconds < 4:
            assert who is not Who.MACHINE, path
