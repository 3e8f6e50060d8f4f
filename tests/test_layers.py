"""Imports go down only, and a few other rules of shape that a reader may rely on.

Each rule is a function from a source file to its breaches; each is tried on a made-up breach as well, so
that a rule which stopped seeing anything fails. Formatting, lint and types are `make lint`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("appliance", "drivers", "dsp")

# What a part may import of ours, besides itself. The longest name that fits a file counts.
MAY_IMPORT: dict[str, set[str]] = {
    "dsp": set(),
    "drivers": {"dsp"},
    "appliance.event": set(),
    "appliance.agent_events": {"appliance.event"},
    "appliance.flow_events": {"appliance.event"},
    "appliance.wait_events": {"appliance.event"},
    "appliance.line_events": {"appliance.event"},
    "appliance.outbound_events": {"appliance.event"},
    "appliance.talk_events": {"appliance.event"},
    "appliance.recording_events": {"appliance.event"},
    "appliance.voicemail_events": {"appliance.event"},
    "appliance.emergency_events": {"appliance.event"},
    "appliance.events": {
        "appliance.emergency_events",
        "appliance.recording_events",
        "appliance.voicemail_events",
        "appliance.agent_events",
        "appliance.event",
        "appliance.flow_events",
        "appliance.wait_events",
        "appliance.line_events",
        "appliance.outbound_events",
        "appliance.talk_events",
    },
    "appliance.clock": set(),
    "appliance.faults": set(),
    "appliance.bus": {"appliance.events", "appliance.clock"},
    "appliance.config": {
        "dsp",
        "drivers.port",
        "drivers.gsm.families",
        "drivers.gsm.quirks",
        "appliance.say.catalogue",
    },
    "appliance.say.catalogue": set(),
    "appliance.calendars": {"appliance.config"},
    "appliance.say": {"appliance.config"},
    "appliance.store": {
        "appliance.voicemail_events",
        "appliance.voicemail",
        "appliance.recording_events",
        "appliance.agent_events",
        "appliance.events",
        "appliance.flow_events",
        "appliance.wait_events",
        "appliance.line_events",
        "appliance.outbound_events",
        "appliance.clock",
        "appliance.config",
    },
    "appliance.flows": {"appliance.config"},
    "appliance.media": {"dsp", "drivers", "appliance.events", "appliance.clock", "appliance.config"},
    "appliance.queues": {"appliance.acd", "appliance.config"},
    "appliance.acd": {"appliance.events", "appliance.clock", "appliance.bus"},
    "appliance.voicemail": {
        "appliance.faults",
        "appliance.event",
        "appliance.events",
        "appliance.voicemail_events",
        "appliance.clock",
        "appliance.bus",
        "appliance.config",
    },
    "appliance.emergency": {"appliance.event", "appliance.emergency_events"},
    "appliance.calls": {
        "appliance.faults",
        "appliance.emergency",
        "appliance.emergency_events",
        "appliance.voicemail",
        "appliance.voicemail_events",
        "appliance.recording_events",
        "dsp",
        "drivers",
        "appliance.agent_events",
        "appliance.events",
        "appliance.flow_events",
        "appliance.wait_events",
        "appliance.line_events",
        "appliance.clock",
        "appliance.bus",
        "appliance.config",
        "appliance.store",
        "appliance.media",
        "appliance.acd",
        "appliance.dialplan",
        "appliance.flows",
        "appliance.calendars",
        "appliance.say",
    },
    "appliance.lines": {
        "drivers",
        "appliance.events",
        "appliance.line_events",
        "appliance.clock",
        "appliance.bus",
        "appliance.config",
        "appliance.store",
    },
    "appliance.dialplan": {
        "appliance.events",
        "appliance.line_events",
        "appliance.outbound_events",
        "appliance.clock",
        "appliance.bus",
        "appliance.config",
        "appliance.store",
    },
    "appliance.recordings": {
        "dsp",
        "appliance.events",
        "appliance.recording_events",
        "appliance.clock",
        "appliance.bus",
        "appliance.config",
        "appliance.store",
    },
    "appliance.edge": {
        "drivers",
        "appliance.events",
        "appliance.clock",
        "appliance.bus",
        "appliance.config",
        "appliance.store",
    },
    "appliance.web": {
        "appliance.events",
        "appliance.clock",
        "appliance.config",
        "appliance.store",
        "appliance.edge",
        "appliance.api",
    },
    # The faces: rows and snapshots, never a live call.
    "appliance.simulate": {
        "appliance.events",
        "appliance.clock",
        "appliance.config",
        "appliance.acd",
        "appliance.queues",
        "appliance.calendars",
        "appliance.store",
        "appliance.calls.expected",
        "appliance.calls.wait_rules",
    },
    "appliance.calls.numbers": {"appliance.config"},
    "appliance.console": {
        "appliance.voicemail_events",
        "appliance.emergency_events",
        "appliance.recordings",
        "appliance.calendars",
        "appliance.calls.numbers",
        "appliance.dialplan.caller",
        "appliance.flows",
        "appliance.say",
        "appliance.emergency",
        "appliance.simulate",
        "appliance.acd.erlang",
        "appliance.voicemail",
        "appliance.recording_events",
        "drivers.wire",
        "drivers.discovery",
        "appliance.agent_events",
        "appliance.events",
        "appliance.flow_events",
        "appliance.wait_events",
        "appliance.line_events",
        "appliance.outbound_events",
        "appliance.config",
        "appliance.store",
        "appliance.api",
    },
    # The top: what starts, wires and shows it all.
    "appliance": set(OURS),
}
# A library that belongs to one place.
BELONGS: dict[str, str | tuple[str, ...]] = {
    "peewee": "appliance.store",
    "playhouse": "appliance.store",
    "pjsua2": "drivers.sip",
    "_pjsua2": "drivers.sip",
    "serial": "drivers",
    "phonenumbers": "appliance.dialplan",
    "jinja2": "appliance.edge",
    "aiohttp": ("appliance.web", "appliance.flows"),
    "argon2": "appliance.store",
}
MOST_LINES = 400
# Longer files, and why each is one idea all the same.
LONGER = {
    "dsp/_native/graph.c": "every change of who hears whom, under one lock whose rules one file shows",
}


@dataclass(frozen=True)
class Source:
    """One file of ours: its path from the root and its text."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """Its dotted name."""
        return self.path.rsplit(".", 1)[0].replace("/", ".").removesuffix(".__init__")

    @cached_property
    def tree(self) -> ast.Module:
        """Parsed; an empty module for what is not Python."""
        return ast.parse(self.text if self.path.endswith(".py") else "")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything it imports, in Cython too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (
                    (node.lineno, f"{self._base(node)}.{alias.name}".strip(".")) for alias in node.names
                )
        if self.path.endswith((".pyx", ".pxd", ".pyi")):
            for number, line in enumerate(self.text.splitlines(), 1):
                if found := re.match(r"\s*(?:from|import|cimport)\s+([\w.]+)", line):
                    yield number, found[1]

    def _base(self, node: ast.ImportFrom) -> str:
        package = self.module.split(".")[: -node.level or None] if node.level else []
        return ".".join([*package, *([node.module] if node.module else [])])


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def upward_imports(source: Source) -> Iterator[str]:
    part = max((part for part in MAY_IMPORT if within(source.module, part)), key=len)
    allowed = {part, *MAY_IMPORT[part]}
    for line, name in source.imports():
        if name.split(".")[0] in OURS and not any(within(name, part) for part in allowed):
            yield f"{source.path}:{line} imports {name}; {part} may import {', '.join(sorted(allowed))}"


def libraries_out_of_place(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        home = BELONGS.get(name.split(".")[0])
        homes = (home,) if isinstance(home, str) else home or ()
        if homes and not any(within(source.module, home) for home in homes):
            yield f"{source.path}:{line} imports {name}, which belongs to {' and '.join(homes)}"


def asyncio_in_dsp(source: Source) -> Iterator[str]:
    for line, name in source.imports():
        if within(source.module, "dsp") and within(name, "asyncio"):
            yield f"{source.path}:{line} imports asyncio; dsp takes samples and gives samples or findings"


def imports_for_types_only(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield f"{source.path}:{node.lineno} hides an import: a cycle means a class in the wrong layer"


def imports_inside_functions(source: Source) -> Iterator[str]:
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom) and "pjsua2" not in ast.unparse(node):
                yield f"{source.path}:{node.lineno} imports inside {function.name}: do it at the top"


def too_long(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > MOST_LINES and source.path not in LONGER:
        yield f"{source.path}: {lines} lines; split it by idea, or give the reason in LONGER here"


Rule = Callable[[Source], Iterator[str]]
# Each rule with a file that breaks it.
RULES: dict[Rule, Source] = {
    upward_imports: Source("drivers/made_up.py", "from appliance import events\n"),
    libraries_out_of_place: Source("appliance/calls/made_up.py", "import peewee\n"),
    asyncio_in_dsp: Source("dsp/made_up.py", "import asyncio\n"),
    imports_for_types_only: Source("dsp/made_up.py", "if TYPE_CHECKING:\n    import array\n"),
    imports_inside_functions: Source("dsp/made_up.py", "def f():\n    import array\n"),
    too_long: Source("dsp/made_up.py", "\n" * (MOST_LINES + 1)),
}


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    found = [
        Source(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for part in OURS
        for path in sorted((ROOT / part).rglob("*"))
        if path.suffix in (".py", ".pyx", ".pxd", ".pyi", ".c", ".h")
    ]
    assert len(found) > 50, f"only {len(found)} files under {ROOT}: these tests look in the wrong place"
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_the_rule(rule: Rule, sources: list[Source]) -> None:
    assert [breach for source in sources for breach in rule(source)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_sees_a_breach(rule: Rule) -> None:
    assert len(list(rule(RULES[rule]))) == 1


@pytest.mark.parametrize(
    ("path", "text", "breaches"),
    [
        ("appliance/acd/x.py", "from appliance.media import graph", 1),
        ("appliance/acd/x.py", "from ..media import graph", 1),
        ("appliance/acd/x.py", "import drivers.port", 1),
        ("appliance/acd/x.py", "from appliance.acd.queue import Queue\nfrom .agent import Agent", 0),
        ("appliance/console/x.py", "from appliance.calls.call import Call", 1),
        ("appliance/app.py", "from appliance.calls.call import Call\nfrom dsp import wav", 0),
        ("dsp/_native/x.pyx", "from drivers.port cimport Leg", 1),
        ("drivers/x.py", "from dsp import wav", 0),
    ],
)
def test_upward_imports_are_told_from_others(path: str, text: str, breaches: int) -> None:
    assert len(list(upward_imports(Source(path, text)))) == breaches


def test_every_reason_for_a_long_file_is_still_needed(sources: list[Source]) -> None:
    long = {source.path for source in sources if source.text.count("\n") > MOST_LINES}
    assert set(LONGER) <= long
