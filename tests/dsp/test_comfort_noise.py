"""Comfort noise by RFC 3389's clauses: level within 1 dB, spectrum, payload; seeded, smooth, any chunks."""

import numpy as np
import pytest

from dsp import comfort_noise as cn
from dsp._native.voice_parts import BYTES
from tests.dsp.signals import RATE, level_dbm0, noise, s16, silence, sine


def coloured(kind, count, dbm0, seed=1):
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=count))
    hz = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 20)
    spectrum *= {
        "white": np.ones_like(hz),
        "pink": hz**-0.5,
        "car": 1 / (1 + (hz / 300) ** 2),
        "hiss": 0.05 + (hz / 4000) ** 2,
        "room": 0.05 + np.exp(-(((hz - 700) / 300) ** 2)),
    }[kind]
    made = np.fft.irfft(spectrum, count)
    return made * 10 ** ((dbm0 - level_dbm0(made)) / 20)


def learnt(signal, chunk=None):
    analyser, data = cn.Analyser(), s16(signal).tobytes()
    step = 2 * (chunk or len(data))
    for at in range(0, len(data), step):
        analyser.feed(data[at : at + step])
    return analyser.noise()


def made(noise_, seconds=4, seed=1):
    return np.frombuffer(cn.Generator(noise_, seed).fill(seconds * RATE), np.int16)


def octave_bands_db(signal):
    """Mean power in bands of 400 Hz from 200 to 3800 Hz, dB."""
    power = np.abs(np.fft.rfft(np.asarray(signal, float))) ** 2
    hz = np.fft.rfftfreq(len(signal), 1 / RATE)
    edges = range(200, 3800, 400)
    return np.array([10 * np.log10(power[(hz >= low) & (hz < low + 400)].mean()) for low in edges])


KINDS = ["white", "pink", "car", "hiss", "room"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dbm0", [-30, -50, -65])
def test_noise_made_is_as_loud_as_the_noise_heard_within_1_db(kind, dbm0):
    heard = coloured(kind, 4 * RATE, dbm0)
    assert level_dbm0(made(learnt(heard))) == pytest.approx(dbm0, abs=1)


@pytest.mark.parametrize("kind", KINDS)
def test_and_its_spectrum_is_alike(kind):
    heard = coloured(kind, 4 * RATE, -35)
    difference = octave_bands_db(made(learnt(heard))) - octave_bands_db(heard)
    assert np.abs(difference).max() < 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_payload_carries_it(kind):
    """The level byte has steps of 1 dB: half of one may be added."""
    noise_ = learnt(coloured(kind, 4 * RATE, -40))
    carried = cn.from_payload(noise_.payload())
    assert level_dbm0(made(carried)) == pytest.approx(-40, abs=1.5)
    assert carried.reflection == pytest.approx(noise_.reflection, abs=258 / 32768 / 2 + 1e-6)


@pytest.mark.parametrize(("dbm0", "byte"), [(6.15, 0), (0, 6), (-40, 46), (-90, 96), (20, 0)])
def test_rfc3389_3_1_the_level_byte_is_minus_dbov(dbm0, byte):
    assert cn.Noise(dbm0).payload() == bytes([byte])


@pytest.mark.parametrize(
    ("k", "byte"), [(0, 127), (0.9999, 254), (-0.9999, 0), (258 / 32768, 128), (0.5, 191)]
)
def test_rfc3389_3_2_a_coefficient_is_258_times_n_less_127_over_32768(k, byte):
    assert cn.Noise(-50, (k,)).payload()[1] == byte
    assert cn.from_payload(bytes([50, byte])).reflection[0] == pytest.approx(k, abs=258 / 32768 / 2 + 1e-4)


def test_rfc3389_3_any_payload_is_understood():
    assert cn.from_payload(b"").level_dbm0 == -90
    assert cn.from_payload(bytes([0x80 | 50])).level_dbm0 == pytest.approx(6.15 - 50)
    assert len(cn.from_payload(bytes(range(30))).reflection) == 10
    random = np.random.default_rng(2)
    for _ in range(50):
        noise_ = cn.from_payload(random.bytes(int(random.integers(0, 20))))
        assert len(cn.Generator(noise_).fill(400)) == 800


def test_rfc3389_coefficients_are_those_of_the_autocorrelation():
    """k1 = -r1 / r0: a low-pass noise has a negative first one."""
    heard = s16(coloured("car", 4 * RATE, -30)).astype(float)
    expected = -np.sum(heard[1:] * heard[:-1]) / np.sum(heard**2)
    assert learnt(heard).reflection[0] == pytest.approx(expected, abs=0.02)


def test_the_same_seed_makes_the_same_and_another_does_not():
    noise_ = cn.Noise(-40)
    assert np.array_equal(made(noise_), made(noise_))
    assert abs(np.corrcoef(made(noise_, seed=1), made(noise_, seed=2))[0, 1]) < 0.02


def test_a_change_is_smooth_and_done_in_100_ms():
    generator = cn.Generator(cn.Noise(-60), 3)
    generator.fill(RATE)
    generator.change(learnt(coloured("car", 2 * RATE, -30)))
    out = np.frombuffer(generator.fill(RATE), np.int16).astype(float)
    assert level_dbm0(out[:80]) < -45
    assert level_dbm0(out[800:]) == pytest.approx(-30, abs=1)


def test_silence_and_tones_and_rails_are_learnt_without_harm():
    assert learnt(silence(RATE)).level_dbm0 == -90
    assert not made(learnt(silence(RATE))).any()
    for sound in (sine(1000, RATE, 0), np.full(RATE, 32767), np.tile([32767, -32768], RATE // 2)):
        noise_ = learnt(sound)
        assert all(abs(k) < 1 for k in noise_.reflection)
        assert np.abs(made(noise_, 1).astype(int)).max() <= 32768


@pytest.mark.parametrize("chunk", [1, 77, 160])
def test_any_chunks_give_the_same(chunk):
    heard = noise(4000, -40, seed=5)
    assert learnt(heard, chunk) == learnt(heard)
    generator = cn.Generator(cn.Noise(-40, (0.3, -0.2)))
    pieces = b"".join(generator.fill(chunk) for _ in range(20))
    assert pieces == cn.Generator(cn.Noise(-40, (0.3, -0.2))).fill(20 * chunk)


def test_a_model_that_cannot_be_is_refused_in_words():
    with pytest.raises(ValueError, match="up to 10 values between -1 and 1"):
        cn.Noise(-40, (1.0,))


def test_memory_of_a_channel():
    assert (BYTES["cn_analyser"], BYTES["cn_generator"], BYTES["cn"]) == (376, 180, 44)
