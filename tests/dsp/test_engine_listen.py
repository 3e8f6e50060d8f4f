"""What the engine finds in what its ports say, stepped by hand: digits, call progress, levels, offsets."""

import itertools

import numpy as np
import pytest

from dsp import progress, vad
from dsp._native.engine import EngineError, EventKind
from dsp.progress_plan import KINDS
from tests.dsp.engine_rig import Modem, Rig, run
from tests.dsp.signals import noise, s16, silence, sine
from tests.dsp.test_vad import words

LOW, HIGH = (697, 770, 852, 941), (1209, 1336, 1477)
KEYS = "123456789*0#"
BEGIN, LENGTH = 500, 960  # samples


def pressed(key):
    """A key after half a frame or so, and silence until its end is known."""
    row, column = divmod(KEYS.index(key), 3)
    tone = sine(LOW[row], LENGTH, -13) + sine(HIGH[column], LENGTH, -13)
    return s16(np.concatenate([silence(BEGIN), tone, silence(940)])).reshape(-1, 160)


def say(rig, lines):
    """Every slot's frames, tick by tick."""
    for frames in zip(*lines.values(), strict=True):
        rig.step(dict(zip(lines, frames, strict=True)))


def test_a_digit_is_told_with_its_place_on_the_grid():
    rig = Rig(1)
    rig.engine.dtmf(rig.ports[0], True)
    for _ in range(3):
        rig.step()
    begins = (rig.tick + 1) * 160 + BEGIN
    say(rig, {0: pressed("5")})
    [(port, digit, _, sample, end_sample)] = rig.events(EventKind.DIGIT)
    assert (port, chr(digit)) == (rig.ports[0], "5")
    assert abs(sample - begins) <= 40
    assert abs(end_sample - begins - LENGTH) <= 40


def test_forty_ports_are_each_heard_by_themselves():
    rig = Rig(40)
    for port in rig.ports:
        rig.engine.dtmf(port, True)
    dialled = {slot: KEYS[slot % len(KEYS)] for slot in range(40)}
    say(rig, {slot: pressed(key) for slot, key in dialled.items()})
    told = {port: chr(digit) for port, digit, *_ in rig.events(EventKind.DIGIT)}
    assert told == {rig.ports[slot]: key for slot, key in dialled.items()}


def test_a_port_that_is_closed_or_switched_off_leaves_the_others_alone():
    rig = Rig(3)
    for port in rig.ports:
        rig.engine.dtmf(port, True)
    rig.engine.dtmf(rig.ports[0], False)
    rig.engine.port_close(rig.ports[1])
    say(rig, {slot: pressed("7") for slot in range(3)})
    assert [port for port, *_ in rig.events(EventKind.DIGIT)] == [rig.ports[2]]
    late = rig.engine.slot_open(0, 1)
    rig.engine.dtmf(late, True)
    say(rig, {1: pressed("8")})
    [(port, digit, *_)] = rig.events(EventKind.DIGIT)
    assert (port, chr(digit)) == (late, "8")


def test_half_a_digit_heard_before_a_lane_changes_hands_is_forgotten():
    rig = Rig(2)
    rig.engine.dtmf(rig.ports[0], True)
    frames = pressed("4")
    say(rig, {0: frames[:8]})
    rig.engine.port_close(rig.ports[0])
    rig.engine.dtmf(rig.ports[1], True)
    say(rig, {1: frames[8:]})
    assert rig.events(EventKind.DIGIT) == []


def busy(seconds):
    """Busy tone of Germany: 425 Hz, 480 ms on and off."""
    burst = np.concatenate([sine(425, 3840, -20), silence(3840)])
    return s16(np.tile(burst, seconds)[: seconds * 8000]).reshape(-1, 160)


@pytest.mark.parametrize("plan", [progress.plan("de"), progress.plan(progress.ANY)], ids=["de", "any"])
def test_busy_is_told_when_it_is_found_and_when_it_has_stopped(plan):
    rig = Rig(2)
    rig.engine.progress(rig.ports[1], plan)
    begins = (rig.tick + 1) * 160
    say(rig, {1: busy(5)})
    [(port, kind, _, sample, _)] = rig.events(EventKind.TONE_FOUND)
    assert (port, KINDS[kind]) == (rig.ports[1], "busy")
    assert abs(sample - begins) <= 240
    say(rig, {1: np.zeros((100, 160), np.int16)})
    [(port, kind, _, sample, end_sample)] = rig.events(EventKind.TONE_ENDED)
    assert (port, KINDS[kind]) == (rig.ports[1], "busy")
    assert abs(end_sample - begins - 5 * 7680 + 3840) <= 7680


def test_call_progress_that_is_switched_off_says_nothing():
    rig = Rig(1)
    rig.engine.progress(rig.ports[0], progress.plan("de"))
    rig.engine.progress(rig.ports[0], None)
    say(rig, {0: busy(5)})
    assert rig.engine.events() == []


def voices(rig):
    return [(port, value) for port, value, *_ in rig.events(EventKind.VOICE)]


def test_voices_and_tones_are_told_when_they_begin_and_cease_from_quiet_on():
    rig = Rig(2)
    rig.engine.voice(rig.ports[1], True)
    said = np.concatenate([silence(8000), words(1, -20), silence(8000), sine(1000, 4000, -20), silence(8000)])
    said = s16(said + noise(len(said), -60, seed=6))[: len(said) // 160 * 160].reshape(-1, 160)
    say(rig, {0: said, 1: said})
    told = voices(rig)
    assert {port for port, _ in told} == {rig.ports[1]}
    assert [value for _, value in told] == [1, 0, 2, 1, 0]  # what lasts on after a tone is voice


def test_the_engine_tells_what_the_detector_alone_says():
    rig, detector = Rig(1), vad.Detector()
    rig.engine.voice(rig.ports[0], True)
    said = s16(np.concatenate([silence(8000), words(3, -20)]) + noise(8000 + len(words(3)), -45, seed=6))
    said = said[: len(said) // 160 * 160].reshape(-1, 160)
    say(rig, {0: said})
    active = [detector.feed(frame.tobytes()).active for frame in said]
    changes = sum(one != other for one, other in itertools.pairwise([False, *active]))
    assert len(voices(rig)) == changes > 0


def test_voices_switched_off_and_on_again_begin_with_quiet():
    rig = Rig(1)
    rig.engine.voice(rig.ports[0], True)
    said = s16(sine(1000, 16000, -20)).reshape(-1, 160)
    quiet = np.zeros((50, 160), np.int16)
    say(rig, {0: np.concatenate([quiet, said])})
    assert voices(rig)[-1] == (rig.ports[0], 2)
    rig.engine.voice(rig.ports[0], False)
    say(rig, {0: np.concatenate([quiet, said, quiet])})
    rig.engine.voice(rig.ports[0], True)
    rig.engine.voice(rig.ports[0], True)
    say(rig, {0: quiet})
    assert voices(rig) == []
    rig.engine.port_close(rig.ports[0])
    with pytest.raises(EngineError, match="voice: there is no such thing"):
        rig.engine.voice(rig.ports[0], True)


def test_the_level_the_peak_and_clipping_are_shown():
    rig = Rig(1)
    say(rig, {0: s16(sine(1000, 24000, -10)).reshape(-1, 160)})
    status = rig.engine.port_status(rig.ports[0])
    assert status["level_dbm0"] == pytest.approx(-10, abs=0.1)
    assert status["peak"] == pytest.approx(7218, abs=2)
    assert status["clipped"] == 0


def test_the_offset_of_a_modems_codec_is_taken_off():
    rig = Rig(1)
    modem = Modem(
        rig,
        wave=lambda first, count: 2000 + 1000 * np.sin(2 * np.pi * 0.05 * np.arange(first, first + count)),
    )
    rig.engine.connect(modem.port, rig.ports[0], 1.0)
    heard = []
    run(rig, [modem], 100, each=lambda tick: heard.append(rig.page.heard(0, tick)))
    settled = np.concatenate(heard[50:]).astype(float)
    assert abs(settled.mean()) < 1
    assert settled.max() == pytest.approx(1000, abs=20)
