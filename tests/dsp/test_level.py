"""Level meters: accuracy over the range, any chunks, silence; active speech level by ITU-T P.56's clauses."""

import subprocess
import sys

import numpy as np
import pytest

from dsp import level
from dsp._native.voice_parts import BYTES
from tests.dsp.signals import RATE, level_dbm0, noise, s16, silence, sine


def measured(signal, meter=None, chunk=None):
    meter = meter or level.Meter()
    data = s16(signal).tobytes()
    for at in range(0, len(data), 2 * (chunk or len(data))):
        meter.feed(data[at : at + 2 * (chunk or len(data))])
    return meter.reading()


@pytest.mark.parametrize("dbm0", [0, -3.14, -10, -20, -30, -40, -50, -60])
@pytest.mark.parametrize("hz", [200, 440, 1004, 3400])
def test_a_tone_of_0_to_minus_60_dbm0_reads_within_a_tenth_of_a_db(dbm0, hz):
    read = measured(sine(hz, RATE * 2, dbm0))
    assert read.now_dbm0 == pytest.approx(dbm0, abs=0.1)
    assert read.mean_dbm0 == pytest.approx(dbm0, abs=0.1)


def test_noise_reads_its_power():
    assert measured(noise(RATE * 4, -20, seed=1)).mean_dbm0 == pytest.approx(-20, abs=0.1)


def test_silence_reads_the_floor_and_so_does_nothing_at_all():
    assert measured(silence(RATE * 4)).now_dbm0 == level.FLOOR_DBM0
    assert level.Meter().reading() == level.Reading(level.FLOOR_DBM0, level.FLOOR_DBM0, 0, 0)


def test_a_step_is_followed_with_the_time_constant_told():
    """After one time constant 63 % of the power is there: 2 dB below the end."""
    meter = level.Meter(0.1)
    assert measured(sine(1000, 800, -10), meter).now_dbm0 == pytest.approx(-12.0, abs=0.2)
    assert measured(silence(800), meter).now_dbm0 == pytest.approx(-12.0 - 4.34, abs=0.2)


def test_peak_and_clipped_samples_are_told():
    samples = np.array([0, -32768, 32767, 32124, 32123, -32124, 5], np.int16)
    meter = level.Meter()
    meter.feed(samples.tobytes())
    read = meter.reading()
    assert (read.peak, read.clipped) == (32768, 4)


@pytest.mark.parametrize("chunk", [1, 7, 160, 1601])
def test_any_chunks_read_the_same(chunk):
    signal = noise(4000, -15, seed=2)
    assert measured(signal, chunk=chunk) == measured(signal)


def test_full_scale_squares_and_rails_read_6_15_dbm0():
    assert measured(np.tile([32767, -32768], 4000)).now_dbm0 == pytest.approx(6.15, abs=0.02)
    assert measured(np.full(8000, -32768)).now_dbm0 == pytest.approx(6.15, abs=0.02)


def spoken(signal, chunk=None):
    meter = level.SpeechMeter()
    data = s16(signal).tobytes()
    for at in range(0, len(data), 2 * (chunk or len(data))):
        meter.feed(data[at : at + 2 * (chunk or len(data))])
    return meter


@pytest.mark.parametrize("dbm0", [0, -20, -40])
def test_p56_11_2_a_continuous_tone_is_all_active(dbm0):
    meter = spoken(sine(1000, RATE * 5, dbm0))
    assert meter.level_dbm0 == pytest.approx(dbm0, abs=0.1)
    assert meter.activity == pytest.approx(1, abs=0.02)


def test_p56_11_3_white_noise_is_all_active():
    meter = spoken(noise(RATE * 5, -20, seed=3))
    assert meter.level_dbm0 == pytest.approx(-20, abs=0.5)
    assert meter.activity == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("pause_seconds", [1.0, 3.0])
def test_p56_8_pauses_do_not_count_but_for_the_hangover(pause_seconds):
    """A burst of 1 s is active for its length, the 0.2 s of hangover and what the envelope falls in."""
    burst = np.concatenate([noise(RATE, -20, seed=4), silence(round(RATE * pause_seconds))])
    meter = spoken(np.tile(burst, 8))
    active_seconds = meter.activity * (1 + pause_seconds)
    assert 1.2 < active_seconds < 1.4
    assert meter.level_dbm0 == pytest.approx(-20 - 10 * np.log10(active_seconds), abs=0.1)


def test_p56_8_noise_16_db_below_is_not_speech():
    burst = np.concatenate([noise(RATE, -20, seed=5), silence(2 * RATE)])
    quiet = spoken(np.tile(burst, 6))
    hissing = spoken(np.tile(burst, 6) + noise(18 * RATE, -45, seed=6))
    assert hissing.level_dbm0 == pytest.approx(quiet.level_dbm0, abs=0.2)


def test_p56_11_1_no_signal_reads_the_floor():
    meter = spoken(silence(RATE))
    assert (meter.level_dbm0, meter.activity) == (level.FLOOR_DBM0, 0)
    assert level.SpeechMeter().activity == 0


@pytest.mark.parametrize("chunk", [1, 37, 160])
def test_any_chunks_are_the_same_speech(chunk):
    signal = np.concatenate([noise(2000, -15, seed=2), silence(3000), noise(900, -30, seed=3)])
    assert spoken(signal, chunk).level_dbm0 == spoken(signal).level_dbm0


def test_random_bytes_are_samples_and_half_a_sample_is_refused():
    meter, speech = level.Meter(), level.SpeechMeter()
    data = np.random.default_rng(9).bytes(20_000)
    meter.feed(data)
    speech.feed(data)
    assert meter.reading().mean_dbm0 == pytest.approx(level_dbm0(np.frombuffer(data, np.int16)), abs=0.01)
    assert speech.level_dbm0 == pytest.approx(meter.reading().mean_dbm0, abs=0.5)
    with pytest.raises(ValueError, match="2001 bytes, expected two for each sample"):
        meter.feed(data[:2001])


def test_memory_of_a_channel():
    assert (BYTES["level"], BYTES["speech_level"]) == (48, 128)


@pytest.mark.slow
def test_the_program_prints_a_line_a_second():
    data = s16(sine(1000, 2 * RATE, -10)).tobytes()
    done = subprocess.run([sys.executable, "-m", "dsp.level"], input=data, capture_output=True, check=True)
    first, second, last = done.stdout.decode().splitlines()
    assert first.split()[0] == "1"
    assert second.split()[1] == "-10.0"
    assert last == "mean -10.0 speech -9.9 activity 0.99"  # P.56: the envelope takes 30 ms to rise
