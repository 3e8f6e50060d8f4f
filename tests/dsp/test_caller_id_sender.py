"""The caller ID sender: heard by our receivers, measured, and read by others' programs."""

import os
import shutil
import subprocess
import wave

import numpy as np
import pytest

from dsp import caller_id, caller_id_sender, dtmf
from dsp.caller_id import Alert, Receiver, Standard
from dsp.caller_id_message import CallerId, When
from tests.dsp.signals import RATE

both = pytest.mark.parametrize("standard", [Standard.BELL202, Standard.ETSI])


@both
@pytest.mark.parametrize(
    "how", [{}, {"off_hook": True}, {"stuffed_bits": 10}, {"level_dbm0": -40.0}, {"single": True}]
)
def test_what_we_send_we_receive(standard, how):
    caller = CallerId("0301234567", name="" if "single" in how else "Zoë", when=When(2, 29, 23, 59))
    samples = caller_id.generate(caller, standard, **how)
    receiver = Receiver(standard)
    (message,) = receiver.feed(samples) + receiver.flush()
    assert (message.caller.number, message.caller.name, message.caller.when) == (
        caller.number,
        caller.name,
        caller.when,
    )
    assert message.checksum_ok


@pytest.mark.parametrize(("standard", "mark_hz"), [(Standard.BELL202, 1200), (Standard.ETSI, 1300)])
def test_what_we_send_has_the_stated_level_seizure_and_mark(standard, mark_hz):
    samples = np.frombuffer(caller_id.generate(CallerId("1"), standard), np.int16).astype(float)
    assert 20 * np.log10(np.sqrt(2 * np.mean(samples**2)) / 22826) == pytest.approx(-13.5, abs=0.1)
    mark = samples[2000 : 2000 + 1200]  # 300 bits, then 180
    spectrum = np.abs(np.fft.rfft(mark * np.hanning(len(mark)), RATE))
    assert spectrum.argmax() == pytest.approx(mark_hz, abs=1)
    assert np.abs(np.diff(samples)).max() < 2 * np.pi * 2200 / RATE * 22826 * 10 ** (-13.5 / 20)  # no jumps


def test_our_alert_and_its_answer_are_heard():
    signal = caller_id_sender.silence(100) + caller_id_sender.alert() + caller_id_sender.silence(100)
    assert [isinstance(found, Alert) for found in Receiver(Standard.BELL202).feed(signal)] == [True]
    (digit,) = dtmf.listen([caller_id.acknowledge(), bytes(800)])
    assert digit.digit == "D"
    assert 55 * 8 <= digit.end_sample - digit.start_sample <= 65 * 8  # GR-30


def test_too_many_stuffed_bits_are_refused():
    with pytest.raises(ValueError, match="0 to 10 are allowed"):
        caller_id_sender.fsk(b"", stuffed_bits=11)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("minimodem"), reason="needs minimodem: apt-get install minimodem")
def test_minimodem_reads_what_we_send(tmp_path):
    caller = CallerId("5551234567", name="JANE DOE", when=When(9, 30, 12, 24))
    path = tmp_path / "sent.wav"
    with wave.open(os.fspath(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(caller_id.generate(caller, Standard.BELL202))
    said = subprocess.run(
        ["minimodem", "--rx", "callerid", "-f", path], capture_output=True, text=True, check=True
    )
    assert [line.split(":", 1)[1].strip() for line in said.stdout.splitlines()[1:]] == [
        "09/30 12:24",
        "555-123-4567",
        "JANE DOE",
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which("multimon-ng"), reason="needs multimon-ng: apt-get install multimon-ng sox"
)
def test_multimon_reads_what_we_send():
    caller = CallerId("5551234567", name="JANE DOE", when=When(9, 30, 12, 24))
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1"]
    sent = subprocess.run(
        ["sox", "-D", *raw, "-r", "8000", "-", *raw, "-r", "22050", "-"],
        input=caller_id.generate(caller, Standard.ETSI),
        capture_output=True,
        check=True,
    ).stdout
    command = ["multimon-ng", "-q", "-a", "CLIPFSK", "-t", "raw", "-"]
    said = subprocess.run(command, input=sent, capture_output=True, check=True).stdout.decode()
    assert "DATE=09301224 CID=5551234567 CNT=JANE DOE" in said
