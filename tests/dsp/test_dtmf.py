"""The DTMF receiver by the requirements of ITU-T Q.24 (AT&T column) and the MT8870D data sheet, numbered.

All signals are made here, in numpy, not by our generator. Where a requirement gives a limit to accept and one
to reject, both are asserted; what lies between is free.
"""

import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from dsp import dtmf, g711
from dsp._native import make_dtmf_table
from tests.dsp.signals import AMPLITUDE_0DBM0, RATE, noise, s16, sine, through_gsm

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = "123A456B789C*0#D"
SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
MUSIC = Path("/usr/share/asterisk/moh")


def press(key, ms=50, low_dbm0=-10.0, high_dbm0=-10.0, low_off=0.0, high_off=0.0):
    """One key, its tones off by the given shares of their frequency."""
    row, column = divmod(KEYS.index(key), 4)
    count = round(ms * 8)
    low = sine(LOW[row] * (1 + low_off), count, low_dbm0, 0.3)
    return low + sine(HIGH[column] * (1 + high_off), count, high_dbm0, 1.0)


def dialled(keys=KEYS, ms=50, pause_ms=50, **how):
    """The keys one after another, with silence before and after."""
    pieces = [np.zeros(800)]
    for key in keys:
        pieces += [press(key, ms, **how), np.zeros(round(pause_ms * 8))]
    return np.concatenate([*pieces, np.zeros(800)])


def found(signal):
    return dtmf.Receiver().feed(s16(signal).tobytes())


def keys(signal):
    return "".join(digit.digit for digit in found(signal))


DEVIATIONS = [(1, 1), (-1, -1), (1, 0), (-1, 0), (0, 1), (0, -1), (1, -1), (-1, 1)]


@pytest.mark.parametrize(("low", "high"), DEVIATIONS)
@pytest.mark.parametrize("off", [0.015, 0.018])  # AT&T; NTT
def test_q24_1_frequencies_within_1_5_and_1_8_percent_are_accepted(off, low, high):
    assert keys(dialled(ms=40, low_off=low * off, high_off=high * off)) == KEYS


@pytest.mark.parametrize(("low", "high"), DEVIATIONS)
@pytest.mark.parametrize("off", [0.030, 0.035, 0.05])  # NTT; AT&T; farther
def test_q24_1_frequencies_3_percent_off_and_more_are_rejected(off, low, high):
    assert keys(dialled(ms=100, low_off=low * off, high_off=high * off)) == ""


@pytest.mark.parametrize("sign", [1, -1])
def test_mt8870_1_frequencies_within_1_5_percent_and_2_hz_are_accepted(sign):
    for key in KEYS:
        row, column = divmod(KEYS.index(key), 4)
        off = {"low_off": sign * (0.015 + 2 / LOW[row]), "high_off": sign * (0.015 + 2 / HIGH[column])}
        assert keys(dialled(key, **off)) == key


@pytest.mark.parametrize("dbm0", [0, -3, -10, -25, -29])
def test_q24_2_levels_from_0_to_25_and_mt8870_to_29_below_are_accepted(dbm0):
    assert keys(dialled(ms=40, low_dbm0=dbm0, high_dbm0=dbm0)) == KEYS


@pytest.mark.parametrize("dbm0", [-36, -45, -55])
def test_q24_2_levels_far_below_are_rejected(dbm0):
    assert keys(dialled(ms=100, low_dbm0=dbm0, high_dbm0=dbm0)) == ""


@pytest.mark.parametrize("twist", [-8, -4, 4, 8])  # high over low, dB; MT8870D both 8, Q.24 +4 and -8
@pytest.mark.parametrize("off", [-0.015, 0, 0.015])
def test_q24_3_twist_of_8_db_either_way_is_accepted_off_frequency_too(twist, off):
    levels = {"low_dbm0": -8 - max(0, twist), "high_dbm0": -8 + min(0, twist)}
    assert keys(dialled(ms=40, low_off=off, high_off=-off, **levels)) == KEYS


@pytest.mark.parametrize("twist", [-12, 12])
def test_q24_3_twist_of_12_db_is_rejected(twist):
    assert keys(dialled(low_dbm0=-8 - max(0, twist), high_dbm0=-8 + min(0, twist))) == ""


@pytest.mark.parametrize("ms", [40, 41.3, 50, 100, 1000])
def test_q24_4_tones_of_40_ms_and_more_are_accepted_once(ms):
    assert keys(dialled(ms=ms)) == KEYS


@pytest.mark.parametrize("ms", [5, 10, 15, 20, 23, 24])  # AT&T 23 ms, NTT 24 ms
def test_q24_4_tones_of_24_ms_and_less_are_rejected(ms):
    assert keys(dialled(ms=ms)) == ""


@pytest.mark.parametrize("pause_ms", [30, 40])  # NTT; AT&T
def test_q24_5_a_pause_of_30_ms_parts_two_of_the_same_digit(pause_ms):
    assert keys(dialled("5" * 20, 50, pause_ms)) == "5" * 20


@pytest.mark.parametrize("gap_ms", [1, 5, 10])
def test_q24_6_an_interruption_of_10_ms_is_bridged(gap_ms):
    for key in KEYS:
        signal = dialled(key, 80)
        signal[800 + 240 : 800 + 240 + gap_ms * 8] = 0
        assert keys(signal) == key


@pytest.mark.parametrize("seed", range(5))
def test_q24_6_an_interruption_of_10_ms_is_bridged_wherever_it_is(seed):
    rng = np.random.default_rng(seed)
    for key in KEYS:
        signal = dialled(key, 80)
        at = 800 + int(rng.integers(560))
        signal[at : at + 80] = 0
        assert keys(signal) == key, at


@pytest.mark.parametrize(("on_ms", "pause_ms"), [(50, 43), (40, 53), (63, 30), (70, 50)])
def test_q24_7_a_digit_every_93_ms_is_followed(on_ms, pause_ms):
    assert keys(dialled(KEYS * 3, on_ms, pause_ms)) == KEYS * 3


@pytest.mark.parametrize("seed", range(5))
def test_mt8870_8_noise_12_db_below_a_tone_is_survived(seed):
    signal = dialled()
    assert keys(signal + noise(len(signal), -22, seed, 300, 3400)) == KEYS


@pytest.mark.parametrize("seed", range(5))
def test_line_1_white_noise_at_15_db_gives_every_digit_and_no_more(seed):
    signal = np.concatenate([dialled(ms=50, pause_ms=100), np.zeros(16000)])
    assert keys(signal + noise(len(signal), -7 - 15, seed)) == KEYS  # both tones together are -7 dBm0


@pytest.mark.parametrize("dial_hz", [(350, 440), (425,), (400, 450), (400, 425), (350, 450)])
def test_mt8870_9_dial_tone_22_db_above_the_digit_is_survived(dial_hz):
    signal = dialled(low_dbm0=-29, high_dbm0=-29)
    assert keys(signal + sum(sine(hz, len(signal), -7) for hz in dial_hz)) == KEYS


def test_mt8870_10_a_third_tone_16_db_below_is_survived_wherever_it_lies():
    signal = dialled()
    for hz in range(300, 3400, 75):
        assert keys(signal + sine(hz, len(signal), -26)) == KEYS, hz


@pytest.mark.parametrize("hz", [50, 60])
def test_line_2_hum_17_db_above_the_digit_is_survived(hz):
    signal = dialled(low_dbm0=-20, high_dbm0=-20)
    assert keys(signal + sine(hz, len(signal), -3)) == KEYS


@pytest.mark.parametrize("offset", [-8000, -300, 300, 8000])
def test_line_3_a_dc_offset_is_survived(offset):
    assert keys(dialled(low_dbm0=-25, high_dbm0=-25) + offset) == KEYS


@pytest.mark.parametrize("dbm0", [0, 1, 3, 6, 12, 30])
def test_line_4_clipping_by_any_amount_is_survived(dbm0):
    """Both tones at 0 dBm0 reach 3 dB beyond clip; at 30 dBm0 squares are left."""
    assert keys(dialled(low_dbm0=dbm0, high_dbm0=dbm0)) == KEYS


@pytest.mark.parametrize("dbm0", [-3, -10, -25, -29])
@pytest.mark.parametrize(
    ("encode", "decode"), [(g711.alaw_encode, g711.alaw_decode), (g711.ulaw_encode, g711.ulaw_decode)]
)
def test_line_5_both_laws_of_g711_are_survived(encode, decode, dbm0):
    sent = s16(dialled(ms=40, low_dbm0=dbm0, high_dbm0=dbm0)).tobytes()
    assert keys(np.frombuffer(decode(encode(sent)), np.int16)) == KEYS


@pytest.mark.parametrize("delay_ms", [5, 20])
@pytest.mark.parametrize("ms", [40, 50, 100])
def test_line_6_an_echo_10_db_below_is_survived(ms, delay_ms):
    signal = dialled(ms=ms, pause_ms=60)
    echo = np.concatenate([np.zeros(delay_ms * 8), signal])[: len(signal)] * 10 ** (-10 / 20)
    assert keys(signal + echo) == KEYS


@pytest.mark.parametrize("at", range(20, 460, 40))
@pytest.mark.parametrize("slip", ["lost", "doubled"])
def test_line_7_a_slip_of_one_sample_is_survived(slip, at):
    for key in KEYS:
        signal = dialled(key, 60)
        place = 800 + at
        slipped = np.delete(signal, place) if slip == "lost" else np.insert(signal, place, signal[place])
        assert keys(slipped) == key


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("sox"), reason="needs sox: apt-get install sox")
@pytest.mark.parametrize("dbm0", [-10, -20])
def test_line_8_gsm_full_rate_is_survived_by_digits_of_100_ms(dbm0):
    sent = s16(dialled(ms=100, pause_ms=100, low_dbm0=dbm0, high_dbm0=dbm0))
    assert keys(through_gsm(sent)) == KEYS


def test_times_are_within_5_ms_and_an_end_is_known_35_ms_later():
    rng = np.random.default_rng(2)
    for key in KEYS * 4:
        tone = press(key, rng.uniform(40, 120), high_dbm0=-10 + rng.uniform(-4, 4))
        start = int(rng.integers(300, 900))
        end = start + len(tone)
        signal = s16(np.concatenate([np.zeros(start), tone, np.zeros(end + 280 - len(tone) - start)]))
        digits = found(signal)
        assert [digit.digit for digit in digits] == [key]
        assert abs(digits[0].start_sample - start) <= 40
        assert abs(digits[0].end_sample - end) <= 40


def test_times_hold_in_noise():
    signal = dialled(ms=60, pause_ms=60)
    digits = found(signal + noise(len(signal), -22, 9, 300, 3400))
    expected = [800 + n * 960 for n in range(16)]
    assert max(abs(digit.start_sample - at) for digit, at in zip(digits, expected, strict=True)) <= 40
    assert max(abs(digit.end_sample - at - 480) for digit, at in zip(digits, expected, strict=True)) <= 40


def test_two_digits_without_a_pause_are_two_digits():
    signal = np.concatenate([np.zeros(400), press("1", 60), press("2", 60), press("8", 60), np.zeros(800)])
    assert keys(signal) == "128"


@pytest.mark.parametrize("bytes_at_once", [1, 2, 3, 79, 80, 320, 4001])
def test_any_split_gives_the_same_digits(bytes_at_once):
    signal = dialled(pause_ms=40)
    data = s16(signal + noise(len(signal), -25, 4)).tobytes()
    receiver = dtmf.Receiver()
    pieces = (data[at : at + bytes_at_once] for at in range(0, len(data), bytes_at_once))
    assert [digit for piece in pieces for digit in receiver.feed(piece)] == dtmf.Receiver().feed(data)


def test_a_digit_that_sounds_to_the_end_comes_with_flush():
    receiver = dtmf.Receiver()
    assert receiver.feed(s16(press("7", 60)).tobytes()) == []
    (digit,) = receiver.flush()
    assert (digit.digit, abs(digit.end_sample - 480) <= 8) == ("7", True)


@pytest.mark.parametrize("level", [1, 100, 5000, 32767])
def test_noise_squares_and_silence_are_no_digits(level):
    rng = np.random.default_rng(8)
    count = 5 * RATE
    squares = [
        np.sign(np.sin(2 * np.pi * hz * np.arange(count) / RATE)) * level for hz in (50, 697, 1209, 941.5)
    ]
    for signal in (rng.uniform(-level, level, count), *squares, np.full(count, level), np.zeros(count)):
        assert keys(signal) == ""


def test_one_tone_and_call_progress_tones_are_no_digits():
    for hz in [(hz,) for hz in (*LOW, *HIGH)] + [
        (350, 440),
        (480, 620),
        (440, 480),
        (950,),
        (1400,),
        (2100,),
    ]:
        assert keys(np.concatenate([sum(sine(f, 2400, -10) for f in hz), np.zeros(800)])) == "", hz


def test_a_digit_after_long_silence_and_any_start_is_heard_at_its_sample():
    receiver = dtmf.Receiver()
    silence = bytes(2 * 600 * RATE)  # ten minutes: the filter must not drown in denormal numbers
    receiver.feed(silence)
    (digit,) = receiver.feed(s16(dialled("4")).tobytes())
    assert abs(digit.start_sample - 600 * RATE - 800) <= 40


def test_our_own_generator_is_heard():
    assert "".join(d.digit for d in dtmf.listen([dtmf.generate(KEYS, 50, 50, -8.0, 2.0)])) == KEYS


def test_our_generator_makes_the_stated_tones():
    tone = np.frombuffer(dtmf.generate("6", 200, 0, -9.0, 3.0), np.int16)
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), RATE)) / np.hanning(len(tone)).sum() * 2
    level = 20 * np.log10(spectrum[[770, 1477]] / AMPLITUDE_0DBM0)
    assert level == pytest.approx([-12, -9], abs=0.05)


def test_what_is_no_key_is_refused():
    with pytest.raises(ValueError, match="'E' is no key of a telephone"):
        dtmf.generate("12E")


def test_the_table_is_what_its_program_prints():
    folder = Path(make_dtmf_table.__file__).parent
    assert (folder / "dtmf_table.h").read_text() == make_dtmf_table.table()


@pytest.mark.slow
def test_the_program_prints_a_digit_while_its_input_is_still_open():
    signal = s16(dialled("42#"))
    command = [sys.executable, "-m", "dsp.dtmf"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False) as program:
        try:
            assert program.stdin is not None
            os.write(program.stdin.fileno(), signal.tobytes())
            lines = [program.stdout.readline().decode().split() for _ in "42#"]
        finally:
            program.stdin.close()
            program.wait(10)
    assert [line[0] for line in lines] == ["4", "2", "#"]
    assert abs(int(lines[1][1]) - 1600) <= 40


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argument", "status", "said"), [("--help", 0, "start_sample"), ("x.wav", 2, "takes none")]
)
def test_the_program_explains_itself_and_refuses_what_it_does_not_know(argument, status, said):
    ran = subprocess.run(
        [sys.executable, "-m", "dsp.dtmf", argument], capture_output=True, text=True, check=False
    )
    assert ran.returncode == status
    assert said in ran.stdout + ran.stderr


def recordings(folder):
    for path in sorted(folder.rglob("*.wav")):
        with wave.open(os.fspath(path)) as file:
            assert file.getframerate() == RATE
            yield path.name, file.readframes(file.getnframes())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "package"),
    [(SOUNDS, "asterisk-core-sounds-en-wav"), (MUSIC, "asterisk-moh-opsound-wav")],
    ids=["speech", "music"],
)
def test_q24_11_talk_off_nothing_in_packaged_speech_and_music_is_a_digit(folder, package, record_property):
    if not folder.is_dir():
        pytest.skip(f"needs packaged sound: apt-get install {package}")
    samples, false = 0, []
    for name, data in recordings(folder):
        receiver = dtmf.Receiver()
        false += [(name, digit) for digit in receiver.feed(data) + receiver.flush()]
        samples += len(data) // 2
    record_property("hours", round(samples / RATE / 3600, 2))
    assert samples > 0.25 * 3600 * RATE
    assert false == []
