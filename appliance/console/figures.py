"""`callbox figures`: how well callers were served, every figure with its formula; text, JSON or CSV."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from appliance.console.table import duration, table
from appliance.store.agent_time import TIME_FORMULAS, Span, cut, spans, time_figures
from appliance.store.figure_reads import agent_changes, legs_between
from appliance.store.intervals import BY, LENGTHS_MIN, borders, by_interval, start_of
from appliance.store.legs import QueueLeg
from appliance.store.mark import Mark
from appliance.store.service import FORMULAS, Figure, Rules, service

COLUMNS = {
    "start": "FROM",
    "offered": "O",
    "answered": "A",
    "abandoned": "B",
    "flowed_out": "F",
    "blocked": "X",
    "sl3": "SL3",
    "asa_s": "ASA",
    "aht_s": "AHT",
    "longest_wait_s": "LONGEST",
    "occupancy": "OCC",
}
SHARES = ("occupancy", "occupancy_with_ring", "utilisation")
MOST_INTERVALS = 3000  # a month of 15 minutes

Row = dict[str, Any]


def figures_options(parser: argparse.ArgumentParser) -> None:
    """`callbox figures [--since --until --queue --interval --by --target --short --csv]`."""
    parser.add_argument("--since", type=moment, metavar="TIME", help='"2026-11-22" or "2026-11-22 08:00"')
    parser.add_argument("--until", type=moment, metavar="TIME", help="the same (default: now)")
    parser.add_argument("--queue", default="", help="of one queue (default: all together)")
    parser.add_argument("--interval", type=int, choices=LENGTHS_MIN, help="a row for every 15 or 30 minutes")
    parser.add_argument("--by", choices=BY, default="entered", help="what puts a caller into an interval")
    parser.add_argument(
        "--target", type=seconds, default=20.0, metavar="S", help="T of the service levels (20)"
    )
    parser.add_argument(
        "--short", type=seconds, default=5.0, metavar="S", help="an abandon is short below (5)"
    )
    parser.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")


def figures(options: argparse.Namespace) -> int:
    """`callbox figures`; raises opening.StoreError."""
    since_s, until_s = options.since or _midnight(), options.until or time.time()
    if options.interval and (until_s - since_s) / 60 / options.interval > MOST_INTERVALS:
        sys.stderr.write("callbox figures: that is too many intervals. Ask for a month at most.\n")
        return 1
    rules = Rules(target_s=options.target, short_s=options.short)
    since_ms, until_ms = round(since_s * 1000), round(until_s * 1000)
    database: Path = options.state / "callbox.db"
    legs = legs_between(database, since_ms, until_ms, by=options.by, queue=options.queue)
    changes = [] if options.queue else agent_changes(database, since_ms, until_ms)  # agents serve many queues
    spent = _within(spans(changes, Mark(until_ms, 0, "")), since_ms, until_ms)
    if options.interval:
        rows = interval_rows(legs, spent, options.interval, None, rules, options.by)
    else:
        rows = [{"start": _iso(since_ms), **service(legs, rules), **time_figures(spent)}]
    heading = {"by": options.by, "queue": options.queue, **asdict(rules)}
    if options.json:
        print(json.dumps({**heading, "formulas": {**FORMULAS, **TIME_FORMULAS}, "rows": rows}, indent=2))
    elif options.csv:
        print(figures_csv(rows, heading))
    else:
        print(intervals_text(rows) if options.interval else figures_text(rows[0], heading))
    return 0


def interval_rows(
    legs: Sequence[QueueLeg], spent: Sequence[Span], minutes: int, zone: tzinfo | None, rules: Rules, by: str
) -> list[Row]:
    """A row for every interval in which a caller came or an agent was there; `start` is UTC."""
    callers = by_interval(legs, minutes, zone, by)
    agents: dict[int, list[Span]] = {}
    if spent:
        ends = max(span.start_ms + span.length_ms for span in spent)
        grid = borders(min(span.start_ms for span in spent), ends, minutes, zone)
        for piece in (piece for span in spent for piece in cut(span, grid)):
            agents.setdefault(start_of(piece.start_ms, minutes, zone), []).append(piece)
    return [
        {
            "start": _iso(start_ms),
            "minutes": minutes,
            **service(callers.get(start_ms, ()), rules),
            **time_figures(agents.get(start_ms, ())),
        }
        for start_ms in sorted({*callers, *agents})
    ]


def figures_text(row: Mapping[str, Any], heading: Mapping[str, Any]) -> str:
    """A line a figure, with its formula."""
    lines = [
        {"figure": name, "value": said(name, row[name]), "formula": formula}
        for name, formula in {**FORMULAS, **TIME_FORMULAS}.items()
    ]
    told = f"T = {heading['target_s']:g} s, short < {heading['short_s']:g} s, by {heading['by']}"
    return table(lines, {"figure": "FIGURE", "value": "VALUE", "formula": f"FORMULA ({told})"})


def intervals_text(rows: Sequence[Row]) -> str:
    """A line an interval, in local time; JSON and CSV have every figure."""
    lines = []
    for row in rows:
        start = datetime.fromisoformat(row["start"]).astimezone()
        told = {name: said(name, row[name]) for name in COLUMNS if name != "start"}
        lines.append({"start": f"{start:%m-%d %H:%M}", **told})
    return table(lines, COLUMNS)


def figures_csv(rows: Sequence[Row], heading: Mapping[str, Any]) -> str:
    """Every figure; the second line is its formula, as a report must say what it counts."""
    names = [*(name for name in ("start", "minutes") if rows and name in rows[0]), *FORMULAS, *TIME_FORMULAS]
    told = ", ".join(f"{name}={value}" for name, value in heading.items())
    formulas = {**FORMULAS, **TIME_FORMULAS, "start": told, "minutes": ""}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerow([formulas[name] for name in names])
    writer.writerows([["" if row[name] is None else row[name] for name in names] for row in rows])
    return out.getvalue().rstrip("\n")


def said(name: str, value: Figure) -> str:
    """The value with the unit that the name of the figure says; a share in percent."""
    if value is None:
        return "-"
    if name.endswith("_s"):
        return f"{value:.1f} s" if value < 3600 else duration(value)
    is_share = name.startswith("sl") or "rate" in name or name in SHARES
    return f"{value:.1%}" if is_share else f"{round(value, 1):g}"


def _within(spent: Sequence[Span], since_ms: int, until_ms: int) -> list[Span]:
    pieces = (piece for span in spent for piece in cut(span, (since_ms, until_ms)))
    return [piece for piece in pieces if since_ms <= piece.start_ms < until_ms and piece.length_ms > 0]


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _midnight() -> float:
    return datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def moment(text: str) -> float:
    """For argparse: a local time as seconds since 1970."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise argparse.ArgumentTypeError(f'"{text}" is no time; write it as "2026-11-22 08:00"') from None


def seconds(text: str) -> float:
    """For argparse: a length, from none to a day."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f'"{text}" is no time in seconds, from 0 to 86400')
    return value
