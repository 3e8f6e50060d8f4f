"""A flow walked at the keyboard, or by a script: the same nodes, with words in the place of sound."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from appliance.config.section import Destination
from appliance.flows.actions import (
    Action,
    Answer,
    Ask,
    Enter,
    Fetch,
    History,
    IsOpen,
    Learn,
    Leave,
    LookBack,
    MayTry,
    Say,
    Score,
    Sound,
    Spoken,
    Text,
    Tried,
)
from appliance.flows.collect import Keys
from appliance.flows.known import SECRET, Known, clean
from appliance.flows.walk import Walk


class HungUp(Exception):
    """Whoever plays the caller has no more keys."""


@dataclass
class Stage:
    """What stands round the flow: where keys come from, what the world says. `line` gives one line of keys
    ("" presses nothing) and raises HungUp; `look_up` says what a lookup answers, None for nothing.
    """

    line: Callable[[str], str]
    look_up: Callable[[str], Answer | None]
    is_open: Callable[[str], bool]
    prompt: Callable[[str, str], str]  # name and language -> the file, or what is wrong with it
    history: History = field(default_factory=History)
    facts: dict[str, str] = field(default_factory=dict)


class Rehearsal:
    """`lines` is what happens, a line each; `to` where the caller went at last, None for one who hung up."""

    def __init__(self, walking: Walk, stage: Stage) -> None:
        self.to: Destination | None = None
        self._walking = walking
        self._stage = stage
        self._ahead: list[str] = []  # keys typed ahead

    def lines(self) -> Iterator[str]:
        answer: object = None
        while True:
            try:
                action = self._walking.send(answer)
            except StopIteration as stop:
                self.to = stop.value
                yield f"-> {self.to}"
                return
            yield from self._told(action)
            try:
                answer = self._answered(action)
            except HungUp:
                yield "the caller hangs up"
                return
            yield from self._came_of(action, answer)

    def _told(self, action: Action) -> Iterator[str]:
        match action:
            case Enter(flow=flow, node=node, goal=goal):
                yield f"{flow}/{node}{' (goal)' if goal else ''}"
            case Say(sounds=sounds):
                yield f"    says {self._words(sounds)}"
            case Ask(sounds=sounds, most=most):
                keys = "a key" if most == 1 else f"up to {most} keys"
                yield f"    says {self._words(sounds)}, waits for {keys}"
            case Learn(name=name, value=value):
                yield f"    {name} is {'(secret)' if name.startswith(SECRET) else value}"
            case Text(line=line, number=number, text=text):
                yield f"    sends {number or 'nobody'} over {line or 'the line of the call'}: {text}"
            case Score(metric=metric, question=question, answer=score):
                yield f"    {question} ({metric}) is answered with {score}"
            case Tried(right=right):
                yield f"    the PIN is {'right' if right else 'wrong'}"
            case Leave(by=by, to=to):
                yield f"    leaves by {by} to {to}"

    def _came_of(self, action: Action, answer: object) -> Iterator[str]:
        match action, answer:
            case Ask(hidden=hidden), str(typed):
                shown = "*" * len(typed) if hidden else typed
                yield f"    pressed: {shown}" if typed else "    nothing is pressed"
            case Fetch(lookup=name), None:
                yield f"    lookup {name} fails"
            case Fetch(lookup=name), _:
                yield f"    lookup {name} answers"
            case IsOpen(calendar=calendar), _:
                yield f"    {calendar} is {'open' if answer else 'closed'}"
            case LookBack(days=days), History() as past:
                outcome = f", the last one {past.outcome}" if past.outcome else ""
                yield f"    {past.calls} earlier calls in {days} days{outcome}"

    def _answered(self, action: Action) -> object:
        match action:
            case Ask():
                return self._typed(action)
            case Fetch(lookup=name):
                return self._stage.look_up(name)
            case IsOpen(calendar=calendar):
                return self._stage.is_open(calendar)
            case LookBack():
                return self._stage.history
            case Text(number=number):
                return bool(number)
            case MayTry():
                return True
            case Learn(name=name, value=value):
                self._stage.facts[name] = clean(value)
        return None

    def _typed(self, ask: Ask) -> str:
        """What was typed ahead first; a line that is too short for the question ends with a pause."""
        if not self._ahead:
            self._ahead = list(self._stage.line("keys"))
        keys = Keys(ask)
        while self._ahead and keys.press(self._ahead.pop(0)):
            pass
        return keys.typed

    def _words(self, sounds: tuple[Sound, ...]) -> str:
        language = self._stage.facts.get("language", "")
        return " + ".join(
            f"{sound.value} as {sound.kind}"
            if isinstance(sound, Spoken)
            else f'"{sound.name}" ({self._stage.prompt(sound.name, language)})'
            for sound in sounds
        )


def known(stage: Stage, given: Mapping[str, str], kind: str, forms: tuple[str, ...]) -> Known:
    """What the flow knows of the made-up call; what it learns goes to `stage.facts`."""
    return Known(ChainMap(dict(given), stage.facts), kind, forms)
