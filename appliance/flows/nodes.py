"""What each kind of node does: a generator that yields actions and says how it was left.

Where an option leads that is left out is told by `config/flow_graph.py`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Generator, Mapping
from typing import Any, NamedTuple

from appliance.config.flow_graph import way
from appliance.config.flows import (
    Asking,
    Case,
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
from appliance.config.section import Destination
from appliance.flows.actions import (
    Action,
    Answer,
    Ask,
    Fetch,
    History,
    IsOpen,
    Learn,
    LookBack,
    MayTry,
    Prompt,
    Say,
    Score,
    Spoken,
    Text,
    Tried,
)
from appliance.flows.known import Known, fill

NPS_TEN = "*"  # also 1 and 0 in a row
ANSWERS: Mapping[str, Collection[str]] = {
    "nps": [*(str(score) for score in range(11)), NPS_TEN],
    "csat": [str(score) for score in range(1, 6)],
    "ces": [str(score) for score in range(1, 8)],
}
NPS_GAP_SECONDS = 2.0  # after a 1, for the 0 of 10
SURE = "1"


class Left(NamedTuple):
    """How a node was left: by a key, an option's name or a case, and where to."""

    by: str
    to: Destination


Steps = Generator[Action, Any, Left]


def _by(node: NodeBase, option: str) -> Left:
    return Left(option, way(node, option))


def _play(node: Play, here: str, known: Known) -> Steps:
    value = [Spoken(node.say_as, known.fact(node.say))] if node.say else []
    yield Say((Prompt(node.prompt), *value))
    return _by(node, "next")


def _menu(node: Menu, here: str, known: Known) -> Steps:
    key = yield from _asked(node, _one_key(node), node.keys)
    return Left(key, node.keys[key]) if key in node.keys else _by(node, key)


def _language(node: LanguageNode, here: str, known: Known) -> Steps:
    key = yield from _asked(node, _one_key(node), node.keys)
    if key not in node.keys:
        return _by(node, "otherwise")
    yield Learn("language", node.keys[key])
    return Left(key, node.next)


def _one_key(node: Asking) -> Ask:
    return Ask((Prompt(node.prompt),), node.wait_seconds)


def _asked(node: Asking, ask: Ask, good: Collection[str]) -> Generator[Action, Any, str]:
    """Ask until the answer is good; that, "timeout" when nothing was ever pressed, or "otherwise"."""
    pressed = False
    for _ in range(node.attempts):
        typed: str = yield ask
        if typed in good:
            return typed
        if typed:
            pressed = True
            yield from _wrong(node)
    return "otherwise" if pressed else "timeout"


def _wrong(node: Asking) -> Generator[Action, Any, None]:
    if node.wrong_key:
        yield Say((Prompt(node.wrong_key),))


def _several(node: Digits | Pin, *, hidden: bool) -> Ask:
    sounds = (Prompt(node.prompt),)
    return Ask(sounds, node.wait_seconds, node.most, node.terminator, node.gap_seconds, None, hidden)


def _is_number(node: Digits | Pin, typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and node.least <= len(typed) <= node.most


def _digits(node: Digits, here: str, known: Known) -> Steps:
    pressed = False
    for _ in range(node.attempts):
        typed = yield _several(node, hidden=False)
        pressed = pressed or bool(typed)
        if _is_number(node, typed):
            if (yield from _confirmed(node, typed)):
                yield Learn(node.into, typed)
                return _by(node, "next")
        elif typed:
            yield from _wrong(node)
    return _by(node, "otherwise" if pressed else "timeout")


def _confirmed(node: Digits, typed: str) -> Generator[Action, Any, bool]:
    if not node.confirm:
        return True
    key: str = yield Ask((Spoken("digits", typed), Prompt(node.confirm)), node.wait_seconds)
    return key == SURE


def _pin(node: Pin, here: str, known: Known) -> Steps:
    for _ in range(node.attempts):
        typed = yield _several(node, hidden=True)
        if not _is_number(node, typed):
            if typed:
                yield from _wrong(node)
            continue
        if not (yield MayTry(here, node.tries, node.tries_minutes)):
            return _by(node, "locked")
        right = yield from _is_right(node, typed, known)
        if right is None:
            return _by(node, "error")
        yield Tried(here, right)
        if right:
            return _by(node, "next")
        yield from _wrong(node)
    return _by(node, "otherwise")


def _is_right(node: Pin, typed: str, known: Known) -> Generator[Action, Any, bool | None]:
    """None when nobody can say."""
    if node.lookup:
        answer: Answer | None = yield Fetch(node.lookup, pin=typed)
        return None if answer is None else answer.right
    wanted = known.fact(node.fact)
    return hmac.compare_digest(wanted.encode(), typed.encode()) if wanted else None


def _lookup(node: LookupNode, here: str, known: Known) -> Steps:
    answer: Answer | None = yield Fetch(node.lookup, node.music)
    if answer is None:
        return _by(node, "error")
    for name, value in answer.facts.items():
        yield Learn(name, value)
    return _by(node, "next")


def _when(node: When, here: str, known: Known) -> Steps:
    for number, case in enumerate(node.cases, 1):
        if (yield from _holds(case, known)):
            return Left(f"case {number}", case.go)
    return _by(node, "otherwise")


def _holds(case: Case, known: Known) -> Generator[Action, Any, bool]:
    """What costs nothing is looked at first."""
    if not _fits(case, known):
        return False
    if case.open and not (yield IsOpen(case.open)):
        return False
    if case.closed and (yield IsOpen(case.closed)):
        return False
    if not (case.calls or case.last_outcome or case.last_agent):
        return True
    past: History = yield LookBack(case.days)
    return (
        past.calls >= case.calls
        and (not case.last_outcome or past.outcome in case.last_outcome)
        and (not case.last_agent or past.agent in case.last_agent)
    )


def _fits(case: Case, known: Known) -> bool:
    dialled = known.fact("called").lstrip("+")
    return (
        (not case.caller_begins or any(_begins(each, known.forms) for each in case.caller_begins))
        and (not case.called_begins or any(dialled.startswith(p.lstrip("+")) for p in case.called_begins))
        and (not case.caller_is or known.kind in case.caller_is)
        and all(_is(known.fact(name), value) for name, value in case.facts.items())
        and all(_number(known.fact(name), least) for name, least in case.least.items())
    )


def _begins(prefix: str, forms: tuple[str, ...]) -> bool:
    return any(form.startswith(prefix) for form in forms)


def _is(value: str, wanted: str) -> bool:
    return bool(value) if wanted == "*" else value == wanted


def _number(value: str, least: float) -> bool:
    try:
        return float(value) >= least  # False for NaN
    except ValueError:
        return False


def _sms(node: Sms, here: str, known: Known) -> Steps:
    number = known.fact(node.to or "caller")
    sent = yield Text(node.line or known.fact("line"), number, fill(node.text, known.facts))
    return _by(node, "next" if sent else "error")


def _set(node: Set, here: str, known: Known) -> Steps:
    for name, template in node.facts.items():
        yield Learn(name, fill(template, known.facts))
    return _by(node, "next")


def _question(node: Question, here: str, known: Known) -> Steps:
    ask = _one_key(node)
    if node.metric == "nps":
        sounds = (Prompt(node.prompt),)
        ask = Ask(sounds, node.wait_seconds, most=2, gap_seconds=NPS_GAP_SECONDS, going_on=frozenset({"1"}))
    typed = yield from _asked(node, ask, ANSWERS[node.metric])
    if typed not in ANSWERS[node.metric]:
        return _by(node, "otherwise")
    yield Score(node.metric, node.question, 10 if typed == NPS_TEN else int(typed))
    return _by(node, "next")


def _go(node: Go, here: str, known: Known) -> Steps:
    yield from ()
    return _by(node, "to")


NODES: Mapping[type[NodeBase], Callable[[Any, str, Known], Steps]] = {
    Play: _play,
    Menu: _menu,
    Digits: _digits,
    Pin: _pin,
    LanguageNode: _language,
    LookupNode: _lookup,
    When: _when,
    Sms: _sms,
    Set: _set,
    Question: _question,
    Go: _go,
}
