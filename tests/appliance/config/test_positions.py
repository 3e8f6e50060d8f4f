"""Lines of keys in TOML: every way of writing a key, a table and a value."""

from __future__ import annotations

import contextlib
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from appliance.config.positions import positions
from appliance.config.problem import Keys
from tests.appliance.config.test_load import mutated

CONFIG = Path(__file__).parents[3] / "config"


def paths_in(value: Any, path: Keys = ()) -> set[Keys]:
    """Every path that a parsed document has."""
    found = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        found |= paths_in(each, (*path, key))
    return found


def lines_of(text: str) -> dict[Keys, int]:
    """The positions, after a check that they are those of every path there is and of nothing else."""
    found = positions(text)
    assert set(found) == paths_in(tomllib.loads(text))
    return found


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1", ("a",), 1),
        ("\n\n  a = 1 # b = 2", ("a",), 3),
        ("[t]\n\na = 1", ("t", "a"), 3),
        ("[t]\n\na = 1", ("t",), 1),
        ("[ t . u ]\na = 1", ("t", "u", "a"), 2),
        ("[t.u.v]\n", ("t",), 1),
        ("a.b.c = 1\na.b.d = 2", ("a", "b", "d"), 2),
        ("a . b = 1", ("a", "b"), 1),
        ('"a.b" = 1', ("a.b",), 1),
        ("'a\"b' = 1", ('a"b',), 1),
        ('"\\u0061\\"]" = 1', ('a"]',), 1),
        ('"" = 1', ("",), 1),
        ('["x]y"]\na = 1', ("x]y", "a"), 2),
        ('a = "[b]\\nc = 1"\nd = 2', ("d",), 2),
        ('a = """\n[b]\nc = "1"\\""" """\nd = 2', ("d",), 4),
        ("a = '''\n[b]\nc = 1\\'''\nd = 2", ("d",), 4),
        ('a = """"x""""" # y\nd = 2', ("d",), 2),
        ("a = ''''x''''' # y\nd = 2", ("d",), 2),
        ("a = '\\'\nd = 2", ("d",), 2),
        ("a = [\n 1,\n\n # no\n 2,\n]", ("a", 1), 5),
        ("a = [ # [\n 1, 2 # ]\n, 3 ]\nb = 1", ("a", 2), 3),
        ("a = [ # [\n 1, 2 # ]\n, 3 ]\nb = 1", ("b",), 4),
        ('a = ["]", \'[\', "#"]\nb = 1', ("b",), 2),
        ("a = [[1, 2],\n [3]]", ("a", 1, 0), 2),
        ("a = { b = 1, c.d = 2 }", ("a", "c", "d"), 1),
        ("a = {}\nb = []\nc = 1", ("c",), 3),
        ("a = { b = [\n1,\n2], c = 3 }", ("a", "c"), 3),
        ("a = [ { b = 1 },\n { b = 2 } ]", ("a", 1, "b"), 2),
        ("[[t]]\na = 1\n[[t]]\na = 2", ("t", 1, "a"), 4),
        ("[[t]]\n[t.u]\na = 1\n[[t]]\n[t.u]\na = 2", ("t", 1, "u", "a"), 6),
        ("[[t]]\n[[t.u]]\n[[t.u]]\na = 1", ("t", 0, "u", 1, "a"), 4),
        ("a = 1979-05-27 07:32:00Z\nb = 1e3\nc = -inf", ("c",), 3),
        ("a = true#x\nb = 1_000", ("b",), 2),
        ('"ä" = "日本"\nb = 1', ("b",), 2),
        ("a\t=\t1\n\tb = 2\n", ("b",), 2),
    ],
)
def test_a_key_has_its_line(text: str, path: Keys, line: int) -> None:
    assert lines_of(text)[path] == line


def test_nothing_is_in_an_empty_document() -> None:
    assert positions("") == positions("# only this\n\n") == {}


@pytest.mark.slow
def test_whatever_tomllib_reads_has_all_its_paths_found() -> None:
    text, read = (CONFIG / "examples" / "clinic.toml").read_text(encoding="utf-8"), 0
    for seed in range(4000):
        changed = mutated(text, random.Random(seed)).replace("\r", "")
        with contextlib.suppress(tomllib.TOMLDecodeError):
            tomllib.loads(changed)
            lines_of(changed)
            read += 1
    assert read > 200


@pytest.mark.parametrize("file", sorted(CONFIG.rglob("*.toml")), ids=lambda file: file.name)
def test_every_path_of_our_own_files_is_found_on_a_line_that_names_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    for path, line in lines_of(text).items():
        if isinstance(path[-1], str):
            assert path[-1] in lines[line - 1]
