"""`python -m dsp.wav repair`: cut anywhere, wrong anywhere, and nothing that sounds is ever lost."""

import json
import os
import shutil
import struct
import subprocess
import sys
import wave

import numpy as np
import pytest

from dsp import wav

RECORDED = [wav.Format.PCM16, wav.Format.ALAW, wav.Format.ULAW]
FRAMES = 25


@pytest.fixture(params=RECORDED, ids=lambda form: form.name.lower())
def form(request):
    return request.param


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """That it is waited for, and when, is a test of its own."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def frame_bytes(form):
    return 2 * form.value[1] // 8


def samples(form, frames=FRAMES, seed=1):
    return np.random.default_rng(seed).bytes(frames * frame_bytes(form))


def killed(form, frames=FRAMES, said=0):
    """A recording whose header tells of `said` frames."""
    return wav.header(2, said, form) + samples(form, frames)


@pytest.fixture
def file(tmp_path):
    def make(content, name="a file.wav"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make


@pytest.mark.slow
def test_cut_off_at_any_byte_every_whole_frame_is_kept(file, form):
    content = killed(form, said=FRAMES)
    head = len(wav.header(2, 0, form))
    for length in range(len(content) + 1):
        path = file(content[:length])
        whole = max(0, length - head) // frame_bytes(form)
        layout = wav.repair(path).layout
        assert layout.frames == whole, length
        if length > 20:  # the format stands in bytes 20 and 21
            assert layout.format is form
            kept = content[head:][: whole * frame_bytes(form)]
            assert path.read_bytes() == wav.header(2, whole, form) + kept
        assert not wav.repair(path).changed, "once is enough"


def test_any_sizes_in_the_header_are_put_right(file, form):
    rng = np.random.default_rng(2)
    whole = wav.header(2, FRAMES, form) + samples(form)
    head = len(whole) - len(samples(form))
    for said in [
        0,
        1,
        2,
        3,
        7,
        0x7FFFFFFF,
        0x80000000,
        0xFFFFFFFE,
        0xFFFFFFFF,
        *rng.integers(2**32, size=50),
    ]:
        content = bytearray(whole)
        struct.pack_into("<I", content, 4, int(rng.integers(2**32)))
        struct.pack_into("<I", content, head - 4, int(said))
        if form is not wav.Format.PCM16:
            struct.pack_into("<I", content, 46, int(rng.integers(2**32)))
        path = file(bytes(content))
        assert wav.repair(path).changed
        assert path.read_bytes() == whole


@pytest.mark.parametrize("rest", [1, 2, 3])
def test_half_a_frame_at_the_end_is_cut_and_counted(file, rest):
    path = file(killed(wav.Format.PCM16) + b"\x55" * rest)
    repaired = wav.repair(path)
    assert (repaired.cut_bytes, repaired.layout.frames) == (rest, FRAMES)
    assert path.read_bytes() == wav.header(2, FRAMES) + samples(wav.Format.PCM16)


def test_a_file_in_order_is_not_written_to(file, form):
    path = file(killed(form, said=FRAMES))
    os.utime(path, (1, 1))
    assert not wav.repair(path).changed
    assert path.stat().st_mtime == 1


def test_a_repair_that_is_cut_short_itself_is_finished_by_the_next(file, form, monkeypatch):
    rest = b"\x11" * (frame_bytes(form) - 1)
    for broken in ("fsync", "pwrite", "ftruncate"):
        path = file(killed(form) + rest)

        def fails(*_args):
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(os, broken, fails)
            with pytest.raises(wav.WavError, match=r"cannot be repaired \(Input/output error\). Copy it"):
                wav.repair(path)
        wav.repair(path)
        assert path.read_bytes() == wav.header(2, FRAMES, form) + samples(form)


def test_the_samples_are_on_the_disk_before_the_header_changes(file, monkeypatch):
    path, order = file(killed(wav.Format.PCM16) + b"x"), []
    for name in ("fsync", "pwrite", "ftruncate"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, name=name, real=real: (order.append(name), real(*args))[1]
        )
    wav.repair(path)
    assert order == ["fsync", "pwrite", "fsync", "ftruncate"]


def test_a_header_of_zeros_is_made_anew_when_its_format_is_told(file, form):
    head = len(wav.header(2, 0, form))
    path = file(bytes(head) + samples(form))
    with pytest.raises(wav.WavError, match=r"no WAV file .* say its format: repair --as pcm16"):
        wav.repair(path)
    assert path.read_bytes() == bytes(head) + samples(form)
    wav.repair(path, form)
    assert path.read_bytes() == wav.header(2, FRAMES, form) + samples(form)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ID3\3 an mp3 file, really" * 9, "no WAV file"),
        (b"RIFF\0\0\0\0AVI LIST" + bytes(80), "no WAV file"),
        (b"RF64\xff\xff\xff\xffWAVEds64" + bytes(80), r"more than 4 GiB \(RF64\)"),
        (b"RIFF\0\0\0\0WAVELIST\4\0\0\0abcd", "without samples"),
        (wav.header(2, 0)[:20] + b"\x55\0" + wav.header(2, 0)[22:] + bytes(100), "format 85 of 16 bits"),
    ],
)
def test_what_is_not_ours_is_refused_and_stays_as_it_is_whatever_is_told(file, content, said):
    path = file(content)
    for lost_head in (None, wav.Format.PCM16):
        with pytest.raises(wav.WavError, match=said) as raised:
            wav.repair(path, lost_head)
        assert "Only WAV files of PCM, A-law or mu-law" in str(raised.value)
        assert path.read_bytes() == content


def test_what_is_too_long_for_wav_is_refused_with_the_line_that_takes_it_apart(tmp_path):
    path = tmp_path / "long.wav"
    path.write_bytes(wav.header(2, 0))
    os.truncate(path, 2**32 + 44)  # takes no room: it is a hole
    with pytest.raises(wav.WavError, match=r"sizes in a WAV file end at 4294967295.*sox --ignore-length"):
        wav.repair(path)
    assert path.stat().st_size == 2**32 + 44


def test_the_command_says_what_it_did_with_each_file(file, tmp_path, capsys):
    good = file(killed(wav.Format.ALAW, 8000, 8000), "good.wav")
    bad = file(killed(wav.Format.PCM16, 12000), "bad.wav")
    assert wav.main(["repair", str(good), str(bad)]) == 0
    out, err = capsys.readouterr()
    assert out == (
        f"{good}: in order, 1.000 s, 2 channel(s), alaw\n{bad}: repaired, 1.500 s, 2 channel(s), pcm16\n"
    )
    assert err == ""
    assert wav.main(["repair", str(tmp_path / "none.wav"), str(good)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith(f"{good}: in order"), "the others are seen to all the same"
    assert err.startswith(f"{tmp_path}/none.wav: cannot be repaired (No such file or directory). ")


def test_the_command_says_it_in_json(file, capsys):
    path = file(killed(wav.Format.ULAW, 800) + b"x", "a.wav")
    other = file(b"ID3" * 100, "b.wav")
    assert wav.main(["repair", "--json", str(path), str(other)]) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {
        "file": str(path),
        "ok": True,
        "changed": True,
        "cut_bytes": 1,
        "format": "ulaw",
        "channels": 2,
        "seconds": 0.1,
    }
    assert (second["ok"], second["file"]) == (False, str(other))
    assert "no WAV file" in second["error"]


def test_the_command_takes_the_format_of_a_lost_header(file, capsys):
    path = file(bytes(58) + samples(wav.Format.ALAW))
    assert wav.main(["repair", "--as", "alaw", str(path)]) == 0
    assert path.read_bytes() == wav.header(2, FRAMES, wav.Format.ALAW) + samples(wav.Format.ALAW)


@pytest.mark.parametrize("wrong", [[], ["repair"], ["repair", "--as", "mp3", "x"], ["mend", "x"]])
def test_a_wrong_command_is_status_2(wrong, capsys):
    with pytest.raises(SystemExit) as raised:
        wav.main(wrong)
    assert raised.value.code == 2
    assert "usage: python -m dsp.wav" in capsys.readouterr().err


@pytest.mark.slow
def test_the_module_is_a_program_and_has_help(file):
    path = file(killed(wav.Format.PCM16))
    command = [sys.executable, "-m", "dsp.wav", "repair"]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    assert "Exit status: 0 all files are in order now, 1 one of them is not." in " ".join(
        shown.stdout.split()
    )
    subprocess.run([*command, path], capture_output=True, check=True)
    with wave.open(str(path)) as read:
        assert read.readframes(read.getnframes()) == samples(wav.Format.PCM16)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("sox"), reason="sox is not here; sudo apt-get install sox")
def test_sox_reads_what_was_repaired_without_a_word(file, form):
    path = file(killed(form) + b"\1")
    wav.repair(path)
    encoding = {1: "signed", 6: "a-law", 7: "u-law"}[form.value[0]]
    raw = ["-t", "raw", "-e", encoding, "-b", str(form.value[1]), "-"]
    heard = subprocess.run(["sox", "-D", str(path), *raw], capture_output=True, check=True)
    # the two codes of mu-law's zero are one to sox
    expected = samples(form).replace(b"\x7f", b"\xff") if form is wav.Format.ULAW else samples(form)
    assert (heard.stdout, heard.stderr) == (expected, b"")
