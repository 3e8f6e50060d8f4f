"""`callbox flow draw`: pictures of flows, for people who would rather look."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from appliance.config.load import load
from appliance.config.problem import closest
from appliance.flows.draw import draw

DRAW = """\
Draws a flow as SVG, which every browser shows; all of them without a name, each into a file of its own.

  callbox flow draw main --out main.svg
  callbox flow draw main > main.svg
  callbox flow draw --out pictures/
"""


def flow_draw_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox flow draw`."""
    parser.description, parser.formatter_class = DRAW, argparse.RawDescriptionHelpFormatter
    parser.set_defaults(do=flow_draw)
    parser.add_argument("name", nargs="?", default="", help="the flow (default: all)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a file, or a folder: NAME.svg in it")


def flow_draw(options: argparse.Namespace) -> int:
    """`callbox flow draw`."""
    flows = load(options.config).config.flows
    if options.name and options.name not in flows:
        near = closest(options.name, flows)
        hint = f' Did you mean "{near}"?' if near else ""
        return _refused(f'there is no flow "{options.name}". Flows: {", ".join(flows) or "none"}.{hint}')
    pictures = {name: draw(name, flows[name]) for name in ([options.name] if options.name else flows)}
    if options.name and options.out is None and not options.json:
        print(pictures[options.name], end="")
        return 0
    try:
        written = [str(_write(name, text, options)) for name, text in pictures.items()]
    except OSError as error:
        return _refused(
            f"{error.filename}: cannot be written ({error.strerror}). Name another place by --out"
        )
    print(json.dumps({"written": written}) if options.json else "\n".join(written) or "none")
    return 0


def _write(name: str, text: str, options: argparse.Namespace) -> Path:
    out: Path = options.out or Path()
    if out.is_dir() or not options.name:
        out.mkdir(parents=True, exist_ok=True)
        out = out / f"{name}.svg"
    out.write_text(text, encoding="utf-8")
    return out


def _refused(why: str) -> int:
    sys.stderr.write(f"callbox: {why}\n")
    return 1
