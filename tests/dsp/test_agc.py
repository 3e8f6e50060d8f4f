"""Automatic level control by the subjects of ITU-T G.169 clause 7, and: no clipping, no pumping, no steps.

The target is the Recommendation's; the other figures are ours.
"""

import numpy as np
import pytest

from dsp import agc, level
from dsp._native.voice_parts import BYTES
from tests.dsp.signals import RATE, level_dbm0, noise, s16, silence, sine
from tests.dsp.test_vad import words


def levelled(signal, chunk=None, **how):
    control, data = agc.LevelControl(**how), s16(signal).tobytes()
    step = 2 * (chunk or len(data))
    out = b"".join(control.run(data[at : at + step]) for at in range(0, len(data), step))
    return np.frombuffer(out, np.int16), control.gain_db


def talk(seconds, dbm0, seed=1):
    """Sentences of 2 s at this active level, a second of pause after each, on a quiet line."""
    sentence = np.concatenate([words(2, 0, seed), silence(RATE)])
    spoken = np.tile(sentence, int(seconds / 3) + 1)[: int(seconds * RATE)]
    return spoken * 10 ** ((dbm0 - active_dbm0(spoken)) / 20) + noise(len(spoken), max(dbm0 - 35, -70), 3)


def active_dbm0(signal):
    meter = level.SpeechMeter()
    peak = np.abs(signal).max()
    meter.feed(s16(signal / peak * 20_000).tobytes())
    return meter.level_dbm0 + 20 * np.log10(peak / 20_000)


@pytest.mark.parametrize("dbm0", [-40, -35, -30, -25, -19, -10, -5, 0])
def test_g169_7_6_speech_of_0_to_minus_40_dbm0_comes_out_within_3_db_of_the_target(dbm0):
    out, _ = levelled(talk(18, dbm0))
    assert active_dbm0(out[9 * RATE :].astype(float)) == pytest.approx(agc.TARGET_DBM0, abs=3)


@pytest.mark.parametrize("dbm0", [-45, -30, -20])
def test_g169_7_3_noise_alone_is_not_amplified(dbm0):
    signal = noise(10 * RATE, dbm0, seed=2)
    out, gain_db = levelled(signal)
    assert gain_db == 0
    assert np.array_equal(out, s16(signal))


def test_g169_7_3_noise_in_pauses_does_not_swell():
    """The pause after a sentence is as loud in its last second as in its first."""
    pause = noise(10 * RATE, -55, seed=4)
    out, gain_db = levelled(np.concatenate([talk(12, -30), pause]))
    first, last = out[13 * RATE : 14 * RATE], out[-RATE:]
    assert level_dbm0(last) == pytest.approx(level_dbm0(first), abs=0.5)
    assert level_dbm0(last) < -55 + gain_db + 0.5
    assert gain_db <= agc.MOST_GAIN_DB


@pytest.mark.parametrize("hz", [425, 1000, 2100])
@pytest.mark.parametrize("dbm0", [-10, -35])
def test_g169_7_4_tones_keep_their_level(hz, dbm0):
    signal = sine(hz, 6 * RATE, dbm0)
    out, gain_db = levelled(signal)
    assert gain_db == pytest.approx(0, abs=0.5)
    assert level_dbm0(out[-RATE:]) == pytest.approx(dbm0, abs=0.5)


def test_g169_7_1_the_gain_settles():
    control, data = agc.LevelControl(), s16(talk(30, -32)).tobytes()
    gains = [control.run(data[at : at + 320]) and control.gain_db for at in range(0, len(data), 320)]
    assert max(gains[750:]) - min(gains[750:]) < 2


def test_sudden_loudness_never_clips():
    out, _ = levelled(np.concatenate([talk(12, -38), words(3, 0, seed=5), np.tile([32767.0, -32768], 4000)]))
    assert np.abs(out.astype(int)).max() <= 30_000


def test_the_gain_makes_no_steps():
    """Under a tone the gain of 20 dB comes and goes without a jump between samples."""
    control = agc.LevelControl()
    control.run(s16(talk(9, -38)).tobytes())
    loud, steps = s16(words(0.2, -10)[:80]).tobytes(), []
    for _ in range(400):
        before = control.gain_db
        control.run(loud)
        steps.append(abs(control.gain_db - before))
    assert max(steps) <= 0.2 + 1e-5


def test_crosstalk_below_minus_50_dbm0_is_left_alone():
    assert levelled(talk(9, -58))[1] < 1


def test_silence_stays_silence_and_gain_1_gives_the_same_samples():
    assert not levelled(silence(RATE))[0].any()
    quiet = s16(noise(RATE, -40, seed=6))
    assert np.array_equal(levelled(quiet)[0], quiet)


@pytest.mark.parametrize("chunk", [1, 33, 160])
def test_any_chunks_give_the_same(chunk):
    signal = talk(3, -35)
    assert np.array_equal(levelled(signal, chunk)[0], levelled(signal)[0])


def test_fuzz_any_samples_stay_in_range():
    random = np.random.default_rng(7)
    control = agc.LevelControl(most_gain_db=40)
    for _ in range(100):
        out = control.run(random.bytes(2 * int(random.integers(0, 900))))
        assert np.abs(np.frombuffer(out, np.int16).astype(int)).max(initial=0) <= 30_000


def test_settings_out_of_range_are_refused_in_words():
    with pytest.raises(ValueError, match="target_dbm0: 5 is no level"):
        agc.LevelControl(target_dbm0=5)
    with pytest.raises(ValueError, match="most_gain_db: 90 is out of range"):
        agc.LevelControl(most_gain_db=90)


def test_memory_of_a_channel():
    assert BYTES["agc"] == 888
