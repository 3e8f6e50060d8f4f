"""What a flow wants done, as plain values: whoever runs it (a call, a keyboard, a test) does them.

A flow itself does nothing: it has no clock, no sound and no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.config.section import Destination


@dataclass(frozen=True)
class Prompt:
    """A prompt by its name, in the language of the call."""

    name: str


@dataclass(frozen=True)
class Spoken:
    """A value in words; `kind` is one of `config.flows.SayAs`."""

    kind: str
    value: str


Sound = Prompt | Spoken


@dataclass(frozen=True)
class Say:
    """Play to the end; keys pressed meanwhile are kept for the next question. Answer: None."""

    sounds: tuple[Sound, ...]


@dataclass(frozen=True)
class Ask:
    """Play until a key is pressed, and take the keys, as `collect.Keys` does. Answer: what was typed.

    `going_on`: after which of them the next key is waited for, None for always. `hidden`: nobody may show it.
    """

    sounds: tuple[Sound, ...]
    wait_seconds: float
    most: int = 1
    terminator: str = ""
    gap_seconds: float = 0.0
    going_on: frozenset[str] | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Fetch:
    """Ask a lookup. Answer: what it says (`Answer`), None when it cannot be had."""

    lookup: str
    music: str = ""
    pin: str = field(default="", repr=False)


@dataclass(frozen=True)
class Answer:
    """Facts, and whether a PIN was right where the lookup says so."""

    facts: Mapping[str, str]
    right: bool = False


@dataclass(frozen=True)
class IsOpen:
    """Is the calendar open now? Answer: a bool."""

    calendar: str


@dataclass(frozen=True)
class LookBack:
    """What of this caller's number in the last days? Answer: `History`."""

    days: int


@dataclass(frozen=True)
class History:
    """Earlier calls of a number: how many, an Outcome value of the last one, and who spoke in it."""

    calls: int = 0
    outcome: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Learn:
    """A fact is known from now on. Answer: None."""

    name: str
    value: str


@dataclass(frozen=True)
class Text:
    """Send a message. Answer: True when it is on its way."""

    line: str
    number: str
    text: str


@dataclass(frozen=True)
class MayTry:
    """Has the caller's number a try left at this PIN? It is used up by asking. Answer: a bool."""

    flow_node: str
    tries: int
    minutes: int


@dataclass(frozen=True)
class Tried:
    """How the try ended; a right one is given back. Answer: None."""

    flow_node: str
    right: bool


@dataclass(frozen=True)
class Score:
    """An answer of a survey. Answer: None."""

    metric: str
    question: str
    answer: int


@dataclass(frozen=True)
class Enter:
    """The caller comes to a node. Answer: None."""

    flow: str
    node: str
    goal: bool


@dataclass(frozen=True)
class Leave:
    """The caller goes on; `to` inside flows is "flow:NAME/NODE". Answer: None."""

    flow: str
    node: str
    by: str
    to: Destination


Action = Say | Ask | Fetch | IsOpen | LookBack | Learn | Text | MayTry | Tried | Score | Enter | Leave
