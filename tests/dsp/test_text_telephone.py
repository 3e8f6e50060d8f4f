"""The text telephone by the clauses of ITU-T V.18 Annex A and TIA-825-A, and by what lines do.

All signals received are made in tests/dsp/text_telephone_signals.py, not by our sender.
"""

import json
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from dsp import g711
from dsp._native.baudot_line import BaudotRx, BaudotTx
from dsp.text_telephone import Receiver, Sender, TextTelephone, fold
from tests.dsp.signals import RATE, level_dbm0, noise, s16, silence, sine, through_gsm
from tests.dsp.text_telephone_signals import burst, elements, right, tables, typed

TEXT = "HELLO, 1234567890 THIS IS A TEST (DO YOU READ?) 73/88 GA"
SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
LAWS = {
    "alaw": lambda samples: g711.alaw_decode(g711.alaw_encode(samples)),
    "ulaw": lambda samples: g711.ulaw_decode(g711.ulaw_encode(samples)),
}
SPEEDS = [1000 / 22, 50]
PROGRAM = [sys.executable, "-m", "dsp.text_telephone"]


def received(signal, baud=None):
    return "".join(found.character for found in Receiver(baud).feed(s16(signal).tobytes()))


def sent(text, **how):
    """All that the sender makes of this text."""
    sender = Sender(**how)
    sender.send(text)
    made = b""
    while sender.busy:
        made += sender.samples(160)
    return np.frombuffer(made, np.int16)


def carrier_samples(samples):
    """First and last sample that is not silence."""
    loud = np.flatnonzero(samples)
    return int(loud[0]), int(loud[-1])


def codes_on_line(samples, bit_samples=176):
    """The codes of a sending, read by the sign of the frequency at the middle of each bit; our own timing."""
    turn = np.exp(-2j * np.pi * 1600 / RATE * np.arange(len(samples)))
    base = np.convolve(samples * turn, np.ones(20), "same")
    space = np.angle(base[8:] * np.conj(base[:-8])) > 0
    space = np.convolve(space, np.ones(41) / 41, "same") > 0.5  # not what the carrier's beginning looks like
    codes, at = [], 0
    while len(begins := np.flatnonzero(space[at:])):
        start = at + int(begins[0])
        bits = [not space[start + round((i + 0.5) * bit_samples)] for i in range(7)]
        assert not bits[0]
        assert bits[6]
        codes.append("".join("01"[bit] for bit in bits[1:6]))
        at = start + 7 * bit_samples
    return codes


# ---- V.18 A.2: modulation ----


@pytest.mark.parametrize("baud", SPEEDS)
@pytest.mark.parametrize("stop_bits", [1.5, 2, 4.3])
def test_a2_both_speeds_are_found_and_stop_bits_from_one_and_a_half_on_are_received(baud, stop_bits):
    signal = typed(TEXT, baud=baud, stop_bits=stop_bits)
    assert received(signal) == TEXT
    assert received(signal, int(baud)) == TEXT


@pytest.mark.parametrize("baud", SPEEDS)
def test_a2_the_speed_is_told(baud):
    receiver = Receiver()
    assert receiver.baud is None
    receiver.feed(s16(typed(TEXT, baud=baud)).tobytes())
    assert receiver.baud == int(baud)


@pytest.mark.parametrize("off", [-0.05, -0.015, 0.015, 0.05])
def test_a2_tones_five_percent_off_are_received(off):
    assert received(typed(TEXT, hz=(1400 * (1 + off), 1800 * (1 + off)))) == TEXT


@pytest.mark.parametrize("baud", SPEEDS)
@pytest.mark.parametrize("off", [-0.02, -0.01, 0.01, 0.02])
def test_a2_a_clock_one_percent_off_and_twice_that_is_received(baud, off):
    assert received(typed(TEXT, baud=baud * (1 + off))) == TEXT


def test_a2_sent_are_1400_and_1800_hz_with_continuous_phase():
    samples = sent("RYRYRYRY").astype(float)
    first, last = carrier_samples(samples)
    spectrum = np.abs(np.fft.rfft(samples[first + 160 : first + 1120], RATE))
    assert np.argmax(spectrum) == 1400
    steps = np.abs(np.diff(samples[first : last + 1]))
    peak = np.abs(samples).max()
    assert steps.max() <= peak * 2 * np.sin(np.pi * 1800 / RATE) * 1.001  # no sine of 1800 Hz steps further


@pytest.mark.parametrize(("baud", "bit_samples"), [(45, 176), (50, 160)])
def test_a2_sent_bits_are_22_and_20_ms_and_stop_bits_two(baud, bit_samples):
    assert codes_on_line(sent("RYRY2", baud=baud), bit_samples) == elements("RYRY2")
    one, two = (len(sent("R" * n, baud=baud)) for n in (10, 20))
    assert abs((two - one) - 10 * 8 * bit_samples) <= 160


@pytest.mark.parametrize("level", [-10, -13, -30])
def test_a2_the_level_sent_is_the_one_asked_for(level):
    samples = sent("GA", level_dbm0=level)
    first, last = carrier_samples(samples)
    assert level_dbm0(samples[first : last + 1]) == pytest.approx(level, abs=0.1)


# ---- V.18 A.1: mode of operation ----


def test_a1_carrier_is_on_150_ms_before_the_first_character_and_300_ms_after_the_last():
    samples = sent("E")  # and its shift
    first, last = carrier_samples(samples)
    assert last - first + 1 == pytest.approx(1200 + 2 * 8 * 176 + 2400, abs=2)
    turn = np.exp(-2j * np.pi * 1600 / RATE * np.arange(len(samples)))
    base = np.convolve(samples * turn, np.ones(20), "same")
    space = np.flatnonzero(np.angle(base[8:] * np.conj(base[:-8])) > 0)
    assert space[0] - first == pytest.approx(1200, abs=12)


def test_a1_text_that_comes_while_the_carrier_is_on_goes_on_without_a_pause():
    sender = Sender()
    sender.send("A")
    made = sender.samples(1200 + 2 * 8 * 176 + 1000)
    sender.send("B")
    made += sender.samples(RATE)
    samples = np.frombuffer(made, np.int16)
    assert np.diff(np.flatnonzero(samples)).max() <= 2  # no silence between first and last
    assert received(samples) == "AB"


def test_a1_our_own_sending_and_its_echo_are_not_received():
    telephone = TextTelephone(receiver=Receiver(45), sender=Sender())
    telephone.sender.send(TEXT)
    echo, heard = [bytes(320)] * 10, []  # 200 ms, 10 dB below what we send
    while telephone.sender.busy:
        made, characters = telephone.exchange(echo.pop(0))
        echo.append((np.frombuffer(made, np.int16) * 0.32).astype(np.int16).tobytes())
        heard += characters
    for piece in echo:
        heard += telephone.exchange(piece)[1]
    assert heard == []
    answer = s16(typed("OK GA")).tobytes()
    for at in range(0, len(answer), 320):
        heard += telephone.exchange(answer[at : at + 320])[1]
    assert "".join(found.character for found in heard) == "OK GA"


def test_a1_what_was_half_heard_when_we_begin_to_send_is_forgotten():
    receiver = Receiver()
    signal = s16(burst(elements("HELLO"))).tobytes()
    receiver.feed(signal[: 2 * 8000])
    receiver.mute(400)
    assert "".join(found.character for found in receiver.feed(bytes(800) + signal)) == "HELLO"


# ---- V.18 A.4: characters and shift ----


def test_a4_every_character_of_table_a1_is_received():
    letters, figures = tables()
    assert received(typed("".join(letters))) == "".join(letters)
    assert received(typed("".join(figures))) == "".join(figures)


def test_a4_every_character_of_table_a1_is_sent():
    letters, figures = tables()
    text = "".join({**letters, **figures}).replace("\n", "")
    assert codes_on_line(sent(text)) == elements(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("hello", "HELLO"),
        ("Grüße, Ångström, Œuvre, Łódź", "GRUSSE, ANGSTROM, OEUVRE, LODZ"),
        ("#5 & 100% [a] {b} <c> a_b~c* ^`@|\\", "$5 + 100/ (A) (B) (C) A B C. ''X!/"),
        ("a\nb\r\nc\td", "A\r\nB\r\nC D"),
        ("“no” – ‘yes’ …", "\"NO\" - 'YES' ..."),
        ("日本 ☎ \x00\x07\x1b\x7f", "?? ? "),
        ("", ""),
    ],
)
def test_a4_what_is_not_in_the_code_is_folded_by_table_a2(text, folded):
    assert fold(text) == folded


def test_a4_a_shift_is_sent_first_on_change_and_after_72_characters():
    shifts = [i for i, code in enumerate(codes_on_line(sent("A" * 150))) if code == "11111"]
    assert shifts == [0, 73, 146]
    assert codes_on_line(sent("A1 2B")) == elements("A1 2B")
    assert codes_on_line(sent("1" * 73)).count("11011") == 2


def test_a4_the_shift_is_sent_again_when_the_carrier_comes_back():
    sender = Sender()
    made = b""
    for _ in range(2):
        sender.send("7")
        made += sender.samples(2 * RATE)
    assert codes_on_line(np.frombuffer(made, np.int16)) == elements("7") * 2


def test_a4_a_space_does_not_unshift():
    assert received(typed("12 34 56")) == "12 34 56"


def test_a4_a_lost_shift_is_made_good_by_the_next():
    codes = [code for code in elements("1" * 5) if code != "11011"]
    assert received(burst(["11111", *codes, "11011", *codes])) == "QQQQQ11111"


# ---- what lines do ----


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


# ---- any input ----


@pytest.mark.parametrize("piece", [1, 7, 159, 160, 1601])
def test_any_split_gives_the_same_characters(piece):
    signal = typed("GA 12", dbm0=-20)
    samples = s16(signal + noise(len(signal), -26, seed=2)).tobytes()
    whole = Receiver().feed(samples)
    receiver = Receiver()
    split = [
        found for at in range(0, len(samples), piece) for found in receiver.feed(samples[at : at + piece])
    ]
    assert split == whole
    assert len(whole) == 5


def test_any_split_gives_the_same_samples():
    sender = Sender()
    sender.send("GA 12")
    made = b"".join(sender.samples(count % 37) for count in range(900))
    assert made.startswith(sent("GA 12").tobytes()[: len(made)])


@pytest.mark.parametrize(
    "samples",
    [
        np.random.default_rng(1).integers(-32768, 32768, 40000).astype(np.int16),
        np.where(np.arange(40000) // 88 % 2, 32767, -32768).astype(np.int16),
        np.where(np.arange(40000) % 5 < 2, 32767, -32768).astype(np.int16),
        np.full(40000, -32768, np.int16),
        np.full(40000, 32767, np.int16),
        np.zeros(40000, np.int16),
        s16(sine(1800, 40000, 3)),
    ],
    ids=["random", "square 45 Hz", "square 1600 Hz", "lowest", "highest", "silence", "space"],
)
def test_any_samples_are_survived_and_text_after_them_is_received(samples):
    receiver = Receiver()
    receiver.feed(samples.tobytes())
    assert not receiver.caller
    after = receiver.feed(bytes(3200) + s16(typed(TEXT)).tobytes())
    assert "".join(found.character for found in after) == TEXT


def test_odd_bytes_wait_for_their_other_half():
    samples = s16(typed("GA")).tobytes()
    receiver = Receiver()
    found = [f for at in range(0, len(samples), 333) for f in receiver.feed(samples[at : at + 333])]
    assert "".join(character.character for character in found) == "GA"


def test_more_text_than_the_queue_holds_is_sent():
    assert received(sent("TEXT 1 " * 60)) == "TEXT 1 " * 60


def test_wrong_speeds_and_levels_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"baud: 300 .* Use 45 or 50"):
        Receiver(300)
    with pytest.raises(ValueError, match=r"level_dbm0: 10 .* Use -40 to 3"):
        Sender(45, 10)


def test_memory_of_a_channel():
    assert BaudotRx.state_bytes <= 2400
    assert BaudotTx.state_bytes <= 400


# ---- the program, and other people's ----


def run(*options, heard=b""):
    return subprocess.run([*PROGRAM, *options], input=heard, capture_output=True, check=True).stdout


@pytest.mark.slow
def test_the_program_prints_characters_and_sends_text():
    samples = run("--send", "hello 12", "--baud", "50")
    assert run(heard=samples) == b"HELLO 12"
    lines = [json.loads(line) for line in run("--json", heard=samples).splitlines()]
    assert "".join(line.get("character", "") for line in lines) == "HELLO 12"
    assert {line["baud"] for line in lines if "character" in line} == {50}
    assert any(line.get("caller") for line in lines)


MINIMODEM = ["-q", "-R", "8000", "-M", "1400", "-S", "1800"]
needs_minimodem = pytest.mark.skipif(
    not shutil.which("minimodem"), reason="needs minimodem: apt-get install minimodem"
)


@needs_minimodem
@pytest.mark.slow
@pytest.mark.parametrize("mode", [["tdd"], ["--stopbits", "2", "-5", "50"]])
def test_what_minimodem_sends_is_received(mode, tmp_path):
    path = tmp_path / "sent.wav"
    text = "HELLO FROM ANOTHER SENDER"  # its figures are the teleprinters', and a space unshifts
    subprocess.run(
        ["minimodem", "--tx", *MINIMODEM, "-f", path, *mode], input=text.encode(), check=True, timeout=20
    )
    with wave.open(str(path)) as file:
        samples = file.readframes(file.getnframes())
    receiver = Receiver()
    found = receiver.feed(samples) + receiver.flush()
    assert "".join(character.character for character in found) == text


@needs_minimodem
@pytest.mark.slow
@pytest.mark.parametrize(("baud", "mode"), [(45, ["tdd"]), (50, ["--stopbits", "2", "-5", "50"])])
def test_what_we_send_minimodem_receives(baud, mode, tmp_path):
    path = tmp_path / "sent.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(sent("HELLO TO ANOTHER RECEIVER", baud=baud).tobytes() + bytes(8000))
    heard = subprocess.run(
        ["minimodem", "--rx", *MINIMODEM, "-f", path, *mode], capture_output=True, check=True, timeout=20
    )
    assert heard.stdout.decode().strip() == "HELLO TO ANOTHER RECEIVER"
