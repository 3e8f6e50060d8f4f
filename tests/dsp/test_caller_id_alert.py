"""The detector of the alert tone (CAS, DT-AS), by the MT88E45 data sheet's table of the standards."""

from pathlib import Path

import numpy as np
import pytest

from dsp._native.caller_id_rx import AlertRx
from dsp.caller_id import Alert, Receiver, Standard
from tests.dsp.caller_id_signals import alert
from tests.dsp.signals import noise, s16, silence, sine

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def alerts(signal):
    receiver = Receiver(Standard.BELL202)
    found = receiver.feed(s16(signal).tobytes()) + receiver.flush()
    return [finding for finding in found if isinstance(finding, Alert)]


@pytest.mark.parametrize("ms", [75, 80, 85, 88, 100, 110])
@pytest.mark.parametrize("dbm0", [0, -14, -32, -37])
def test_mt88e45_6_alerts_of_75_to_110_ms_are_found_with_their_place(ms, dbm0):
    (found,) = alerts(np.concatenate([silence(800), alert(ms, dbm0), silence(800)]))
    assert abs(found.start_sample - 800) <= 16
    assert abs(found.end_sample - 800 - ms * 8) <= 16


@pytest.mark.parametrize("ms", [20, 40, 60, 70, 140, 300])
def test_mt88e45_6_shorter_and_longer_ones_are_not(ms):
    assert alerts(np.concatenate([silence(800), alert(ms), silence(800)])) == []


@pytest.mark.parametrize("twist_db", [-7, 7])
@pytest.mark.parametrize("off", [(0.011, 0.011), (-0.011, 0.011), (0.011, -0.011), (-0.011, -0.011)])
@pytest.mark.parametrize("seed", range(3))
def test_mt88e45_7_alerts_may_be_off_in_twist_and_frequency_and_in_noise(twist_db, off, seed):
    signal = np.concatenate([silence(800), alert(80, -20, twist_db, off), silence(800)])
    assert len(alerts(signal + noise(len(signal), -17 - 20, seed))) == 1


@pytest.mark.parametrize(
    "hz", [(2130,), (2750,), (2060, 2750), (2130, 2830), (1950, 2600), (350, 440), (697, 1209)]
)
def test_mt88e45_8_other_tones_are_no_alerts(hz):
    assert alerts(np.concatenate([sum(sine(f, 640, -15) for f in hz), silence(800)])) == []


@pytest.mark.parametrize("dbm0", [-44, -50])
def test_mt88e45_8_levels_below_43_are_no_alerts(dbm0):
    assert alerts(np.concatenate([alert(80, dbm0), silence(800)])) == []


def speech():
    """About a quarter of an hour of packaged prompts, one after another."""
    if not SOUNDS.is_dir():
        pytest.skip("needs packaged speech: apt-get install asterisk-core-sounds-en-wav")
    files = sorted(SOUNDS.rglob("*.wav"))[::2]
    return np.concatenate([np.frombuffer(path.read_bytes()[44:], np.int16) for path in files])


@pytest.mark.slow
def test_talk_off_nothing_in_packaged_speech_is_an_alert_or_a_message():
    data = speech().tobytes()
    for standard in (Standard.BELL202, Standard.ETSI):
        receiver = Receiver(standard)
        assert receiver.feed(data) + receiver.flush() == []


@pytest.mark.slow
def test_talk_down_an_alert_is_found_under_speech_as_loud():
    """MT88E45: "signal to noise: speech". Each tone -18 dBm0, the speech about -13 while it is active."""
    heard = speech().astype(float)
    places = np.arange(8000, len(heard) - 8000, 8000)
    for place in places:
        heard[place : place + 640] += alert(80, -18)
    found = np.array([finding[0] for finding in AlertRx().feed(s16(heard))])
    hits = sum(np.abs(found - place).min() <= 80 for place in places)
    assert hits >= 0.99 * len(places)
    assert len(found) == hits
