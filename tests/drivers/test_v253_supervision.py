"""Every sign that a far end has gone, one by one, and what must not count as one."""

from __future__ import annotations

import random

import pytest

from drivers.v253.supervision import Rules, Sign, Supervision

CODES = "bdqsvVrRwTaceflLJtK$YQSuohHpPim@EX.0123456789/~\x00\xff"


def _watched(inbound: bool = True, **rules: object) -> Supervision:
    return Supervision(Rules(**rules), 0.0, answer_reverses=not inbound)  # type: ignore[arg-type]


def test_a_loop_break_ends_the_call_after_a_second() -> None:
    watched = _watched()
    watched.code("l", 10.0)
    assert watched.verdict(10.9) is None
    assert watched.next_look() == 11.0
    assert watched.verdict(11.0) is Sign.LOOP_BREAK


def test_the_loop_break_of_taking_the_line_is_none() -> None:
    watched = _watched()
    watched.code("l", 0.3)
    watched.code("L", 0.4)
    assert watched.verdict(100.0) is None


def test_a_line_may_be_told_not_to_believe_loop_and_polarity() -> None:
    watched = _watched(loop_break=False, polarity=False)
    watched.code("l", 10.0)
    watched.code("L", 20.0)
    assert watched.verdict(100.0) is None


@pytest.mark.parametrize(("inbound", "reversals"), [(True, 1), (False, 2)])
def test_polarity_ends_a_call_but_the_first_one_of_ours_is_its_answer(inbound: bool, reversals: int) -> None:
    watched = _watched(inbound)
    for number in range(reversals):
        assert watched.verdict(10.0 * number + 9) is None
        watched.code("L", 10.0 * number + 10)
    assert watched.verdict(50.0) is Sign.POLARITY


@pytest.mark.parametrize(
    ("tone", "seconds", "sign"),
    [("busy", 2.0, Sign.BUSY), ("congestion", 2.0, Sign.BUSY), ("dial", 6.0, Sign.DIAL)],
)
def test_a_tone_ends_the_call_when_it_goes_on(tone: str, seconds: float, sign: Sign) -> None:
    watched = _watched()
    watched.tone(tone, 10.0)
    assert watched.verdict(10.0 + seconds - 0.1) is None
    assert watched.verdict(10.0 + seconds) is sign


def test_a_tone_that_stops_at_once_was_music() -> None:
    watched = _watched()
    watched.tone("busy", 10.0)
    watched.tone_over()
    assert watched.verdict(1000.0) is None


def test_a_modem_that_agrees_with_our_ear_saves_the_second_look() -> None:
    watched = _watched()
    watched.code("b", 8.0)
    watched.tone("busy", 10.0)
    assert watched.verdict(10.0) is Sign.BUSY


@pytest.mark.parametrize("code", "bKdi")
def test_v2_the_modems_own_tones_end_nothing_however_often(code: str) -> None:
    watched = _watched()
    for second in range(4, 3600, 4):
        watched.code(code, second)
        assert watched.verdict(second) is None


def test_v2_a_trusted_modem_ends_a_call_by_the_fourth_code_in_a_row() -> None:
    watched = _watched(trust_modem=True)
    for second in (10, 14, 18):
        watched.code("b", second)
    watched.alive()  # a key
    for second in (22, 22.1, 22.2, 26, 30, 40, 44, 48, 52):  # repeated; then a gap too long
        assert watched.verdict(second) is None
        watched.code("b", second)
    assert watched.verdict(52) is Sign.MODEM_TONE


def test_special_information_counts_the_second_time() -> None:
    watched = _watched()
    watched.tone("sit", 10.0)
    assert watched.verdict(40.0) is None
    watched.tone("sit", 45.0)
    assert watched.verdict(45.0) is Sign.SIT


def test_silence_and_time_end_what_nothing_else_does() -> None:
    watched = _watched(silence_seconds=60.0, max_call_seconds=100.0)
    watched.silence(59.0)
    assert watched.verdict(70.0) is None
    assert watched.next_look() == 100.0
    assert watched.verdict(100.0) is Sign.TOO_LONG
    watched = _watched(silence_seconds=60.0)
    watched.silence(60.0)
    assert watched.verdict(70.0) is Sign.SILENCE
    watched = _watched(silence_seconds=0.0)
    watched.silence(6000.0)
    assert watched.verdict(7000.0) is None


def test_a_modem_that_leaves_voice_or_goes_dead_or_rings_on_has_failed() -> None:
    watched = _watched()
    watched.code("\x03", 0.5)
    assert watched.verdict(0.5) is Sign.LEFT_VOICE
    watched = _watched()
    watched.dead(10.0)
    watched.undead()
    assert watched.verdict(100.0) is None
    watched.dead(100.0)
    assert watched.verdict(103.0) is Sign.DEAD
    watched = _watched()
    watched.code("R", 4.0)
    assert watched.verdict(4.0) is None
    watched.code("R", 10.0)
    assert watched.verdict(10.0) is Sign.RINGS_ON


def test_v2_a_modem_that_babbles_is_not_believed() -> None:
    for seed in range(50):
        luck = random.Random(seed)
        watched = _watched()
        for tenth in range(20, 6000, 2):
            watched.code(luck.choice("bdqsvVrRwTaceflLJtK$YQS"), tenth / 10)
            assert watched.verdict(tenth / 10) is None


def test_whatever_comes_a_call_is_over_at_its_longest() -> None:
    for seed in range(200):
        luck = random.Random(seed)
        watched = _watched(inbound=bool(seed % 2), max_call_seconds=100.0, trust_modem=bool(seed % 3))
        now = 0.0
        while watched.verdict(now) is None:
            now += luck.random() * 3
            assert now < 110.0
            step = luck.randrange(8)
            if step < 4:
                watched.code(luck.choice(CODES), now)
            elif step == 4:
                watched.tone(luck.choice(["busy", "dial", "sit", "ringback", "congestion", "x"]), now)
            elif step == 5:
                watched.tone_over()
            elif step == 6:
                watched.silence(luck.random() * 100)
            else:
                watched.undead()
