"""What would happen at some time (Q5): the calendars decide, everything else stays open."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from appliance.calendars.at import DryRun, at
from appliance.calendars.calendars import Calendars
from appliance.config.schema import Config
from appliance.config.section import Destination

ZONE = ZoneInfo("Europe/Berlin")
CENTRE = Config.model_validate(
    {
        "calendars": {
            "office": {
                "open": ["mon-fri 09:00-17:00"],
                "holidays": ["12-24 Family day", "12-25 Christmas -> play:christmas"],
                "special": ["2026-12-24 09:00-12:00 Christmas Eve"],
            },
            "night": {"open": ["mon-sun 17:00-09:00"]},
        },
        "menus": {
            "main": {"prompt": "welcome", "keys": {"1": "queue:sales", "2": "menu:main", "3": "flow:help"}}
        },
        "queues": {
            "sales": {
                "agents": ["ana"],
                "hours": "office",
                "closed": "queue:late",
                "max_wait_seconds": 60,
                "overflow": "queue:late",
            },
            "late": {"agents": ["ben"], "max_callers": 3, "full": "play:full"},
        },
        "agents": {"ana": {}, "ben": {}},
        "flows": {
            "help": {
                "start": "hello",
                "nodes": {
                    "hello": {"do": "play", "prompt": "hello", "next": "when"},
                    "when": {
                        "do": "when",
                        "cases": [
                            {"closed": "night", "caller_begins": ["+49"], "go": "queue:late"},
                            {"open": "office", "go": "queue:sales"},
                            {"open": "night", "go": "play:night"},
                        ],
                        "otherwise": "hangup",
                    },
                },
            }
        },
    }
)


def walk(to: str, time: str) -> list[str]:
    """Every stop: depth, what leads there, the place."""
    calendars = Calendars(CENTRE.calendars, ZONE)
    kind, _, name = to.partition(":")
    stops = DryRun(CENTRE, calendars, at(time, ZONE)).walk(Destination(kind, name)).flat()
    return [f"{depth} {by}: {stop.place}" for depth, by, stop in stops]


def test_an_open_queue_is_where_the_caller_waits() -> None:
    assert walk("queue:sales", "2026-12-23T10:00") == [
        "0 : queue:sales",
        "1 after 60 s: queue:late",
        "2 full: play:full",
    ]


@pytest.mark.parametrize(
    ("time", "goes"),
    [
        ("2026-12-23T18:00", "queue:late"),
        ("2026-12-24T15:00", "queue:late"),
        ("2026-12-25T10:00", "play:christmas"),  # the day's own destination goes before the queue's
    ],
)
def test_a_closed_queue_leads_only_to_where_its_callers_go(time: str, goes: str) -> None:
    assert walk("queue:sales", time)[:2] == ["0 : queue:sales", f"1 closed: {goes}"]
    assert all("after" not in stop for stop in walk("queue:sales", time))


def test_a_menu_leads_on_by_every_key_and_a_place_is_told_once() -> None:
    assert walk("menu:main", "2026-12-24T15:00") == [
        "0 : menu:main",
        "1 key 1: queue:sales",
        "2 closed: queue:late",
        "3 full: play:full",
        "1 key 2: menu:main",
        "1 key 3: flow:help",
        "2 next: flow:help/when",
        "3 closed night, caller_begins +49: queue:late",
        "3 otherwise: hangup",
        "1 otherwise: hangup",
    ]


@pytest.mark.parametrize(
    ("time", "ways"),
    [
        ("2026-12-23T10:00", ["closed night, caller_begins +49: queue:late", "open office: queue:sales"]),
        ("2026-12-23T20:00", ["open night: play:night"]),
        ("2026-12-24T15:00", ["closed night, caller_begins +49: queue:late", "otherwise: hangup"]),
    ],
)
def test_the_calendars_decide_a_flow_s_cases_and_what_the_caller_brings_stays_open(
    time: str, ways: list[str]
) -> None:
    stops = walk("flow:help/when", time)
    assert [stop.removeprefix("1 ") for stop in stops if stop.startswith("1 ")] == ways


def test_the_reasons_are_told_and_that_a_special_day_replaces_a_holiday() -> None:
    calendars = Calendars(CENTRE.calendars, ZONE)
    stop = DryRun(CENTRE, calendars, at("2026-12-24T15:00", ZONE)).walk(Destination("queue", "sales"))
    assert stop.told == [
        "office is closed, Christmas Eve, a special day in place of the holiday Family day, "
        "until Mon 2026-12-28 09:00"
    ]


def test_a_flow_of_a_thousand_nodes_is_walked_to_its_end() -> None:
    nodes = {f"n{n}": {"do": "go", "to": f"n{n + 1}"} for n in range(1000)}
    nodes["n1000"] = {"do": "go", "to": "hangup"}
    config = Config.model_validate({"flows": {"long": {"start": "n0", "nodes": nodes}}})
    stops = list(DryRun(config, Calendars({}, ZONE), 0.0).walk(Destination("flow", "long")).flat())
    assert len(stops) == 1002


@pytest.mark.parametrize("text", ["2026-12-24", "soon", "1969-12-31T10:00", "9999-01-01T00:00", "24:00", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a day|a year|Invalid"):
        at(text, ZONE)


def test_a_time_is_that_of_the_box_unless_it_says_where() -> None:
    assert at("2026-12-24T15:00", ZONE) == at("2026-12-24 14:00+00:00", ZONE)
