"""From the answer of another program, of whom anything may come, to facts."""

from __future__ import annotations

import json
from typing import Any

from appliance.config.flows import Lookup
from appliance.flows.actions import Answer
from appliance.flows.known import clean

MOST_BYTES = 64 * 1024


class LookupFailed(Exception):
    """Why there is no answer, without what was asked or said: it may be personal."""


def read_answer(lookup: Lookup, text: bytes) -> Answer:
    """Raises LookupFailed for what is not JSON, or not of the kind that the configuration expects."""
    try:
        answer = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):  # ValueError: UTF-8 and overlong numbers too
        raise LookupFailed("the answer is not JSON") from None
    facts = {name: _text(_at(answer, path), path) for name, path in lookup.facts.items()}
    right = _at(answer, lookup.right) if lookup.right else False
    if not isinstance(right, bool):
        raise LookupFailed(f"{lookup.right} is neither true nor false")
    return Answer(facts, right)


def _at(answer: Any, path: str) -> Any:
    """What stands at a dotted path, list elements by their number; None for nothing."""
    here = answer
    for key in path.split("."):
        if isinstance(here, list):
            here = here[int(key)] if key.isdecimal() and len(key) < 6 and int(key) < len(here) else None
        else:
            here = here.get(key) if isinstance(here, dict) else None
    return here


def _text(value: Any, path: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return clean(str(value))
    raise LookupFailed(f"{path} is neither text nor a number")


def _no_number(word: str) -> Any:
    raise ValueError(word)  # NaN and Infinity, which are no JSON (RFC 8259 6)
