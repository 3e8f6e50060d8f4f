"""The ways that lead on from each node of a flow; interpreter, checks and drawing all read these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from appliance.config.flows import (
    Digits,
    Go,
    LanguageNode,
    LookupNode,
    Menu,
    NodeBase,
    Pin,
    Play,
    Question,
    Set,
    Sms,
    When,
)
from appliance.config.problem import Keys
from appliance.config.section import NOWHERE, Destination


@dataclass(frozen=True)
class Way:
    """`silent`: who presses nothing may be led this way; left out, it is that of the option `instead`."""

    silent: bool
    instead: str = ""


@dataclass(frozen=True)
class Edge:
    """One way on: `keys` is its option within the node, `label` what a drawing says of it."""

    keys: Keys
    label: str
    to: Destination
    silent: bool


WAYS: Mapping[type[NodeBase], Mapping[str, Way]] = {
    Play: {"next": Way(True)},
    Menu: {"otherwise": Way(False), "timeout": Way(True, "otherwise")},
    Digits: {"next": Way(False), "otherwise": Way(False), "timeout": Way(True, "otherwise")},
    Pin: {
        "next": Way(False),
        "otherwise": Way(True),
        "locked": Way(True, "otherwise"),
        "error": Way(False, "otherwise"),
    },
    LanguageNode: {"next": Way(False), "otherwise": Way(True, "next")},
    LookupNode: {"next": Way(True), "error": Way(True)},
    When: {"otherwise": Way(True)},
    Sms: {"next": Way(True), "error": Way(True, "next")},
    Set: {"next": Way(True)},
    Question: {"next": Way(False), "otherwise": Way(True, "next")},
    Go: {"to": Way(True)},
}


def way(node: NodeBase, option: str) -> Destination:
    """Where an option leads, or the one that stands in for it."""
    to: Destination = getattr(node, option)
    instead = WAYS[type(node)][option].instead
    return way(node, instead) if to == NOWHERE and instead else to


def edges(node: NodeBase) -> Iterator[Edge]:
    """Every way that the node names, keys first; one that is missing leads to NOWHERE."""
    if isinstance(node, Menu):
        yield from (Edge(("keys", key), key, to, False) for key, to in node.keys.items())
    if isinstance(node, When):
        for number, case in enumerate(node.cases):
            yield Edge(
                ("cases", number, "go"), conditions(case.model_dump(exclude_unset=True)), case.go, True
            )
    ways = WAYS[type(node)]
    for option, this in ways.items():
        to: Destination = getattr(node, option)
        if to == NOWHERE and this.instead:
            continue
        stands_in = (name for name, other in ways.items() if other.instead == option and other.silent)
        silent = this.silent or any(getattr(node, name) == NOWHERE for name in stands_in)
        yield Edge((option,), option, to, silent)


def conditions(given: Mapping[str, object]) -> str:
    """A case in a few words: "open office, caller_begins +49"."""
    return ", ".join(f"{name} {words(value)}" for name, value in given.items() if name != "go")


def words(value: object) -> str:
    """A value on one line, without brackets."""
    if isinstance(value, Mapping):
        return " ".join(f"{name}={each}" for name, each in value.items())
    return " ".join(str(each) for each in value) if isinstance(value, list) else str(value)
