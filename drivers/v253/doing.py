"""What an analogue line does, and what it may do next."""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Doing(enum.Enum):
    """What the line does."""

    NOTHING = "idle"
    RINGS = "rings"
    IGNORES = "rings, and we do not answer"
    TAKES = "being answered"
    DIALS = "being dialled"
    TALKS = "a call is up"
    CLEARS = "going on hook"


MOVES: Mapping[Doing, frozenset[Doing]] = {
    Doing.NOTHING: frozenset({Doing.RINGS, Doing.DIALS, Doing.TALKS}),  # TALKS: found so after a restart
    Doing.RINGS: frozenset({Doing.NOTHING, Doing.IGNORES, Doing.TAKES}),
    Doing.IGNORES: frozenset({Doing.NOTHING}),
    Doing.TAKES: frozenset({Doing.TALKS, Doing.CLEARS}),
    Doing.DIALS: frozenset({Doing.TALKS, Doing.CLEARS}),
    Doing.TALKS: frozenset({Doing.CLEARS}),
    Doing.CLEARS: frozenset({Doing.NOTHING}),
}
