"""`callbox emergency`: the one switch, its state, and the log of incidents."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from appliance.api.control import SOCKET, ask
from appliance.console.calls import printable
from appliance.console.user import who_types
from appliance.emergency.incident import Incident, logs, words
from appliance.emergency_events import EVENTS
from appliance.events import Stamped
from appliance.store.kinds import events_of


def emergency_options(parser: argparse.ArgumentParser) -> None:
    """`callbox emergency [status|on|off|note|log] [TEXT]`."""
    parser.add_argument(
        "verb",
        nargs="?",
        default="status",
        choices=["status", "on", "off", "note", "log"],
        help="what it is now; switch it; write into its log; print the log of all incidents",
    )
    parser.add_argument("text", nargs="?", default="", help="the note, or the reason")
    parser.add_argument("--reason", default="", help="why it is switched, for the log and the alerts")
    parser.add_argument(
        "--drill", action="store_true", help="on: alerts go out marked as a drill, calls stay as they are"
    )


def emergency(options: argparse.Namespace) -> int:
    """`callbox emergency`."""
    if options.verb == "log":
        print(_log(options))
        return 0
    op = "emergency" if options.verb == "status" else f"emergency_{options.verb}"
    fields: dict[str, Any] = {"by": f"console {who_types()}", "reason": options.reason or options.text}
    fields |= {"text": options.text, "drill": options.drill}
    told = ask(options.state / "run" / SOCKET, op, **fields)["emergency"]
    print(json.dumps({"emergency": told}, indent=2) if options.json else state(told))
    return 0


def state(incident: dict[str, Any] | None) -> str:
    """What goes on, in some lines."""
    if incident is None:
        return "emergency mode: off"
    lines = [f"{incident['title']}. Since {_time(incident['begun_s'])}; off: callbox emergency off"]
    lines.append(f"callers told or led elsewhere: {incident['diverted']}")
    if incident["texted"]:
        lines.append(f"texts on their way: {', '.join(incident['texted'])}")
    lines += [f"called {number}: {count} times" for number, count in incident["called"].items()]
    lines.append(f"acknowledged by: {', '.join(incident['acknowledged']) or 'nobody yet'}")
    return "\n".join(printable(line) for line in lines)


def _log(options: argparse.Namespace) -> str:
    found = logs(events_of(options.state / "callbox.db", EVENTS))
    if options.json:
        return json.dumps([_plain(incident, entries) for incident, entries in found], indent=2)
    if not found:
        return "there was no incident yet"
    return "\n\n".join(_text(incident, entries) for incident, entries in found)


def _plain(incident: Incident, entries: list[Stamped]) -> dict[str, Any]:
    rows = [
        {
            "at_s": each.wall_s,
            "kind": type(each.event).__name__,
            "words": words(each.event),
            **asdict(each.event),
        }
        for each in entries
    ]
    return {**incident.plain(), "entries": rows}


def _text(incident: Incident, entries: list[Stamped]) -> str:
    until = _time(incident.ended_s) if incident.ended_s else "now"
    lines = [f"{incident.title} ({_time(incident.begun_s)} to {until})"]
    lines += [f"  {_time(each.wall_s)}  {words(each.event)}" for each in entries]
    return "\n".join(printable(line) for line in lines)


def _time(wall_s: float) -> str:
    return f"{datetime.fromtimestamp(wall_s):%Y-%m-%d %H:%M:%S}"
