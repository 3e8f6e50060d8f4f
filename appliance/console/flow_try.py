"""`callbox flow try NAME`: walks a flow at the keyboard, or by a script. No box needs to run."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.calendars.at import at
from appliance.calendars.calendars import Calendars, Open
from appliance.calendars.zone import box_zone
from appliance.config.load import Loaded, load
from appliance.config.problem import closest
from appliance.console.calls import printable
from appliance.dialplan.caller import caller_kind
from appliance.flows.actions import Answer, History
from appliance.flows.known import clean
from appliance.flows.rehearsal import HungUp, Rehearsal, Stage, known
from appliance.flows.walk import walk
from appliance.say.catalogue import texts
from appliance.say.spoken import recorded_prompts

TRY = """\
Walks a flow: says what a caller would hear, asks for keys, and tells where the call goes. Type the keys of
one answer in a line; an empty line presses nothing, the end of the input (Ctrl-D) hangs up.

  callbox flow try main
  callbox flow try main --at 2026-12-24T15:00 --caller +4915112345678
  callbox flow try main --keys 1,4711#,,2 --answers answers.toml

Answers of lookups, earlier calls and facts are read from a TOML file, or asked for:

  [lookups.crm]
  customer = "Ana"
  [lookups.bank]
  fails = true
  [lookups.pin]
  right = true
  [history]
  calls = 2
  outcome = "abandoned"
  agent = "ben"
  [facts]
  "secret.pin" = "2468"
"""
MOST_LINES = 2000  # a script may lead round and round


class TryRefused(Exception):
    """What was asked for cannot be walked; the message says why and what to do."""


def flow_try_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox flow try`."""
    parser.description, parser.formatter_class = TRY, argparse.RawDescriptionHelpFormatter
    parser.set_defaults(do=flow_try)
    parser.add_argument("name", help="the flow; NAME/NODE begins at that node")
    parser.add_argument("--at", default="now", metavar="TIME", help='as "2026-12-24T15:00" (default: now)')
    parser.add_argument("--caller", default="+15550123", metavar="NUMBER", help='"" withholds it')
    parser.add_argument("--called", default="", metavar="NUMBER", help="the number dialled")
    parser.add_argument("--line", default="", metavar="NAME", help="the line (default: the first one)")
    parser.add_argument("--keys", metavar="1,2#,...", help="answers, one after another, then hang up")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="what lookups and history answer")


def flow_try(options: argparse.Namespace) -> int:
    """`callbox flow try`."""
    try:
        rehearsal = _rehearsal(options, load(options.config))
    except TryRefused as error:
        sys.stderr.write(f"callbox: {error}\n")
        return 1
    lines: list[str] = []
    for line in rehearsal.lines():
        lines.append(printable(line))
        if not options.json:
            print(lines[-1], flush=True)
        if len(lines) >= MOST_LINES:
            break
    if options.json:
        print(json.dumps({"lines": lines, "to": str(rehearsal.to) if rehearsal.to else None}, indent=2))
    return 0


def _rehearsal(options: argparse.Namespace, loaded: Loaded) -> Rehearsal:
    config = loaded.config
    flow = options.name.partition("/")[0]
    if flow not in config.flows:
        near = closest(flow, config.flows)
        hint = f' Did you mean "{near}"?' if near else ""
        known_flows = ", ".join(config.flows) or "none"
        raise TryRefused(f'there is no flow "{flow}". Flows: {known_flows}.{hint}')
    stage = _stage(options, loaded)
    line = options.line or next(iter(config.lines), "")
    given = {"caller": options.caller, "called": options.called, "line": line}
    kind, forms = caller_kind(options.caller, config)
    return Rehearsal(walk(config.flows, options.name, known(stage, given, kind, forms)), stage)


def _stage(options: argparse.Namespace, loaded: Loaded) -> Stage:
    config = loaded.config
    zone = box_zone(config.box.zone)
    calendars = Calendars(config.calendars, zone)
    try:
        wall_s = datetime.now().timestamp() if options.at == "now" else at(options.at, zone)
    except ValueError as error:
        raise TryRefused(f"{options.at}: no time ({error}). Give one as 2026-12-24T15:00, or now") from error
    prompts, words = recorded_prompts(config, loaded.folder), texts()
    answers = _answers(options.answers)

    def prompt(name: str, language: str) -> str:
        """The words that the box speaks itself, else the file."""
        found, whole = prompts.named(name, language), f"{language or config.box.language}/{name}"
        if name not in config.prompts and whole not in config.prompts and whole in words:
            return words[whole]
        return found[0].name if found else "there is no such sound"

    past = answers.get("history", {})
    return Stage(
        line=_lines(options.keys),
        look_up=_lookups(options, loaded, answers.get("lookups", {})),
        is_open=lambda name: isinstance(calendars.state(name, wall_s), Open),
        prompt=prompt,
        history=History(int(past.get("calls", 0)), str(past.get("outcome", "")), str(past.get("agent", ""))),
        facts={str(name): str(value) for name, value in answers.get("facts", {}).items()},
    )


def _answers(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        tables = {name: table for name, table in read.items() if isinstance(table, dict)}
        int(tables.get("history", {}).get("calls", 0))
        if not all(isinstance(each, dict) for each in tables.get("lookups", {}).values()):
            raise ValueError("[lookups.NAME] is a table")
    except (OSError, ValueError, TypeError) as error:
        raise TryRefused(f"{path}: cannot be read ({error}). callbox flow try --help shows one") from error
    return tables


def _lines(script: str | None) -> Any:
    """From the script, else from the keyboard."""
    waiting = script.split(",") if script is not None else []

    def line(asked: str) -> str:
        if script is None:
            return _typed(f"{asked}> ")
        if not waiting:
            raise HungUp
        return waiting.pop(0)

    return line


def _lookups(options: argparse.Namespace, loaded: Loaded, answers: Mapping[str, Any]) -> Any:
    def look_up(name: str) -> Answer | None:
        if name in answers:
            given = dict(answers[name])
            right, fails = given.pop("right", False) is True, given.pop("fails", False)
            facts = {fact: clean(str(value)) for fact, value in given.items()}
            return None if fails else Answer(facts, right)
        if options.keys is not None:
            return None
        return _asked(name, loaded)

    return look_up


def _asked(name: str, loaded: Loaded) -> Answer | None:
    lookup = loaded.config.lookups[name]
    if _typed(f"lookup {name}: Enter answers, f fails> ") == "f":
        return None
    facts = {fact: clean(_typed(f"{fact}> ")) for fact in lookup.facts}
    right = bool(lookup.right) and _typed("is the PIN right, y or n> ") == "y"
    return Answer(facts, right)


def _typed(asked: str) -> str:
    sys.stderr.write(asked)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise HungUp
    return line.strip()
