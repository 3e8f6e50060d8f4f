"""`callbox agents`, `callbox supervise`, `callbox queue`: who does what, who listens, who serves where."""

from __future__ import annotations

import argparse
import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, ask
from appliance.console.table import duration, table

COLUMNS = {
    "agent": "AGENT",
    "state": "STATE",
    "reason": "REASON",
    "since": "FOR",
    "left": "LEFT",
    "ready": "READY TODAY",
    "talking": "TALKING",
    "wrap-up": "WRAP-UP",
    "paused": "PAUSED",
    "talks_today": "CALLS",
    "note": "NOTE",
}
SUPERVISORS = {"supervisor": "SUPERVISOR", "mode": "MODE", "agent": "AGENT", "call": "CALL"}
ACTS = ("listen", "whisper", "barge", "takeover", "stop")
SUPERVISE = """\
Rings the supervisor's phone and joins it to an agent, or to a call (its id, or the beginning of it).

  listen     hears both sides, is heard by nobody
  whisper    is heard by the agent alone
  barge      is heard by all
  takeover   goes on with the caller in the agent's place
  stop       attends nobody any more

The keys 4, 5, 6 and 7 of the supervisor's phone do the first four while the call lasts.
"""


def agents(options: argparse.Namespace) -> int:
    """`callbox agents`."""
    told = ask(_socket(options), "agents")
    print(
        json.dumps({key: told[key] for key in ("agents", "supervisors")}, indent=2)
        if options.json
        else listed(told)
    )
    return 0


def listed(told: Mapping[str, Any]) -> str:
    """The lists for people."""
    text = table([_row(agent) for agent in told["agents"]], COLUMNS)
    if told["supervisors"]:
        text += "\n\n" + table(told["supervisors"], SUPERVISORS)
    return text


def _row(agent: Mapping[str, Any]) -> dict[str, Any]:
    today = agent["today_seconds"]
    left = agent["left_seconds"]
    notes = [
        f"held by {agent['held_by']}" if agent["held_by"] else "",
        f"at the phone of {agent['place']}" if agent["place"] else "",
        f"then {agent['afterwards']}" if agent["afterwards"] else "",
    ]
    return {
        **agent,
        "since": duration(agent["since_seconds"]),
        "left": "" if left is None else duration(left),
        **{state: duration(today.get(state, 0.0)) for state in ("ready", "talking", "wrap-up", "paused")},
        "note": ", ".join(filter(None, notes)),
    }


def supervise_options(parser: argparse.ArgumentParser) -> None:
    """`callbox supervise WHOM ACT --as NAME`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = SUPERVISE
    parser.add_argument("whom", help="an agent, an extension, or a call")
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("--as", dest="supervisor", required=True, metavar="NAME", help="the supervisor")


def supervise(options: argparse.Namespace) -> int:
    """`callbox supervise`."""
    ask(_socket(options), "supervise", whom=options.whom, act=options.act, supervisor=options.supervisor)
    return _done(options, f"agent {options.supervisor}: {options.act} {options.whom}")


def queue_options(parser: argparse.ArgumentParser) -> None:
    """`callbox queue NAME add|remove AGENT`."""
    parser.add_argument("name", help="the queue")
    parser.add_argument("verb", choices=["add", "remove"])
    parser.add_argument("agent", help="from the next call on; kept until the configuration says otherwise")
    parser.add_argument("--by", default=getpass.getuser(), help="who wants it so (default: %(default)s)")


def queue(options: argparse.Namespace) -> int:
    """`callbox queue`."""
    serves = options.verb == "add"
    ask(
        _socket(options), "queue_agent", queue=options.name, agent=options.agent, serves=serves, by=options.by
    )
    return _done(
        options, f"queue {options.name}: {options.agent} {'serves it' if serves else 'serves it no more'}"
    )


def _done(options: argparse.Namespace, text: str) -> int:
    print(json.dumps({"done": True}) if options.json else text)
    return 0


def _socket(options: argparse.Namespace) -> Path:
    folder: Path = options.state
    return folder / "run" / SOCKET
