"""Figures with their goals, for people and as JSON; a DSP component's also for dsp/README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / ".cache" / "bench" / "results"  # rig/table.py reads them


class Report:
    """Figures of one benchmark in their order; `show` prints them, met or missed said plainly.

    With `component`, the name of a DSP component, `show` also keeps them for the table of dsp/README.md.
    """

    def __init__(self, title: str, *, component: str = "") -> None:
        self.title = title
        self.component = component
        self._load = os.getloadavg()[0]  # before: we are about to be most of it ourselves
        self._figures: list[dict[str, Any]] = []

    def figure(
        self,
        name: str,
        value: float | str,
        unit: str = "",
        *,
        most: float | None = None,
        least: float | None = None,
        standard: str = "",
        peer: str = "",
    ) -> None:
        """One figure; with a goal, `value` must be at `most` or at `least`.

        `standard` is what a standard asks where that is no plain goal ("Q.24: 40 ms"), `peer` what a peer
        reached in the same run ("spandsp 842").
        """
        met = None
        if not isinstance(value, str) and (most is not None or least is not None):
            met = (most is None or value <= most) and (least is None or value >= least)
        goal = f"<= {most:g}" if most is not None else f">= {least:g}" if least is not None else ""
        self._figures.append(
            {"name": name, "value": value, "unit": unit, "goal": goal, "met": met}
            | {"standard": standard, "peer": peer}
        )

    def spread(
        self,
        name: str,
        values: Sequence[float],
        unit: str,
        *,
        p50: float | None = None,
        most: float | None = None,
    ) -> None:
        """Half, 95 % and the worst of many values, with the goals for half and worst."""
        if not values:
            raise SystemExit(f"{self.title}: nothing was measured for {name!r}")
        self.figure(f"{name}, p50 of {len(values)}", round(percentile(values, 50), 2), unit, most=p50)
        self.figure(f"{name}, p95", round(percentile(values, 95), 2), unit)
        self.figure(f"{name}, max", round(max(values), 2), unit, most=most)

    def show(self, *, as_json: bool) -> None:
        """Print all."""
        figures = [{"name": "load average before", "value": round(self._load, 2), "unit": ""}, *self._figures]
        if self.component:
            self._keep()
        if as_json:
            print(json.dumps({"benchmark": self.title, "cores": os.cpu_count(), "figures": figures}))
            return
        print(self.title)
        width = max(len(figure["name"]) for figure in figures)
        for figure in figures:
            print(f"  {figure['name']:{width}}  {_said(figure)}")

    def _keep(self) -> None:
        RESULTS.mkdir(parents=True, exist_ok=True)
        content = {"component": self.component, "machine": _processor(), "figures": self._figures}
        (RESULTS / f"{self.component.replace(' ', '-')}.json").write_text(json.dumps(content))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, -int(-len(ranked) * percent // 100) - 1)]


def options(doc: str | None) -> argparse.ArgumentParser:
    """The command line that every benchmark has."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return parser


def _said(figure: dict[str, Any]) -> str:
    value = figure["value"]
    text = f"{value:>10,}" if not isinstance(value, str) else f"{value:>10}"
    text += f" {figure['unit']}" if figure["unit"] else ""
    if figure.get("peer"):
        text += f"  ({figure['peer']})"
    if not figure.get("goal"):
        return text
    return f"{text:<18}  goal {figure['goal']}: {'met' if figure['met'] else 'MISSED'}"
