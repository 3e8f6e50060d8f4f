"""What pydantic found wrong, in the words of this box: a `Problem` for each of its error records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from appliance.config.options import PATTERNS, allowed_values, field_at, section_at, tags
from appliance.config.problem import NOTHING, Keys, Problem, closest, names
from appliance.config.section import DESTINATIONS, STEPS

# pydantic error type -> what is wrong; what is allowed is read from the schema.
WRONG = {
    "missing": "missing",
    "literal_error": "unknown value",
    "string_type": "not text",
    "int_type": "not a whole number",
    "float_type": "not a number",
    "bool_type": "neither true nor false",
    "list_type": "not a list",
    "dict_type": "not a table",
    "model_type": "not a table",
    "model_attributes_type": "not a table",
    "greater_than_equal": "too small",
    "less_than_equal": "too large",
    "string_pattern_mismatch": "not of the right form",
    "too_short": "empty",
}
SECRET = ("pin",)  # options whose values no message repeats
TABLE_WANTED = ("model_type", "model_attributes_type", "dict_type")


def explain(error: ValidationError, data: Mapping[str, Any]) -> list[Problem]:
    """One problem for every record of `error`, made when `data` (from tomllib) was validated."""
    return [_problem(record, data) for record in error.errors(include_url=False)]


def _problem(record: ErrorDetails, data: Mapping[str, Any]) -> Problem:
    path = _in_file(record["loc"])
    kind, value = record["type"], record["input"]
    if path[-1] == "[key]":
        return _bad_name(path[:-1], record)
    if kind == "extra_forbidden":
        return _unknown_key(path, value, data)
    if kind == "union_tag_not_found":
        option, kinds = tags(path)
        return Problem(path=(*path, option), wrong="missing", allowed=names(kinds))
    if kind == "union_tag_invalid":
        return _unknown_tag(path, record)
    if kind == "value_error":  # the only ones of the schema are destinations
        known = destinations(data)
        near = closest(value, known)
        allowed = STEPS if path[0] == "flows" else DESTINATIONS
        return Problem(path=path, value=value, wrong="no destination", allowed=allowed, closest=near)
    if kind == "calendar":  # of calendar_days.py, which says itself what may stand there
        return Problem(path=path, value=value, wrong=record["msg"], allowed=record["ctx"]["allowed"])
    wrong = WRONG.get(kind, record["msg"])
    return Problem(
        path=path,
        value=NOTHING if kind == "missing" or path[-1] in SECRET else value,
        wrong=wrong,
        allowed=_allowed(record, path, data),
        closest=closest(value, _choices(record)) if kind == "literal_error" else "",
    )


def _in_file(loc: tuple[int | str, ...]) -> Keys:
    """pydantic puts the chosen kind between a table's name and its keys; the file has no such level."""
    after = {"lines": 2, "flows": 4}.get(str(loc[0]), len(loc))
    return (*loc[:after], *loc[after + 1 :]) if len(loc) > after + 1 else loc


def _bad_name(path: Keys, record: ErrorDetails) -> Problem:
    pattern = record.get("ctx", {}).get("pattern", "")
    return Problem(path=path, wrong="no usable name", allowed=PATTERNS.get(pattern, pattern))


def _unknown_key(path: Keys, value: object, data: Mapping[str, Any]) -> Problem:
    section = section_at(path[:-1], data)
    known = list(section.model_fields) if section else []
    near = closest(path[-1], known)
    return Problem(path=path, value=value, wrong="unknown key", allowed=names(known), closest=near)


def _unknown_tag(path: Keys, record: ErrorDetails) -> Problem:
    option, known = tags(path)
    tag = record.get("ctx", {}).get("tag", "")
    near = closest(tag, known)
    return Problem(
        path=(*path, option), value=tag, wrong=f"unknown {option}", allowed=names(known), closest=near
    )


def _choices(record: ErrorDetails) -> list[str]:
    return [str(choice) for choice in re.findall(r"'([^']*)'", record.get("ctx", {}).get("expected", ""))]


def _allowed(record: ErrorDetails, path: Keys, data: Mapping[str, Any]) -> str:
    if record["type"] in TABLE_WANTED:
        return "a table"
    field = field_at(path, data)
    if field is None:
        return ""
    if record["type"] == "missing":
        return f"{field.description} ({allowed_values(field)})"
    pattern = record.get("ctx", {}).get("pattern")
    if pattern:
        return PATTERNS.get(pattern, str(pattern))
    if record["type"] == "string_type":
        return "text in quotes"
    return allowed_values(field)


def destinations(data: Mapping[str, Any]) -> Iterable[str]:
    """Every destination that the file's own sections make possible."""
    found = ["hangup"]
    for section, kind in (
        ("menus", "menu"),
        ("flows", "flow"),
        ("queues", "queue"),
        ("agents", "agent"),
    ):
        entries = data.get(section)
        found += [f"{kind}:{name}" for name in entries] if isinstance(entries, Mapping) else []
    return found
