"""Packet-loss concealment: no delay, no click, tones in phase, fading (G.711 Appendix I), any chunks."""

import numpy as np
import pytest

from dsp import dtmf, plc
from dsp._native.voice_parts import BYTES
from tests.dsp.signals import level_dbm0, noise, s16, silence, sine

FRAME = 160


def concealed(samples, lost, chunk=FRAME):
    """The samples with the frames in `lost` not delivered; pieces of `chunk`, a divisor of FRAME."""
    concealer, out = plc.Concealer(), []
    for at in range(0, len(samples), chunk):
        piece = samples[at : at + chunk]
        gone = at // FRAME in lost
        out.append(concealer.lost(len(piece)) if gone else concealer.good(piece.tobytes()))
    return np.frombuffer(b"".join(out), np.int16)


def voice(count, hz=110, dbm0=-15):
    """A buzz with formants: harmonics falling by 12 dB an octave from 500 Hz."""
    made = sum(sine(hz * k, count, 0, k) / (1 + (hz * k / 500) ** 2) for k in range(1, 3400 // hz))
    return made * 10 ** ((dbm0 - level_dbm0(made)) / 20)


def snr_db(clean, heard):
    error = heard.astype(float) - clean.astype(float)
    return 10 * np.log10(np.sum(clean.astype(float) ** 2) / max(np.sum(error**2), 1e-9))


def test_good_frames_pass_unchanged_and_without_delay():
    samples = s16(noise(8000, -10, seed=1))
    assert np.array_equal(concealed(samples, set()), samples)


@pytest.mark.parametrize("hz", [200, 425, 1000, 1004, 2100])
def test_a_tone_goes_on_in_phase_through_20_lost_ms(hz):
    samples = s16(sine(hz, 8000, -10))
    out = concealed(samples, {20})
    touched = slice(20 * FRAME, 22 * FRAME)
    assert snr_db(samples[touched], out[touched]) > 15


@pytest.mark.parametrize("key", "159D0")
def test_a_digit_with_20_lost_ms_is_still_one_digit(key):
    samples = np.frombuffer(bytes(1600) + dtmf.generate(key, 120, 100), np.int16)
    out = concealed(samples, {8})
    assert [found.digit for found in dtmf.Receiver().feed(out.tobytes())] == [key]


def test_a_voice_goes_on_as_it_was():
    samples = s16(voice(8000))
    out = concealed(samples, {25})
    touched = slice(25 * FRAME, 26 * FRAME)
    assert snr_db(samples[touched], out[touched]) > 6
    assert level_dbm0(out[touched]) == pytest.approx(level_dbm0(samples[touched]), abs=3)


@pytest.mark.parametrize("lost", [{20}, {20, 21}, {20, 21, 22, 23, 24, 25}])
def test_neither_end_of_a_gap_clicks(lost):
    """No step larger than the largest the sound itself makes, and a quarter."""
    samples = s16(voice(8000))
    out = concealed(samples, lost).astype(int)
    assert np.abs(np.diff(out)).max() < 1.25 * np.abs(np.diff(samples.astype(int))).max()


def test_appendix_i_silence_from_60_ms_on():
    samples = s16(voice(16000))
    out = concealed(samples, set(range(20, 40)))
    assert level_dbm0(out[20 * FRAME : 21 * FRAME]) > -20
    assert not out[23 * FRAME : 40 * FRAME].any()
    assert np.array_equal(out[41 * FRAME :], samples[41 * FRAME :])


def test_a_gap_only_ever_gets_quieter():
    samples = s16(voice(8000))
    out = concealed(samples, {20, 21, 22}).astype(float)
    levels = [level_dbm0(out[at : at + FRAME]) for at in range(20 * FRAME, 23 * FRAME, FRAME)]
    assert levels[0] > levels[1] > levels[2]


def test_what_is_lost_before_anything_came_is_silence():
    assert not any(plc.Concealer().lost(800))


def test_losing_every_other_frame_stays_bounded():
    samples = s16(noise(16000, 0, seed=3))
    out = concealed(samples, set(range(1, 100, 2)))
    assert level_dbm0(out) < level_dbm0(samples) + 1


@pytest.mark.parametrize("chunk", [1, 16, 40])
def test_any_chunks_give_the_same(chunk):
    samples = s16(voice(8000) + noise(8000, -40, seed=4))
    lost = {10, 20, 21, 23, 30, 31, 32, 33, 35}
    assert np.array_equal(concealed(samples, lost, chunk), concealed(samples, lost))


def test_fuzz_any_samples_any_losses_any_sizes():
    random = np.random.default_rng(5)
    for kind in (random.bytes(40_000), s16(silence(4000)).tobytes(), np.tile([32767, -32768], 9000)):
        samples = np.frombuffer(bytes(kind) if isinstance(kind, bytes) else kind.astype(np.int16), np.int16)
        concealer, at = plc.Concealer(), 0
        while at < len(samples):
            count = int(random.integers(1, 700))
            piece = samples[at : at + count]
            gone = random.random() < 0.4
            out = concealer.lost(count) if gone else concealer.good(piece.tobytes())
            assert len(out) == 2 * (count if gone else len(piece))
            at += count


def test_memory_of_a_channel():
    assert BYTES["plc"] == 1628


def test_a_jump_in_a_tone_is_joined_without_a_click():
    samples = s16(sine(400, 1600, -10))
    concealer = plc.Concealer()
    concealer.good(samples[:800].tobytes())
    assert concealer.lost(0) == b""
    after = np.frombuffer(concealer.good(samples[810:1600].tobytes()), np.int16)  # 10 samples: half a cycle
    steps = np.abs(np.diff(np.concatenate([samples[:800], after])))
    assert steps.max() < 1.5 * np.abs(np.diff(samples)).max()
    assert np.array_equal(after[60:], samples[870:1600])
