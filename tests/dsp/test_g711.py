"""G.711: tables 1 to 6 of the Recommendation, for every sample and byte, and audioop beside ours."""

import ctypes
import ctypes.util
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


# Tables 1a and 2a, columns 1 to 3: (intervals, their size, the value at the segment's end point).
SEGMENTS = {
    "alaw": [
        (32, 2, 64),
        (16, 4, 128),
        (16, 8, 256),
        (16, 16, 512),
        (16, 32, 1024),
        (16, 64, 2048),
        (16, 128, 4096),
    ],
    "ulaw": [(1, 1, 1), (15, 2, 31)]
    + [(16, 4 << n, end) for n, end in enumerate([95, 223, 479, 991, 2015, 4063, 8159])],
}
STEPS = {
    "alaw": 8,
    "ulaw": 4,
}  # of 16 bits in one of the Recommendation's units: 13 and 14 bits with the sign


def decision_values(law):
    """x(0) to x(128) in steps of 16 bits."""
    values = [0]
    for intervals, size, end in SEGMENTS[law]:
        values += [values[-1] + size * n for n in range(1, intervals + 1)]
        assert values[-1] == end
    assert len(values) == 129
    return np.array(values) * STEPS[law]


def character(law, interval, negative):
    """The byte of an interval, counted from 0: columns 6 of the tables and note 2 under them."""
    if law == "ulaw":
        return (0x7F if negative else 0xFF) - interval
    return (interval if negative else interval + 128) ^ 0b01010101  # the even bits are inverted


def test_table_1_and_2_every_sample_has_the_byte_of_its_interval(law):
    edges = decision_values(law)
    negative = EVERY_SAMPLE < 0
    # Which interval holds a decision value is not said; here the upper one, and for -x that of x - 1 (G.191).
    magnitude = np.where(negative, -EVERY_SAMPLE.astype(int) - 1, EVERY_SAMPLE)
    interval = np.minimum(np.searchsorted(edges, magnitude, "right") - 1, 127)
    expected = np.where(negative, character(law, interval, True), character(law, interval, False))
    got = np.frombuffer(ROUND_TRIP[law][0](EVERY_SAMPLE.tobytes()), np.uint8)
    assert np.array_equal(got, expected)


def test_table_1_and_2_a_sample_off_the_decision_values_can_have_no_other_byte(law):
    edges, got = decision_values(law), decoded(law, ROUND_TRIP[law][0](EVERY_SAMPLE.tobytes()))
    magnitude = np.abs(EVERY_SAMPLE.astype(int))
    inside = ~np.isin(magnitude, edges[1:128]) & (magnitude > 0) & (magnitude < edges[128])
    upper = np.searchsorted(edges, magnitude[inside])
    assert np.all(np.abs(got[inside]) >= np.where(upper == 1, 0, edges[upper - 1]))
    assert np.all(np.abs(got[inside]) <= edges[upper])
    assert (~inside).sum() == 2 * 127 + 1 + (65536 - 2 * edges[128] + 1 if law == "ulaw" else 1)


def test_note_3_every_byte_has_the_middle_of_its_interval_and_mu_laws_first_has_zero(law):
    edges = decision_values(law)
    middle = (edges[:-1] + edges[1:]) // 2
    if law == "ulaw":
        middle[0] = 0
    for interval in range(128):
        for negative in (False, True):
            expected = -middle[interval] if negative else middle[interval]
            assert decoded(law, bytes([character(law, interval, negative)])) == [expected]


def test_encoding_never_turns_back(law):
    rising = decoded(law, ROUND_TRIP[law][0](EVERY_SAMPLE.tobytes()))
    assert np.all(np.diff(rising) >= 0)


def test_a_law_is_the_same_as_audioop_for_every_sample_and_byte():
    assert g711.alaw_encode(EVERY_SAMPLE.tobytes()) == audioop.lin2alaw(EVERY_SAMPLE.tobytes(), 2)
    assert g711.alaw_decode(EVERY_BYTE) == audioop.alaw2lin(EVERY_BYTE, 2)


def test_mu_law_decodes_as_audioop():
    assert g711.ulaw_decode(EVERY_BYTE) == audioop.ulaw2lin(EVERY_BYTE, 2)


def test_mu_law_audioop_is_in_a_wrong_interval_at_381_samples_and_on_an_edge_at_127_more():
    ours = decoded("ulaw", g711.ulaw_encode(EVERY_SAMPLE.tobytes()))
    theirs = decoded("ulaw", audioop.lin2ulaw(EVERY_SAMPLE.tobytes(), 2))
    edges = decision_values("ulaw")
    differ = ours != theirs
    on_edge = np.isin(-EVERY_SAMPLE.astype(int), edges[1:])
    assert EVERY_SAMPLE[differ].max() == -1, "all of them are negative"
    assert (differ.sum(), (differ & on_edge).sum()) == (508, 127)
    lower = edges[np.searchsorted(edges, -EVERY_SAMPLE[differ & ~on_edge].astype(int))]
    assert np.all(-theirs[differ & ~on_edge] > lower), "outside the interval the sample is in"


# --- from law to law


def test_table_3_and_4_keep_the_sign_and_the_order():
    for decode, change, back in (
        (g711.ulaw_decode, g711.alaw_from_ulaw, g711.alaw_decode),
        (g711.alaw_decode, g711.ulaw_from_alaw, g711.ulaw_decode),
    ):
        before = np.frombuffer(decode(EVERY_BYTE), np.int16).astype(int)
        after = np.frombuffer(back(change(EVERY_BYTE)), np.int16).astype(int)
        order = np.argsort(before, kind="stable")
        assert np.all(np.diff(after[order]) >= 0)
        assert np.all(before * after >= 0)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_table_3_and_4_an_output_value_is_at_most_one_interval_from_the_nearest(law):
    change = {"alaw": g711.ulaw_from_alaw, "ulaw": g711.alaw_from_ulaw}[law]
    other = {"alaw": "ulaw", "ulaw": "alaw"}[law]
    before, after = decoded(law, EVERY_BYTE), decoded(other, change(EVERY_BYTE))
    outputs = np.unique(decoded(other, EVERY_BYTE))
    nearest = np.abs(outputs[:, None] - before).argmin(axis=0)
    assert np.max(np.abs(np.searchsorted(outputs, after) - nearest)) <= 1


def test_table_3_and_4_one_after_the_other_lose_16_bytes_and_then_no_more():
    for there, back in (
        (g711.alaw_from_ulaw, g711.ulaw_from_alaw),
        (g711.ulaw_from_alaw, g711.alaw_from_ulaw),
    ):
        once = back(there(EVERY_BYTE))
        assert sum(a != b for a, b in zip(once, EVERY_BYTE, strict=True)) == 16
        assert back(there(once)) == once


@pytest.mark.skipif(
    not ctypes.util.find_library("spandsp"), reason="no spandsp; sudo apt-get install libspandsp-dev"
)
def test_table_3_and_4_are_spandsps_too():
    spandsp = ctypes.CDLL(ctypes.util.find_library("spandsp"))
    for name, change in (("ulaw_to_alaw", g711.alaw_from_ulaw), ("alaw_to_ulaw", g711.ulaw_from_alaw)):
        theirs = getattr(spandsp, name)
        theirs.restype = ctypes.c_uint8
        assert bytes(theirs(byte) for byte in range(256)) == change(EVERY_BYTE), name


# --- any input


@pytest.mark.parametrize("count", [1, 2, 7, 15, 16, 17, 31, 33, 160, 1001])
def test_any_length_gives_what_single_samples_give(law, count):
    encode, decode = ROUND_TRIP[law]
    samples = np.random.default_rng(count).integers(-32768, 32768, count).astype(np.int16).tobytes()
    coded = b"".join(encode(samples[at : at + 2]) for at in range(0, 2 * count, 2))
    assert encode(samples) == coded
    assert decode(coded) == b"".join(decode(coded[at : at + 1]) for at in range(count))


def test_half_a_sample_is_refused_with_what_to_do(law):
    with pytest.raises(ValueError, match=r"3 bytes are not whole 16-bit samples\. Keep the last byte"):
        ROUND_TRIP[law][0](b"abc")


def test_bytearrays_and_views_are_taken_as_well(law):
    encode, decode = ROUND_TRIP[law]
    data = bytearray(EVERY_SAMPLE.tobytes())
    assert encode(memoryview(data)[2:]) == encode(bytes(data[2:]))
    assert decode(memoryview(EVERY_BYTE)[1:]) == decode(EVERY_BYTE[1:])


def test_nothing_in_nothing_out(law):
    encode, decode = ROUND_TRIP[law]
    assert (encode(b""), decode(b"")) == (b"", b"")


def test_a_stretch_of_samples_keeps_its_order(law):
    encode, decode = ROUND_TRIP[law]
    samples = array("h", [0, 1000, -1000, 32767, -32768]).tobytes()
    assert decode(encode(samples)) == b"".join(decode(encode(samples[at : at + 2])) for at in range(0, 10, 2))
