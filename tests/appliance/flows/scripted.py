"""A flow run by a script: what it wants done is answered from lists, and kept."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import Any

from appliance.config.flows import Flow
from appliance.flows.actions import (
    Action,
    Answer,
    Ask,
    Fetch,
    History,
    IsOpen,
    Learn,
    Leave,
    LookBack,
    MayTry,
    Prompt,
    Say,
    Text,
)
from appliance.flows.collect import answer as typed
from appliance.flows.known import Known
from appliance.flows.walk import walk


def flow(nodes: Mapping[str, Any], start: str = "a") -> Flow:
    """A flow of these nodes, checked as a file would be."""
    return Flow.model_validate({"start": start, "nodes": nodes}, strict=True)


class Script:
    """Runs "main" to its end. `keys` answer the questions, one text each ("" presses nothing)."""

    def __init__(
        self,
        nodes: Mapping[str, Any],
        keys: Iterable[str] = (),
        *,
        start: str = "a",
        others: Mapping[str, Flow] | None = None,
        lookups: Mapping[str, Answer | None] | None = None,
        open_now: Iterable[str] = (),
        history: History | None = None,
        tries: int = 100,
        texts: bool = True,
        kind: str = "mobile",
        **facts: str,
    ) -> None:
        self.facts = {"caller": "+491511234567", "line": "gsm-1", **facts}
        self.actions: list[Action] = []
        self._keys = list(keys)
        self._lookups = lookups or {}
        self._open, self._history, self._texts = set(open_now), history or History(), texts
        self._tries = tries
        known = Known(ChainMap(self.facts), kind, (self.facts["caller"], "0151" + self.facts["caller"][6:]))
        walking, answer = walk({"main": flow(nodes, start), **(others or {})}, "main", known), None
        while True:
            try:
                action = walking.send(answer)
            except StopIteration as stop:
                self.to = str(stop.value)
                break
            self.actions.append(action)
            answer = self._answer(action)

    def _answer(self, action: Action) -> Any:
        match action:
            case Ask():
                return typed(action, list(self._keys.pop(0))) if self._keys else ""
            case Fetch(lookup=name):
                return self._lookups.get(name)
            case IsOpen(calendar=calendar):
                return calendar in self._open
            case LookBack():
                return self._history
            case Text():
                return self._texts
            case MayTry():
                self._tries -= 1
                return self._tries >= 0
            case Learn(name=name, value=value):
                self.facts[name] = value
        return None

    @property
    def left(self) -> list[tuple[str, str]]:
        """Each node and how it was left."""
        return [(a.node, a.by) for a in self.actions if isinstance(a, Leave)]

    @property
    def heard(self) -> list[str]:
        """Every prompt, in order; values as "digits 123"."""
        return [
            sound.name if isinstance(sound, Prompt) else f"{sound.kind} {sound.value}"
            for action in self.actions
            if isinstance(action, Say | Ask)
            for sound in action.sounds
        ]

    def done(self, kind: type[Action]) -> list[Any]:
        """The actions of one kind."""
        return [action for action in self.actions if isinstance(action, kind)]
