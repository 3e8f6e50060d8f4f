"""Files of callers: good ones are read whole, bad ones not at all, with every error at once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from appliance.config.problem import ConfigError
from appliance.simulate.arrivals import Lengths
from appliance.simulate.arrivals_file import MOST_PROBLEMS, read_arrivals

QUEUES = ("sales", "support")
LENGTHS = Lengths(handle_s=100, handle_cv=0, patience_s=60)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "arrivals.csv"


def problems(file: Path, text: str | bytes) -> list[str]:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as refused:
        read_arrivals(file, QUEUES, LENGTHS)
    return [str(problem).removeprefix(f"{file}:") for problem in refused.value.problems]


def test_what_a_row_does_not_say_is_drawn_and_rows_are_put_in_order(file: Path) -> None:
    file.write_text(
        "\ufefftime, queue ,handle_s,patience_s,skills,priority,customer\r\n"
        "09:00:30.5,support,120,,english=3;billing=1,2,gold\r\n"
        "\r\n"
        "2026-11-22T09:00,sales,,15,,,\r\n"
        "86400,sales,,,,,\r\n"
    )
    first, second, third = read_arrivals(file, QUEUES, LENGTHS)(1)
    assert (first.at_s, first.queue, first.handle_s, first.patience_s) == (32_400, "sales", 100, 15)
    assert (second.at_s, second.handle_s, second.skills) == (32_430.5, 120, {"english": 3, "billing": 1})
    assert (second.priority, third.priority, third.at_s) == (2.0, 1.0, 86_400)
    assert (second.customer, third.customer) == ("gold", "")
    assert second.patience_s == read_arrivals(file, QUEUES, LENGTHS)(1)[1].patience_s
    assert second.patience_s != read_arrivals(file, QUEUES, LENGTHS)(2)[1].patience_s


def test_every_error_is_told_at_once_with_its_line(file: Path) -> None:
    told = problems(
        file,
        "time,queue,handle_s,priority\n"
        "9 o'clock,sales,1,1\n"
        "10,slaes,1,1\n"
        "25:00,sales,1,1\n"
        "-3,sales,1,1\n"
        "4,sales,nan,99\n"
        "5,sales\n",
    )
    assert [line.split(":")[0] for line in told] == ["2", "3", "4", "5", "6", "6", "7"]
    assert 'Did you mean "sales"?' in told[1]
    assert "a number from 0.1 to 86400" in told[4]
    assert "has 2 fields" in told[6]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must name a column time"),
        ("time,queue\n", "has no callers"),
        ("time,que\n1,sales\n", 'Did you mean "queue"?'),
        ("time,queue,time\n1,sales,2\n", "is there twice"),
        ('time,queue\n1,"sales\n', "is not CSV"),
        (b"time,queue\n1,\xff\n", "is not UTF-8"),
        ("time,queue\n1," + "x" * 200_000, "field larger than field limit"),
        ("time,queue,skills\n1,sales,english=9\n", "levels 1 to 5"),
        ("time,queue\ninf,sales\n", "31 days at most"),
        ("time,queue\n1e999,sales\n", "31 days at most"),
        ("time,queue\n1\x00,sales\n", "is no time"),
        ("time,queue\n2026-13-45,sales\n", "is no time"),
    ],
)
def test_a_bad_file_says_what_is_wrong(file: Path, text: str | bytes, told: str) -> None:
    assert told in "\n".join(problems(file, text))


def test_a_file_of_errors_is_not_read_to_its_end(file: Path) -> None:
    assert len(problems(file, "time,queue\n" + "x,sales\n" * 5_000)) == MOST_PROBLEMS + 1


@pytest.mark.parametrize("name", ["/dev/zero", "/nowhere/at/all.csv", "/tmp"])
def test_what_is_no_file_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        read_arrivals(Path(name), QUEUES, LENGTHS)


@pytest.mark.parametrize("seed", range(30))
def test_garbage_is_refused_and_never_more_than_that(file: Path, seed: int) -> None:
    dice = random.Random(seed)
    good = b"time,queue,handle_s\n" + b"".join(b"%d,sales,60\n" % n for n in range(20))
    broken = bytearray(good)
    for _ in range(dice.randrange(1, 12)):
        broken[dice.randrange(len(broken))] = dice.randrange(256)
    file.write_bytes(broken)
    try:
        assert len(read_arrivals(file, QUEUES, LENGTHS)(1)) <= 21
    except ConfigError as refused:
        assert refused.problems  # noqa: PT017 # both ends are right
