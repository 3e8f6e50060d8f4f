"""The resampler: pass band, images, aliases, phase, any pieces; its bars are in dsp/_native/resample.h."""

import numpy as np
import pytest

from dsp._native import resample_fir
from dsp.resample import Resampler

PASS_DB = 0.1  # up to 3.4 kHz
STOP_DB = -60.0  # from 4.6 kHz on
PASS_HZ = np.linspace(100, 3400, 34)


@pytest.fixture(params=[16000, 48000])
def rate(request):
    return request.param


def sine(hz, rate, count, amplitude=30000):
    return (amplitude * np.sin(2 * np.pi * hz / rate * np.arange(count))).round().astype(np.int16)


def through(samples, from_rate, to_rate):
    fed = Resampler(from_rate, to_rate).feed(samples.astype(np.int16).tobytes())
    return np.frombuffer(fed, np.int16)


def level_db(samples, hz, rate, amplitude=30000):
    """The level of one frequency in them, against a sine of this amplitude; a window keeps others out."""
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * hz / rate * np.arange(len(samples)))
    return 20 * np.log10(2 * abs(np.sum(samples * window * turn)) / window.sum() / amplitude + 1e-12)


def settled(samples):
    return samples[len(samples) // 10 :].astype(float)


@pytest.mark.slow
def test_up_the_pass_band_is_flat_and_no_image_is_heard(rate):
    for hz in PASS_HZ:
        made = settled(through(sine(hz, 8000, 4000), 8000, rate))
        assert abs(level_db(made, hz, rate)) < PASS_DB
        for image in np.arange(8000, rate, 8000):
            for at in (image - hz, image + hz):
                if 4600 <= at <= rate / 2:
                    assert level_db(made, at, rate) < STOP_DB, (hz, at)


def test_down_the_pass_band_is_flat(rate):
    for hz in PASS_HZ:
        assert abs(level_db(settled(through(sine(hz, rate, rate // 2), rate, 8000)), hz, 8000)) < PASS_DB


def test_down_nothing_from_4600_hz_on_is_heard(rate):
    for hz in np.linspace(4600, rate / 2 - 1, 60):
        made = settled(through(sine(hz, rate, rate // 4), rate, 8000))
        assert 10 * np.log10(np.mean(made**2) / (30000**2 / 2) + 1e-12) < STOP_DB, hz


def impulse(rate, at, count):
    samples = np.zeros(count)
    samples[at] = 32767
    return samples


def test_the_phase_is_linear_and_the_delay_is_as_stated_up(rate):
    ratio, delay = rate // 8000, Resampler(8000, rate).delay_samples
    made = through(impulse(rate, 50, 200), 8000, rate).astype(int)
    centre = (50 + delay) * ratio
    assert made.argmax() == centre
    assert np.array_equal(made[centre - 16 * ratio : centre], made[centre + 16 * ratio : centre : -1])


def test_the_phase_is_linear_and_the_delay_is_as_stated_down(rate):
    ratio, delay = rate // 8000, Resampler(rate, 8000).delay_samples
    made = through(impulse(rate, 50 * ratio, 200 * ratio), rate, 8000).astype(int)
    centre = 50 + delay
    assert made.argmax() == centre
    assert np.array_equal(made[centre - 15 : centre], made[centre + 15 : centre : -1])


def test_the_samples_of_8_khz_are_unchanged_among_those_of_more(rate):
    samples = np.random.default_rng(1).integers(-20000, 20000, 2000)
    made = through(samples, 8000, rate)[:: rate // 8000]
    assert np.array_equal(made[16:], samples[:-16])


def test_there_and_back_is_what_it_was_in_the_pass_band(rate):
    spectrum = np.fft.rfft(np.random.default_rng(2).normal(size=8000))
    spectrum[3400:] = 0
    samples = np.fft.irfft(spectrum)
    samples = (samples / np.abs(samples).max() * 30000).round()
    back = through(through(samples, 8000, rate), rate, 8000)
    error = back[31:].astype(float) - samples[:-31]
    assert 10 * np.log10(np.mean(samples**2) / np.mean(error[100:] ** 2)) > -STOP_DB


@pytest.mark.slow
@pytest.mark.parametrize("up", [True, False])
def test_any_pieces_give_what_one_piece_gives(rate, up):
    rng = np.random.default_rng(3)
    rates = (8000, rate) if up else (rate, 8000)
    data = rng.bytes(2 * 20011)
    whole = Resampler(*rates).feed(data)
    for most in (1, 2, 7, 40, 2000, 20000):
        resampler, made, at = Resampler(*rates), b"", 0
        while at < len(data):
            size = int(rng.integers(0, most + 1)) if most > 1 else 1  # bytes: halves of samples too
            made += resampler.feed(data[at : at + size])
            at += size
        assert made == whole


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("value", [0, 1, -1, 32767, -32768])
def test_a_constant_stays_one_and_does_not_hum(rate, up, value):
    rates = (8000, rate) if up else (rate, 8000)
    made = through(np.full(4000, value), *rates).astype(int)[33 * 6 :]
    assert np.abs(made - value).max() <= (1 if abs(value) > 1 else 0)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("half", [1, 2, 3, 5, 40])
def test_full_scale_squares_saturate_and_do_not_wrap(rate, up, half):
    rates = (8000, rate) if up else (rate, 8000)
    square = np.where(np.arange(4000) // half % 2, 32767, -32768)
    made = through(square, *rates).astype(float)
    taps = np.array([float(x) for x in through(impulse(rate, 20, 60), 8000, rate)]) / 32767
    if up:
        inserted = np.zeros(4000 * rate // 8000)
        inserted[:: rate // 8000] = square
        expected = np.convolve(inserted, taps)[20 * rate // 8000 :][: len(made)]
    else:
        expected = np.convolve(square, taps)[20 * rate // 8000 :][rate // 8000 :: rate // 8000] * 8000 / rate
        expected = expected[: len(made)]
    assert (
        np.abs(made[: len(expected)] - np.clip(expected, -32768, 32767)).max() < 40
    )  # taps rounded to 1/32767


def test_single_samples_and_nothing_are_fine(rate):
    assert Resampler(8000, rate).feed(b"") == b""
    assert len(Resampler(8000, rate).feed(b"\1\2")) == 2 * rate // 8000
    down = Resampler(rate, 8000)
    assert [len(down.feed(b"\0\0")) for _ in range(12)] == ([0] * (rate // 8000 - 1) + [2]) * (
        12 * 8000 // rate
    )


@pytest.mark.parametrize("rates", [(8000, 44100), (16000, 48000), (8000, 8000), (48000, 0)])
def test_other_rates_are_refused_with_what_to_do(rates):
    with pytest.raises(ValueError, match=f"{rates[0]} to {rates[1]} Hz.*convert the file with sox"):
        Resampler(*rates)


def test_memory_of_a_channel():
    assert (resample_fir.UP_BYTES, resample_fir.DOWN_BYTES, resample_fir.FILTER_BYTES) == (64, 400, 644)
