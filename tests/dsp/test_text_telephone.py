"""The text telephone by the clauses of ITU-T V.18 Annex A and TIA-825-A, any input, and the program.

All signals received are made in tests/dsp/text_telephone_signals.py, not by our sender.
"""

import json
import shutil
import subprocess
import sys
import wave

import numpy as np
import pytest

from dsp._native.baudot_line import BaudotRx, BaudotTx
from dsp.text_telephone import Receiver, Sender, TextTelephone, fold
from tests.dsp.signals import RATE, level_dbm0, noise, s16, sine
from tests.dsp.text_telephone_signals import burst, elements, tables, typed

TEXT = "HELLO, 1234567890 THIS IS A TEST (DO YOU READ?) 73/88 GA"
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


@pytest.mark.slow
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
