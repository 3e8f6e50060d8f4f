"""Two legs of one worker that hear each other alone do so between the ticks, and never anybody else."""

from __future__ import annotations

import os
import random
import wave
from pathlib import Path

import numpy as np
import pytest

from dsp._native.engine import EventKind
from dsp.dtmf import generate
from tests.dsp.relay_rig import FRAME, Leg, RelayRig, library

pytestmark = pytest.mark.slow  # a C file is compiled

QUIET = np.zeros(FRAME, "<i2")


def tone(at: int, hertz: float = 440.0, amplitude: float = 8000.0) -> np.ndarray:
    """The frame `at` of a tone that goes on."""
    time = (at * FRAME + np.arange(FRAME)) / 8000
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype("<i2")


def talking(ticks: int = 4, **step) -> RelayRig:
    """Two legs, bridged; leg 0 says a tone since frame 0, leg 1 another."""
    rig = RelayRig(2)
    rig.bridge(*rig.legs[:2])
    for _ in range(ticks):
        say(rig, **step)
    return rig


def say(rig: RelayRig, **step) -> None:
    at = rig.legs[0].numbers
    rig.step({0: tone(at), 1: tone(at, 700.0)}, **step)


def samples(leg: Leg) -> np.ndarray:
    leg.take()
    return np.concatenate([packet.sound for packet in leg.heard])


def largest_step(sound: np.ndarray) -> int:
    return int(np.abs(np.diff(sound.astype(int))).max())


def test_a_frame_is_given_between_the_ticks_as_soon_as_it_came():
    rig = talking()
    for leg in rig.legs:
        leg.take()
    at = rig.legs[0].numbers
    rig.legs[0].say(tone(at))
    library().fake_pass(rig.worker)
    [packet] = rig.legs[1].take()
    assert np.array_equal(packet.sound, tone(at))
    assert rig.legs[0].take() == []


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_the_way_in_loses_nothing_doubles_nothing_and_counts_on(part):
    rig = talking(12, part=part)
    leg = rig.legs[1]
    sound = samples(leg)
    begin = next(i for i, packet in enumerate(leg.heard) if packet.sound.any()) + 1  # the fade in is before
    frames = [packet.sound for packet in leg.heard[begin:]]
    first = next(i for i in range(20) if np.array_equal(frames[0], tone(i)))
    assert all(np.array_equal(frame, tone(first + i)) for i, frame in enumerate(frames))
    assert rig.direct >= 16
    assert {b.number - a.number for a, b in zip(leg.heard, leg.heard[1:], strict=False)} == {1}
    assert {b.time - a.time for a, b in zip(leg.heard, leg.heard[1:], strict=False)} == {FRAME}
    assert largest_step(sound) <= largest_step(tone(0)) + 60


def test_the_way_out_to_music_is_at_the_tick_without_a_click_and_one_frame_more_at_most():
    rig = talking(10)
    for leg in rig.legs:
        leg.take()
    before = rig.direct
    rig.bridge(*rig.legs, on=False)
    rig.engine.play(rig.legs[1].port, 1.0, [np.zeros(8000, "<i2").tobytes()], True)
    for _ in range(6):
        say(rig)
    assert rig.direct - before <= 2, "one frame each, which came before the tick"
    for leg in rig.legs:
        new = leg.take()
        assert len(new) == 7, "the packet heard directly, then the mix of each tick"
        assert not any(packet.sound.any() for packet in new[2:]), "nobody is heard after the fade"
        assert largest_step(samples(leg)) <= largest_step(tone(0, 700.0)) + 200


def test_a_third_who_joins_is_heard_from_the_tick_on_and_the_two_go_on():
    rig = RelayRig(3)
    rig.bridge(*rig.legs[:2])
    for _ in range(5):
        rig.step({0: 1000, 1: 2000, 2: 4000})
    assert rig.direct > 0
    for pair in ((0, 2), (1, 2)):
        rig.bridge(*(rig.legs[i] for i in pair))
    for _ in range(3):
        rig.step({0: 1000, 1: 2000, 2: 4000})
    heard = [leg.take()[-1].sound[-1] for leg in rig.legs]
    assert heard == [6000, 5000, 3000]
    before = rig.direct
    for _ in range(5):
        rig.step({0: 1000, 1: 2000, 2: 4000})
    assert rig.direct == before


def test_who_only_listens_does_not_disturb_the_two():
    rig = RelayRig(3)
    rig.bridge(*rig.legs[:2])
    for source in rig.legs[:2]:
        rig.engine.connect(source.port, rig.legs[2].port, 1.0)
    for _ in range(8):
        rig.step({0: 1000, 1: 2000, 2: 4000})
    assert rig.direct >= 8
    assert [leg.take()[-1].sound[-1] for leg in rig.legs] == [2000, 1000, 3000]


def test_another_gain_than_0_db_and_a_prompt_are_mixed():
    rig = RelayRig(2)
    rig.engine.connect(rig.legs[0].port, rig.legs[1].port, 0.5)
    rig.engine.connect(rig.legs[1].port, rig.legs[0].port, 1.0)
    rig.engine.play(rig.legs[0].port, 1.0, [np.full(8000, 7, "<i2").tobytes()], True)
    for _ in range(6):
        rig.step({0: 1000, 1: 2000})
    assert rig.direct == 0
    assert [leg.take()[-1].sound[-1] for leg in rig.legs] == [2007, 500]


def record(rig: RelayRig, path: Path, *sides: int) -> int:
    return rig.engine.record(*sides, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))


def test_a_recording_has_every_frame_once_over_the_way_in_and_out(tmp_path):
    rig = RelayRig(2)
    one, two = rig.legs
    handle = record(rig, tmp_path / "a.wav", one.port, two.port)
    for on in (True, False, True, False):
        rig.bridge(one, two, on=on)
        for _ in range(7):
            rig.step({0: one.numbers + 1, 1: -(two.numbers + 1)})
    assert rig.direct > 10
    rig.engine.record_end(handle, 100)
    with wave.open(str(tmp_path / "a.wav")) as file:
        sides = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[::FRAME]
    assert sides[:, 0].tolist() == list(range(1, 29))
    assert sides[:, 1].tolist() == [-i for i in range(1, 29)]


@pytest.mark.parametrize("milliseconds", [10, 30, 60, 120])
def test_packets_of_any_length_are_given_and_recorded_whole(tmp_path, milliseconds):
    rig = RelayRig(2)
    one, two = rig.legs
    rig.bridge(one, two)
    at, size = 0, milliseconds * 8
    for tick in range(300):
        if tick == 30:
            handle = record(rig, tmp_path / "a.wav", one.port, two.port)
        while at < (tick + 1) * FRAME:
            one.say(np.arange(at, at + size) % 30000 + 1)
            at += size
        rig.step({1: QUIET}, part=3)
    assert rig.direct > 280
    heard = samples(two)[-200 * FRAME :]
    steps = np.diff(heard.astype(int)) % 30000
    assert set(steps) == {1}
    rig.engine.record_end(handle, 100)
    with wave.open(str(tmp_path / "a.wav")) as file:
        side = np.frombuffer(file.readframes(file.getnframes()), "<i2")[::2].astype(int)
    assert set(np.diff(side) % 30000) == {1}


def test_digits_and_levels_are_found_in_what_goes_directly():
    rig = talking()
    rig.engine.dtmf(rig.legs[0].port, True)
    sound = np.frombuffer(generate("5"), "<i2")
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    before = rig.direct
    for frame in [*frames, *[QUIET] * 5]:
        rig.step({0: frame, 1: tone(rig.tick, 700.0)})
    assert rig.direct - before >= 2 * len(frames)
    assert [chr(event[2]) for event in rig.engine.events() if event[0] == EventKind.DIGIT] == ["5"]
    assert rig.engine.port_status(rig.legs[1].port)["level_dbm0"] > -20


def test_a_lost_packet_is_passed_on_as_lost_and_the_next_is_not_late():
    rig = talking(10)
    one, two = rig.legs
    two.take()
    one.say(QUIET, lost=True)
    rig.step({1: tone(rig.tick, 700.0)})
    assert two.take() == []
    say(rig)
    [packet] = two.take()
    before = two.heard[-2]
    assert (packet.number - before.number, packet.time - before.time) == (2, 2 * FRAME)
    assert np.array_equal(packet.sound, tone(one.numbers - 1))
    assert rig.skipped == 1


def test_many_lost_packets_leave_numbers_and_time_as_the_source_has_them():
    rig = talking(10)
    chance = random.Random(5)
    one, two = rig.legs
    for _ in range(500):
        at = one.numbers
        lost = chance.random() < 0.05
        if lost:
            one.say(QUIET, lost=True)
        rig.step({1: QUIET} | ({} if lost else {0: tone(at)}), part=chance.randrange(4))
    two.take()
    tail = two.heard[-400:]
    assert tail[-1].number - tail[0].number == (tail[-1].time - tail[0].time) // FRAME
    assert abs((tail[-1].number - tail[0].number) - 400 / 0.95) < 12
    assert rig.skipped > 10


def test_a_source_that_numbers_its_packets_anew_goes_on():
    rig = talking(100)
    one, two = rig.legs
    two.take()
    one.numbers = 40
    before = rig.direct
    for _ in range(100):
        say(rig)
    assert rig.direct - before == 200
    assert rig.skipped == 0
    assert np.array_equal(two.take()[-1].sound, tone(one.numbers - 1))


def test_keys_leave_the_time_they_took():
    rig = talking(10)
    one, two = rig.legs
    two.take()
    for _ in range(2):
        one.say(QUIET, key=True)
        rig.step({1: QUIET})
    say(rig)
    [packet] = two.take()
    assert packet.time - two.heard[-2].time == 3 * FRAME


def test_a_source_that_falls_silent_is_left_and_taken_up_again():
    rig = talking(10)
    one, two = rig.legs
    two.take()
    silent = 10
    for _ in range(silent):
        rig.step({1: QUIET})
    given = two.take()
    assert len(given) == silent - 2, "packets again from the third tick on"
    assert given[-1].time - two.heard[-len(given) - 1].time == silent * FRAME, "and as late as the clock says"
    before = rig.direct
    for _ in range(6):
        say(rig)
    assert rig.direct - before >= 6
    assert np.array_equal(two.take()[-1].sound, tone(one.numbers - 1))


def test_the_relay_outlives_the_engine_for_two_seconds_and_ends_at_its_word():
    rig = talking(10)
    before = rig.direct
    for _ in range(100):
        say(rig, engine=False)
    assert rig.direct - before >= 198
    for _ in range(5):
        say(rig, engine=False)
    for leg in rig.legs:
        leg.take()
        assert not leg.heard[-1].sound.any(), "after two seconds nobody hears anybody"
    for _ in range(5):
        say(rig)
    assert np.array_equal(rig.legs[1].take()[-1].sound, tone(rig.legs[0].numbers - 1))


def test_a_leg_the_engine_says_nothing_of_hears_nothing():
    rig = talking(10)
    rig.engine.port_close(rig.legs[1].port)
    rig.legs[1].take()
    for _ in range(3):
        say(rig)
    assert [bool(packet.sound[-1]) for packet in rig.legs[1].take()] == [True, False, False, False]


def test_the_next_leg_in_a_place_hears_nothing_of_the_one_before():
    rig = talking(10)
    gone = rig.legs[1]
    rig.detach(gone)
    stranger = rig.add(1)
    rig.detach(gone)  # the library says it twice
    rig.legs[1] = stranger
    for _ in range(5):
        rig.step({0: 1000, 1: 2000})
    assert not samples(stranger).any()
    assert not rig.legs[0].take()[-1].sound.any()
    rig.bridge(rig.legs[0], stranger)
    for _ in range(5):
        rig.step({0: 1000, 1: 2000})
    assert (stranger.take()[-1].sound[-1], rig.legs[0].take()[-1].sound[-1]) == (1000, 2000)
    assert library().fake_references(gone.stream) == 0


def test_a_stream_made_anew_goes_on_in_its_slot():
    rig = talking(10)
    old = rig.legs[1].stream
    rig.detach(rig.legs[1])
    rig.legs[1].stream, rig.legs[1].read = type(old)(library().fake_stream()), 0
    library().fake_attach(rig.worker, rig.legs[1].slot, rig.legs[1].stream)
    before = rig.direct
    for _ in range(6):
        say(rig)
    assert rig.direct - before >= 6


def test_legs_of_two_workers_are_mixed():
    rig = RelayRig(1)
    other = RelayRig(1)
    rig.engine.worker_attach(1, library().fake_page(other.worker))
    far = rig.engine.slot_open(1, other.legs[0].slot)
    rig.engine.connect(rig.legs[0].port, far, 1.0)
    rig.engine.connect(far, rig.legs[0].port, 1.0)
    for _ in range(6):
        rig.step({0: 1000})
    assert rig.direct == 0


@pytest.mark.parametrize("seed", range(6))
def test_whatever_changes_nobody_hears_whom_the_graph_does_not_let_him_hear(seed):
    """Each says a constant of its own, so what is heard tells who is; who was heard may fade for a tick."""
    chance = random.Random(seed)
    rig = RelayRig(4)
    said = {i: 100 * 5**i for i in range(4)}
    edges: set[tuple[int, int]] = set()
    lately: set[tuple[int, int]] = set()  # since the tick before the engine's last
    answers = True
    for _ in range(800):
        before = set(edges)
        lately = before if answers else lately | before
        if chance.random() < 0.3:
            a, b = chance.sample(range(4), 2)
            edges ^= {(a, b), (b, a)} if chance.random() < 0.7 else {(a, b)}
            for source, sink in edges - before:
                rig.engine.connect(rig.legs[source].port, rig.legs[sink].port, 1.0)
            for source, sink in before - edges:
                rig.engine.disconnect(rig.legs[source].port, rig.legs[sink].port)
        talkers = {i: said[i] for i in range(4) if chance.random() < 0.97}
        answers = chance.random() < 0.98
        rig.step(talkers, part=chance.randrange(4), engine=answers)
        for sink, leg in enumerate(rig.legs):
            may = sum(said[source] for source, to in edges | lately if to == sink)
            assert all(packet.sound.max() <= may for packet in leg.take())
    assert rig.direct > 100
