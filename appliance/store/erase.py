"""A customer's number taken out of the journal and of every row made from it, for good.

In its place stands "erased". Messages from or to the number lose their text as well. What stays: that there
was a call or a message, when, how long, which line, queue and agent. Not here: files (recordings/).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peewee
from peewee import CharField, SqliteDatabase, TextField

from appliance.recording_events import ERASED
from appliance.store import opening
from appliance.store.derived_rows import DERIVED
from appliance.store.models import EventTable
from appliance.store.opening import StoreError

LEAST_DIGITS = 6  # a shorter number might be anything
TAIL = 6  # digits by which rows are found; what they hold is then looked at closely
COUNTRY = 3  # the longest country code, ITU-T E.164
NATIONAL = 7  # fewer digits after a 0 are not compared with an international number
#: A number in a text, not a part of a longer word: ids of calls and legs hold digits too.
NUMBER = re.compile(r"(?<![\w./-])\+?[0-9]{6,}(?![\w/-]|\.[0-9])")
WHOSE = ("sender", "number")  # the field of a message that says whose it is
WORDS = {"text": "", "pdu": "", "tpdus": [], "out_parts": "[]"}  # of a message; emptied


@dataclass
class Found:
    """What the journal has of a number: calls by id, messages by id."""

    calls: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)
    events: int = 0


def same_number(one: str, other: str) -> bool:
    """Whether both reach the same subscriber: +49..., 0049..., and 0... inside the country."""
    first, second = sorted((_digits(one), _digits(other)), key=len)
    if first == second:
        return True
    inside = first.removeprefix("0")
    missing = len(second) - len(inside)
    return len(inside) >= NATIONAL and 0 < missing <= COUNTRY and second.endswith(inside)


def find(path: Path, number: str) -> Found:
    """Where the number stands. Raises StoreError, for a number too short to be told from others too."""
    if len(_digits(number)) < LEAST_DIGITS:
        raise StoreError(
            f"a number of fewer than {LEAST_DIGITS} digits may be anything. Give it in full, as +49..."
        )
    found = Found()
    with opening.reading(path) as db:
        for row in _events(db, number) if db is not None else ():
            if _without(row["body"], number) == row["body"]:
                continue
            found.events += 1
            found.calls |= {row["call_id"]} - {""}
            body = _opened(row["body"])
            if _is_message(body, number) and body.get("message"):
                found.messages.add(str(body["message"]))
    return found


def erase(path: Path, number: str) -> int:
    """Take it out, in one transaction; how many events were changed. Safe while the box runs.

    Raises StoreError when the database cannot be written.
    """
    try:
        with opening.writing(path) as db:
            db.execute_sql("PRAGMA secure_delete=ON")  # type: ignore[no-untyped-call] # no stubs
            with db.atomic("IMMEDIATE"):
                count = _erase(db, number)
            db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[no-untyped-call] # no stubs
            return count
    except (peewee.PeeweeException, OSError) as error:
        raise StoreError(f"{path}: nothing is erased: {error}. Try again") from error


def _erase(db: SqliteDatabase, number: str) -> int:
    count = 0
    for row in list(_events(db, number)):
        text = _without(row["body"], number)
        if text != row["body"]:
            EventTable.update(body=text).where(EventTable.id == row["id"]).execute(db)
            count += 1
    for table in DERIVED:
        _erase_rows(db, table, number)
    return count


def _erase_rows(db: SqliteDatabase, table: Any, number: str) -> None:
    columns = [each for each in table._meta.sorted_fields if isinstance(each, CharField | TextField)]
    tail = _digits(number)[-TAIL:]
    there = [column.contains(tail) for column in columns]
    found = there[0]
    for condition in there[1:]:
        found |= condition
    key = table._meta.primary_key
    for row in list(table.select().where(found).dicts().execute(db)):
        texts = {column.name: row[column.name] for column in columns if column is not key}
        left = _scrubbed(texts, number)
        changed = {name: value for name, value in left.items() if value != texts[name]}
        if changed:
            table.update(**changed).where(key == row[key.name]).execute(db)


def _events(db: SqliteDatabase, number: str) -> Iterator[dict[str, Any]]:
    """Those that may hold it: told by its last digits."""
    query = EventTable.select().where(EventTable.body.contains(_digits(number)[-TAIL:]))
    yield from query.dicts().execute(db)


def _is_message(values: dict[str, Any], number: str) -> bool:
    inside = _opened(values.get("body", ""))  # of a part's row
    whose = [each[name] for each in (values, inside) for name in WHOSE if each.get(name)]
    return bool(WORDS.keys() & values.keys()) and any(same_number(str(each), number) for each in whose)


def _opened(text: str) -> dict[str, Any]:
    """The object that a column holds; {} for anything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _scrubbed(values: dict[str, Any], number: str) -> dict[str, Any]:
    """The values without the number; a message of its owner without its words as well."""
    left = {name: _without(value, number) for name, value in values.items()}
    if _is_message(values, number):
        left |= {name: empty for name, empty in WORDS.items() if name in left}
    return left


def _without(value: Any, number: str) -> Any:
    if isinstance(value, str):
        inside = _opened(value)
        if inside:
            left = _scrubbed(inside, number)
            return value if left == inside else json.dumps(left, separators=(",", ":"))
        return NUMBER.sub(lambda found: ERASED if same_number(found[0], number) else found[0], value)
    if isinstance(value, list):
        return [_without(each, number) for each in value]
    if isinstance(value, dict):
        return _scrubbed(value, number)
    return value


def _digits(number: str) -> str:
    """Digits alone, without the 00 of an international call."""
    return re.sub(r"[^0-9]", "", number).removeprefix("00")
