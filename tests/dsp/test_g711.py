"""G.711: the Recommendation's own values, and audioop beside ours."""

import warnings
from array import array

import numpy as np
import pytest

from dsp import g711

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # audioop leaves Python in 3.13; here it is only a peer
    import audioop

EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int16)
EVERY_BYTE = bytes(range(256))
# One period of 1000 Hz at 0 dBm0, ITU-T G.711 tables 5 and 6.
MILLIWATT = {"alaw": bytes.fromhex("34212134b4a1a1b4"), "ulaw": bytes.fromhex("1e0b0b1e9e8b8b9e")}
ROUND_TRIP = {
    "alaw": (g711.alaw_encode, g711.alaw_decode),
    "ulaw": (g711.ulaw_encode, g711.ulaw_decode),
}


@pytest.fixture(params=["alaw", "ulaw"])
def law(request):
    return request.param


def decoded(law, data):
    return np.frombuffer(ROUND_TRIP[law][1](data), dtype=np.int16).astype(int)


@pytest.mark.parametrize(("law", "dbm0_at_clip"), [("alaw", 3.14), ("ulaw", 3.17)])
def test_table_5_and_6_the_digital_milliwatt_lies_the_stated_level_below_clip(law, dbm0_at_clip):
    clip = {"alaw": 4096 * 8, "ulaw": 8159 * 4}[law]
    amplitude = np.sqrt(2 * np.mean(decoded(law, MILLIWATT[law]) ** 2.0))
    assert -20 * np.log10(amplitude / clip) == pytest.approx(dbm0_at_clip, abs=0.02)


@pytest.mark.parametrize(
    ("law", "code", "sample"),
    [
        ("alaw", 0xD5, 8),  # the first positive output is 1 of 4096
        ("alaw", 0x55, -8),
        ("alaw", 0xAA, 4032 * 8),  # the last
        ("alaw", 0x2A, -4032 * 8),
        ("ulaw", 0xFF, 0),
        ("ulaw", 0x7F, 0),
        ("ulaw", 0xFE, 2 * 4),
        ("ulaw", 0x80, 8031 * 4),
        ("ulaw", 0x00, -8031 * 4),
    ],
)
def test_table_1_and_2_first_and_last_output_values(law, code, sample):
    assert decoded(law, bytes([code])) == [sample]


def test_every_code_comes_back_as_itself(law):
    encode, decode = ROUND_TRIP[law]
    expected = (
        EVERY_BYTE.replace(b"\x7f", b"\xff") if law == "ulaw" else EVERY_BYTE
    )  # mu-law minus zero is zero
    assert encode(decode(EVERY_BYTE)) == expected


def by_exponent(law):
    """Every sample's byte by another way than decision values: exponent and mantissa, as G.191 describes."""
    magnitude = np.where(EVERY_SAMPLE < 0, ~EVERY_SAMPLE, EVERY_SAMPLE).astype(int)
    negative = EVERY_SAMPLE < 0
    if law == "ulaw":
        biased = np.minimum((magnitude >> 2) + 33, 0x1FFF)
        exponent = np.log2(biased).astype(int) - 5
        return 0xFF - (negative * 0x80 | exponent << 4 | (biased >> (exponent + 1)) & 15)
    short = magnitude >> 4
    exponent = np.where(short > 15, np.log2(np.maximum(short, 1)).astype(int) - 3, 0)
    mantissa = np.where(short > 15, (short >> np.maximum(exponent - 1, 0)) & 15, short)
    return (~negative * 0x80 | exponent << 4 | mantissa) ^ 0x55


def test_every_sample_has_the_byte_that_exponent_and_mantissa_give(law):
    assert ROUND_TRIP[law][0](EVERY_SAMPLE.tobytes()) == by_exponent(law).astype(np.uint8).tobytes()


def test_encoding_never_turns_back(law):
    rising = decoded(law, ROUND_TRIP[law][0](EVERY_SAMPLE.tobytes()))
    assert np.all(np.diff(rising) >= 0)


def test_a_law_is_the_same_as_audioop_for_every_sample_and_byte():
    assert g711.alaw_encode(EVERY_SAMPLE.tobytes()) == audioop.lin2alaw(EVERY_SAMPLE.tobytes(), 2)
    assert g711.alaw_decode(EVERY_BYTE) == audioop.alaw2lin(EVERY_BYTE, 2)


def test_mu_law_decodes_as_audioop():
    assert g711.ulaw_decode(EVERY_BYTE) == audioop.ulaw2lin(EVERY_BYTE, 2)


def test_mu_law_differs_from_audioop_at_508_negative_inputs_and_is_never_farther_off():
    ours = np.frombuffer(g711.ulaw_encode(EVERY_SAMPLE.tobytes()), np.uint8)
    theirs = np.frombuffer(audioop.lin2ulaw(EVERY_SAMPLE.tobytes(), 2), np.uint8)
    error = np.abs(decoded("ulaw", ours.tobytes()) - EVERY_SAMPLE)
    their_error = np.abs(decoded("ulaw", theirs.tobytes()) - EVERY_SAMPLE)
    differ = ours != theirs
    assert differ.sum() == 508
    assert EVERY_SAMPLE[differ].max() == -1
    assert (error[differ] < their_error[differ]).sum() == 388
    assert (error[differ] == their_error[differ]).sum() == 120


def test_nothing_in_nothing_out(law):
    encode, decode = ROUND_TRIP[law]
    assert (encode(b""), decode(b"")) == (b"", b"")


def test_a_stretch_of_samples_keeps_its_order(law):
    encode, decode = ROUND_TRIP[law]
    samples = array("h", [0, 1000, -1000, 32767, -32768]).tobytes()
    assert decode(encode(samples)) == b"".join(decode(encode(samples[at : at + 2])) for at in range(0, 10, 2))
