"""`callbox show sip` and `callbox phones`, as people read them."""

from __future__ import annotations

from typing import Any

from appliance.console.phones import listed
from appliance.console.sip import sip_text

NOW = 1.7e9

DEVICE = {
    "agent": "ana",
    "phone": "ana-desk",
    "user_agent": "snom\x1b[2J" + "x" * 50,
    "transport": "tls",
    "source": "tls:192.0.2.7:40112",
    "contact": "sip:ana-desk@192.0.2.7",
    "since_s": NOW - 3700,
    "until_s": NOW + 240,
    "doubtful": False,
}


def told(**edge: Any) -> dict[str, Any]:
    return {
        "state": "idle",
        "reason": "no worker at sip-1.sock",
        "workers": [
            {
                "worker": "sip-0",
                "connected": True,
                "legs": 3,
                "max_legs": 60,
                "library": "pjsua2 2.17, 64 calls",
                "address": "127.0.0.1:5080",
                "rt": True,
                "pid": 11,
                "missed_ticks": 0,
                "late_max_ms": 0.31,
            },
            {"worker": "sip-1", "connected": False, "legs": 0, "max_legs": 0},
        ],
        "edge": {
            "state": "up",
            "reason": "",
            "since_s": NOW - 185,
            "phones": [],
            "trunks": [],
            "refused": [],
            **edge,
        },
    }


def test_the_library_its_limits_and_each_worker_are_told() -> None:
    text = sip_text(told(), NOW)
    assert text.startswith(
        "library: pjsua2 2.17, 64 calls\nlegs: 3 of 60\nworkers: idle: no worker at sip-1.sock\n"
    )
    rows = [line.split() for line in text.splitlines() if line.startswith("sip-")]
    assert rows == [
        ["sip-0", "127.0.0.1:5080", "yes", "3", "60", "yes", "0", "0.31", "11"],
        ["sip-1", "no", "0", "0"],
    ]
    assert "edge: up for 3:05\n" in text


def test_registrations_trunks_and_refusals_have_a_row_each() -> None:
    text = sip_text(
        told(
            phones=[DEVICE, {**DEVICE, "phone": "", "doubtful": True, "until_s": 0.0}],
            trunks=[{"line": "provider", "up": ["a"], "down": ["b", "c"], "registered": False, "code": 403}],
            refused=[{"source": "192.0.2.66", "why": "scan\nner", "count": 9, "last_s": NOW - 30}],
        ),
        NOW,
    )
    assert "\x1b" not in text
    lines = text.splitlines()
    assert any(line.startswith("ana    ana-desk  tls:192.0.2.7:40112  snom?[2Jxxx") for line in lines)
    assert any("1:01:40" in line and line.endswith("4:00") for line in lines)
    assert any(line.endswith("connection lost") for line in lines)
    assert "provider  a       b, c    no          403" in lines
    assert "192.0.2.66  scan?ner  9      30 s ago" in lines


def test_an_edge_that_is_away_says_why() -> None:
    text = sip_text(told(state="away", reason="kamailio not installed"), NOW)
    assert "edge: away for 3:05: kamailio not installed\n" in text
    assert "\n\nnone" in text


def test_the_list_of_phones_shows_who_is_registered() -> None:
    rows = [
        {"password": "made", "registered": True, **DEVICE, "user_agent": "snom"},
        {"phone": "ben-desk", "agent": "ben", "password": "none", "registered": False},
    ]
    lines = listed({"phones": rows, "edge": "up"}, NOW).splitlines()
    assert lines[1].split() == ["ana-desk", "ana", "made", "yes", "tls:192.0.2.7:40112", "snom", "1:01:40"]
    assert lines[2].split() == ["ben-desk", "ben", "none", "no"]
    assert listed({"phones": [], "edge": "away"}, NOW).endswith("The edge is away: callbox show sip")
