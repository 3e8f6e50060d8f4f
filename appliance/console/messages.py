"""`callbox sms`: messages as a list, one by one, as JSON or CSV. Only formats; asks nobody.

Numbers and texts stand in full: this is the operator's own list. What came from outside is shown without
control characters, so that a message cannot steer the terminal.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from appliance.console.calls import csv_cell, printable
from appliance.console.table import table
from appliance.store.line_reads import KeptPart
from appliance.store.messages import Direction, MessageRow

WIDTH = 80
LONGEST_TEXT = 40  # in a list
COLUMNS = {
    "at": "WHEN",
    "way": "",
    "line": "LINE",
    "number": "NUMBER",
    "state": "STATE",
    "message": "MESSAGE",
    "text": "TEXT",
}
UNREADABLE = {"at": "WHEN", "line": "LINE", "slot": "SLOT", "why": "WHY", "pdu": "PDU"}
PLAIN = (
    *("message", "direction", "line", "sim", "number", "text", "at_ms", "sent_at"),
    *("parts", "message_class", "report", "state", "why"),
)


def messages_table(rows: Sequence[MessageRow]) -> str:
    """A line a message, its text cut."""
    return table([_cells(row) for row in rows], COLUMNS)


def messages_json(rows: Sequence[MessageRow]) -> str:
    """A list of objects; times in wall-clock milliseconds."""
    return json.dumps([plain(row) for row in rows], indent=2)


def messages_csv(rows: Iterable[MessageRow]) -> str:
    """One row a message under a line of names."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(PLAIN)
    for row in rows:
        writer.writerow([csv_cell(value) for value in plain(row).values()])
    return out.getvalue().rstrip("\n")


def plain(row: MessageRow) -> dict[str, Any]:
    """The columns as values for JSON."""
    values = {name: getattr(row, name) for name in PLAIN}
    return {**values, "direction": row.direction.value, "state": row.state.value}


def story(row: MessageRow, parts: Sequence[KeptPart]) -> str:
    """The message in full, and what became of each of its parts."""
    way = "from" if row.direction is Direction.IN else "to"
    flash = ", for the screen at once (class 0)" if row.message_class == 0 else ""
    lines = [
        f"message {row.message}",
        f"{_time(row.at_ms)}  {way} {printable(row.number) or 'unknown'} on line {row.line}{flash}",
        f"{row.state.value}" + (f": {printable(row.why)}" if row.why else ""),
    ]
    if row.sent_at:
        lines.append(f"sent {row.sent_at} by the network's clock")
    lines += ["", *_wrapped(row.text), ""]
    for number, part in enumerate(row.out_parts, 1):
        reference = f", reference {part.reference}" if part.reference >= 0 else ""
        why = f": {printable(part.why)}" if part.why else ""
        attempt = f", attempt {part.attempt}" if part.attempt > 1 else ""
        state = f"{part.state.value}{reference}{attempt}{why}"
        lines.append(f"part {number} of {row.parts}: {state} ({_time(part.changed_ms)})")
    for kept in parts:
        event = kept.event
        about = (
            f"status report: {event.why}" if event.kind == "report" else f"part {event.part} of {event.parts}"
        )
        lines.append(f"{_time(kept.arrived_ms)}  {about}, from slot {event.slot or 'none'}")
    return "\n".join(lines).rstrip()


def story_json(row: MessageRow, parts: Sequence[KeptPart]) -> str:
    """An object: the columns, `out_parts` of ours, `arrivals` with their PDUs."""
    out_parts = [{**vars(part), "state": part.state.value} for part in row.out_parts]
    return json.dumps(
        {**plain(row), "out_parts": out_parts, "arrivals": [_arrival(p) for p in parts]}, indent=2
    )


def unreadable_table(parts: Sequence[KeptPart]) -> str:
    """What came in and nobody could read."""
    return table([{**_arrival(part), "at": _time(part.arrived_ms)} for part in parts], UNREADABLE)


def unreadable_json(parts: Sequence[KeptPart]) -> str:
    """The same as a list of objects."""
    return json.dumps([_arrival(part) for part in parts], indent=2)


def became(message: Mapping[str, Any]) -> str:
    """What `sms send` says at the end, of the brain's answer."""
    text = f"message {message['message']} on line {message['line']}: {message['state']}"
    following = NEXT[message["state"]]
    if message["state"] == "sent" and message["report"]:
        following = UNREPORTED
    references = [str(part["reference"]) for part in message["out_parts"] if part["reference"] >= 0]
    if references:
        text += f", reference {', '.join(references)}"
    if message["why"]:
        text += f": {printable(message['why'])}"
    return f"{text}\n{following.format(**message)}".rstrip()


UNREPORTED = "No report of its delivery came yet. Look again with: callbox sms show {message}"
NEXT = {
    "queued": "It is sent as soon as it can be. Look again with: callbox sms show {message}",
    "sending": "The modem has not answered yet. Look again with: callbox sms show {message}",
    "unsure": "It is not sent again by itself. To send it again: callbox sms retry {message}",
    "failed": "To try it again: callbox sms retry {message}",
    "sent": "",
    "delivered": "",
}


def _arrival(part: KeptPart) -> dict[str, Any]:
    event = part.event
    return {
        "arrival": event.arrival,
        "line": event.line,
        "slot": event.slot,
        "pdu": event.pdu,
        "kind": event.kind,
        "part": event.part,
        "parts": event.parts,
        "at_ms": part.arrived_ms,
        "forgotten": part.forgotten,
        "why": printable(event.why),
    }


def _cells(row: MessageRow) -> dict[str, str]:
    text = printable(" ".join(row.text.split()))
    return {
        "at": _time(row.at_ms),
        "way": "<-" if row.direction is Direction.IN else "->",
        "line": row.line,
        "number": printable(row.number) or "unknown",
        "state": row.state.value,
        "message": row.message,
        "text": text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…",
    }


def _wrapped(text: str) -> list[str]:
    lines = (printable(line) for line in text.split("\n"))
    return [part for line in lines for part in textwrap.wrap(line, WIDTH - 2) or [""]]


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000):%Y-%m-%d %H:%M:%S}"
