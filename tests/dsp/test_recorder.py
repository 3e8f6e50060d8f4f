"""Recordings in each format: what other programs read, at every moment, and what a full disk leaves."""

import errno
import os
import resource
import shutil
import struct
import subprocess

import numpy as np
import pytest

from dsp import g711, wav, wav_info, wav_layout
from dsp._native.engine import MOST_INFO, RECORD_FORMATS, EngineError, EventKind
from tests.dsp.engine_rig import Rig

FORMATS = list(RECORD_FORMATS)
TAG = {"pcm16": 1, "alaw": 6, "ulaw": 7}  # RFC 2361: WAVE_FORMAT_PCM, _ALAW, _MULAW
DECODED = {"pcm16": bytes, "alaw": g711.alaw_decode, "ulaw": g711.ulaw_decode}
CODED = {"pcm16": bytes, "alaw": g711.alaw_encode, "ulaw": g711.ulaw_encode}


@pytest.fixture(params=FORMATS)
def form(request):
    return request.param


def started(rig, path, form):
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    return rig.engine.record(rig.ports[0], rig.ports[1], fd, form)


def speak(rig, ticks, seed=1):
    """Noise on both sides; what was said, a row a stereo sample."""
    rng = np.random.default_rng(seed)
    said = []
    for _ in range(ticks):
        left, right = rng.integers(-32768, 32768, (2, 160))
        rig.step({0: left, 1: right})
        said.append(np.stack([left, right], axis=1))
    return np.concatenate(said).astype("<i2")


def told(path):
    """What the header says, read by the book: (tag, bytes a frame, frames by `data`, frames by `fact`)."""
    content = path.read_bytes()
    assert content[:4] + content[8:12] == b"RIFFWAVE"
    at, fact = 12, None
    while content[at : at + 4] != b"data":
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if content[at : at + 4] == b"fmt ":
            tag, channels, rate, per_second, frame, bits = struct.unpack_from("<HHIIHH", content, at + 8)
            assert (channels, rate, per_second) == (2, 8000, 8000 * frame)
            assert frame == 2 * bits // 8
            assert content[at + 24 : at + 8 + size] == (b"" if tag == 1 else b"\0\0"), "cbSize"
        if content[at : at + 4] == b"fact":
            fact = int.from_bytes(content[at + 8 : at + 12], "little")
        at += 8 + size
    bytes_ = int.from_bytes(content[at + 4 : at + 8], "little")
    assert int.from_bytes(content[4:8], "little") == at + bytes_
    return tag, frame, bytes_ // frame, fact


def test_what_was_said_is_in_the_file_as_the_format_codes_it(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    handle = started(rig, path, form)
    said = speak(rig, 300)  # past the end of the ring: the writer comes in between
    rig.engine.record_end(handle, 100)
    rig.events(EventKind.RECORD_CLOSED)
    frames = wav.seconds(path) * 8000
    assert frames == 204 * 160, "what the ring holds, since the writer came at the end only"
    coded = CODED[form](said[: 204 * 160].tobytes())
    assert path.read_bytes() == wav.header(2, 204 * 160, wav.Format[form.upper()]) + coded


def test_a_long_recording_goes_round_the_ring_many_times(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    handle = started(rig, path, form)
    said = []
    for second in range(12):
        said.append(speak(rig, 50 + second, seed=second))
        rig.engine.drain()
    rig.engine.record_end(handle, 100)
    everything = np.concatenate(said)
    head = wav.header(2, len(everything), wav.Format[form.upper()])
    assert path.read_bytes() == head + CODED[form](everything.tobytes())


def test_the_file_tells_the_truth_after_every_round_of_the_writer(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    started(rig, path, form)
    fact = None if form == "pcm16" else 0
    size = 4 if form == "pcm16" else 2
    assert told(path) == (TAG[form], size, 0, fact)
    for ticks in range(1, 6):
        speak(rig, 1, seed=ticks)
        rig.engine.drain()
        assert told(path) == (TAG[form], size, 160 * ticks, None if fact is None else 160 * ticks)
        assert wav.seconds(path) == pytest.approx(0.02 * ticks)


def test_a_full_disk_leaves_whole_frames_and_a_header_that_says_so(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    started(rig, path, form)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5001, before[1]))
    try:
        speak(rig, 20)
        rig.engine.drain()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    [(_, error, *_)] = rig.events(EventKind.RECORD_CLOSED)
    assert error == errno.ENOSPC
    _, size, frames, _ = told(path)
    head = 44 if form == "pcm16" else 58
    assert frames == (5001 - head) // size
    assert path.stat().st_size == head + frames * size


def test_a_recording_that_goes_on_is_not_repaired(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    handle = started(rig, path, form)
    with pytest.raises(wav.WavError, match=r"is being recorded now\. Repair it when the call has ended"):
        wav.repair(path)
    rig.engine.record_end(handle, 100)
    assert not wav.repair(path).changed


def test_an_unknown_format_is_refused_and_the_descriptor_stays_the_callers(tmp_path):
    rig = Rig(2)
    fd = os.open(tmp_path / "a.wav", os.O_RDWR | os.O_CREAT)
    with pytest.raises(KeyError):
        rig.engine.record(rig.ports[0], 0, fd, "mp3")
    os.close(fd)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("sox"), reason="sox is not here; sudo apt-get install sox")
def test_sox_reads_every_format_as_it_was_said(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    handle = started(rig, path, form)
    said = speak(rig, 100)
    rig.engine.record_end(handle, 100)
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-"]
    heard = subprocess.run(["sox", "-D", str(path), *raw], capture_output=True, check=True)
    assert heard.stdout == DECODED[form](CODED[form](said.tobytes()))
    assert heard.stderr == b""
    info = subprocess.run(["soxi", str(path)], capture_output=True, text=True, check=True).stdout
    coding = {"pcm16": "16-bit Signed Integer PCM", "alaw": "8-bit A-law", "ulaw": "8-bit u-law"}
    assert f"Sample Encoding: {coding[form]}" in info
    assert "00:00:02.00 = 16000 samples" in info


def test_a_pause_is_silence_of_the_true_length_on_both_sides(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    handle = started(rig, path, form)
    before = speak(rig, 20)
    rig.engine.record_pause(handle, True)
    during = speak(rig, 30, seed=2)
    rig.engine.record_pause(handle, False)
    after = speak(rig, 10, seed=3)
    rig.engine.record_end(handle, 100)
    code = CODED[form]
    silence = code(np.zeros_like(during).tobytes())
    head = wav.header(2, 60 * 160, wav.Format[form.upper()])
    assert path.read_bytes() == head + code(before.tobytes()) + silence + code(after.tobytes())


def test_a_recording_may_begin_in_a_pause(tmp_path):
    rig, path = Rig(2), tmp_path / "a.wav"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    handle = rig.engine.record(rig.ports[0], rig.ports[1], fd, paused=True)
    speak(rig, 5)
    rig.engine.record_end(handle, 100)
    assert path.read_bytes() == wav.header(2, 5 * 160) + bytes(5 * 160 * 4)


def test_a_recording_tells_of_itself_from_its_first_byte_on(tmp_path, form):
    rig, path = Rig(2), tmp_path / "a.wav"
    told = {"call": "20261122-101500-7f3a9c", "n": 2, "right": "ana", "why": "transfer ü"}
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    handle = rig.engine.record(rig.ports[0], rig.ports[1], fd, form, info=wav_info.chunk(told))
    assert wav_info.read(path) == told
    said = speak(rig, 50)
    rig.engine.drain()
    content = path.read_bytes()
    rig.engine.record_end(handle, 100)
    assert wav.seconds(path) == 1.0
    assert path.read_bytes().endswith(CODED[form](said.tobytes()))
    path.write_bytes(content[:-100])  # as a crash leaves it
    wav.repair(path)
    assert wav_info.read(path) == told
    assert told_frames(path) == pytest.approx(50 * 160, abs=100)


def told_frames(path):
    with path.open("rb") as file:
        return wav_layout.layout_of(str(path), file).frames


def test_a_disk_that_takes_not_even_the_head_is_told_as_that(tmp_path):
    rig, before = Rig(2), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        with pytest.raises(EngineError, match=r"cannot be written\. Make room"):
            started(rig, tmp_path / "a.wav", "pcm16")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_words_that_do_not_fit_are_refused():
    with pytest.raises(wav_info.InfoError, match="Shorten them"):
        wav_info.chunk({"right": "x" * wav_info.MOST_BYTES})
    assert wav_info.MOST_BYTES == MOST_INFO


@pytest.mark.parametrize("content", [b"", b"RIFF", wav.header(2, 5), b"RIFF____WAVELIST\xff\xff\xff\x7fINFO"])
def test_a_file_that_tells_nothing_is_read_as_that(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    assert wav_info.read(tmp_path / "a.wav") == {}


def test_a_key_is_silence_on_its_side_and_speech_is_untouched(tmp_path):
    """Of every length: one shorter than what is held back, and a longer one."""
    rng = np.random.default_rng(7)
    for ms in (40, 100, 380, 450, 1500):
        rig, path = Rig(2), tmp_path / f"{ms}.wav"
        rig.engine.dtmf(rig.ports[0], True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        handle = rig.engine.record(rig.ports[0], rig.ports[1], fd, mask=True)
        quiet, n = rng.normal(0, 20, (16000 + ms * 8) // 160 * 160), np.arange(ms * 8)
        said = quiet.copy()
        said[6000 : 6000 + len(n)] += 4000 * (
            np.sin(n * 770 * np.pi / 4000) + np.sin(n * 1336 * np.pi / 4000)
        )
        frames = said.astype("<i2").reshape(-1, 160)
        for frame in frames:
            rig.step({0: frame, 1: frame})
            rig.engine.drain()
        rig.engine.record_end(handle, 100)
        heard = np.frombuffer(path.read_bytes()[44:], "<i2").reshape(-1, 2)
        assert len(heard) == frames.size, "nothing of what was held back is lost"
        assert np.abs(heard[6000 : 6000 + len(n), 0]).max() < 100
        assert (heard[:5800, 0] == frames.ravel()[:5800]).all()
        assert (heard[-6000:, 0] == frames.ravel()[-6000:]).all()
        assert (heard[:, 1] == frames.ravel()).all(), "the other side is as it was"
