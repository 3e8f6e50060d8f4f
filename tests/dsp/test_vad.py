"""Voice-activity detection: talkers in noise, noise from the start, clicks, tones, levels, any chunks.

Miss and false rates over hours of packaged speech are in benchmarks/vad.py; here the talker is made.
"""

import subprocess
import sys

import numpy as np
import pytest

from dsp import dtmf, vad
from dsp._native.voice_parts import BYTES
from tests.dsp.signals import RATE, Signal, level_dbm0, noise, s16, silence, sine


def words(seconds=2.0, dbm0=-20.0, seed=1):
    """A made talker: syllables of 200 ms of a gliding buzz with formants, 60 ms apart, then 1 s of pause."""
    random, pieces = np.random.default_rng(seed), []
    while sum(map(len, pieces)) < seconds * RATE:
        hz = random.uniform(90, 220)
        phase = np.cumsum(2 * np.pi * hz * (1 + 0.1 * np.linspace(-1, 1, 1600)) / RATE)
        peak = random.uniform(300, 1200)
        buzz = sum(np.sin(k * phase) / (1 + (hz * k / peak) ** 2) for k in range(1, int(3400 / hz)))
        pieces += [buzz * np.hanning(1600), np.zeros(480)]
    made = np.concatenate(pieces)
    return made * 10 ** ((dbm0 - level_dbm0(made)) / 20)


def decisions(signal, chunk=80):
    """One for each 10 ms."""
    detector, data = vad.Detector(), s16(signal).tobytes()
    heard = [detector.feed(data[at : at + 2 * chunk]).active for at in range(0, len(data), 2 * chunk)]
    return np.array(heard)[80 // chunk - 1 :: 80 // chunk] if chunk < 80 else np.array(heard)


def background(kind: str, count: int, dbm0: float) -> Signal:
    made = {
        "white": lambda: noise(count, 0, seed=8),
        "car": lambda: noise(count, 0, seed=9, high_hz=250) + noise(count, -25, seed=3),
        "hum": lambda: sine(50, count, 0) + sine(150, count, -8) + sine(250, count, -14),
    }[kind]()
    return made * 10 ** ((dbm0 - level_dbm0(made)) / 20)


@pytest.mark.parametrize("kind", ["white", "car", "hum"])
@pytest.mark.parametrize("snr_db", [20, 10])
@pytest.mark.parametrize("dbm0", [-10, -25, -40])
def test_a_talker_is_heard_and_the_pauses_are_not(kind, snr_db, dbm0):
    talk = np.concatenate([silence(2 * RATE), words(2, dbm0), silence(2 * RATE), words(2, dbm0, seed=2)])
    said = decisions(talk + background(kind, len(talk), dbm0 - snr_db))
    end = 200 + len(words(2)) // 80
    assert said[210:end].mean() > 0.95
    assert not said[:200].any()
    assert not said[end + 30 : end + 195].any()


@pytest.mark.parametrize("kind", ["white", "car", "hum"])
@pytest.mark.parametrize("dbm0", [-60, -45, -30, -20])
def test_a_line_that_is_noisy_from_the_start_is_no_talker(kind, dbm0):
    assert decisions(background(kind, 10 * RATE, dbm0)).mean() < 0.01


def test_a_line_that_begins_in_the_middle_of_a_word_is_heard_within_half_a_second():
    talk = words(4, -20)[600:]
    said = decisions(talk + noise(len(talk), -55, seed=4))
    assert said[50:].mean() > 0.9


def test_noise_that_begins_is_noise_after_two_and_a_half_seconds():
    said = decisions(np.concatenate([silence(2 * RATE), noise(8 * RATE, -35, seed=4)]))
    assert not said[450:].any()


@pytest.mark.parametrize("ms", [1, 5, 10, 20])
@pytest.mark.parametrize("dbm0", [-30, -10, 0])
def test_a_click_of_20_ms_is_no_speech(ms, dbm0):
    for phase in range(0, 80, 8):
        signal = noise(3 * RATE, -60, seed=5)
        signal[RATE + phase : RATE + phase + 8 * ms] += noise(8 * ms, dbm0, seed=phase)
        assert not decisions(signal).any()


def test_one_click_a_second_is_no_speech():
    signal = noise(10 * RATE, -55, seed=6)
    signal[::RATE] += 20_000
    assert not decisions(signal).any()


@pytest.mark.parametrize("tones", [(425,), (350, 440), (1000,), (1400,), (2100,), (697, 1633)])
@pytest.mark.parametrize("dbm0", [-10, -35])
def test_a_tone_is_active_however_long_it_lasts(tones, dbm0):
    sound = sum(sine(hz, 6 * RATE, dbm0) for hz in tones)
    said = decisions(np.concatenate([silence(RATE), sound]) + noise(7 * RATE, -60, seed=7))
    assert said[110:].all()


@pytest.mark.parametrize("baud", [45.45, 50])
def test_a_text_telephone_is_active(baud):
    """Baudot: 1400 and 1800 Hz, random bits (V.18 Annex A)."""
    bits = np.random.default_rng(1).integers(0, 2, 200)
    each = bits[(np.arange(4 * RATE) * baud / RATE).astype(int)]
    keyed = np.sin(2 * np.pi * np.cumsum(np.where(each, 1400, 1800)) / RATE) * 4000
    assert decisions(np.concatenate([silence(RATE), keyed]))[110:].all()


def test_a_keyed_number_is_active_and_the_talker_after_it_is_heard_at_once():
    digits = np.frombuffer(dtmf.generate("0123456789", 80, 80, -6), np.int16).astype(float)
    signal = np.concatenate([silence(RATE), digits, silence(RATE // 2), words(2, -28), silence(RATE)])
    said = decisions(signal + noise(len(signal), -60, seed=8))
    begin = (RATE + len(digits)) // 80
    assert said[110:begin].mean() > 0.95
    assert said[begin + 60 : begin + 60 + 150].mean() > 0.9


@pytest.mark.slow
def test_a_talker_12_db_quieter_is_heard_at_once_and_one_24_db_quieter_in_time():
    for quieter, after in ((12, 10), (24, 1500)):
        loud, quiet = words(3, -10), words(25, -10 - quieter, seed=3)
        signal = np.concatenate([silence(RATE), loud, silence(2 * RATE), quiet])
        said = decisions(signal + noise(len(signal), -65, seed=9))
        begin = (3 * RATE + len(loud)) // 80
        assert said[begin + after :].mean() > 0.9


def test_digital_silence_and_rails_are_not_active():
    assert not decisions(silence(5 * RATE)).any()
    assert not decisions(np.full(5 * RATE, 32767.0))[200:].any()


@pytest.mark.parametrize("chunk", [1, 8, 40])
def test_any_chunks_say_the_same(chunk):
    signal = np.concatenate([words(1), silence(RATE)]) + noise(len(words(1)) + RATE, -45, seed=1)
    whole = len(signal) // 80 * 80
    assert np.array_equal(decisions(signal[:whole], chunk), decisions(signal[:whole]))


def test_fuzz_any_samples():
    random, detector = np.random.default_rng(3), vad.Detector()
    for _ in range(200):
        detector.feed(random.bytes(2 * int(random.integers(0, 500))))
        detector.feed(np.tile(np.array([32767, -32768], np.int16), int(random.integers(0, 200))).tobytes())
    assert not decisions(silence(RATE)).any()


def test_memory_of_a_channel():
    assert BYTES["vad"] == 848


@pytest.mark.slow
def test_the_program_prints_start_and_end():
    signal = np.concatenate([silence(RATE), words(1), silence(RATE)]) + noise(
        2 * RATE + len(words(1)), -60, 1
    )
    data = s16(signal).tobytes()
    done = subprocess.run([sys.executable, "-m", "dsp.vad"], input=data, capture_output=True, check=True)
    (start, end), *more = [map(int, line.split()) for line in done.stdout.decode().splitlines()]
    assert not more
    assert RATE < start < RATE + 800
    assert RATE + len(words(1)) < end < RATE + len(words(1)) + 2400
