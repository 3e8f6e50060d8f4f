"""`callbox flow figures` and `callbox surveys`: what flows were used for and what callers answered."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from appliance.console.figures import moment
from appliance.console.table import table
from appliance.flow_events import SurveyAnswered
from appliance.store.flow_figures import KINDS, FlowFigures, flow_figures
from appliance.store.flow_reads import events_of
from appliance.store.surveys import FORMULAS, Survey, surveys

NODES = {
    "node": "NODE",
    "entered": "ENTERED",
    "contained": "GOAL",
    "abandoned": "ABANDONED",
    "left": "LEFT BY",
}
ANSWERS = {
    "metric": "METRIC",
    "question": "QUESTION",
    "n": "N",
    "score": "SCORE",
    "margin": "+-95 %",
    "answers": "ANSWERS",
}


def flow_figures_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox flow figures`."""
    parser.set_defaults(do=flow_figures_told)
    _since_option(parser)


def surveys_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox surveys`."""
    _since_option(parser)


def _since_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", type=moment, default=0.0, metavar="TIME", help='"2026-11-22" or "2026-11-22 08:00"'
    )


def flow_figures_told(options: argparse.Namespace) -> int:
    """`callbox flow figures`; raises opening.StoreError."""
    found = flow_figures(events_of(_database(options), KINDS, options.since))
    if options.json:
        print(json.dumps({name: flow.plain() for name, flow in sorted(found.items())}, indent=2))
    else:
        print("\n\n".join(figures_text(name, flow) for name, flow in sorted(found.items())) or "none")
    return 0


def surveys_told(options: argparse.Namespace) -> int:
    """`callbox surveys`; raises opening.StoreError."""
    found = surveys(events_of(_database(options), (SurveyAnswered,), options.since))
    if options.json:
        rows = [asdict(survey) for survey in found]
        print(json.dumps({"formulas": FORMULAS, "surveys": rows}, indent=2))
    else:
        print(surveys_text(found))
    return 0


def figures_text(name: str, flow: FlowFigures) -> str:
    """A flow in a line, then its nodes."""
    share = "" if flow.containment is None else f" ({100 * flow.containment:.1f} %)"
    heading = (
        f"{name}: {flow.visits} visits, {flow.contained} ended by a goal{share}, "
        f"{flow.abandoned} without, {flow.gone_on} went on to somebody, {flow.going_on} going on"
    )
    rows = [
        {"node": node, **vars(each), "left": _counted(each.left)} for node, each in sorted(flow.nodes.items())
    ]
    return f"{heading}\n{table(rows, NODES)}"


def surveys_text(found: Sequence[Survey]) -> str:
    """A line a question."""
    return table([{**asdict(survey), "answers": _counted(survey.answers)} for survey in found], ANSWERS)


def _counted(counts: Mapping[str, int] | Mapping[int, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(counts.items()))


def _database(options: argparse.Namespace) -> Path:
    folder: Path = options.state
    return folder / "callbox.db"
