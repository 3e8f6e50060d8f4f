"""Linear forms: every sample and every code, rounding and saturation by arithmetic of our own."""

import numpy as np
import pytest

from dsp.linear import Form, decode, encode

EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int16)
BITS = {Form.S14_LEFT: 14, Form.S14_RIGHT: 14, Form.U8: 8, Form.S8: 8}
WIRE = {  # how numpy reads each form, and what one step of it is worth
    Form.S16LE: ("<i2", 1),
    Form.S16BE: (">i2", 1),
    Form.S14_LEFT: ("<i2", 1),
    Form.S14_RIGHT: ("<i2", 4),
    Form.U8: ("u1", 256),
    Form.S8: ("i1", 256),
}


@pytest.fixture(params=list(Form), ids=lambda form: form.value)
def form(request):
    return request.param


def read(data, form):
    """Steps of 16 bits, the way the form's description says."""
    kind, worth = WIRE[form]
    return (np.frombuffer(data, kind).astype(int) - (128 if form is Form.U8 else 0)) * worth


def s16(data):
    return np.frombuffer(data, np.int16).astype(int)


def rounded(samples, bits):
    """Nearest, halves away from zero, saturating; in exact fractions of two."""
    step = 2 ** (16 - bits)
    nearest = np.sign(samples) * np.floor(np.abs(samples) / step + 0.5)
    return np.clip(nearest, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(int) * step


def test_every_sample_is_rounded_to_the_nearest_and_saturates(form):
    expected = EVERY_SAMPLE.astype(int)
    if form in BITS:
        expected = rounded(expected, BITS[form])
    assert np.array_equal(read(encode(EVERY_SAMPLE.tobytes(), form), form), expected)


def test_every_sample_is_read_as_the_form_says(form):
    data = encode(EVERY_SAMPLE.tobytes(), form)
    assert np.array_equal(s16(decode(data, form)), read(data, form))


def test_what_was_read_goes_back_as_it_came(form):
    if form.sample_bytes == 1:
        every = bytes(range(256))
    elif form is Form.S14_LEFT:
        every = np.arange(-32768, 32768, 4).astype("<i2").tobytes()
    elif form is Form.S14_RIGHT:
        every = np.arange(-8192, 8192).astype("<i2").tobytes()
    else:
        every = EVERY_SAMPLE.tobytes()
    assert encode(decode(every, form), form) == every


@pytest.mark.parametrize("form", list(BITS), ids=lambda form: form.value)
def test_rounding_adds_no_constant_and_minus_x_is_minus_of_x(form):
    data = read(encode(EVERY_SAMPLE[1:].tobytes(), form), form)
    step = 2 ** (16 - BITS[form])
    unsaturated = np.abs(EVERY_SAMPLE[1:].astype(int)) < 32768 - step
    assert np.array_equal(data[unsaturated], -data[::-1][unsaturated])
    assert np.abs(data - EVERY_SAMPLE[1:])[unsaturated].max() == step // 2


def test_the_two_low_bits_of_14_to_the_left_are_not_looked_at():
    data = np.array([0x7FFC, 0x7FFD, 0x7FFE, 0x7FFF, -4, -1], "<i2").tobytes()
    assert s16(decode(data, Form.S14_LEFT)).tolist() == [32764] * 4 + [-4] * 2


def test_what_stands_above_14_bits_to_the_right_is_not_looked_at():
    data = np.array([0x1FFF, 0x2000, 0x3FFF, -1, -8192], "<i2").tobytes()
    assert s16(decode(data, Form.S14_RIGHT)).tolist() == [32764, -32768, -4, -4, -32768]


def test_silence_is_silence_in_every_form(form):
    assert not any(decode(encode(bytes(320), form), form))


def test_any_bytes_and_any_length_are_sound(form):
    data = np.random.default_rng(3).bytes(2 * 997)
    whole = decode(data, form)
    for piece in (1, 2, 3, 17, 64):
        size = piece * form.sample_bytes
        pieces = [decode(data[at : at + size], form) for at in range(0, len(data), size)]
        assert b"".join(pieces) == whole
        coded = [encode(whole[at : at + 2 * piece], form) for at in range(0, len(whole), 2 * piece)]
        assert b"".join(coded) == encode(whole, form)


def test_half_a_sample_is_refused_with_what_to_do():
    with pytest.raises(ValueError, match=r"3 bytes are not whole samples of 2 bytes\. Keep the last byte"):
        decode(b"abc", Form.S16BE)
    with pytest.raises(ValueError, match="1 bytes are not whole samples"):
        encode(b"a", Form.U8)
    assert len(decode(b"abc", Form.U8)) == 6
