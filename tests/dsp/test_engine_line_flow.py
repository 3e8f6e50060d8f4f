"""A V.253 modem's port: stopped and gone on with, closed, and its far end's silence."""

import os

import numpy as np
import pytest

from dsp._native.engine import EventKind
from tests.dsp.engine_rig import TICK_NS, Rig, pair
from tests.dsp.signals import noise, silence
from tests.dsp.voice_modem import LINE, VoiceModem, codes, talk, wave_of


def test_a_modem_that_asks_for_a_stop_gets_none_until_it_goes_on():
    rig = Rig(1)
    modem = VoiceModem(rig)
    talk(rig, modem, np.full(160 * 20, 1000, np.int16))
    rig.engine.serial_flow(modem.port, False)
    before = len(modem.heard)
    talk(rig, modem, np.full(160 * 10, 2000, np.int16))
    modem.listen()
    assert len(modem.heard) - before <= 160
    assert modem.status()["stopped_frames"] == 10
    rig.engine.serial_flow(modem.port, True)
    talk(rig, modem, np.full(160 * 10, 3000, np.int16))
    assert modem.codes == b""
    assert not ((modem.heard > 1500) & (modem.heard < 2500)).sum() > 40, "what was said meanwhile is left out"
    assert np.abs(modem.heard[-160:] - 3000).max() < 100


def test_a_stop_ends_by_itself_after_5_s():
    rig = Rig(1)
    modem = VoiceModem(rig)
    talk(rig, modem, np.full(160 * 20, 1000, np.int16))
    rig.engine.serial_flow(modem.port, False)
    talk(rig, modem, np.full(160 * 248, 1000, np.int16))
    assert modem.status()["stopped_frames"] == 248
    talk(rig, modem, np.full(160 * 50, 1000, np.int16))
    assert modem.status()["stopped_frames"] == 249


def test_a_stream_that_ended_for_a_hook_flash_goes_on_with_its_reserve():
    rig = Rig(1)
    modem = VoiceModem(rig)
    talk(rig, modem, np.full(160 * 20, 1000, np.int16))
    rig.engine.serial_flow(modem.port, False)
    modem.send(b"\x10\x03\r\nOK\r\n" + b"\r\nOK\r\n\r\nCONNECT\r\n", rig.tick * TICK_NS + 1)
    modem.listen()
    modem.queue = modem.queue[:0]
    modem.start_ns += 2_100_000_000
    modem.next_ns += 2_100_000_000
    talk(rig, modem, np.full(160 * 105, 1000, np.int16))
    rig.engine.serial_flow(modem.port, True)
    before = modem.status()["samples_in"]
    talk(rig, modem, np.full(160 * 20, 1000, np.int16))
    assert modem.status()["samples_in"] > before
    assert (modem.dry, codes(rig)) == (1, b"\x03u"), "once, before the first frame came"
    assert len(modem.queue) >= 48


def test_a_closed_port_reads_and_writes_nothing_more_and_leaves_no_pair_open():
    rig = Rig(1)
    modem = VoiceModem(rig)
    talk(rig, modem, np.full(160 * 20, 1000, np.int16))
    modem.listen()
    before = len(modem.heard)
    os.write(modem.far, b"\x10b" * 5)
    rig.engine.port_close(modem.port)
    rig.engine.poll(rig.tick * TICK_NS + 1)
    rig.step()
    with pytest.raises(ConnectionResetError):  # a socket's word for: closed, and what was sent is unread
        modem.listen()
    assert (len(modem.heard), modem.left) == (before, b"")
    assert codes(rig) == b""


def test_the_far_ends_silence_is_told_once_and_its_end():
    rig = Rig(1)
    speech = np.concatenate([noise(8000, -20, 1), noise(8000 * 3, -66, 2), noise(8000, -55, 3)])
    modem = VoiceModem(rig, wave_of(speech), form={"silence_ticks": 100})
    talk(rig, modem, np.zeros(160 * 245, np.int16))
    [(port, ticks, found, *_)] = rig.events(EventKind.SILENCE_FOUND)
    assert (port, ticks) == (modem.port, 100)
    assert found - 1000 == pytest.approx(50 + 100 + 3, abs=3)


def test_the_end_of_a_silence_says_how_long_it_was():
    rig = Rig(1)
    modem = VoiceModem(rig, wave_of(np.concatenate([silence(16000), noise(8000, -50, 3)])))
    rig.engine.serial_swap(modem.port, _again(modem), **LINE, silence_ticks=50)
    talk(rig, modem, np.zeros(160 * 150, np.int16))
    events = [event for event in rig.engine.events() if event[0] >= EventKind.SILENCE_FOUND]
    assert [event[0] for event in events] == [EventKind.SILENCE_FOUND, EventKind.SILENCE_ENDED]
    assert events[1][2] == pytest.approx(100, abs=4)


def _again(modem):
    os.close(modem.far)
    modem.far, near = pair()
    return near


@pytest.mark.parametrize("coding", ["u8", "s8"])
def test_the_last_bit_of_a_coarse_coding_is_no_sound(coding):
    rig = Rig(1)
    flicker = np.random.default_rng(1).choice([0.0, -256.0], 8000 * 3)
    modem = VoiceModem(rig, wave_of(flicker), coding=coding, form={"silence_ticks": 50})
    talk(rig, modem, np.zeros(160 * 100, np.int16))
    assert len(rig.events(EventKind.SILENCE_FOUND)) == 1
    assert rig.events(EventKind.SILENCE_ENDED) == []
