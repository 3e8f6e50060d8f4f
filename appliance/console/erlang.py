"""`callbox erlang`: agents and lines for a load, by the planner's formulas."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from appliance.acd.erlang import Waits, agents_for, blocked, carried, erlang_a, erlang_c
from appliance.console.table import table

MOST_RATE = 1_000_000.0  # calls an hour
MOST_AGENTS = 100_000


def erlang_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox erlang`."""
    parser.add_argument("--rate", type=_rate, required=True, metavar="N", help="calls an hour")
    parser.add_argument(
        "--handle", type=_seconds, required=True, metavar="S", help="mean length of one, in seconds"
    )
    parser.add_argument(
        "--agents", type=_agents, metavar="N", help="what so many would give (default: as many as needed)"
    )
    parser.add_argument("--patience", type=_seconds, metavar="S", help="callers give up after it in the mean")
    parser.add_argument("--lines", type=_agents, metavar="N", help="how many find all so many lines busy")
    parser.add_argument(
        "--target", type=float, default=20.0, metavar="S", help="answered in so many seconds (20)"
    )
    parser.add_argument("--level", type=_share, default=80.0, metavar="P", help="percent of the callers (80)")
    parser.add_argument(
        "--shrinkage", type=_share, default=0.0, metavar="P", help="percent of paid time away (0)"
    )


def erlang(options: argparse.Namespace) -> int:
    """`callbox erlang`."""
    try:
        told = told_of(options)
    except ValueError as error:
        sys.stderr.write(f"callbox erlang: {error}\n")
        return 1
    if options.json:
        print(json.dumps({name: None if value == math.inf else value for name, value in told.items()}))
    else:
        rows = [{"what": name, "value": _said(value)} for name, value in told.items()]
        print(table(rows, {"what": "FIGURE", "value": "VALUE"}))
    return 0


def told_of(options: argparse.Namespace) -> Mapping[str, float]:
    """Each figure by its name. Raises ValueError for a load that cannot be meant."""
    load = options.rate / 3600 * options.handle
    needed = agents_for(load, options.handle, options.target, options.level / 100)
    agents = options.agents or needed
    told: dict[str, float] = {
        "load_erlangs": load,
        "agents_needed": needed,
        "agents_paid": math.ceil(needed / (1 - options.shrinkage / 100) - 1e-9),
        "agents": agents,
        **_plain("c_", erlang_c(load, agents, options.handle, options.target)),
    }
    if options.patience:
        told |= _plain("a_", erlang_a(load, agents, options.handle, options.patience))
    if options.lines:
        told["b_blocked"] = blocked(load, options.lines)
        told["b_load_at_1_percent"] = carried(options.lines, 0.01)
    return told


def _plain(prefix: str, waits: Waits) -> Mapping[str, float]:
    values: dict[str, Any] = {
        "delayed": waits.delayed,
        "service_level": waits.service_level,
        "wait_s": waits.wait_s,
        "abandoned": waits.abandoned,
        "occupancy": waits.occupancy,
    }
    return {f"{prefix}{name}": value for name, value in values.items() if value is not None}


def _said(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.6g}"


def _between(text: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f'"{text}" is no number from {least:g} to {most:g}')
    return value


def _rate(text: str) -> float:
    return _between(text, 0.001, MOST_RATE)


def _seconds(text: str) -> float:
    return _between(text, 1, 86_400)


def _share(text: str) -> float:
    return _between(text, 0, 99.99)


def _agents(text: str) -> int:
    value = _between(text, 1, MOST_AGENTS)
    if value != int(value):
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number')
    return int(value)
