"""`callbox simulate`: days of the centre without a phone, and what another configuration makes of them."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.config.load import load
from appliance.config.schema import Config
from appliance.console.figures import moment, said, seconds
from appliance.console.table import table
from appliance.simulate.arrivals import Lengths, Traffic, poisson
from appliance.simulate.arrivals_file import MOST_ROWS, read_arrivals
from appliance.simulate.day import Setting
from appliance.simulate.experiment import ALL_FORMULAS, Estimate, differences, estimates, repeated
from appliance.simulate.floor import alike
from appliance.simulate.refused import SimulationRefused
from appliance.simulate.replay import Replay, replay
from appliance.store.service import Figure, Rules

HELP = """\
Runs the box's own queues, choice of agents and rules of waiting on a fake clock, for many days with other
callers each, and prints each figure with its 95 % confidence interval.

  callbox simulate --arrivals 200 --handle 180 --agents 14
  callbox simulate --arrivals sales=120,support=60 --handle 240 --patience 180
  callbox simulate --arrivals monday.csv --what-if fewer-agents.toml
  callbox simulate --replay 2026-11-21 --what-if fewer-agents.toml

A file of callers is CSV; its first line names the columns: time, queue and, where wanted, handle_s,
patience_s, skills ("english=3;billing=1"), priority, customer (of the queue's classes). A time is seconds,
"09:30:00" or "2026-11-22 09:30:00".
"""
RATE = re.compile(r"^(?:[a-z0-9][a-z0-9_-]{0,31}=)?[0-9]+(?:\.[0-9]+)?(?:/h)?$")
MOST_RATE = 1_000_000.0
QUIET_SECONDS = 2.0  # after this a run says how far it is


def simulate_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox simulate`."""
    parser.description, parser.formatter_class = HELP, argparse.RawDescriptionHelpFormatter
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--arrivals", metavar="FILE|RATE", help="a file, or callers an hour: 200, sales=120,help=60"
    )
    source.add_argument(
        "--replay", metavar="DATE", help="the callers and agents of a past day, from the database"
    )
    parser.add_argument(
        "--agents", type=_count, default=0, metavar="N", help="so many alike, for every queue"
    )
    parser.add_argument(
        "--handle", type=_some_seconds, default=240.0, metavar="S", help="mean talk and wrap-up (240)"
    )
    parser.add_argument(
        "--handle-cv", type=_variation, default=1.0, metavar="C", help="its deviation / mean (1)"
    )
    parser.add_argument(
        "--patience", type=seconds, default=0.0, metavar="S", help="mean; 0 = nobody gives up (0)"
    )
    parser.add_argument("--ring", type=seconds, metavar="S", help="how long phones ring (0, or as they did)")
    parser.add_argument(
        "--hours", type=_hours, default=8.0, metavar="H", help="how long callers come, for a rate (8)"
    )
    parser.add_argument(
        "--warm-up", type=_hours, metavar="H", help="before that, not counted (2 for a rate, else 0)"
    )
    parser.add_argument(
        "--begins", type=moment, metavar="TIME", help="when it is second 0, for opening hours"
    )
    parser.add_argument("--repeat", type=_count, default=10, metavar="N", help="days (10)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="other callers (1)")
    parser.add_argument(
        "--what-if", type=Path, metavar="FILE", help="a second configuration, the same callers"
    )
    parser.add_argument(
        "--target", type=seconds, default=20.0, metavar="S", help="T of the service levels (20)"
    )
    parser.add_argument(
        "--short", type=seconds, default=5.0, metavar="S", help="an abandon is short below (5)"
    )


def simulate(options: argparse.Namespace) -> int:
    """`callbox simulate`. Raises SimulationRefused, ConfigError or StoreError."""
    configs = [load(file).config for file in (options.config, options.what_if) if file]
    configs = [alike(config, options.agents) if options.agents else config for config in configs]
    past = _past(options, configs) if options.replay else None
    settings = [_setting(options, config, past) for config in configs]
    progress = Progress(options.repeat)
    days = repeated(
        settings,
        past.traffic if past else _traffic(options, configs),
        repeat=options.repeat,
        seed=options.seed,
        rules=Rules(options.target, options.short),
        told=progress.tell,
    )
    progress.over()
    print(as_json(days) if options.json else as_text(days, options))
    if past and past.left_out:
        sys.stderr.write(f"callbox simulate: {past.left_out}\n")
    return 0


def _setting(options: argparse.Namespace, config: Config, past: Replay | None) -> Setting:
    begins = options.begins
    if begins is None:
        midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        begins = past.begins_s if past else midnight.timestamp() + (9 * 3600 if _is_rate(options) else 0)
    return Setting(
        config,
        ring_s=options.ring if options.ring is not None else past.ring_s if past else 0.0,
        count_from_s=_warm_up(options) * 3600,
        begins_s=begins,
        staff=past.staff if past and not options.agents else (),
    )


def _warm_up(options: argparse.Namespace) -> float:
    if options.warm_up is not None:
        return float(options.warm_up)
    return 2.0 if _is_rate(options) else 0.0


def _is_rate(options: argparse.Namespace) -> bool:
    if not options.arrivals:
        return False
    return (
        all(RATE.match(part) for part in options.arrivals.split(",")) and not Path(options.arrivals).exists()
    )


def _lengths(options: argparse.Namespace) -> Lengths:
    return Lengths(options.handle, options.handle_cv, options.patience)


def _traffic(options: argparse.Namespace, configs: Sequence[Config]) -> Traffic:
    queues = [name for name in configs[0].queues if all(name in config.queues for config in configs)]
    if not queues:
        raise SimulationRefused(
            "there is no queue in the configuration. Give one with [queues.NAME]: --config FILE"
        )
    if not _is_rate(options):
        return read_arrivals(Path(options.arrivals), queues, _lengths(options))
    rates = _rates(options.arrivals, queues)
    until_h = options.hours + _warm_up(options)
    if sum(rates.values()) * until_h > MOST_ROWS:
        raise SimulationRefused(
            f"that is more than {MOST_ROWS} callers a day. Give fewer hours, or a lower rate."
        )
    return poisson(rates, _lengths(options), until_h * 3600)


def _rates(text: str, queues: Sequence[str]) -> Mapping[str, float]:
    """Callers an hour by queue; a number alone is shared by all queues."""
    rates: dict[str, float] = {}
    for part in text.split(","):
        name, _, rate = part.rpartition("=")
        value = float(rate.removesuffix("/h"))
        if not 0 < value <= MOST_RATE:
            raise SimulationRefused(
                f"a rate of {part} is out of range: more than 0, at most {MOST_RATE:g} an hour"
            )
        if name and name not in queues:
            raise SimulationRefused(f'there is no queue "{name}". Known queues: {", ".join(queues)}.')
        for queue in [name] if name else queues:
            rates[queue] = rates.get(queue, 0.0) + value / (1 if name else len(queues))
    return rates


def _past(options: argparse.Namespace, configs: Sequence[Config]) -> Replay:
    try:
        midnight = datetime.fromisoformat(options.replay).replace(hour=0, minute=0, second=0, microsecond=0)
        begins_s, ends_s = midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise SimulationRefused(f'"{options.replay}" is no day; write it as 2026-11-21') from None
    queues = set(configs[0].queues).intersection(*(config.queues for config in configs))
    found = replay(options.state / "callbox.db", begins_s, ends_s, queues, _lengths(options))
    if not found.callers:
        raise SimulationRefused(
            f"nobody came to a queue of this configuration on {options.replay}. Is --state right? "
            f"{found.left_out}".strip()
        )
    return found


class Progress:
    """Says on stderr how many days are done, once it takes long."""

    def __init__(self, days: int) -> None:
        self._days = days
        self._began = time.monotonic()
        self._told = False

    def tell(self, done: float) -> None:
        """So many days are done."""
        if time.monotonic() - self._began > QUIET_SECONDS and sys.stderr.isatty():
            sys.stderr.write(f"\r{done:.1f} of {self._days} days ")
            sys.stderr.flush()
            self._told = True

    def over(self) -> None:
        """Leave a clean line."""
        if self._told:
            sys.stderr.write("\r" + " " * 40 + "\r")


Days = Sequence[Sequence[Mapping[str, Figure]]]


def as_text(days: Days, options: argparse.Namespace) -> str:
    """A line a figure; with two configurations side by side, and how much the second is more."""
    told = f"T = {options.target:g} s, short < {options.short:g} s, {options.repeat} days"
    found = [estimates(each) for each in days]
    if len(found) == 1:
        lines = [
            {"figure": name, "value": _said(name, found[0][name]), "formula": formula}
            for name, formula in ALL_FORMULAS.items()
        ]
        return table(lines, {"figure": "FIGURE", "value": "MEAN ± 95 %", "formula": f"FORMULA ({told})"})
    more = differences(*days)
    lines = [
        {
            "figure": name,
            "now": _said(name, found[0][name]),
            "if": _said(name, found[1][name]),
            "more": _said(name, more[name]),
        }
        for name in ALL_FORMULAS
    ]
    headings = {"now": str(options.config.name), "if": str(options.what_if.name), "more": "DIFFERENCE"}
    return table(lines, {"figure": f"FIGURE ({told})", **headings})


def as_json(days: Days) -> str:
    """Formulas, the estimates of each configuration, and of the difference where there are two."""
    told: dict[str, Any] = {
        "formulas": dict(ALL_FORMULAS),
        "days": len(days[0]),
        "figures": [_plain(estimates(each)) for each in days],
    }
    if len(days) > 1:
        told["difference"] = _plain(differences(*days))
    return json.dumps(told, indent=2)


def _plain(found: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: {"mean": each.mean, "half_95": each.half} for name, each in found.items()}


def _said(name: str, found: Estimate) -> str:
    if found.mean is None:
        return "-"
    half = "" if found.half is None else f" ± {said(name, found.half)}"
    return f"{said(name, found.mean)}{half}"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10_000 or len(text) > 5:
        raise argparse.ArgumentTypeError(f'"{text[:20]}" is no number from 1 to 10000')
    return int(text)


def _some_seconds(text: str) -> float:
    if (value := seconds(text)) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is too short, give 1 to 86400 seconds')
    return value


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 744:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of hours, from 0 to 744')
    return value


def _variation(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 10:
        raise argparse.ArgumentTypeError(f'"{text}" is no deviation / mean, from 0 to 10')
    return value
