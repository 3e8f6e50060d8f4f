"""Which of our messages a status report is about: pure."""

from __future__ import annotations

from collections.abc import Iterable

from appliance.lines.line import Line
from appliance.store.messages import MessageRow, OutPart, PartState
from drivers.messages import StatusReport

SAME_DIGITS = 7  # at the end: numbers come back with or without a country's prefix


def about(report: StatusReport, rows: Iterable[MessageRow], line: Line) -> tuple[MessageRow, int] | None:
    """The message and the number of its part: by reference and recipient, the newest of several.

    References are one octet and begin anew, and some modems tell none; a report that fits no reference is
    about the oldest part to this recipient whose reference is not known.
    """
    to_them = [
        (part, row, number)
        for row in rows
        if row.line == line.name or (row.sim and row.sim == line.sim)
        if _is_same(row.number, report.recipient)
        for number, part in enumerate(row.out_parts, 1)
    ]
    sent = [each for each in to_them if each[0].state is PartState.SENT]
    fits = [each for each in sent if each[0].reference == report.reference]
    if fits:
        _, row, number = max(fits, key=lambda each: each[0].changed_ms)
        return row, number
    if any(part.state is PartState.SENDING for part, _, _ in to_them):
        return None  # it may be about that one, whose reference we do not know yet
    return next(((row, number) for part, row, number in to_them if _has_no_reference(part)), None)


def _has_no_reference(part: OutPart) -> bool:
    return part.state is PartState.UNSURE or (part.state is PartState.SENT and part.reference < 0)


def _is_same(one: str, other: str) -> bool:
    """The same number, with or without what stands for a country in front."""
    one, other = one.lstrip("+"), other.lstrip("+")
    long_enough = min(len(one), len(other)) >= SAME_DIGITS
    return one == other or (long_enough and one[-SAME_DIGITS:] == other[-SAME_DIGITS:])
