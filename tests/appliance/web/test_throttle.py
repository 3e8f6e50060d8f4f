"""A bucket of tries for each key."""

from __future__ import annotations

import pytest

from appliance.web.complaints import LONGEST, Complaints
from appliance.web.throttle import MOST_KEYS, Throttle


class Mono:
    """Seconds that the test lets pass."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_one_at_a_time() -> None:
    mono = Mono()
    throttle = Throttle(burst=3, every_seconds=10.0, now=mono)
    for _ in range(3):
        assert throttle.wait_seconds("a") == 0
        throttle.take("a")
    assert throttle.wait_seconds("a") == 10
    assert throttle.wait_seconds("b") == 0
    mono.now += 10
    assert throttle.wait_seconds("a") == 0
    throttle.take("a")
    assert throttle.wait_seconds("a") == 10
    mono.now += 1000
    for _ in range(3):
        assert throttle.wait_seconds("a") == 0
        throttle.take("a")


def test_many_keys_cost_no_memory() -> None:
    throttle = Throttle(burst=1, every_seconds=10.0, now=Mono())
    for number in range(MOST_KEYS + 10):
        throttle.take(str(number))
    assert throttle.wait_seconds("0") == 0
    assert throttle.wait_seconds(str(MOST_KEYS)) == 10


def test_a_source_gets_one_line_a_minute_with_the_count_of_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    mono = Mono()
    complaints = Complaints(mono)
    for _ in range(5):
        complaints.say("192.0.2.1", "bad\r\nthing " + "x" * 1000)
    complaints.say("192.0.2.2", "other")
    mono.now += 60
    complaints.say("192.0.2.1", "again")
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert said[0].startswith("web: 192.0.2.1: bad??thing xxx")
    assert len(said[0]) < LONGEST + 50
    assert said[2] == "web: 192.0.2.1: again (4 more were not logged)"
