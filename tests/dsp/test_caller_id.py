"""Caller ID receivers and sender by GR-30, EN 300 659-1 and the MT88E45 data sheet, numbered.

The data sheet prints what TIA/EIA-716 and 777, ETS 300 778 and SIN 227/242 ask of a receiver. All FSK signals
are made in numpy, not by our sender. Our own marks are 100 % of messages at 12 dB (Bell 202) and 14 dB (V.23)
above white noise in 0-4 kHz, and down to -40 dBm0.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from dsp import g711
from dsp._native.caller_id_rx import AlertRx, CallerIdRx
from dsp.caller_id import Alert, Message, Receiver, Standard
from dsp.caller_id_message import When
from tests.dsp.caller_id_signals import (
    BELL202,
    CARRIER_DBM0,
    ETSI,
    alert,
    bits_of,
    framed,
    in_noise,
    modulated,
    random_call,
    sent,
    with_parameters,
)
from tests.dsp.signals import RATE, s16, silence, sine

TONES = {Standard.BELL202: BELL202, Standard.ETSI: ETSI}
NOISE_DB = {Standard.BELL202: 12, Standard.ETSI: 14}
MESSAGE = with_parameters((1, b"09301224"), (2, b"5551234567"), (7, b"JANE DOE"))
both = pytest.mark.parametrize("standard", TONES)


def findings(signal, standard=Standard.BELL202):
    receiver = Receiver(standard)
    return receiver.feed(s16(signal).tobytes()) + receiver.flush()


def messages(signal, standard=Standard.BELL202):
    return [found for found in findings(signal, standard) if isinstance(found, Message)]


def alerts(signal):
    return [found for found in findings(signal) if isinstance(found, Alert)]


def received(standard, count=12, seed=1, line=lambda signal, seed: signal, **how):
    """How many of `count` random messages come through `line` right, and alone."""
    rng = np.random.default_rng(seed)
    right = 0
    for n in range(count):
        data = random_call(rng)
        found = messages(line(sent(data, TONES[standard], pause=700 + n, **how), n), standard)
        right += [(message.data, message.checksum_ok) for message in found] == [(data, True)]
    return right


def noisy(standard, dbm0=CARRIER_DBM0):
    return lambda signal, seed: in_noise(signal, NOISE_DB[standard], seed, dbm0)


# ---- the signal ----


@both
def test_gr30_1_a_call_is_read_with_its_place(standard):
    (message,) = messages(sent(MESSAGE, TONES[standard]), standard)
    start = 800 + 480 * 20 / 3
    assert message.caller.number == "5551234567"
    assert message.caller.name == "JANE DOE"
    assert message.caller.when == When(9, 30, 12, 24)
    assert (message.is_whole, message.checksum_ok, message.caller.problems) == (True, True, ())
    assert abs(message.start_sample - start) <= 4
    assert abs(message.end_sample - start - len(MESSAGE) * 200 / 3) <= 4


def test_gr30_2_a_single_data_message_is_read():
    (message,) = messages(sent(framed(0x04, b"093012246095551212")))
    assert message.data[-1] == 0x51  # the widely printed example
    assert (message.caller.number, message.caller.when) == ("6095551212", When(9, 30, 12, 24))


@both
@pytest.mark.parametrize(("seizure", "mark"), [(0, 80), (0, 40), (0, 25), (40, 180), (300, 30), (7, 120)])
@pytest.mark.parametrize("twist_db", [-10, 0, 10])
def test_gr30_3_seizure_and_mark_may_be_short_or_missing(standard, seizure, mark, twist_db):
    how = {"seizure": seizure, "mark": mark, "twist_db": twist_db}
    assert received(standard, 3, line=noisy(standard), **how) == 3


@both
@pytest.mark.parametrize("stuffed", [1, 2, 5, 10])
def test_gr30_4_up_to_ten_bits_of_mark_between_bytes_are_taken(standard, stuffed):
    assert received(standard, 4, stuffed=stuffed, line=noisy(standard)) == 4


def test_gr30_5_a_wrong_checksum_is_told_and_the_message_kept():
    damaged = MESSAGE[:20] + b"9" + MESSAGE[21:]
    (message,) = messages(sent(damaged))
    assert (message.data, message.is_whole, message.checksum_ok) == (damaged, True, False)
    assert message.caller.name == "JANE DOE"
    assert message.caller.problems == ("message: its checksum is wrong, any of it may be",)


@both
@pytest.mark.parametrize("at", [40, 43, 47, 50, 58, 99, 150, 155, 240, 286])
@pytest.mark.parametrize("twist_db", [-10, 0, 10])
def test_gr30_6_a_carrier_that_goes_is_a_clean_end(standard, at, twist_db):
    """After that many bits of the message only noise is left; the cut may be within a byte."""
    carrier = modulated(bits_of(MESSAGE)[: 480 + at], TONES[standard], twist_db=twist_db)
    signal = np.concatenate([carrier, silence(1600)])
    (message,) = messages(in_noise(signal, 25, at), standard)
    assert (message.is_whole, message.checksum_ok) == (False, False)
    assert message.data == MESSAGE[: len(message.data)]
    assert 0 <= (at + 1) // 10 - len(message.data) <= 1  # nine bits hold all of a byte
    assert any("bytes were not heard" in why for why in message.caller.problems)


def test_gr30_7_messages_follow_one_another_and_damage_does_not_spread():
    long_by_mistake = bytes([0x80, 200]) + MESSAGE[2:]
    short_by_mistake = bytes([0x80, 9]) + MESSAGE[2:]
    parts = [sent(data, pause=80) for data in (MESSAGE, long_by_mistake, MESSAGE, short_by_mistake, MESSAGE)]
    found = messages(np.concatenate(parts))
    assert [message.checksum_ok for message in found] == [True, False, True, False, True]
    assert [message.data for message in found if message.checksum_ok] == [MESSAGE] * 3


# ---- the line ----


@both
@pytest.mark.parametrize("seed", range(3))
def test_mt88e45_1_noise_12_db_below_bell_202_and_14_db_below_v23_costs_nothing(standard, seed):
    assert received(standard, 15, seed, noisy(standard)) == 15


@both
@pytest.mark.parametrize("dbm0", [0, -3, -30, -36, -38, -40])
def test_mt88e45_2_levels_down_to_40_below_are_received(standard, dbm0):
    assert received(standard, 5, dbm0=dbm0) == 5
    assert received(standard, 5, line=noisy(standard, dbm0), dbm0=dbm0) == 5


@both
def test_mt88e45_2_levels_below_50_are_not(standard):
    assert messages(sent(MESSAGE, TONES[standard], -51), standard) == []


@both
@pytest.mark.parametrize("twist_db", [-10, -6, 6, 10])
def test_mt88e45_3_mark_and_space_may_be_10_db_apart(standard, twist_db):
    assert received(standard, 6, twist_db=twist_db, line=lambda s, seed: in_noise(s, 20, seed)) == 6


@both
@pytest.mark.parametrize("off", [-0.015, -0.01, 0.01, 0.015])
def test_mt88e45_4_frequency_and_clock_may_be_off(standard, off):
    assert received(standard, 5, off=off, baud=1200 * (1 + off), line=noisy(standard)) == 5
    assert received(standard, 5, off=off, baud=1200 * (1 - off), line=noisy(standard)) == 5


HUM = [(50, 18), (60, 18), (60, 30), (100, 12), (120, 12), (180, 6), (200, 6)]
TONE = [(300, -25), (1000, -25), (1750, -25), (3000, -25), (3200, -6), (3600, -6)]


@both
@pytest.mark.parametrize(("hz", "db"), HUM + TONE)
def test_mt88e45_5_hum_above_the_signal_and_tones_below_it_are_survived(standard, hz, db):
    line = lambda signal, seed: signal + sine(hz, len(signal), -30 + db, seed)  # noqa: E731
    assert received(standard, 3, line=line, dbm0=-30) == 3


@both
@pytest.mark.parametrize("offset", [-8000, 300, 8000])
def test_line_1_a_dc_offset_is_survived(standard, offset):
    assert received(standard, 3, line=lambda signal, _: signal + offset, dbm0=-40) == 3


@both
@pytest.mark.parametrize("hz", [20, 25, 50])
@pytest.mark.parametrize("mark", [180, 30])
def test_line_2_a_clipped_ring_right_before_the_carrier_is_survived(standard, hz, mark):
    def line(signal, seed):
        ring = np.clip(sine(hz, 4000, 25, seed), -32767, 32767)
        return np.concatenate([ring, signal[700:]])

    assert received(standard, 3, line=line, dbm0=-30, seizure=0 if mark < 180 else 300, mark=mark) == 3


@both
@pytest.mark.parametrize("dbm0", [0, CARRIER_DBM0, -40])
@pytest.mark.parametrize(
    ("encode", "decode"), [(g711.alaw_encode, g711.alaw_decode), (g711.ulaw_encode, g711.ulaw_decode)]
)
def test_line_3_both_laws_of_g711_are_survived(standard, dbm0, encode, decode):
    line = lambda signal, _: np.frombuffer(decode(encode(s16(signal).tobytes())), np.int16)  # noqa: E731
    assert received(standard, 4, line=line, dbm0=dbm0) == 4


@both
@pytest.mark.parametrize(("delay", "db"), [(4, -6), (8, -10), (16, -10), (40, -10), (160, -10)])
def test_line_4_an_echo_is_survived(standard, delay, db):
    def line(signal, seed):
        echo = np.concatenate([silence(delay), signal])[: len(signal)] * 10 ** (db / 20)
        return in_noise(signal + echo, 20, seed)

    assert received(standard, 5, line=line) == 5


@both
@pytest.mark.parametrize("slope_db", [-6, 6, 10])  # per kHz: long loops lose the high tone
@pytest.mark.parametrize("delay_ms", [-0.5, 0, 0.5])  # a kHz apart; a bit lasts 0.83 ms
def test_line_5_attenuation_and_delay_of_a_long_loop_are_survived(standard, slope_db, delay_ms):
    def line(signal, seed):
        hz = np.fft.rfftfreq(len(signal), 1 / RATE)
        turned = -2 * np.pi * np.cumsum(delay_ms / 1e6 * (hz - 1200)) * hz[1]
        loop = 10 ** (-slope_db * (hz - 1200) / 20000) * np.exp(1j * turned)
        return in_noise(np.fft.irfft(np.fft.rfft(signal) * loop, len(signal)), 20, seed)

    assert received(standard, 4, line=line) == 4


# ---- any input ----


@both
@pytest.mark.parametrize("bytes_at_once", [1, 2, 3, 159, 320, 4001])
def test_any_split_gives_the_same_findings(standard, bytes_at_once):
    gone = modulated(bits_of(MESSAGE, 0, 60)[:200], TONES[standard])
    signal = np.concatenate([alert(), sent(MESSAGE, TONES[standard]), gone, silence(800)])
    data = s16(in_noise(signal, 15, 3)).tobytes()
    receiver = Receiver(standard)
    pieces = (data[at : at + bytes_at_once] for at in range(0, len(data), bytes_at_once))
    found = [finding for piece in pieces for finding in receiver.feed(piece)]
    assert found == Receiver(standard).feed(data)
    assert [type(finding) for finding in found] == [Alert, Message, Message]


@pytest.mark.parametrize("standard", Standard)
@pytest.mark.parametrize("level", [1, 100, 5000, 32767])
def test_noise_squares_tones_and_rails_are_no_findings(standard, level):
    rng = np.random.default_rng(8)
    count = 2 * RATE
    times = np.arange(count) / RATE
    squares = [np.sign(np.sin(2 * np.pi * hz * times)) * level for hz in (20, 50, 600, 1200, 1250, 2130)]
    rails = [np.full(count, level), np.full(count, -level), rng.choice([-level, level], count)]
    for signal in (rng.uniform(-level, level, count), *squares, *rails, rng.normal(0, level, count)):
        assert findings(signal, standard) == []


def test_a_message_after_ten_minutes_of_silence_is_at_its_sample():
    receiver = Receiver(Standard.BELL202)
    receiver.feed(bytes(2 * 600 * RATE))
    (message,) = receiver.feed(s16(sent(MESSAGE)).tobytes())
    assert abs(message.start_sample - 600 * RATE - 4000) <= 4


def test_a_channel_takes_12_kilobytes():
    assert CallerIdRx.STATE_BYTES <= 7000
    assert AlertRx.STATE_BYTES <= 5000


# ---- the program ----


def run(*arguments, samples=b""):
    command = [sys.executable, "-m", "dsp.caller_id", *arguments]
    return subprocess.run(command, input=samples, capture_output=True, timeout=30, check=False)


@pytest.mark.slow
def test_the_program_prints_a_line_while_its_input_is_still_open():
    command = [sys.executable, "-m", "dsp.caller_id", "--standard", "etsi"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        try:
            os.write(program.stdin.fileno(), s16(sent(MESSAGE, ETSI)).tobytes())
            line = program.stdout.readline().decode()
        finally:
            program.stdin.close()
            program.wait(10)
    assert line.split()[3:] == ["ok", 'number="5551234567"', 'name="JANE', 'DOE"', 'when="09-30T12:24"']


@pytest.mark.slow
def test_the_program_sends_what_it_reads():
    samples = run("--send", "--reason", "private", "--time", "12312359", "--off-hook").stdout
    announced, message = (json.loads(line) for line in run("--json", samples=samples).stdout.splitlines())
    assert announced["kind"] == "alert"
    assert (message["caller"]["reason"], message["caller"]["when"]["day"]) == ("private", 31)


@pytest.mark.slow
def test_the_program_says_what_is_wrong():
    wrong_time = run("--send", "--time", "13011200")
    assert wrong_time.returncode == 2
    assert b"Use MMDDHHMM" in wrong_time.stderr
    wrong_number = run("--send", "--standard", "dtmf", "--number", "+49 30")
    assert (wrong_number.returncode, wrong_number.stdout) == (2, b"")
    assert b"digits only" in wrong_number.stderr
