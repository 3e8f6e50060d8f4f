"""Tones: all 46 zones and 413 tones are there, and what is played is what is written."""

import re

import numpy as np
import pytest

from dsp import tones

RATE = 8000
AMPLITUDE_0DBM0 = 32767 * 10 ** (-3.14 / 20)  # ITU-T G.711 A-law
LISTENED_S = 12  # of a tone

# fmt: off
ZONES = [
    "ae", "ar", "at", "au", "be", "bg", "br", "ch", "cl", "cn", "cr", "cz",
    "de", "dk", "ee", "es", "fi", "fr", "gr", "hu", "il", "in", "it", "jp",
    "lt", "mo", "mx", "my", "nl", "no", "nz", "pa", "ph", "pl", "pt", "ru",
    "se", "sg", "th", "tr", "tw", "uk", "us", "us-old", "ve", "za",
]
# fmt: on


def all_tones():
    return [(zone, name) for zone in ZONES for name in tones.NAMES if (zone, name) != ("tr", "record")]


def played(text, samples, level_dbm0=-13.0):
    return np.frombuffer(tones.Tone(text, level_dbm0).fill(samples), np.int16).astype(float)


def parts(text):
    """(once, frequencies, modulation, quiet, milliseconds or None) of each element, by another parser."""
    for element in text.split(","):
        once, sound, _, ms = re.fullmatch(r"(!?)([\d+*@]+)(/(\d+))?", element).groups()
        carrier, _, modulation = sound.rstrip("@").partition("*")
        hz = [int(f) for f in carrier.split("+") if int(f)]
        yield bool(once), hz, int(modulation or 0), "@" in sound, int(ms) if ms else None


def heard(text, samples):
    """The parts as they should sound one after another: (first sample, last, part), up to `samples`."""
    plan = list(parts(text))
    start = next((i for i, part in enumerate(plan) if not part[0]), len(plan))
    at, index = 0, 0
    while at < samples and index < len(plan):
        part = plan[index]
        end = samples if part[4] is None else min(samples, at + part[4] * 8)
        yield at, end, part
        at, index = end, index + 1 if index + 1 < len(plan) else start
        if index == start == len(plan):
            return


def share_explained(sound, hz):
    """How much of the energy is in sines of these frequencies."""
    turns = 2 * np.pi * np.outer(np.arange(len(sound)) / RATE, hz)
    waves = np.hstack([np.sin(turns), np.cos(turns)])
    fitted = waves @ np.linalg.lstsq(waves, sound, rcond=None)[0]
    return np.sum(fitted**2) / np.sum(sound**2)


def test_all_46_zones_and_413_tones_are_there():
    assert tones.zones() == sorted(ZONES)
    assert len([tones.spec(zone, name) for zone, name in all_tones()]) == 413


@pytest.mark.parametrize(
    ("zone", "name", "text"),
    [
        ("us", "ringback", "440+480/2000,0/4000"),
        ("de", "busy", "425/480,0/480"),
        ("uk", "ringback", "400+450/400,0/200,400+450/400,0/2000"),
        ("au", "congestion", "425/375,0/375,425@/375,0/375"),
        ("in", "dial", "400*25"),
        # The slips of the usual table, corrected:
        ("nz", "recall", "!400/100,!0/100,!400/100,!0/100,!400/100,!0/100,400"),
        ("th", "call_waiting", "1000/400,0/10000,1000/400"),
        ("ee", "sit", "950/650,0/325,950/325,0/30,1400/1300,0/2600"),
    ],
)
def test_a_tone_is_what_the_table_says(zone, name, text):
    assert tones.spec(zone, name) == text


@pytest.mark.parametrize("zone", ZONES)
def test_every_tone_of_a_zone_sounds_as_it_is_written(zone):
    for name in (name for at, name in all_tones() if at == zone):
        text = tones.spec(zone, name)
        sound = played(text, LISTENED_S * RATE)
        for first, last, (_, hz, modulation, quiet, _) in heard(text, LISTENED_S * RATE):
            piece = sound[first:last]
            if not hz:
                assert not piece.any(), (name, first)
                continue
            assert np.abs(piece[:16]).max() > 0, (name, first)
            middle = piece[40:-40][:1600]
            if len(middle) < 240:
                continue
            lines = [f + side for f in hz for side in ({0, modulation, -modulation})]
            assert share_explained(middle, lines) > 0.999, (name, first)
            if not modulation and min(np.diff(sorted({0, *hz}))) > 100:  # closer ones beat: no steady power
                power = len(hz) * AMPLITUDE_0DBM0**2 / 2 * 10 ** ((-13 - 10 * quiet) / 10)
                assert np.mean(middle**2) == pytest.approx(power, rel=0.15), (name, first)


def test_a_sine_of_0_dbm0_is_3_14_db_below_clip():
    sound = played("1000", RATE, 0.0)[80:]
    assert np.sqrt(2 * np.mean(sound**2)) == pytest.approx(32767 * 10 ** (-3.14 / 20), rel=1e-3)


def test_edges_do_not_click():
    """No step from sample to sample is larger than the steady tone's own largest."""
    sound = played("425/100,0/100", RATE, -10.0)
    largest = AMPLITUDE_0DBM0 * 10 ** (-10 / 20) * 2 * np.pi * 425 / RATE
    assert np.abs(np.diff(sound)).max() <= largest + 1


def test_the_same_tone_in_the_next_element_goes_on_without_a_dip():
    assert np.array_equal(played("425/100,425/100", 4000), played("425", 4000))


def test_a_tone_of_elements_played_once_ends():
    tone = tones.Tone("!950/330,!1400/330")
    assert len(tone.fill(10000)) == 2 * 660 * 8
    assert tone.fill(160) == b""


def test_a_tone_repeats_from_its_first_lasting_element():
    sound = played("!950/10,425/10,0/10", 8 * 90)
    assert not np.array_equal(sound[:80], sound[80:160])
    assert np.array_equal(sound[80:240], sound[240:400])


def test_any_split_gives_the_same_samples():
    whole = tones.Tone("440+480/50,0/30,425@/20").fill(2000)
    rng = np.random.default_rng(5)
    tone = tones.Tone("440+480/50,0/30,425@/20")
    pieces = b""
    while len(pieces) < len(whole):
        pieces += tone.fill(min(int(rng.integers(0, 50)), (len(whole) - len(pieces)) // 2))
    assert pieces == whole


def test_a_level_beyond_clip_is_limited():
    sound = played("440+480", 8000, 20.0)
    assert (sound.min(), sound.max()) == (-32768, 32767)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "!",
        "a",
        "4000",
        "-425",
        "+425",
        "/100",
        "425,",
        "425/",
        "425*",
        "425/1x",
        "425/0.01",
        "425/99999999999",
        "425++440",
        "425\0",
        "1.2.3",
        "1+2+3+4+5",
        ",".join(["425/1"] * 65),
    ],
)
def test_what_is_no_tone_is_refused(text):
    with pytest.raises(tones.ToneError, match="is no tone"):
        tones.Tone(text)


def test_random_text_is_a_tone_or_refused():
    rng = np.random.default_rng(7)
    for _ in range(2000):
        text = "".join(rng.choice(list("0123456789+*@/,! x"), size=int(rng.integers(1, 24))))
        try:
            tone = tones.Tone(text)
        except tones.ToneError:
            continue
        assert len(tone.fill(400)) <= 800


@pytest.mark.parametrize(
    ("zone", "name", "said"),
    [
        ("usa", "dial", r"zone 'usa': no file usa.toml in .* Did you mean 'us'\?"),
        ("us", "ringing", r"zone us: no tone 'ringing'. Did you mean 'ringback'\?"),
        ("../us", "dial", r"zone '../us': no file"),
    ],
)
def test_an_unknown_zone_or_tone_is_refused_with_the_closest_name(zone, name, said):
    with pytest.raises(tones.ToneError, match=said):
        tones.spec(zone, name)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x =\n", r"xx.toml: cannot be read as TOML .*line 1"),
        ('name = "X"', r"xx.toml: no table \[tones\]"),
        ('[tones]\n\nbussy = "425"', r"xx.toml:3: unknown tone 'bussy'. Did you mean 'busy'\?"),
        ('[tones]\ndial = "425"\nbusy = "425//500"', r"xx.toml:3: tone busy: '425//500' is no tone"),
        ("[tones]\nbusy = 425", r"xx.toml:2: tone busy: expected text, found 425"),
    ],
)
def test_a_malformed_file_is_refused_with_its_name_and_line(tmp_path, content, said):
    (tmp_path / "xx.toml").write_text(content)
    with pytest.raises(tones.ToneError, match=said):
        tones.spec("xx", "dial", tmp_path)


def test_elements_are_the_tone_as_data():
    assert [tones.elements(tones.spec(zone, name)) for zone, name in all_tones()] == [
        [
            tones.Element(tuple(hz), ms or None, modulation, quiet, once)
            for once, hz, modulation, quiet, ms in parts(tones.spec(zone, name))
        ]
        for zone, name in all_tones()
    ]


def test_elements_of_what_is_no_tone_are_refused():
    with pytest.raises(tones.ToneError, match="is no tone"):
        tones.elements("425/x")
