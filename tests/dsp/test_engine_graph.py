"""The engine's graph, stepped by hand: who hears whom, players, recordings."""

import errno
import os
import resource
import wave

import numpy as np
import pytest

from dsp._native.engine import Engine, EngineError, EventKind
from tests.dsp.engine_rig import PAGE, Rig, sealed


def level(value):
    return np.full(160, value, "<i2")


def test_a_frame_crosses_in_the_tick_it_was_said_in():
    rig = Rig(2)
    rig.engine.connect(rig.ports[0], rig.ports[1], 1.0)
    rig.step()
    said = np.arange(160)
    assert np.array_equal(rig.step({0: said})[1], said)
    assert rig.page.map["mixed"][0] == rig.tick


def test_everyone_hears_exactly_whom_they_should_with_the_gains_asked_for():
    rig = Rig(4)
    gains = {(0, 1): 1.0, (1, 0): 0.5, (0, 2): 2.0, (1, 2): 0.25, (2, 3): 1.0}
    for (source, sink), gain in gains.items():
        rig.engine.connect(rig.ports[source], rig.ports[sink], gain)
    rig.step()
    said = {0: level(1000), 1: level(4000), 2: level(-300), 3: level(77)}
    heard = [frame[80] for frame in rig.step(said)]
    assert heard == [2000, 1000, 3000, -300]


def test_loud_voices_together_saturate_and_do_not_wrap():
    rig = Rig(3)
    rig.engine.connect(rig.ports[0], rig.ports[2], 1.0)
    rig.engine.connect(rig.ports[1], rig.ports[2], 1.0)
    rig.step()
    assert set(rig.step({0: level(30000), 1: level(30000)})[2]) == {32767}
    assert set(rig.step({0: level(-30000), 1: level(-30000)})[2]) == {-32768}


def test_a_gain_moves_evenly_over_one_frame_and_a_disconnection_fades():
    rig = Rig(2)
    rig.engine.connect(rig.ports[0], rig.ports[1], 1.0)
    up = rig.step({0: level(16000)})[1]
    rig.engine.connect(rig.ports[0], rig.ports[1], 0.5)
    change = rig.step({0: level(16000)})[1]
    rig.engine.disconnect(rig.ports[0], rig.ports[1])
    down = rig.step({0: level(16000)})[1]
    for frame, ends in ((up, 16000), (change, 8000), (down, 0)):
        assert frame[-1] == ends
        assert np.abs(np.diff(frame)).max() <= 101
    assert not rig.step({0: level(16000)})[1].any()


def test_a_missing_frame_is_concealed_counted_and_then_silent():
    rig = Rig(2)
    rig.engine.connect(rig.ports[0], rig.ports[1], 1.0)
    rig.step()
    rig.step({0: level(1000)})
    gap = [rig.step({0: None})[1] for _ in range(5)]
    assert [frame.max() > 0 for frame in gap] == [True, True, True, False, False]
    assert np.abs(np.diff(np.concatenate(gap))).max() <= 10, "no step on the way to silence"
    assert rig.engine.port_status(rig.ports[0])["underruns"] == 3
    back = rig.step({0: level(1000)})[1]
    assert np.abs(np.diff(back, prepend=0)).max() <= 100, "no step on the way back"
    assert back[-1] == 1000


def test_a_detached_worker_leaves_silence_and_comes_back_by_attaching():
    rig = Rig(2)
    rig.engine.connect(rig.ports[0], rig.ports[1], 1.0)
    rig.step()
    rig.engine.worker_detach(0)
    rig.step({0: level(5)})
    assert not rig.engine.port_status(rig.ports[0])["alive"]
    rig.engine.worker_attach(0, rig.page.fd)
    rig.step({0: level(5)})
    assert rig.step({0: level(5)})[1][-1] == 5


def test_a_closed_port_takes_its_edges_with_it_and_its_handle_names_nothing_any_more():
    rig = Rig(3)
    rig.engine.connect(rig.ports[0], rig.ports[1], 1.0)
    rig.step({0: level(9)})
    rig.engine.port_close(rig.ports[0])
    with pytest.raises(EngineError, match="no such thing"):
        rig.engine.connect(rig.ports[0], rig.ports[1], 1.0)
    assert rig.engine.slot_open(0, 5) != rig.ports[0]
    assert not rig.step({0: level(9)})[1].any()


@pytest.mark.parametrize("size", [0, 100, PAGE.itemsize - 1])
def test_a_page_too_small_is_refused(size):
    fd = os.memfd_create("short", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    with pytest.raises(EngineError, match="smaller than a mailbox page"):
        Engine().worker_attach(0, fd)
    os.close(fd)


def test_a_page_that_could_shrink_is_refused_and_an_accepted_one_cannot():
    fd = os.memfd_create("unsealable", os.MFD_CLOEXEC)
    os.ftruncate(fd, PAGE.itemsize)
    with pytest.raises(EngineError, match="MFD_ALLOW_SEALING"):
        Engine().worker_attach(0, fd)
    os.close(fd)
    rig = Rig(1)
    assert sealed(rig.page.fd)
    with pytest.raises(OSError, match="not permitted"):
        os.ftruncate(rig.page.fd, 0)


def test_a_page_with_another_head_is_refused():
    rig = Rig(0)
    rig.page.map["frame_samples"] = 80
    with pytest.raises(EngineError, match="same build"):
        rig.engine.worker_attach(1, rig.page.fd)


# --- players


def sound(*values):
    return np.array(values, "<i2").tobytes()


def test_files_follow_each_other_without_a_gap_and_the_end_is_told_once():
    """Want 8: announcements neither break nor repeat, sample by sample."""
    rig = Rig(1)
    ramp = np.arange(1, 401)
    player = rig.engine.play(
        rig.ports[0], 1.0, [sound(*ramp[:100]), b"", sound(*ramp[100:350]), sound(*ramp[350:])], False
    )
    heard = np.concatenate([rig.step()[0] for _ in range(4)])
    assert np.array_equal(heard[:400], ramp)
    assert not heard[400:].any()
    assert [event[:2] for event in rig.events(EventKind.PLAYER_OVER)] == [(player, 1)]


def test_a_loop_goes_round_and_sixty_listeners_share_one_buffer():
    rig = Rig(60)
    music = sound(*range(1, 251))
    for i, port in enumerate(rig.ports):
        rig.engine.play(port, 1.0, [music], True)
        if i == 0:
            rig.step()
    heard = rig.step()
    assert list(heard[0][:92]) == [*range(161, 251), 1, 2]
    assert all(np.array_equal(frame, np.arange(1, 161)) for frame in heard[1:])
    assert rig.events(EventKind.PLAYER_OVER) == []


def test_a_loop_over_nothing_ends():
    rig = Rig(1)
    rig.engine.play(rig.ports[0], 1.0, [b"", b""], True)
    rig.step()
    assert len(rig.events(EventKind.PLAYER_OVER)) == 1


def test_a_stopped_player_fades_and_says_that_it_did_not_end_by_itself():
    rig = Rig(1)
    player = rig.engine.play(rig.ports[0], 1.0, [sound(*[10000] * 800)], True)
    rig.step()
    rig.engine.stop(player)
    fade = rig.step()[0]
    assert fade[-1] == 0
    assert np.abs(np.diff(fade)).max() <= 64
    assert [event[:2] for event in rig.events(EventKind.PLAYER_OVER)] == [(player, 0)]


def test_what_plays_to_a_port_is_over_when_the_port_closes():
    rig = Rig(1)
    player = rig.engine.play(rig.ports[0], 1.0, [sound(*[1] * 800)], True)
    rig.engine.port_close(rig.ports[0])
    rig.step()
    assert [event[:2] for event in rig.events(EventKind.PLAYER_OVER)] == [(player, 0)]


def test_a_tone_of_a_plan_that_ends_is_played_to_its_end():
    rig = Rig(1)
    rig.engine.tone(rig.ports[0], 1.0, b"!1000/50", -10.0)
    heard = np.concatenate([rig.step()[0] for _ in range(4)])
    assert np.abs(heard[:400]).max() > 5000
    assert not heard[400:].any()
    assert len(rig.events(EventKind.PLAYER_OVER)) == 1
    with pytest.raises(EngineError, match="no tone plan"):
        rig.engine.tone(rig.ports[0], 1.0, b"nonsense", -10.0)


# --- recordings


def recording(rig, path, left, right):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    return rig.engine.record(left, right, fd)


def stereo(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def test_a_recording_holds_both_sides_sample_by_sample(tmp_path):
    rig = Rig(2)
    handle = recording(rig, tmp_path / "a.wav", rig.ports[0], rig.ports[1])
    for i in range(10):
        frame = np.arange(160) + 160 * i
        rig.step({0: frame, 1: -frame})
    assert rig.engine.record_end(handle, 100) == (0.2, 0, True)
    sides = stereo(tmp_path / "a.wav")
    assert np.array_equal(sides[:, 0], np.arange(1600))
    assert np.array_equal(sides[:, 1], -np.arange(1600))
    assert [event[:2] for event in rig.events(EventKind.RECORD_CLOSED)] == [(handle, 0)]


def test_the_file_is_whole_after_every_round_of_the_writer(tmp_path):
    rig = Rig(1)
    recording(rig, tmp_path / "a.wav", rig.ports[0], 0)
    assert len(stereo(tmp_path / "a.wav")) == 0
    for i in range(1, 4):
        rig.step({0: level(i)})
        rig.engine.drain()
        sides = stereo(tmp_path / "a.wav")
        assert len(sides) == 160 * i
        assert tuple(sides[-1]) == (i, 0)


def test_a_side_that_goes_away_is_silence_and_the_other_goes_on(tmp_path):
    rig = Rig(2)
    handle = recording(rig, tmp_path / "a.wav", rig.ports[0], rig.ports[1])
    rig.step({0: level(1), 1: level(2)})
    rig.engine.port_close(rig.ports[1])
    rig.step({0: level(3)})
    rig.engine.record_end(handle, 100)
    assert stereo(tmp_path / "a.wav")[::160].tolist() == [[1, 2], [3, 0]]


def test_a_writer_that_does_not_come_costs_counted_frames_and_nothing_else(tmp_path):
    rig = Rig(1)
    handle = recording(rig, tmp_path / "a.wav", rig.ports[0], 0)
    for _ in range(210):  # 4.2 s; the ring holds 4.09 s
        rig.step({0: level(1)})
    seconds, dropped, closed = rig.engine.record_end(handle, 100)
    assert (dropped, closed) == (6, True)
    assert len(stereo(tmp_path / "a.wav")) == seconds * 8000 == 204 * 160


def test_a_full_disk_ends_that_recording_alone_and_leaves_it_playable(tmp_path):
    rig = Rig(1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    full = recording(rig, tmp_path / "full.wav", rig.ports[0], 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5001, before[1]))
    try:
        for _ in range(10):
            rig.step({0: level(1)})
        rig.engine.drain()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    [(handle, error, *_)] = rig.events(EventKind.RECORD_CLOSED)
    assert handle == full
    assert error == errno.ENOSPC
    assert len(stereo(tmp_path / "full.wav")) == (5001 - 44) // 4
    fine = recording(rig, tmp_path / "fine.wav", rig.ports[0], 0)
    rig.step({0: level(1)})
    assert rig.engine.record_end(fine, 100) == (0.02, 0, True)


def test_a_tick_that_was_missed_is_left_out_and_counted():
    rig = Rig(1)
    rig.tick += 5
    rig.step()
    counters = rig.engine.counters()
    assert counters["late_ticks"] >= 5
    assert counters["late_max_ms"] >= 100
    assert rig.step({0: level(3)})[0] is not None
