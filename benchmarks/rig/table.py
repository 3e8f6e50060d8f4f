"""Writes what each DSP component reaches: a table of the main figures into dsp/README.md, all into docs.

Made from what the benchmarks kept (report.py), and for the others from docs/dsp-figures.json.
Run by `make bench` at its end: python -m benchmarks.rig.table
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.rig.report import RESULTS

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "dsp" / "README.md"
ALL = ROOT / "docs" / "dsp-figures.md"
KEPT = ROOT / "docs" / "dsp-figures.json"  # so that what is not measured this time stays in the tables
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = ["| component | figure | asked | peer | reached |", "|---|---|---|---|---|"]
# The figures for the README, by the beginning of their names; of a component not named here, all.
MAIN = {
    "DTMF": r"requirements|false digits",
    "DTMF speed": r"(digits|speech), (AVX2|baseline x86-64), times|(1|64|512) channels",
    "G.711": r".*otherwise|.*times as fast",
    "call progress": r"busy within 3 cycles, (-35 dBm0|.*10 dB under|GSM)|false|cost",
    "caller ID": r".*noise (12|9) dB|.*-(30|40) dBm0|false|a frame of (messages|a quiet line)$|memory",
    "line echo canceller": r".*(s to 20 dB, w|12th second|lost by double|A-law)|lost|times|suppressor",
    "packet-loss concealment": r"speech, 5 %|1 kHz|cost|memory",
    "resampler": r"8 to 16|drift",
    "text telephone": r".*(20|10|0) dB SNR, 45|.*GSM|caller|false callers|cost|memory",
    "voice activity": r".*at 10 dB|cost|memory",
    "whole channel": r"channels per core|of the memory|all stages",
}


def rows(component: str, figures: list[dict[str, Any]]) -> list[str]:
    """Lines of Markdown, a row a figure."""
    made = []
    for figure in figures:
        asked = ", ".join(part for part in (figure["standard"], figure["goal"]) if part)
        value = figure["value"] if isinstance(figure["value"], str) else f"{figure['value']:,}"
        missed = " (missed)" if figure["met"] is False else ""
        reached = f"{value} {figure['unit']}".strip() + missed
        made.append(f"| {component} | {figure['name'].strip()} | {asked} | {figure['peer']} | {reached} |")
        component = ""
    return made


def main_figures(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Those for the README. Raises KeyError when a pattern of MAIN finds none: a figure was renamed."""
    pattern = MAIN.get(result["component"], "")
    found = [figure for figure in result["figures"] if re.match(pattern, figure["name"].strip())]
    if not found:
        raise KeyError(f"{result['component']}: no figure is called {pattern!r}; put it right in MAIN")
    return found


def measured_on(kept: list[dict[str, Any]]) -> str:
    """Which machine, or machines with what was measured on each."""
    machines = sorted({one["machine"] for one in kept})
    if len(machines) == 1:
        return f"On {machines[0]}, by `make bench`."
    parts = [
        f"{machine} ({', '.join(one['component'] for one in kept if one['machine'] == machine)})"
        for machine in machines
    ]
    return f"By `make bench`, on {'; on '.join(parts)}."


def collected() -> list[dict[str, Any]]:
    """What was measured last of each component: kept here now, or told by KEPT."""
    kept = {one["component"]: one for one in json.loads(KEPT.read_text(encoding="utf-8"))}
    for path in RESULTS.glob("*.json"):
        one = json.loads(path.read_text(encoding="utf-8"))
        kept[one["component"]] = one
    return sorted(kept.values(), key=lambda one: str(one["component"]).lower())


def main() -> None:
    """Replace what stands between the two marks of the README, and the whole of the others."""
    kept = collected()
    chosen = [row for one in kept for row in rows(one["component"], main_figures(one))]
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    made = "\n".join([BEGIN, measured_on(kept), "", *HEAD, *chosen, END])
    README.write_text(before + made + rest.partition(END)[2], encoding="utf-8")
    everything = [row for one in kept for row in rows(one["component"], one["figures"])]
    title = "# Every figure of the DSP components"
    ALL.write_text("\n".join([title, "", measured_on(kept), "", *HEAD, *everything, ""]), encoding="utf-8")
    KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
