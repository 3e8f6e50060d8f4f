"""`callbox prompts`: what the box may have to say, what is missing of it, and a list for the studio."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from appliance.config.load import load
from appliance.config.problem import shown
from appliance.console.table import table
from appliance.say.listing import Listed, languages_of, listing
from appliance.say.spoken import recorded_prompts

PROMPTS = """\
Every prompt of the box in the languages that the configuration uses: its name, where its sound is from
(recorded: a file of [prompts]; spoken: by a computer's voice, when the box was built), and its text.

  callbox prompts list
  callbox prompts list --language ru
  callbox prompts missing
  callbox prompts export studio
"""
MISSING = """
Have them spoken: sudo apt-get install espeak-ng flite sox, then make run.
Or record them: callbox prompts export DIR lists them for a studio."""
COLUMNS = {"prompt": "PROMPT", "language": "LANGUAGE", "source": "FROM", "text": "TEXT"}
CSV_FIELDS = ("prompt", "language", "text", "source", "record_as")
CSV_NAME, TOML_NAME = "prompts.csv", "prompts.toml"


def prompts_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox prompts`."""
    parser.description, parser.formatter_class = PROMPTS, argparse.RawDescriptionHelpFormatter
    parser.add_argument("verb", choices=["list", "missing", "export"], help="export DIR: for a studio")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="where export writes to")
    parser.add_argument("--language", default="", metavar="LANGUAGE", help="this one only, as ru")


def prompts(options: argparse.Namespace) -> int:
    """`callbox prompts`: 1 when something is missing and that was asked."""
    loaded = load(options.config)
    found = recorded_prompts(loaded.config, loaded.folder)
    languages = [options.language] if options.language else languages_of(loaded.config)
    rows = list(listing(loaded.config, found, languages))
    if options.verb == "export":
        return _export(rows, options.folder)
    if options.verb == "missing":
        rows = [row for row in rows if row.file is None]
    if options.json:
        print(json.dumps([_plain(row) for row in rows], indent=2, ensure_ascii=False))
    elif rows:
        print(table([_plain(row) for row in rows], COLUMNS))
        if options.verb == "missing":
            print(MISSING)
    else:
        print("no prompt is missing" if options.verb == "missing" else "no prompts")
    return 1 if options.verb == "missing" and rows else 0


def _plain(row: Listed) -> dict[str, Any]:
    return {
        "prompt": row.name,
        "language": row.language,
        "source": row.source,
        "text": row.text,
        "file": str(row.file) if row.file else None,
    }


def _export(rows: list[Listed], folder: Path | None) -> int:
    """The list as CSV, and the lines of [prompts] that take what was recorded by it."""
    if folder is None:
        sys.stderr.write("callbox: export needs a folder: callbox prompts export DIR\n")
        return 2
    own = [row for row in rows if row.text]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / CSV_NAME).open(
            "x", encoding="utf-8-sig", newline=""
        ) as file:  # as spreadsheets like it
            writer = csv.writer(file)
            writer.writerow(CSV_FIELDS)
            writer.writerows((row.name, row.language, row.text, row.source, f"{row.name}.wav") for row in own)
        lines = [f'{shown(row.name)} = "{row.name}.wav"  # {row.text}' for row in own]
        (folder / TOML_NAME).write_text("\n".join(["[prompts]", *lines, ""]), encoding="utf-8")
    except OSError as error:
        why = (
            "is there already, name another folder" if isinstance(error, FileExistsError) else error.strerror
        )
        sys.stderr.write(f"callbox: {folder / CSV_NAME}: {why}\n")
        return 1
    print(f"{len(own)} prompts in {folder / CSV_NAME}; {TOML_NAME} has the lines that name the recordings")
    return 0
