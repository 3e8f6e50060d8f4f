"""`callbox outbound`: what calls out used of their caps, a dry run of a number, letting calls out again."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, BrainAway, ask
from appliance.api.outbound_requests import explain_from_file
from appliance.config.load import load
from appliance.console.calls import printable
from appliance.console.table import duration, table
from appliance.console.user import who_types

CAPS = {"of": "OF", "cap": "CAP", "used": "USED", "most": "MOST"}
CALLS = {"agent": "AGENT", "number": "NUMBER", "kind": "KIND", "for": "FOR", "reserved": "PUT BY"}


def outbound_options(parser: argparse.ArgumentParser) -> None:
    """`callbox outbound [unlock [AGENT] | explain NUMBER]`."""
    parser.add_argument(
        "verb",
        nargs="?",
        choices=["explain", "unlock"],
        help="explain: what would become of a number; unlock: let calls out again, its cap counts anew",
    )
    parser.add_argument(
        "what", nargs="?", default="", help="the number; or the locked agent, all calls together if left out"
    )
    parser.add_argument("--agent", default="", help="explain for this agent (default: who may dial it)")
    parser.add_argument("--at", default="", metavar="TIME", help='explain for "18:30" or "2026-11-22 18:30"')


def outbound(options: argparse.Namespace) -> int:
    """`callbox outbound`."""
    if options.verb == "unlock":
        ask(_socket(options), "outbound_unlock", agent=options.what, by=who_types())
        told: Mapping[str, Any] = {"done": True}
        text = f"{f'agent {options.what}' if options.what else 'outgoing calls'}: unlocked"
    elif options.verb == "explain":
        told = _explained(options)
        text = explained(told)
    else:
        told = ask(_socket(options), "outbound")
        text = used(told)
    print(json.dumps(told, indent=2) if options.json else text)
    return 0


def used(told: Mapping[str, Any]) -> str:
    """Locks, the caps of which something is used, and calls that are up."""
    parts = [
        f"LOCKED {lock['of']}: {lock['why']}. Unlock it: callbox outbound unlock {lock['agent']}".strip()
        for lock in told["locks"]
    ]
    parts.append(table([cap for cap in told["caps"] if cap["used"] or not cap["agent"]], CAPS))
    if told["calls"]:
        rows = [{**call, "for": duration(call["seconds"])} for call in told["calls"]]
        parts.append(table(rows, CALLS))
    return "\n\n".join(parts)


def explained(told: Mapping[str, Any]) -> str:
    """What the number is, whether it goes out, and where and for how much."""
    lines = []
    if "number" in told:
        country = f", {told['country']}" if told["country"] else ""
        lines.append(f"number: {told['number']}, {told['kind']}{country}")
        lines.append(f"agents who may dial it: {', '.join(told['agents']) or 'none'}")
    if "lines" in told:
        price = f"costs: {told['a_minute']:g} a minute"
        if "dearest" in told:
            price += f", {told['dearest']:g} for the longest call of {told['longest_minutes']} minutes"
        lines += [f"lines: {', '.join(told['lines'])}", price]
    lines.append(f"at {told['at']}: {told['why'] or 'goes out'}")
    return "\n".join(printable(line) for line in lines)


def _explained(options: argparse.Namespace) -> Mapping[str, Any]:
    """By the box that runs; without one, by the configuration file."""
    fields = {"dialled": options.what, "agent": options.agent, "at": options.at}
    try:
        return ask(_socket(options), "outbound_explain", **fields)
    except BrainAway:
        config = load(options.config).config
        return asyncio.run(explain_from_file(config, options.state / "callbox.db", **fields))


def _socket(options: argparse.Namespace) -> Path:
    folder: Path = options.state
    return folder / "run" / SOCKET
