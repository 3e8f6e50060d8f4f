"""Sound files in memory: read once, read anew when changed, bounded."""

import os
import wave

import pytest

from appliance.media.prompts import PromptCache
from dsp.wav import WavError


def write(path, samples, value=1):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(value.to_bytes(2, "little") * samples)
    return path


def test_a_file_is_read_once_and_shared(tmp_path):
    cache, path = PromptCache(), write(tmp_path / "a.wav", 100)
    assert cache.sound(path) is cache.sound(path)
    assert cache.bytes == 200


def test_a_changed_file_is_read_anew(tmp_path):
    cache, path = PromptCache(), write(tmp_path / "a.wav", 100)
    before = cache.sound(path)
    write(path, 100, value=2)
    os.utime(path, ns=(1, 1))
    assert cache.sound(path) != before
    assert cache.bytes == 200


def test_what_was_played_longest_ago_goes_first(tmp_path):
    cache = PromptCache(most_bytes=500)
    a, b, c = (write(tmp_path / name, 100) for name in ("a.wav", "b.wav", "c.wav"))
    held = cache.sound(a)
    cache.sound(b)
    cache.sound(a)
    cache.sound(c)
    assert cache.bytes == 400
    assert cache.sound(a) is held


def test_a_file_that_is_missing_or_no_sound_is_refused(tmp_path):
    cache = PromptCache()
    with pytest.raises((WavError, OSError)):
        cache.sound(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(WavError):
        cache.sound(tmp_path / "text.wav")
    assert cache.bytes == 0
