"""Which skills a caller needs of an agent, at which levels, and how that is relaxed with time. Plain values.

Levels are 1 to 5, 0 is not having the skill (Amazon Connect's proficiencies; kpi-and-routing.md 5.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

HIGHEST_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Step:
    """From `after_seconds` in the queue on less is asked; each step adds to those before it.

    `levels` is added to every lowest level, down to 1, and taken from every highest; `drop` are skills not
    asked for any more; `any_agent` asks for nothing.
    """

    after_seconds: float
    levels: int = 0
    drop: frozenset[str] = field(default_factory=frozenset)
    any_agent: bool = False

    def __str__(self) -> str:
        parts = [f"levels {self.levels:+}"] if self.levels else []
        parts += [f"without {', '.join(sorted(self.drop))}"] if self.drop else []
        return "any agent" if self.any_agent else " and ".join(parts) or "nothing changes"


class Needs(NamedTuple):
    """Each skill with the lowest and the highest level wanted, by name."""

    wants: tuple[tuple[str, int, int], ...] = ()

    def met_by(self, skills: Mapping[str, int]) -> bool:
        """Whether somebody with these skills may take the caller."""
        return all(low <= skills.get(skill, 0) <= high for skill, low, high in self.wants)

    def lacking(self, skills: Mapping[str, int]) -> str:
        """The first thing that is wrong with these skills, in words; "" when they will do."""
        for skill, low, high in self.wants:
            level = skills.get(skill, 0)
            if not low <= level <= high:
                return f"{skill} {level}" if level else f"no {skill}"
        return ""

    def relaxed(self, step: Step) -> Needs:
        """What is left of them after a step."""
        if step.any_agent:
            return Needs()
        return Needs(
            tuple(
                (skill, max(min(low, 1), low + step.levels), min(HIGHEST_LEVEL, high - step.levels))
                for skill, low, high in self.wants
                if skill not in step.drop
            )
        )

    def __str__(self) -> str:
        return ", ".join(
            f"{skill} {low}" if high >= HIGHEST_LEVEL else f"{skill} {low} to {high}"
            for skill, low, high in self.wants
        )


def needs_of(lowest: Iterable[Mapping[str, int]], highest: Mapping[str, int]) -> Needs:
    """The strictest of several wishes for lowest levels; `highest` spares those who know more."""
    low: dict[str, int] = {skill: 0 for skill in highest}
    for wishes in lowest:
        for skill, level in wishes.items():
            low[skill] = max(low.get(skill, 0), min(HIGHEST_LEVEL, level))
    high = {skill: max(least, highest.get(skill, HIGHEST_LEVEL)) for skill, least in low.items()}
    return Needs(tuple((skill, low[skill], high[skill]) for skill in sorted(low)))
