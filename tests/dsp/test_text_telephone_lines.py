"""The text telephone on lines: noise, levels, hum, holes, GSM; and who is found to be a caller at one.

All signals are made in tests/dsp/text_telephone_signals.py, not by our sender.
"""

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from dsp import g711
from dsp.text_telephone import Receiver
from tests.dsp.signals import RATE, noise, s16, silence, sine, through_gsm
from tests.dsp.text_telephone_signals import burst, elements, right, typed

TEXT = "HELLO, 1234567890 THIS IS A TEST (DO YOU READ?) 73/88 GA"
SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SPEEDS = [1000 / 22, 50]
LAWS = {
    "alaw": lambda samples: g711.alaw_decode(g711.alaw_encode(samples)),
    "ulaw": lambda samples: g711.ulaw_decode(g711.ulaw_encode(samples)),
}


def received(signal):
    return "".join(found.character for found in Receiver().feed(s16(signal).tobytes()))


@pytest.mark.slow
@pytest.mark.parametrize("baud", SPEEDS)
@pytest.mark.parametrize("snr_db", [20, 10, 5, 3])
def test_all_characters_are_right_in_noise(snr_db, baud):
    signal = typed(TEXT * 3, baud=baud)  # asked for: 100 % at 20 dB, 99 % at 10 dB
    assert received(signal + noise(len(signal), -15 - snr_db, seed=snr_db)) == TEXT * 3


@pytest.mark.parametrize("level", [0, -10, -25, -40])
def test_levels_from_0_to_minus_40_dbm0_are_received(level):
    assert received(typed(TEXT, dbm0=level)) == TEXT


@pytest.mark.parametrize("levels", [(-15, -21), (-21, -15)])
def test_a_twist_of_6_db_is_received(levels):
    signal = np.concatenate([silence(2000), burst(elements(TEXT), dbm0=levels), silence(2000)])
    assert received(signal + noise(len(signal), -31, seed=4)) == TEXT


@pytest.mark.parametrize("hum_hz", [50, 60])
def test_hum_20_db_above_and_dc_are_no_matter(hum_hz):
    signal = typed(TEXT, dbm0=-30)
    assert received(signal + sine(hum_hz, len(signal), -10)) == TEXT
    assert received(signal + 8000) == TEXT


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_g711_is_no_matter_down_to_minus_40_dbm0(law):
    samples = s16(typed(TEXT, dbm0=-40)).tobytes()
    decoded = LAWS[law](samples)
    assert "".join(found.character for found in Receiver().feed(decoded)) == TEXT


@pytest.mark.slow
@pytest.mark.parametrize("concealed", [False, True])
def test_a_hole_of_10_ms_costs_one_character_at_most(concealed):
    plain = s16(typed(TEXT))
    for at in range(8000, len(plain) - 8000, 997):
        samples = plain.copy()
        samples[at : at + 80] = np.tile(samples[at - 40 : at], 2) if concealed else 0
        text = "".join(found.character for found in Receiver().feed(samples.tobytes()))
        assert right(without_shift(TEXT), without_shift(text)) >= len(without_shift(TEXT)) - 1


def without_shift(text):
    """The codes; a lost shift is one character lost, though what follows is read in the other alphabet."""
    return [code for code in elements(text) if code not in ("11011", "11111")]


@pytest.mark.slow
@pytest.mark.parametrize("lead_ms", [0.125, 20, 150])
def test_characters_each_in_a_burst_of_its_own_are_received(lead_ms):
    pieces = [silence(3000)]
    for code in elements(TEXT):
        pieces += [burst([code], lead_ms=lead_ms, hold_ms=1, stop_bits=2), silence(2000)]
    signal = np.concatenate(pieces)
    assert received(signal + noise(len(signal), -35, seed=6)) == TEXT


def test_a_carrier_that_drops_gives_no_character_that_was_not_sent():
    signal = burst(elements(TEXT))
    for cut in range(9000, 11000, 111):
        assert TEXT.startswith(received(np.concatenate([signal[:cut], silence(4000)])))


def test_after_a_burst_of_noise_the_text_goes_on():
    signal = typed("A" * 60, stop_bits=1.5)
    signal[30000:34000] = noise(4000, -10, seed=5)
    text = received(signal)
    assert text.endswith("A" * 30)
    assert len(text) <= 60


@pytest.mark.skipif(not shutil.which("sox"), reason="needs sox: apt-get install sox")
def test_gsm_full_rate_leaves_most_of_it():
    signal = typed(TEXT, dbm0=-15)
    heard = through_gsm(s16(signal)).tobytes()
    text = "".join(found.character for found in Receiver().feed(heard))
    assert right(TEXT, text) > 0.8 * len(TEXT)  # no requirement: it is known to garble text telephones


@pytest.mark.parametrize("baud", SPEEDS)
def test_the_start_of_a_character_is_told_within_2_ms(baud):
    signal = typed("RYRYRY", baud=baud, stop_bits=2, silence_ms=500)
    starts = [4000 + 1200 + (i + 1) * 8 * RATE / baud for i in range(6)]
    found = Receiver().feed(s16(signal).tobytes())
    assert [character.start_sample for character in found] == pytest.approx(starts, abs=16)


# ---- who is calling ----


@pytest.mark.parametrize("keys_a_second", [2, 3, 6])
@pytest.mark.parametrize("text", ["HELLO THIS IS", "       ", "GA 123456789"])
def test_a_caller_who_types_is_found_within_2_seconds(text, keys_a_second):
    pieces = [silence(8000)]
    for code in elements(text):
        key = burst([code], lead_ms=150 if keys_a_second < 4 else 1, hold_ms=1)
        pieces += [key, silence(max(0, RATE // keys_a_second - len(key)))]
    receiver = Receiver()
    signal = np.concatenate(pieces)
    receiver.feed(s16(signal[: 8000 + 2 * RATE]).tobytes())
    assert receiver.caller


@pytest.mark.slow
def test_tones_and_modems_and_noise_are_no_caller():
    for name, signal in others():
        receiver = Receiver()
        receiver.feed(s16(signal).tobytes())
        assert not receiver.caller, name


def others():
    """(name, signal): what else is on telephone lines."""
    count = 10 * RATE
    on = np.arange(count) // 4000 % 2
    for hz in (400, 425, 1100, 1300, 1400, 1650, 1800, 2100, 2225):
        yield f"{hz} Hz", sine(hz, count, -10)
        yield f"{hz} Hz, 0.5 s", sine(hz, count, -10) * on
    for name, hz, baud in MODEMS:
        yield name, keyed(hz, baud)
    for tones in ((950, 1400, 1800), (913.8, 1370.6, 1776.7), (1400, 1800, 1400, 1800)):
        one = [sine(hz, 2640, -10) for hz in tones]
        yield f"special information {tones}", np.concatenate([*one, silence(8000)] * 3)
    low, high = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    digits = [sine(low[i % 4], 400, -9) + sine(high[i // 4 % 4], 400, -9) for i in range(160)]
    yield "DTMF", np.concatenate([piece for digit in digits for piece in (digit, silence(400))])
    yield "noise", noise(count, -10, seed=8)
    yield "noise, 1-2 kHz", noise(count, -10, seed=9, low_hz=1000, high_hz=2000)
    sweep = 1600 + 600 * np.sin(2 * np.pi * 5 * np.arange(count) / RATE)
    yield "siren", 5000 * np.sin(2 * np.pi * np.cumsum(sweep) / RATE)


MODEMS = [
    ("V.21 low", (980, 1180), 300),
    ("V.21 high", (1650, 1850), 300),
    ("V.23", (1300, 2100), 1200),
    ("V.23 back", (390, 450), 75),
    ("Bell 103 answer", (2225, 2025), 300),
    ("Bell 202", (1200, 2200), 1200),
    ("EDT", (980, 1180), 110),
]


def keyed(hz, baud):
    """Random bits for ten seconds."""
    bits = np.random.default_rng(int(baud)).integers(0, 2, 10 * baud)
    at = (np.arange(10 * RATE) * baud) // RATE
    return 5000 * np.sin(2 * np.pi * np.cumsum(np.where(bits[at] == 1, *hz)) / RATE)


@pytest.mark.slow
def test_speech_is_no_caller_and_gives_next_to_no_text():
    files = sorted(SOUNDS.glob("*.wav"))[:200]
    if not files:
        pytest.skip("needs packaged sound: apt-get install asterisk-core-sounds-en-wav")
    characters = 0
    for path in files:
        with wave.open(str(path)) as file:
            receiver = Receiver()
            characters += len(receiver.feed(file.readframes(file.getnframes())))
            assert not receiver.caller, path.name
    assert characters <= 1
