"""DC removal: nothing left of an offset, speech untouched, no limit cycle, no overflow."""

import numpy as np
import pytest

from dsp import dc
from dsp._native.voice_parts import BYTES
from tests.dsp.signals import RATE, level_dbm0, noise, s16, sine


def removed(samples, chunk=None):
    remover = dc.Remover()
    data = np.asarray(samples, np.int16).tobytes()
    step = 2 * (chunk or len(data))
    out = b"".join(remover.run(data[at : at + step]) for at in range(0, len(data), step))
    return np.frombuffer(out, np.int16)


@pytest.mark.parametrize("offset", [1, -1, 37, -3000, 10_000, 32767, -32768])
def test_a_constant_becomes_exactly_nothing_within_half_a_second(offset):
    out = removed(np.full(RATE, offset))
    assert not out[RATE // 2 :].any()


@pytest.mark.parametrize("offset", [0.4, 1000.5, -3000.3])
def test_of_an_offset_under_quiet_noise_not_a_part_of_a_step_is_left(offset):
    out = removed(s16(offset + noise(RATE * 4, -70, seed=1)))
    assert abs(out[RATE // 2 :].mean()) < 0.01


@pytest.mark.parametrize("hz", [200, 300, 1000, 3400, 3900])
@pytest.mark.parametrize("offset", [0, 3000])
def test_200_hz_and_up_pass_within_a_tenth_of_a_db(hz, offset):
    out = removed(s16(sine(hz, RATE, -10) + offset))
    assert level_dbm0(out[RATE // 2 :]) == pytest.approx(-10, abs=0.1)


def test_silence_stays_silence():
    assert not removed(np.zeros(RATE)).any()


def test_full_scale_squares_saturate_and_do_not_wrap():
    square = np.repeat(np.tile([32767, -32768], 100), 20).astype(np.int16)
    out = removed(square)
    assert np.array_equal(np.sign(out), np.sign(square))
    assert np.abs(out.astype(int)).min() > 32767 * np.exp(-20 / 64)  # the droop of 20 Hz in 20 samples


@pytest.mark.parametrize("chunk", [1, 3, 160])
def test_any_chunks_give_the_same(chunk):
    samples = np.frombuffer(np.random.default_rng(2).bytes(4000), np.int16)
    assert np.array_equal(removed(samples, chunk), removed(samples))


def test_memory_of_a_channel():
    assert BYTES["dc"] == 4
