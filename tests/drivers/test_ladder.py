"""Want 17: the rungs: which one is next, when, and when the past is forgotten."""

from __future__ import annotations

import random

import pytest

from drivers.ladder import AGAIN_SECONDS, CALM_SECONDS, START_SECONDS, Ladder, Rung, Trouble

SILENT, MISSING, NOT_OURS, PERSON = Trouble.SILENT, Trouble.MISSING, Trouble.NOT_OURS, Trouble.PERSON
ALL = (Rung.RESET, Rung.POWER)


def climbed(
    ladder: Ladder, trouble: Trouble, *, seconds: float, now: float = 0.0, every: float = 1.0
) -> list[tuple[float, Rung]]:
    """What is done, and when, by a port that tries again and again and never works."""
    taken = []
    end = now + seconds
    while now <= end:
        rung = ladder.climb(trouble, now)
        if rung is not None:
            taken.append((now, rung))
        now += every
    return taken


def test_a_silent_device_climbs_rung_by_rung_within_half_a_minute() -> None:
    assert climbed(Ladder(ALL), SILENT, seconds=60) == [
        (0, Rung.REINIT),
        (1, Rung.RESET),
        (7, Rung.POWER),
        (32, Rung.OUT),
    ]


def test_without_a_power_switch_the_reset_is_the_last_rung() -> None:
    rungs = [rung for _, rung in climbed(Ladder((Rung.RESET,)), SILENT, seconds=60)]
    assert rungs == [Rung.REINIT, Rung.RESET, Rung.OUT]


def test_a_device_that_is_not_there_has_the_time_of_a_start_and_then_its_power_switched() -> None:
    taken = climbed(Ladder(ALL), MISSING, seconds=100)
    assert taken == [(START_SECONDS, Rung.POWER), (2 * START_SECONDS, Rung.OUT)]


def test_a_device_that_is_not_there_and_has_no_switch_is_out_of_service_until_it_is_back() -> None:
    ladder = Ladder((Rung.RESET,))
    assert climbed(ladder, MISSING, seconds=60) == [(START_SECONDS, Rung.OUT)]
    assert ladder.rung is Rung.OUT
    assert ladder.well(100) == 100
    assert ladder.rung is Rung.WELL


def test_a_device_that_went_away_after_its_reset_is_not_hurried() -> None:
    ladder = Ladder(ALL)
    assert [ladder.climb(SILENT, now) for now in (0, 1)] == [Rung.REINIT, Rung.RESET]
    assert ladder.climb(MISSING, 4) is None
    assert climbed(ladder, SILENT, now=10, seconds=15) == []  # back, and still starting
    assert ladder.climb(SILENT, 1 + START_SECONDS) is Rung.POWER


def test_a_device_that_came_back_silent_need_not_be_opened_once_more() -> None:
    ladder = Ladder(ALL)
    assert climbed(ladder, MISSING, seconds=3) == []
    assert climbed(ladder, SILENT, now=4, seconds=40)[:2] == [
        (START_SECONDS, Rung.RESET),
        (START_SECONDS + 6, Rung.POWER),
    ]


def test_out_of_service_everything_is_tried_again_for_ever_at_long_intervals() -> None:
    ladder = Ladder(ALL)
    taken = climbed(ladder, SILENT, seconds=3 * AGAIN_SECONDS)
    rungs = [rung for _, rung in taken]
    assert rungs[:4] == [Rung.REINIT, Rung.RESET, Rung.POWER, Rung.OUT]
    assert rungs[4:8] == rungs[:4]
    assert taken[4][0] - taken[3][0] == AGAIN_SECONDS
    assert ladder.rung is Rung.OUT


@pytest.mark.parametrize("trouble", [NOT_OURS, PERSON])
def test_what_is_not_ours_and_what_needs_a_person_is_left_alone(trouble: Trouble) -> None:
    ladder = Ladder(ALL)
    assert climbed(ladder, trouble, seconds=10_000) == []
    assert ladder.rung is Rung.PING


def test_three_pings_without_an_answer_are_enough() -> None:
    ladder = Ladder(ALL)
    assert [ladder.unanswered(now) for now in (1, 2, 3)] == [False, False, True]
    assert ladder.rung is Rung.PING
    assert ladder.well(4) == 3  # since the first question
    assert ladder.unanswered(5) is False


def test_ill_again_soon_begins_above_what_helped_last_time() -> None:
    ladder = Ladder(ALL)
    now = 0.0
    assert ladder.climb(SILENT, now) is Rung.REINIT
    ladder.well(now)
    for expected in (Rung.RESET, Rung.POWER, Rung.POWER, Rung.POWER):
        now += CALM_SECONDS - 1
        assert ladder.climb(SILENT, now) is expected
        ladder.well(now)
    assert ladder.climb(SILENT, now + CALM_SECONDS) is Rung.REINIT


def test_what_one_does_with_a_reset_only_is_reset_as_often_as_it_helps() -> None:
    ladder = Ladder((Rung.RESET,))
    assert ladder.climb(SILENT, 0) is Rung.REINIT
    for now in range(10, 100, 10):
        ladder.well(now)
        assert ladder.climb(SILENT, now + 1) is Rung.RESET


def test_a_rung_that_could_not_be_taken_is_not_waited_for() -> None:
    ladder = Ladder(ALL)
    assert ladder.climb(MISSING, 0) is None
    assert ladder.climb(MISSING, START_SECONDS) is Rung.POWER
    ladder.could_not()
    assert ladder.climb(MISSING, START_SECONDS + 1) is Rung.OUT


def test_a_reset_that_others_have_done_counts() -> None:
    ladder = Ladder(ALL)
    ladder.did(Rung.RESET, 0)
    assert ladder.rung is Rung.RESET
    assert climbed(ladder, MISSING, now=1, seconds=20) == []
    assert ladder.well(22) == 22


def test_a_device_that_was_somebody_elses_for_long_is_opened_first_all_the_same() -> None:
    ladder = Ladder(ALL)
    climbed(ladder, NOT_OURS, seconds=1000)
    assert ladder.climb(SILENT, 1001) is Rung.REINIT


@pytest.mark.parametrize("seed", range(50))
def test_whatever_happens_a_rung_is_possible_and_the_ladder_ends_well(seed: int) -> None:
    luck = random.Random(seed)
    possible = luck.sample(ALL, luck.randint(0, 2))
    ladder = Ladder(possible)
    now = 0.0
    for _ in range(500):
        now += luck.expovariate(1 / 20)
        event = luck.randrange(8)
        if event == 0:
            ladder.well(now)
            assert ladder.rung is Rung.WELL
        elif event == 1:
            ladder.unanswered(now)
        else:
            trouble = luck.choice(list(Trouble))
            rung = ladder.climb(trouble, now)
            assert rung in (None, Rung.REINIT, Rung.OUT, *possible)
            assert not (trouble is MISSING and rung in (Rung.REINIT, Rung.RESET))
            if luck.random() < 0.1:
                ladder.could_not()
    assert climbed(ladder, SILENT, now=now, seconds=2 * AGAIN_SECONDS)
