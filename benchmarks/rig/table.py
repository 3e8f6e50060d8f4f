"""Writes the table of what each DSP component reaches into dsp/README.md, from what the benchmarks kept.

Run by `make bench` at its end: python -m benchmarks.rig.table
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

from benchmarks.rig.report import RESULTS

README = Path(__file__).resolve().parents[2] / "dsp" / "README.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def rows(kept: list[dict[str, Any]]) -> list[str]:
    """Lines of Markdown, a row a figure, components in alphabetical order."""
    made = ["| component | figure | asked | peer | reached |", "|---|---|---|---|---|"]
    for result in sorted(kept, key=lambda one: str(one["component"])):
        component = str(result["component"])
        for figure in result["figures"]:
            asked = ", ".join(part for part in (figure["standard"], figure["goal"]) if part)
            value = figure["value"] if isinstance(figure["value"], str) else f"{figure['value']:,}"
            missed = " (missed)" if figure["met"] is False else ""
            reached = f"{value} {figure['unit']}".strip() + missed
            made.append(f"| {component} | {figure['name']} | {asked} | {figure['peer']} | {reached} |")
            component = ""
    return made


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    """Replace what stands between the two marks."""
    kept = [json.loads(path.read_text()) for path in RESULTS.glob("*.json")]
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    made = "\n".join([BEGIN, f"On {_processor()}, by `make bench`.", "", *rows(kept), END])
    README.write_text(before + made + after, encoding="utf-8")


if __name__ == "__main__":
    main()
