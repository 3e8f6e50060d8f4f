"""What a chaos run comes to: a table of faults and heals, and what a technician has read in the log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tests.chaos.saboteur import KILL, MEANING, Deed

AFTER_SECONDS = 20.0  # what a line says so long after a deed's end is taken for its doing
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) (?:\w+ )?(WARNING|ERROR|CRITICAL)\s+(.*)")


def table(deeds: Sequence[Deed]) -> str:
    """Each fault: how often, how often a line went out of service, how long it took to come back."""
    rows = [f"{'fault':<16}{'times':>6}{'down':>6}{'longest heal':>14}  meaning"]
    for name in sorted({deed.name for deed in deeds}):
        alike = [deed for deed in deeds if deed.name == name]
        heals = [seconds for deed in alike for seconds in deed.heals]
        longest = f"{max(heals):.0f} s" if heals else ""
        rows.append(f"{name:<16}{len(alike):>6}{len(heals):>6}{longest:>14}  {MEANING[name]}")
    return "\n".join(rows)


def warnings(log: str) -> list[tuple[float, str]]:
    """When (wall clock) and what, of every line of the log that is a warning or worse."""
    found = (LINE.match(line) for line in log.splitlines())
    return [
        (datetime.fromisoformat(match[1]).timestamp() + int(match[2]) / 1000, f"{match[3]:<8}{match[4]}")
        for match in found
        if match
    ]


def left_by(deeds: Iterable[Deed], told: Sequence[tuple[float, str]]) -> str:
    """For each fault the distinct warnings of its line while it was on and shortly after, with how often."""
    found: dict[str, Counter[str]] = {}
    for deed in deeds:
        found.setdefault(deed.name, Counter()).update(set(_about(deed, told)))
    return "\n".join(line for name in sorted(found) for line in _section(name, found[name]))


def diary(deeds: Sequence[Deed]) -> str:
    """All that was done, by the log's clock."""
    return "\n".join(
        f"{datetime.fromtimestamp(deed.began):%H:%M:%S} {deed.object:<7} {deed.name:<14} "
        f"{deed.ended - deed.began:5.1f} s"
        for deed in deeds
    )


def _about(deed: Deed, told: Sequence[tuple[float, str]]) -> Iterator[str]:
    for at, text in told:
        if deed.began <= at <= (deed.ended or at) + AFTER_SECONDS and (
            deed.name == KILL or f" {deed.object}:" in text or f" {deed.object}/" in text
        ):
            yield re.sub(r"\d+", "#", text.replace(deed.object, "NAME"))


def _section(name: str, said: Counter[str]) -> Iterator[str]:
    yield f"{name}: {MEANING[name]}"
    yield from (f"  {times:>4} {text}" for text, times in said.most_common())
    yield ""
