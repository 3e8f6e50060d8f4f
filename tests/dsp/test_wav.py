"""WAV files: every form we read, every state a crash leaves them in, and anything at all."""

import os
import struct
import wave

import numpy as np
import pytest

from dsp import g711, wav

TONE = (8000 * np.sin(np.arange(1600) * 2 * np.pi * 440 / 8000)).astype("<i2")
PCM, ALAW, ULAW, EXTENSIBLE = 1, 6, 7, 0xFFFE


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """That repair waits for it, and when, is tested in test_wav_repair.py."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)


def fmt(tag=PCM, channels=1, rate=8000, bits=16, more=b""):
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + more)


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def data_saying(size, content):
    return b"data" + struct.pack("<I", size) + content


@pytest.fixture
def file(tmp_path):
    def make(content):
        path = tmp_path / "a file.wav"
        path.write_bytes(content)
        return path

    return make


def test_sixteen_bit_mono_is_read_as_it_is(file):
    assert wav.read_mono(file(riff(fmt(), chunk(b"data", TONE.tobytes())))) == TONE.tobytes()


def test_eight_bit_pcm_is_unsigned(file):
    content = riff(fmt(bits=8), chunk(b"data", bytes([0, 128, 255])))
    assert np.frombuffer(wav.read_mono(file(content)), "<i2").tolist() == [-32768, 0, 32512]


@pytest.mark.parametrize(
    ("tag", "encode", "decode"),
    [(ALAW, g711.alaw_encode, g711.alaw_decode), (ULAW, g711.ulaw_encode, g711.ulaw_decode)],
)
def test_both_laws_are_read(file, tag, encode, decode):
    data = encode(TONE.tobytes())
    assert wav.read_mono(file(riff(fmt(tag, bits=8, more=b"\0\0"), chunk(b"data", data)))) == decode(data)


def test_stereo_is_mixed_to_the_mean_of_both(file):
    both = np.array([[100, 200], [-100, -300], [32767, 32767], [-32768, -32768]], "<i2")
    read = wav.read_mono(file(riff(fmt(channels=2), chunk(b"data", both.tobytes()))))
    assert np.frombuffer(read, "<i2").tolist() == [150, -200, 32767, -32768]


def test_the_extensible_form_is_read_by_its_format_proper(file):
    guid = struct.pack("<H", PCM) + bytes.fromhex("000000001000800000aa00389b71")
    content = riff(
        fmt(EXTENSIBLE, more=struct.pack("<HHI", 22, 16, 4) + guid), chunk(b"data", TONE.tobytes())
    )
    assert wav.read_mono(file(content)) == TONE.tobytes()


def test_odd_and_unknown_chunks_are_passed_over_on_both_sides(file):
    content = riff(
        chunk(b"LIST", b"INFOxyz"),
        fmt(),
        chunk(b"junk", b"1"),
        chunk(b"data", TONE.tobytes()),
        chunk(b"id3 ", b"123"),
    )
    assert wav.read_mono(file(content)) == TONE.tobytes()


@pytest.mark.parametrize("said", [0, 2, 800, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF])
def test_a_file_whose_writer_was_killed_is_read_to_its_end(file, said):
    content = riff(fmt(), data_saying(said, TONE.tobytes()), size=0)
    assert wav.read_mono(file(content)) == TONE.tobytes()


def test_silence_after_a_size_of_zero_is_read_too(file):
    assert wav.read_mono(file(riff(fmt(), data_saying(0, bytes(400)), size=36))) == bytes(400)


def test_an_empty_file_of_samples_is_empty(file):
    assert wav.read_mono(file(riff(fmt(), chunk(b"data", b"")))) == b""
    assert wav.read_mono(file(riff(fmt(), chunk(b"data", b""), chunk(b"LIST", b"INFO")))) == b""


def test_half_a_frame_at_the_end_is_left_out(file):
    content = riff(fmt(channels=2), data_saying(0xFFFFFFFF, TONE.tobytes() + b"\1\2\3"))
    assert len(wav.read_mono(file(content))) == len(TONE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no WAV file"),
        (b"ID3\3 an mp3 file, really", "no WAV file"),
        (b"RIFX" + bytes(40), "no WAV file"),
        (riff(fmt()), "without samples"),
        (riff(fmt(rate=44100), chunk(b"data", bytes(10))), "44100 samples a second, expected 8000"),
        (riff(fmt(rate=0), chunk(b"data", bytes(10))), "rate is 0"),
        (riff(fmt(channels=6), chunk(b"data", bytes(24))), "6 channels, expected 1 or 2"),
        (riff(fmt(channels=0), chunk(b"data", bytes(24))), "0 channels"),
        (riff(fmt(tag=3, bits=32), chunk(b"data", bytes(24))), "format 3 of 32 bits"),
        (riff(fmt(tag=49, bits=0), chunk(b"data", bytes(65))), "format 49 of 0 bits"),
        (riff(chunk(b"data", bytes(10)), fmt()), "format is missing"),
        (riff(chunk(b"fmt ", b"\1\0"), chunk(b"data", bytes(10))), "format is missing"),
    ],
)
def test_what_we_do_not_read_is_refused_with_the_sox_line(file, content, said):
    path = file(content)
    with pytest.raises(wav.WavError, match=said) as raised:
        wav.read_mono(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert f"sox '{path}' -r 8000 -c 1 -b 16 '{path.with_suffix('')}-8k.wav'" in str(raised.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    for path in (tmp_path / "none.wav", tmp_path):
        with pytest.raises(wav.WavError, match=r"cannot be read"):
            wav.read_mono(path)
        with pytest.raises(wav.WavError, match=r"cannot be repaired"):
            wav.repair(path)


@pytest.mark.parametrize("channels", [1, 2])
def test_what_we_write_another_reader_reads(tmp_path, channels):
    path = tmp_path / "out.wav"
    wav.write(path, TONE.tobytes(), channels)
    with wave.open(os.fspath(path)) as other:
        assert (other.getnchannels(), other.getframerate(), other.getsampwidth()) == (channels, 8000, 2)
        assert other.readframes(other.getnframes()) == TONE.tobytes()


@pytest.mark.parametrize("form", list(wav.Format))
@pytest.mark.parametrize("channels", [1, 2])
def test_the_header_of_every_format_is_read_back_and_agrees_with_the_file(file, form, channels):
    samples = bytes(30 * channels * form.value[1] // 8)
    content = wav.header(channels, 30, form) + samples
    assert struct.unpack("<I", content[4:8]) == (len(content) - 8,)
    path = file(content)
    assert len(wav.read_mono(path)) == 60
    assert wav.repair(path).layout.frames == 30
    assert path.read_bytes() == content


@pytest.mark.parametrize("form", list(wav.Format))
def test_a_recording_cut_off_in_the_middle_is_repaired_in_place(file, form):
    frame = 2 * form.value[1] // 8
    path = file(wav.header(2, 0, form) + bytes(1001 * frame) + b"\x55" * (frame - 1))
    assert wav.repair(path).layout.frames == 1001
    assert path.read_bytes() == wav.header(2, 1001, form) + bytes(1001 * frame)
    before = path.read_bytes()
    wav.repair(path)
    assert path.read_bytes() == before


def test_an_odd_number_of_bytes_is_padded_by_repair(file):
    path = file(wav.header(1, 0, wav.Format.ALAW) + b"\xd5" * 7)
    assert wav.repair(path).layout.frames == 7
    assert path.read_bytes() == wav.header(1, 7, wav.Format.ALAW) + b"\xd5" * 7 + b"\0"


def test_repair_keeps_chunks_after_the_samples(file):
    content = riff(fmt(), chunk(b"data", TONE.tobytes()), chunk(b"LIST", b"INFOabcd"))
    path = file(content[:4] + b"\0\0\0\0" + content[8:])
    wav.repair(path)
    assert path.read_bytes() == content


@pytest.mark.slow
def test_nothing_in_a_file_crashes_the_reader_or_the_repair(file):
    rng = np.random.default_rng(11)
    seeds = [
        riff(fmt(), chunk(b"data", TONE[:40].tobytes())),
        riff(fmt(ALAW, 2, bits=8, more=b"\0\0"), chunk(b"fact", bytes(4)), chunk(b"data", bytes(41))),
        riff(
            chunk(b"LIST", b"abc"),
            fmt(EXTENSIBLE, more=bytes(24)),
            chunk(b"data", bytes(9)),
            chunk(b"x   ", b"1"),
        ),
    ]
    for round_ in range(600):
        content = bytearray(seeds[round_ % len(seeds)])
        for at in rng.integers(0, min(len(content), 80), size=int(rng.integers(1, 6))):
            content[at] = rng.choice([0, 1, 2, 255, int(rng.integers(256))])
        path = file(
            bytes(content[: int(rng.integers(0, len(content) + 1))]) if round_ % 2 else bytes(content)
        )
        try:
            read = wav.read_mono(path)
        except wav.WavError:
            continue
        assert len(read) % 2 == 0
        wav.repair(path)
        assert wav.read_mono(path) == read
