"""The line echo canceller by the tests of ITU-T G.168, numbered, over its eight hybrids (hybrids.py).

Asserted are the figures asked of this box: 20 dB of echo return loss enhancement (ERLE) within 1 s, 40 dB on
noise and 32 dB on speech after 12 s, at most 6 dB lost through 5 s of double talk. Speech is syllables of
pulses and noise, and packaged speech where it is installed.
"""

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from dsp import echo, g711
from tests.dsp.hybrids import TAPS, path
from tests.dsp.signals import RATE, level_dbm0, noise, s16, silence, sine

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
HYBRIDS = [(name, delay) for name, delay in zip(TAPS, (0, 384, 80, 160, 320, 40, 240, 10), strict=True)]


def speech_like(count, seed, dbm0=-15.0):
    """Voiced and unvoiced syllables with pauses: pulses or noise through four resonances that move."""
    rng = np.random.default_rng(seed)
    pieces, made = [], 0
    while made < count:
        length = int(rng.integers(800, 2400))
        n = np.arange(length)
        pitch = rng.uniform(90, 240) * (1 + 0.1 * np.sin(2 * np.pi * 3 * n / RATE))
        voiced = rng.random() < 0.75
        beats = np.diff(np.floor(np.cumsum(pitch / RATE)), prepend=0.0)
        source = (6 * beats if voiced else 0) + rng.normal(0, 0.05 if voiced else 0.5, length)
        response = sum(
            weight * np.exp(-np.arange(160) / decay) * np.cos(2 * np.pi * hz * np.arange(160) / RATE)
            for weight, decay, hz in zip(
                (1, 0.6, 0.3, 0.2),
                (30, 25, 20, 12),
                rng.uniform([250, 800, 1900, 2800], [800, 2000, 2900, 3600]),
                strict=True,
            )
        )
        shape = np.sin(np.pi * (n + 0.5) / length) ** 0.5 * rng.uniform(0.3, 1.0)
        pause = int(rng.integers(200, 1200))
        pieces += [np.convolve(source, response)[:length] * shape, rng.normal(0, 0.001, pause)]
        made += length + pause
    joined = np.concatenate(pieces)[:count]
    return joined * 10 ** ((dbm0 - level_dbm0(joined)) / 20)


def at_level(signal, dbm0):
    return signal * 10 ** ((dbm0 - level_dbm0(signal)) / 20)


SIGNALS = {"noise": lambda count, seed: noise(count, -15, seed), "speech": speech_like}


def through(taps, far):
    return np.convolve(np.round(far), taps)[: len(far)]


def cancelled(far, near, canceller=None):
    """What is left, as floats."""
    made = (canceller or echo.Canceller()).cancel(s16(far).tobytes(), s16(near).tobytes())
    return np.frombuffer(made, np.int16).astype(float)


def erle(echoed, left, start, end):
    """ERLE in dB between two times in seconds."""
    part = slice(round(start * RATE), round(end * RATE))
    return 10 * np.log10((np.sum(echoed[part] ** 2) + 1) / (np.sum(left[part] ** 2) + 1))


def with_double_talk(echoed, talk, start, end, db_over_echo):
    """The near signal and the talk in it: louder than the echo by so much, over these seconds."""
    part = slice(start * RATE, end * RATE)
    near = np.zeros_like(echoed)
    near[part] = at_level(talk[part], level_dbm0(echoed[part]) + db_over_echo)
    return s16(echoed + near), near


@pytest.mark.slow
@pytest.mark.parametrize(("hybrid", "delay"), HYBRIDS)
@pytest.mark.parametrize("erl_db", [6, 20])
def test_g168_2_noise_is_cancelled_by_20_db_within_1_s_and_40_db_in_12(hybrid, delay, erl_db):
    far = noise(12 * RATE, -15, 1)
    echoed = through(path(hybrid, erl_db, delay), far)
    left = cancelled(far, echoed)
    assert erle(echoed, left, 0.9, 1.1) >= 20
    assert erle(echoed, left, 11, 12) >= 40


@pytest.mark.slow
@pytest.mark.parametrize(("hybrid", "delay"), HYBRIDS)
def test_g168_2_speech_is_cancelled_by_32_db_in_12_s(hybrid, delay):
    far = speech_like(12 * RATE, 2)
    echoed = through(path(hybrid, 6, delay), far)
    left = cancelled(far, echoed)
    assert erle(echoed, left, 1, 2) >= 20
    assert erle(echoed, left, 10, 12) >= 32


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIGNALS)
def test_g168_2c_a_changed_path_is_learnt_within_1_s_on_noise_and_2_on_speech(kind):
    for hybrid, other in (("D.2", "D.9"), ("D.5", "D.7"), ("D.8", "D.4")):
        far = SIGNALS[kind](9 * RATE, 3)
        before, after = through(path(hybrid, 6, 30), far), through(path(other, 8, 200), far)
        echoed = np.concatenate([before[: 5 * RATE], after[5 * RATE :]])
        left = cancelled(far, echoed)
        settled = 6 if kind == "noise" else 7
        assert erle(echoed, left, settled, settled + 1) >= 20, hybrid


@pytest.mark.slow
@pytest.mark.parametrize(("hybrid", "delay"), HYBRIDS)
@pytest.mark.parametrize("kind", SIGNALS)
def test_g168_3_double_talk_of_5_s_costs_at_most_6_db(hybrid, delay, kind):
    far, talk = SIGNALS[kind](19 * RATE, 4), speech_like(19 * RATE, 40)
    echoed = through(path(hybrid, 6, delay), far)
    near, near_talk = with_double_talk(echoed, talk, 12, 17, db_over_echo=6)
    left = cancelled(far, near)
    undisturbed = cancelled(far, echoed)
    assert erle(echoed, left - near_talk, 12.5, 16.5) >= 20  # the echo in what the far end hears meanwhile
    assert erle(echoed, left, 17, 19) >= erle(echoed, left, 10, 12) - 6
    assert erle(echoed, left, 17, 19) >= erle(echoed, undisturbed, 17, 19) - 6


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIGNALS)
def test_g168_3_double_talk_from_the_start_does_not_prevent_convergence(kind):
    for hybrid in ("D.2", "D.6"):
        far, talk = SIGNALS[kind](9 * RATE, 5), speech_like(9 * RATE, 50)
        echoed = through(path(hybrid, 6, 100), far)
        near, _ = with_double_talk(echoed, talk, 0, 4, db_over_echo=0)
        left = cancelled(far, near)
        assert erle(echoed, left, 5, 6) >= 20, hybrid


@pytest.mark.slow
def test_g168_4_what_was_learnt_does_not_leak_away_in_two_minutes_of_silence():
    far = np.concatenate([noise(5 * RATE, -15, 6), silence(120 * RATE), noise(RATE, -15, 7)])
    echoed = through(path("D.4", 6, 50), far)
    left = cancelled(far, echoed)
    assert erle(echoed, left, 125, 125.5) >= erle(echoed, left, 4, 5) - 6


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIGNALS)
def test_g168_5_an_echo_that_vanishes_is_not_made_by_us(kind):
    far = SIGNALS[kind](8 * RATE, 8)
    echoed = through(path("D.3", 6, 20), far)
    near = np.concatenate([echoed[: 5 * RATE], silence(3 * RATE)])
    left = cancelled(far, near)
    assert level_dbm0(left[round(5.5 * RATE) :]) < -60


@pytest.mark.slow
@pytest.mark.parametrize("kind", SIGNALS)
def test_g168_5_an_echo_that_appears_late_is_cancelled_within_2_s(kind):
    far = SIGNALS[kind](13 * RATE, 9)
    echoed = through(path("D.9", 6, 300), far)
    echoed[: 10 * RATE] = 0
    left = cancelled(far, echoed)
    assert erle(echoed, left, 12, 13) >= 20


def dual(first, second):
    return lambda count: sine(first, count, -13) + sine(second, count, -13)


TONES = {
    "697": lambda count: sine(697, count, -10),
    "1004": lambda count: sine(1004, count, -10),
    "1633": lambda count: sine(1633, count, -10),
    "2100": lambda count: sine(2100, count, -10),
    "697+1209": dual(697, 1209),
    "941+1633": dual(941, 1633),
    "350+440": dual(350, 440),
    "425": lambda count: sine(425, count, -10),
    "480+620": dual(480, 620),
}


@pytest.mark.slow
@pytest.mark.parametrize("tone", TONES)
def test_g168_6_a_tone_does_not_make_it_diverge(tone):
    seconds = 60 if tone == "2100" else 6
    far = np.concatenate([noise(5 * RATE, -15, 10), TONES[tone](seconds * RATE), noise(RATE, -15, 11)])
    echoed = through(path("D.5", 6, 60), far)
    left = cancelled(far, echoed)
    assert erle(echoed, left, 6, 5 + seconds) >= 40
    assert erle(echoed, left, 5 + seconds, 5.5 + seconds) >= erle(echoed, left, 4, 5) - 6


@pytest.mark.slow
def test_g168_6_noise_after_a_tone_heard_first_is_cancelled_within_1_s():
    for name in ("1004", "697+1209"):
        far = np.concatenate([TONES[name](5 * RATE), noise(2 * RATE, -15, 12)])
        echoed = through(path("D.7", 6, 60), far)
        left = cancelled(far, echoed)
        assert erle(echoed, left, 4, 5) >= 20, name
        assert erle(echoed, left, 6, 7) >= 20, name


@pytest.mark.slow
@pytest.mark.parametrize("hz", [50, 941.5, 2000])
def test_g168_7_a_minute_of_full_scale_squares_on_both_sides_is_stable(hz):
    square = 32767 * np.sign(np.sin(2 * np.pi * hz * np.arange(60 * RATE) / RATE) + 1e-9)
    far = np.concatenate([square, noise(2 * RATE, -15, 13)])
    echoed = through(path("D.8", 6, 60), far)
    near = np.concatenate([-square, echoed[60 * RATE :]])
    left = cancelled(far, near)
    assert erle(echoed, left, 61.5, 62) >= 20


@pytest.mark.slow
def test_g168_9_what_is_left_sounds_like_the_line():
    """The level with comfort noise is within 2 dB of the line's own noise, and no echo is heard in it."""
    for line_dbm0 in (-65.0, -55.0):
        line = noise(20 * RATE, line_dbm0, 14, 200, 3400)
        far = np.concatenate([silence(3 * RATE), noise(17 * RATE, -12, 15)])
        echoed = through(path("D.2", 10, 30), far)
        left = cancelled(far, echoed + line, echo.Canceller(suppress=True))
        assert level_dbm0(left[12 * RATE :]) == pytest.approx(line_dbm0, abs=2)


@pytest.mark.slow
def test_the_suppressor_leaves_nothing_of_speech_on_a_quiet_line():
    far = speech_like(14 * RATE, 16)
    echoed = through(path("D.4", 6, 30), far)
    left = cancelled(far, echoed, echo.Canceller(suppress=True))
    assert level_dbm0(left[10 * RATE :]) < -70


@pytest.mark.slow
def test_the_suppressor_does_not_clip_the_near_talker_in_double_talk():
    far, talk = speech_like(20 * RATE, 17), speech_like(20 * RATE, 18)
    echoed = through(path("D.5", 6, 30), far)
    near, near_talk = with_double_talk(echoed, talk, 8, 20, db_over_echo=0)
    plain, suppressed = cancelled(far, near), cancelled(far, near, echo.Canceller(suppress=True))

    def frames(signal):
        return np.array([level_dbm0(frame) for frame in signal[8 * RATE :].reshape(-1, 160)])

    active = frames(near_talk) > -40
    clipped = frames(plain)[active] - frames(suppressed)[active] > 3
    assert active.sum() > 300
    assert clipped.mean() < 0.01


@pytest.mark.parametrize("suppress", [False, True])
def test_a_near_talker_alone_is_left_exactly_as_he_is(suppress):
    talk = s16(speech_like(3 * RATE, 19)).astype(float)
    left = cancelled(silence(3 * RATE), talk, echo.Canceller(suppress=suppress))
    assert np.array_equal(left, talk)


@pytest.mark.slow
def test_without_a_hybrid_the_near_talker_keeps_his_level():
    far, talk = noise(8 * RATE, -15, 20), s16(speech_like(8 * RATE, 21)).astype(float)
    left = cancelled(far, talk, echo.Canceller(suppress=True))
    assert level_dbm0(left[RATE:]) == pytest.approx(level_dbm0(talk[RATE:]), abs=0.1)


@pytest.mark.slow
def test_noise_of_the_line_limits_nothing_but_the_figure():
    """With 30 dB of echo over the line's noise the echo ends below that noise."""
    far, line = noise(12 * RATE, -15, 22), noise(12 * RATE, -55, 23)
    echoed = through(path("D.3", 10, 30), far)
    left = cancelled(far, echoed + line)
    assert level_dbm0(left[10 * RATE :]) == pytest.approx(-55, abs=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encode", "decode"), [(g711.alaw_encode, g711.alaw_decode), (g711.ulaw_encode, g711.ulaw_decode)]
)
def test_behind_a_codec_of_g711_only_its_own_noise_is_left(encode, decode):
    """The codec's rounding, 37 dB below the echo, is no echo: what is left is at most 1 dB above it."""
    far = noise(12 * RATE, -15, 24)
    echoed = through(path("D.6", 6, 30), far)
    near = np.frombuffer(decode(encode(s16(echoed).tobytes())), np.int16).astype(float)
    left = cancelled(far, near)
    assert level_dbm0(left[10 * RATE :]) <= level_dbm0((near - echoed)[10 * RATE :]) + 1


@pytest.mark.slow
def test_a_tail_of_128_ms_cancels_an_echo_110_ms_late():
    far = noise(4 * RATE, -15, 25)
    echoed = through(path("D.5", 6, 880), far)
    assert erle(echoed, cancelled(far, echoed, echo.Canceller(128)), 3, 4) >= 40


@pytest.mark.parametrize("at_once", [1, 7, 64, 160, 163])
@pytest.mark.parametrize("suppress", [False, True])
def test_any_split_gives_the_same_samples(at_once, suppress):
    far = s16(noise(4000, -10, 26)).tobytes()
    near = s16(through(path("D.2", 6, 5), np.frombuffer(far, np.int16)) + noise(4000, -50, 27)).tobytes()
    canceller, step = echo.Canceller(suppress=suppress), 2 * at_once
    pieces = [canceller.cancel(far[at : at + step], near[at : at + step]) for at in range(0, len(far), step)]
    assert b"".join(pieces) == echo.Canceller(suppress=suppress).cancel(far, near)


@pytest.mark.slow
def test_any_bytes_are_survived_and_noise_is_cancelled_after_them():
    rng = np.random.default_rng(28)
    canceller = echo.Canceller(suppress=True)
    rails = [np.full(4000, value, np.int16) for value in (-32768, 32767, 0)]
    for _ in range(20):
        junk = [rng.integers(-32768, 32768, 4000).astype(np.int16), *rails]
        far, near = junk[rng.integers(4)], junk[rng.integers(4)]
        canceller.cancel(far.tobytes(), near.tobytes())
    far = noise(3 * RATE, -15, 29)
    echoed = through(path("D.2", 6, 5), far)
    assert erle(echoed, cancelled(far, echoed, canceller), 2, 3) >= 20


@pytest.mark.slow
def test_the_status_says_converged_and_double_talk():
    canceller, far = echo.Canceller(), noise(4 * RATE, -15, 30)
    echoed = through(path("D.2", 6, 5), far)
    assert not canceller.status.converged
    cancelled(far[: 3 * RATE], echoed[: 3 * RATE], canceller)
    assert canceller.status.converged
    assert not canceller.status.double_talk
    assert canceller.status.erle_db >= 30
    talk = speech_like(RATE, 31)
    cancelled(far[3 * RATE :], echoed[3 * RATE :] + talk, canceller)
    assert canceller.status.double_talk


def test_a_channel_takes_21_kb_with_64_ms_and_38_with_128():
    assert echo.Canceller(64).memory_bytes <= 21_000
    assert echo.Canceller(128).memory_bytes <= 38_000


def test_wrong_arguments_are_refused_in_words():
    with pytest.raises(ValueError, match="echo tail of 200 ms: give more than 0 and at most 128 ms"):
        echo.Canceller(200)
    with pytest.raises(
        ValueError, match=r"2 bytes sent and 4 bytes from the line: .* the same number of both"
    ):
        echo.Canceller().cancel(bytes(2), bytes(4))


@pytest.mark.slow
def test_the_program_writes_what_is_left():
    far = s16(noise(RATE, -15, 32))
    near = s16(through(path("D.2", 6, 5), far))
    stereo = np.stack([far, near], 1).tobytes()
    made = subprocess.run([sys.executable, "-m", "dsp.echo"], input=stereo, capture_output=True, check=True)
    assert made.stdout == echo.Canceller().cancel(far.tobytes(), near.tobytes())


def packaged(files, count):
    """That many samples of packaged prompts, one after another, at -15 dBm0."""
    data = b""
    for file in files:
        with wave.open(io.BytesIO(file.read_bytes())) as sound:
            data += sound.readframes(sound.getnframes())
        if len(data) >= 2 * count:
            break
    return at_level(np.frombuffer(data[: 2 * count], np.int16).astype(float), -15)


@pytest.mark.slow
@pytest.mark.parametrize(("hybrid", "delay"), HYBRIDS)
def test_g168_3_packaged_speech_is_cancelled_by_32_db_and_survives_double_talk(hybrid, delay):
    if not SOUNDS.is_dir():
        pytest.skip("needs packaged sound: apt-get install asterisk-core-sounds-en-wav")
    files = sorted(path for path in SOUNDS.glob("*.wav") if path.stat().st_size > 64_000)
    far, talk = packaged(files, 19 * RATE), packaged(files[::-1], 19 * RATE)
    echoed = through(path(hybrid, 6, delay), far)
    near, near_talk = with_double_talk(echoed, talk, 12, 17, db_over_echo=6)
    left = cancelled(far, near)
    before = erle(echoed, left, 9, 12)
    assert before >= 32
    assert erle(echoed, left - near_talk, 12, 17) >= 32 - 6
    assert erle(echoed, left, 17, 19) >= before - 6
