"""`callbox calls`: the list of calls and the story of one, as text, JSON or CSV. Only formats; asks nobody.

Numbers stand in full: this is the operator's own list. What came from outside is shown without control
characters, so that a caller's name cannot steer the terminal.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, tzinfo
from typing import Any

from appliance.console.agent_words import AGENT_WORDS
from appliance.console.flow_words import FLOW_WORDS
from appliance.console.line_words import LINE_WORDS
from appliance.console.outbound_words import OUTBOUND_WORDS
from appliance.console.record_words import RECORD_WORDS
from appliance.console.table import duration, table
from appliance.console.talk_words import TALK_WORDS
from appliance.console.voicemail_words import VOICEMAIL_WORDS
from appliance.console.wait_words import WAIT_WORDS
from appliance.emergency.incident import WORDS as EMERGENCY_WORDS
from appliance.events import (
    AgentChanged,
    AgentOffered,
    AgentRinging,
    BoxStarted,
    BoxStopped,
    CallAnswered,
    CallArrived,
    CallConnected,
    CallEnded,
    CallQueued,
    CallResumed,
    Direction,
    Event,
    HoldEnded,
    HoldStarted,
    InvariantBroken,
    LineChanged,
    MenuEntered,
    MenuLeft,
    OfferEnded,
    ProcessBack,
    ProcessLost,
    Stamped,
    TalkEnded,
    WrapUpEnded,
    WrapUpStarted,
    to_plain,
)
from appliance.store.derive import CallRow
from appliance.store.mark import between, mark

WIDTH = 80  # a terminal's, also over a serial line
COLUMNS = {
    "call": "CALL",
    "caller": "CALLER",
    "queue": "QUEUE",
    "agent": "AGENT",
    "wait": "WAIT",
    "talk": "TALK",
    "outcome": "OUTCOME",
}
LONGEST_NAME = 32  # of a queue or an agent, as the configuration allows
SHORTEST_NAME = 4

Words = Callable[[Any], str]


def calls_table(rows: Sequence[CallRow]) -> str:
    """A line a call, at most 80 wide: names of queues and agents are cut where they must, numbers never."""
    text = ""
    for most in range(LONGEST_NAME, SHORTEST_NAME - 1, -1):
        text = table([_cells(row, most) for row in rows], COLUMNS)
        if max(map(len, text.splitlines())) <= WIDTH:
            break
    return text


def calls_json(rows: Sequence[CallRow]) -> str:
    """A list of objects with every column of `CallRow`, its units as there."""
    return json.dumps([asdict(row) for row in rows], indent=2)


def calls_csv(rows: Iterable[CallRow]) -> str:
    """Every column of `CallRow` under a line of their names; recordings are paths with ";" between."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [each.name for each in fields(CallRow)]
    writer.writerow(names)
    for row in rows:
        paths = ";".join(str(each["path"]) for each in row.recordings)
        values = {**asdict(row), "recordings": paths}
        writer.writerow([csv_cell(values[name]) for name in names])
    return out.getvalue().rstrip("\n")


def story(row: CallRow, events: Sequence[Stamped], zone: tzinfo | None = None) -> str:
    """The call in a few lines, then one line an event, in seconds to the millisecond since its first event.

    `zone` is the time zone of the clock times shown, None for that of the machine.
    """
    return "\n".join([*_summary(row, zone), "", *_happenings(events)])


def story_json(row: CallRow, events: Sequence[Stamped]) -> str:
    """An object: the row's columns, and `events` with kind, both clocks, `at_ms` from the first, words."""
    happened = [
        {
            "at_ms": between(mark(events[0]), mark(stamped)),
            "kind": type(stamped.event).__name__,
            "wall_s": stamped.wall_s,
            "mono_s": stamped.mono_s,
            "boot": stamped.boot,
            **to_plain(stamped.event),
            "words": words(stamped.event),
        }
        for stamped in events
    ]
    return json.dumps({**asdict(row), "events": happened}, indent=2)


def words(event: Event) -> str:
    """What happened, as a person would say it."""
    return printable(WORDS[type(event)](event))


def printable(text: str) -> str:
    """The text with a "?" in place of every character that does not print."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _cells(row: CallRow, most: int) -> dict[str, str]:
    return {
        "call": row.call_id,
        "caller": _who(row),
        "queue": _cut(row.queue, most),
        "agent": _cut(row.agent, most),
        "wait": _length(row.wait_ms),
        "talk": _length(row.talk_ms),
        "outcome": row.outcome or f"({row.stage.value})",
    }


def _who(row: CallRow) -> str:
    """The other end: who called, or whom an agent or the box called."""
    if row.direction == Direction.IN.value:
        return printable(row.caller) or "unknown"
    if row.direction == Direction.BACK.value:
        return f"> {printable(row.caller)}"
    return f"{printable(row.caller)} > {printable(row.called)}"


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _length(length_ms: int | None) -> str:
    return "" if length_ms is None else duration(length_ms / 1000)


def csv_cell(value: object) -> object:
    """A spreadsheet takes text that begins with = or @ for a formula; a caller's name may not be one."""
    if isinstance(value, str) and (value[:1] in "=@\t\r" or (value[:1] in "+-" and not value[1:].isdigit())):
        return "'" + value if value else value
    return value


def _summary(row: CallRow, zone: tzinfo | None) -> list[str]:
    arrived = "?"
    if row.arrived_ms is not None:
        arrived = f"{datetime.fromtimestamp(row.arrived_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"
    called = f" (dialled {printable(row.called)})" if row.called else ""
    at_line = f" at line {row.line}" if row.line else ""
    lines = [
        f"call {row.call_id}",
        f"{arrived}  {printable(row.caller) or 'unknown'}{at_line}{called}",
        f"{row.outcome}, ended by {row.ended_by}" if row.outcome else f"in progress: {row.stage.value}",
    ]
    lengths = {
        "wait": row.wait_ms,
        "ring": row.ring_ms,
        "talk": row.talk_ms,
        "hold": row.hold_ms,
        "wrap-up": row.wrap_up_ms,
    }
    known = [f"{name} {_seconds(length)} s" for name, length in lengths.items() if length is not None]
    return [*lines, ", ".join(known)] if known else lines


def _happenings(events: Sequence[Stamped]) -> list[str]:
    lines: list[str] = []
    for stamped in events:
        since = f"+{_seconds(between(mark(events[0]), mark(stamped)))}"
        lines += textwrap.wrap(
            f"{since:>10}  {words(stamped.event)}",
            WIDTH,
            subsequent_indent=" " * 14,
            drop_whitespace=True,
            initial_indent="",
        )
    return lines


def _seconds(length_ms: int) -> str:
    return f"{length_ms // 1000}.{length_ms % 1000:03}"


def _arrived(event: CallArrived) -> str:
    if event.agent:
        return f"{event.agent} calls {event.called}"
    if event.direction == Direction.BACK.value:
        return f"{event.caller} is to be called back"
    return f"rings at line {event.line} from {event.caller or 'an unknown number'}"


def _menu_left(event: MenuLeft) -> str:
    pressed = f"presses {event.digit}" if event.digit else "presses nothing useful"
    return f"{pressed} in menu {event.menu}, goes to {event.to}"


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


WORDS: Mapping[type[Event], Words] = {
    BoxStarted: lambda e: f"the box starts, {e.recovered} calls found alive",
    BoxStopped: lambda e: "the box stops",
    ProcessLost: lambda e: f"process {e.process} is lost",
    ProcessBack: lambda e: f"process {e.process} is back",
    LineChanged: lambda e: f"line {e.line} is {e.state}{_because(e.reason)}",
    AgentChanged: lambda e: f"agent {e.agent}: {e.was} -> {e.now}{_because(e.reason)}",
    CallArrived: _arrived,
    CallAnswered: lambda e: "the box answers",
    MenuEntered: lambda e: f"hears menu {e.menu}",
    MenuLeft: _menu_left,
    CallQueued: lambda e: f"waits in queue {e.queue}, position {e.position}",
    AgentOffered: lambda e: f"agent {e.agent} is rung for queue {e.queue}: {e.why}",
    AgentRinging: lambda e: f"the phone of {e.agent} rings",
    OfferEnded: lambda e: f"the offer to {e.agent} ends: {e.result}",
    CallConnected: lambda e: f"talks with {e.agent or e.number or 'somebody'}",
    HoldStarted: lambda e: f"{e.agent} puts the caller on hold",
    HoldEnded: lambda e: f"{e.agent} takes the caller off hold",
    TalkEnded: lambda e: f"the conversation{f' with {e.agent}' if e.agent else ''} is ended by the {e.by}",
    WrapUpStarted: lambda e: f"{e.agent} writes it up, at most {e.seconds:g} s",
    WrapUpEnded: lambda e: f"{e.agent} has written it up (ended by the {e.by})",
    CallEnded: lambda e: f"the call ends, {e.outcome}, by the {e.by}",
    CallResumed: lambda e: f"found alive after a restart, goes on at: {e.stage}",
    InvariantBroken: lambda e: f"a rule was broken, please report this: {e.rule} ({e.seen})",
    **AGENT_WORDS,
    **EMERGENCY_WORDS,
    **FLOW_WORDS,
    **LINE_WORDS,
    **OUTBOUND_WORDS,
    **RECORD_WORDS,
    **TALK_WORDS,
    **VOICEMAIL_WORDS,
    **WAIT_WORDS,
}
