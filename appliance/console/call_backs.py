"""`callbox callbacks`: who is to be called back, and when; end one."""

from __future__ import annotations

import argparse
import json

from appliance.api.control import SOCKET, ask
from appliance.console.calls import printable
from appliance.console.table import duration, table

COLUMNS = {
    "call": "CALL",
    "number": "NUMBER",
    "queue": "QUEUE",
    "position": "PLACE",
    "waited": "WAITS FOR",
    "attempts": "TRIED",
    "again": "AGAIN IN",
    "expires": "ENDS IN",
    "stage": "NOW",
}


def call_backs_options(parser: argparse.ArgumentParser) -> None:
    """`callbox callbacks [cancel CALL|NUMBER]`."""
    parser.add_argument("verb", nargs="?", choices=["cancel"], help="cancel: nobody is called back")
    parser.add_argument("what", nargs="?", default="", metavar="CALL", help="its id, or the number")


def call_backs(options: argparse.Namespace) -> int:
    """`callbox callbacks`."""
    socket = options.state / "run" / SOCKET
    if options.verb == "cancel":
        told = ask(socket, "call_back_cancel", call=options.what)
        print(json.dumps(told) if options.json else f"cancelled: {', '.join(told['call_backs'])}")
        return 0
    rows = ask(socket, "call_backs")["call_backs"]
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    shown = [
        {
            **row,
            "number": printable(row["number"]),
            "waited": duration(row["waited_seconds"]),
            "again": duration(row["again_seconds"]) if row["again_seconds"] else "",
            "expires": duration(row["expires_seconds"]),
        }
        for row in rows
    ]
    print(table(shown, COLUMNS) if shown else "nobody is to be called back")
    return 0
