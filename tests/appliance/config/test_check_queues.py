"""What cannot be true of a queue's wait is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.appliance.config.sites import GOOD, problems_of

SALES = 'agents = ["ana", "bob"]\n'
SUPPORT = '\n[queues.support]\nagents = ["bob"]\n'
BOX = '\n[outbound]\npermission = "box"\n[permissions.box]\nclasses = ["mobile"]\n[rates.any]\na_minute = 0\n'


def told(folder: Path, sales: str, more: str = "") -> list[str]:
    """The problems of the good site with these options of queue sales, and this after it."""
    text = GOOD.replace(SALES, f"{SALES}{sales}\n") + more
    return [str(problem).split(":", 1)[1] for problem in problems_of(folder, text)]


@pytest.mark.parametrize(
    "sales",
    [
        'max_callers = 3\nfull = "queue:support"',
        'empty_when = "all-paused"\nempty = "hangup"',
        'music = "welcome"',
        'music = ["welcome", "welcome"]\ncomfort = "welcome"',
        'keys = { 1 = "queue:support", 2 = "call-back", 3 = "number:+4930123456" }',
        'hours = "office"\nclosed = "play:welcome"',
        'max_wait_seconds = 60\noverflow = "queue:support"',
    ],
)
def test_what_is_right_passes(tmp_path: Path, sales: str) -> None:
    office = '[calendars.office]\nopen = ["mon-fri 09:00-18:00"]\n'
    assert told(tmp_path, sales, SUPPORT + BOX + office) == []


@pytest.mark.parametrize(
    ("sales", "support", "wrong"),
    [
        (
            'max_callers = 3\nfull = "queue:support"',
            'max_callers = 3\nfull = "queue:sales"',
            "callers who are not let in anywhere go round for ever: sales -> support -> sales",
        ),
        (
            'max_callers = 3\nfull = "queue:support"',
            'empty_when = "all-paused"\nempty = "queue:sales"',
            "callers who are not let in anywhere go round for ever: sales -> support -> sales",
        ),
        (
            'max_wait_seconds = 60\noverflow = "queue:support"',
            'max_wait_seconds = 60\noverflow = "queue:sales"',
            "callers go round until an agent answers, with no way out: sales -> support -> sales",
        ),
        (
            'max_wait_seconds = 60\noverflow = "queue:sales"',
            "",
            "callers go round until an agent answers, with no way out: sales -> sales",
        ),
    ],
)
def test_a_ring_of_queues_is_told_once_with_the_way_round(
    tmp_path: Path, sales: str, support: str, wrong: str
) -> None:
    found = told(tmp_path, sales, f"{SUPPORT}{support}\n")
    assert len(found) == 1
    assert wrong in found[0]
    assert found[0].startswith(("14:", "25:", "26:", "28:", "29:", "15:", "30:"))


@pytest.mark.parametrize(
    ("sales", "wrong"),
    [
        ('keys = { 2 = "call-back" }', "queues.sales.keys.2: the box may dial nothing by itself"),
        ('max_wait_seconds = 9\noverflow = "number:+4930123456"', "queues.sales.overflow: the box may dial"),
        ('hours = "ofice"', 'there is no calendar ofice. Allowed: office. Did you mean "office"?'),
        ('full = "queue:support"', "never happens without `max_callers`"),
        ('closed = "queue:support"', "never happens without `hours`"),
        ('call_back_machine = "try-again"', "does nothing without a key for a call-back"),
        ('keys = { 2 = "queue:suport" }', "there is no queue suport"),
        ('keys = { 2 = "number:030" }', "no destination"),
        ('music = ["welcome", "jazz"]', "there is no prompt jazz"),
        ("comfort_seconds = 1", "too small"),
        (f"music = {['welcome'] * 33}", "at most 32 items"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, sales: str, wrong: str) -> None:
    office = '[calendars.office]\nopen = ["mon-fri 09:00-18:00"]\n'
    found = told(tmp_path, sales, SUPPORT + office)
    assert len(found) == 1, found
    assert wrong in found[0]
