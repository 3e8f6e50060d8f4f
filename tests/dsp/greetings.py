"""What is heard of those who pick up: greetings of persons and of machines, spoken by espeak-ng and flite."""

from __future__ import annotations

import subprocess
from functools import cache

import numpy as np

from tests.dsp.signals import RATE, RAW, Signal, level_dbm0, noise, silence, sine

PERSONS = (
    "Hello?",
    "Yes?",
    "Smith.",
    "Smith speaking, hello.",
    "Hello, this is Anna.",
    "Good morning, Anna Smith speaking.",
    "Smith and Sons, good morning, what can I do for you?",
    "Hi there, who is calling please?",
)
MACHINES = (
    "Hello, you have reached the voice mail of Anna Smith. I cannot take your call right now. "
    "Please leave your name and your number after the tone, and I will call you back.",
    "The person you are calling is not available at the moment. Please leave a message after the tone.",
    "Welcome to the mailbox of four nine one seven one, one two three four five six seven. "
    "Please speak after the beep.",
    "Thank you for calling Smith and Sons. Our office is closed now. Our hours are from nine to five, "
    "from Monday to Friday.",
    "Hi, this is Anna and Peter, we are out in the garden or away on holiday, so please tell us who you are "
    "and what you want, and we will ring you as soon as we are back.",
)
VOICES = (
    ("espeak-ng", "-v", "en-us", "-s", "150", "--stdout"),
    ("espeak-ng", "-v", "en-gb+f3", "-s", "175", "--stdout"),
    ("espeak-ng", "-v", "en-gb-scotland+m4", "-s", "165", "--stdout"),
    ("flite", "-voice", "rms", "-o", "/dev/stdout", "-t"),
    ("flite", "-voice", "slt", "-o", "/dev/stdout", "-t"),
)


@cache
def spoken(voice: tuple[str, ...], words: str) -> bytes:
    """s16, at whatever level it has."""
    said = subprocess.run([*voice, words], capture_output=True, check=True).stdout
    return subprocess.run(
        ["sox", "--ignore-length", "-t", "wav", "-", *RAW], input=said, capture_output=True, check=True
    ).stdout


def greeting(
    voice: tuple[str, ...], words: str, *, dbm0: float, snr_db: float, before_s: float, seed: int
) -> Signal:
    """Silence, the words, and 3 s more, in noise that is there from the beginning."""
    said = np.frombuffer(spoken(voice, words), "<i2").astype(float)
    said = said[np.flatnonzero(np.abs(said) > 300)[0] : np.flatnonzero(np.abs(said) > 300)[-1]]
    said = said * 10 ** ((dbm0 - level_dbm0(said)) / 20)
    heard = np.concatenate([silence(int(before_s * RATE)), said, silence(3 * RATE)])
    return heard + noise(len(heard), dbm0 - snr_db, seed)


def beep(hz: float, seconds: float, dbm0: float = -15.0) -> Signal:
    """A machine's."""
    return sine(hz, int(seconds * RATE), dbm0)
