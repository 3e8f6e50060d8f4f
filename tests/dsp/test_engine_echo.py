"""The echo canceller on a V.253 port: any delay of modem and line, any clock, any coding, double talk."""

import numpy as np
import pytest

from dsp import dtmf
from dsp._native.engine import EventKind
from tests.dsp.engine_rig import TICK_NS, Rig
from tests.dsp.hybrids import path
from tests.dsp.signals import level_dbm0, noise, s16, silence
from tests.dsp.test_echo import speech_like
from tests.dsp.voice_modem import VoiceModem, talk

pytestmark = pytest.mark.slow

RETURN_LOSS_DB = 6.0
SIGNALS = {"noise": lambda count: noise(count, -15, 3), "speech": lambda count: speech_like(count, 3)}


def echo_and_left(kind, *, hybrid="D.2", seconds=6, tail_ms=64, **modem):
    """(dB by which the echo is brought down in the last 3 s, the modem)."""
    rig = Rig(1)
    taps = path(hybrid, RETURN_LOSS_DB)
    line = VoiceModem(rig, taps=taps, form={"echo_tail_ms": tail_ms}, **modem)
    said = s16(SIGNALS[kind](8000 * seconds))
    heard = talk(rig, line, said)
    echo = np.convolve(said.astype(float), taps)[: len(said)]
    return level_dbm0(echo[-24000:]) - level_dbm0(heard[-24000:]), line


@pytest.mark.parametrize("ppm", [0, 100, -100])
@pytest.mark.parametrize("trip_ms", [0, 20, 40, 60])
@pytest.mark.parametrize("kind", SIGNALS)
def test_3_s_after_the_beginning_the_echo_is_30_db_down_whatever_its_delay_and_the_clock(kind, trip_ms, ppm):
    down_db, line = echo_and_left(kind, trip_ms=trip_ms, ppm=ppm)
    assert down_db > 30
    assert line.status()["erle_db"] > 25
    assert line.dry == 0


@pytest.mark.parametrize(("coding", "least"), [("alaw", 30), ("s16le", 30), ("u8", 24), ("s8", 24)])
def test_every_coding_has_its_echo_taken_out(coding, least):
    """8 bits linear leave 25 dB by their own noise."""
    down_db, _ = echo_and_left("noise", coding=coding, trip_ms=15, ppm=50)
    assert down_db > least


@pytest.mark.parametrize("chunk", [80, 237, 320])
@pytest.mark.parametrize("hybrid", ["D.3", "D.6", "D.9"])
def test_chunks_of_a_modem_may_have_any_size(hybrid, chunk):
    down_db, _ = echo_and_left("speech", hybrid=hybrid, chunk=chunk, jitter_ms=(0.0, 2.0), trip_ms=20)
    assert down_db > 25


def test_a_modem_that_collects_40_ms_before_it_plays_is_within_the_window():
    down_db, line = echo_and_left("noise", prebuffer=320, trip_ms=10)
    assert down_db > 30
    assert line.status()["erle_db"] > 25


def test_the_echo_is_found_again_after_the_modem_ran_dry():
    """The box sleeps for 200 ms: what is written afterwards is played so much later."""
    rig = Rig(1)
    taps = path("D.4", RETURN_LOSS_DB)
    line = VoiceModem(rig, taps=taps, trip_ms=20, form={"echo_tail_ms": 64})
    said = s16(noise(8000 * 4, -15, 5))
    talk(rig, line, said)
    assert line.status()["erle_db"] > 25
    rig.tick += 10
    line.until(rig.tick * TICK_NS)
    heard = talk(rig, line, said)
    echo = np.convolve(said.astype(float), taps)[: len(said)]
    assert line.dry > 0
    assert level_dbm0(echo[-8000:]) - level_dbm0(heard[-8000:]) > 30


@pytest.mark.parametrize("dbm0", [-8, -20, -30])
@pytest.mark.parametrize("kind", SIGNALS)
def test_the_callers_keys_are_heard_while_we_speak(kind, dbm0):
    rig = Rig(1)
    keys = "159*0#26837D4A"
    near = np.frombuffer(dtmf.generate(keys, 60, 60, dbm0, 2.0), np.int16).astype(float)
    near = np.concatenate([silence(24000), near, silence(8000)])[: (24000 + len(near)) // 160 * 160]
    line = VoiceModem(
        rig,
        lambda first, count: np.concatenate([near[first : first + count], silence(count)])[:count],
        taps=path("D.4", RETURN_LOSS_DB),
        trip_ms=20,
        form={"echo_tail_ms": 64},
    )
    rig.engine.dtmf(line.port, True)
    talk(rig, line, s16(SIGNALS[kind](len(near) + 8000 - len(near) % 160)))
    assert "".join(chr(event[1]) for event in rig.events(EventKind.DIGIT)) == keys


def test_our_own_keys_are_not_taken_for_the_callers():
    """A line that sends digits in the sound hears them come back."""
    rig = Rig(1)
    line = VoiceModem(rig, taps=path("D.4", RETURN_LOSS_DB), trip_ms=20, form={"echo_tail_ms": 64})
    talk(rig, line, s16(SIGNALS["speech"](8000 * 3)))
    rig.engine.dtmf(line.port, True)
    ours = np.frombuffer(dtmf.generate("1234567890", 100, 100, -8.0, 0.0), np.int16)
    talk(rig, line, ours)
    assert rig.events(EventKind.DIGIT) == []


def test_without_a_tail_the_echo_stays():
    down_db, line = echo_and_left("noise", tail_ms=0, seconds=4)
    assert abs(down_db) < 1
    assert line.status()["erle_db"] == 0
