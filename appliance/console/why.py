"""`callbox why`: why callers still wait, and whose phones are rung for whom."""

from __future__ import annotations

import argparse
import json

from appliance.api.control import SOCKET, ask
from appliance.console.table import duration, table

COLUMNS = {"call": "CALL", "queue": "QUEUE", "waited": "WAITS FOR", "why": "WHY"}


def why_options(parser: argparse.ArgumentParser) -> None:
    """`callbox why [CALL|QUEUE]`."""
    parser.add_argument(
        "what", nargs="?", default="", metavar="CALL", help="its id, or a queue; else everybody"
    )


def why(options: argparse.Namespace) -> int:
    """`callbox why`."""
    told = ask(options.state / "run" / SOCKET, "why", what=options.what)
    if options.json:
        print(json.dumps(told, indent=2))
        return 0
    rows = [{**row, "waited": duration(row["waited_seconds"])} for row in told["callers"]]
    print(table(rows, COLUMNS) if rows else "nobody waits")
    more = told["waiting"] - len(rows)
    if rows and more > 0 and not options.what:
        print(f"and {more} more; name a queue or a call to see them: callbox why QUEUE")
    return 0
