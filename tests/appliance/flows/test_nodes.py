"""What each kind of node does with each kind of answer."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.flows.actions import Answer, Fetch, History, Learn, LookBack, Score, Text, Tried
from tests.appliance.flows.scripted import Script, flow

MENU = {"do": "menu", "prompt": "m", "wrong_key": "w", "keys": {"1": "queue:sales", "2": "hangup"}}
DIGITS = {"do": "digits", "prompt": "d", "into": "order", "least": 2, "most": 4, "next": "queue:sales"}
PIN = {"do": "pin", "prompt": "p", "fact": "secret.pin", "next": "queue:vip", "otherwise": "queue:sales"}
NPS = {"do": "question", "prompt": "q", "metric": "nps", "question": "again", "next": "hangup"}


@pytest.mark.parametrize(
    ("node", "keys", "to", "left"),
    [
        (MENU, ["1"], "queue:sales", "1"),
        (MENU, ["", "2"], "hangup", "2"),
        (MENU, ["5", "6", "7"], "hangup", "otherwise"),
        (MENU, ["", "", ""], "hangup", "timeout"),
        ({**MENU, "timeout": "queue:slow"}, ["", "", ""], "queue:slow", "timeout"),
        ({**MENU, "timeout": "queue:slow"}, ["", "9", ""], "hangup", "otherwise"),
        ({**MENU, "attempts": 1}, ["3"], "hangup", "otherwise"),
        (DIGITS, ["12#"], "queue:sales", "next"),
        (DIGITS, ["1234"], "queue:sales", "next"),
        (DIGITS, ["12"], "queue:sales", "next"),  # the pause after it ends it
        (DIGITS, ["1#", "#", "1*3"], "hangup", "otherwise"),
        (DIGITS, ["", "", ""], "hangup", "timeout"),
        ({**DIGITS, "terminator": "", "most": 2}, ["77"], "queue:sales", "next"),
        ({**DIGITS, "confirm": "ok"}, ["12#", "1"], "queue:sales", "next"),
        ({**DIGITS, "confirm": "ok"}, ["12#", "2", "13#", "1"], "queue:sales", "next"),
        ({**DIGITS, "confirm": "ok", "attempts": 1}, ["12#", ""], "hangup", "otherwise"),
        (NPS, ["10"], "hangup", "next"),
        ({**NPS, "otherwise": "queue:sales"}, ["#", "", ""], "queue:sales", "otherwise"),
        ({"do": "go", "to": "voicemail:x"}, [], "voicemail:x", "to"),
    ],
)  # fmt: skip
def test_a_node_goes_on_by_what_was_pressed(node: Any, keys: list[str], to: str, left: str) -> None:
    script = Script({"a": node}, keys)
    assert (script.to, script.left) == (to, [("a", left)])


def test_a_wrong_key_is_told_and_the_question_asked_again() -> None:
    assert Script({"a": MENU}, ["5", "1"]).heard == ["m", "w", "m"]


def test_digits_are_read_back_and_learned_once_confirmed() -> None:
    script = Script({"a": {**DIGITS, "confirm": "ok"}}, ["12#", "2", "345#", "1"])
    assert script.heard == ["d", "digits 12", "ok", "d", "digits 345", "ok"]
    assert script.done(Learn) == [Learn("order", "345")]


def test_a_fact_is_said_after_a_prompt() -> None:
    node = {"do": "play", "prompt": "balance", "say": "debt", "say_as": "EUR", "next": "hangup"}
    assert Script({"a": node}, debt="5.20").heard == ["balance", "EUR 5.20"]


def test_a_language_is_a_fact_of_the_call() -> None:
    node = {"do": "language", "prompt": "l", "keys": {"1": "en", "2": "zh"}, "next": "hangup"}
    assert Script({"a": node}, ["2"]).done(Learn) == [Learn("language", "zh")]
    silent = Script({"a": {**node, "otherwise": "queue:sales"}})
    assert (silent.to, silent.done(Learn)) == ("queue:sales", [])
    assert Script({"a": node}).to == "hangup"


@pytest.mark.parametrize(
    ("metric", "typed", "score"),
    [("nps", "0", 0), ("nps", "1", 1), ("nps", "10", 10), ("nps", "*", 10), ("nps", "9", 9),
     ("csat", "5", 5), ("ces", "7", 7)],
)  # fmt: skip
def test_want_of_surveys_the_answer_is_a_number_of_its_scale(metric: str, typed: str, score: int) -> None:
    script = Script({"a": {**NPS, "metric": metric}}, [typed])
    assert script.done(Score) == [Score(metric, "again", score)]


@pytest.mark.parametrize(
    ("metric", "typed"),
    [("csat", "0"), ("csat", "6"), ("ces", "8"), ("ces", "*"), ("nps", "11"), ("nps", "#")],
)  # fmt: skip
def test_an_answer_out_of_its_scale_does_not_count(metric: str, typed: str) -> None:
    assert Script({"a": {**NPS, "metric": metric, "attempts": 1}}, [typed]).done(Score) == []


def test_a_pin_is_right_or_wrong_and_never_an_action_of_its_own() -> None:
    script = Script({"a": PIN}, ["1111#", "2468#"], **{"secret.pin": "2468"})
    assert (script.to, script.done(Tried)) == ("queue:vip", [Tried("main/a", False), Tried("main/a", True)])
    assert "2468" not in repr(script.actions)
    assert "1111" not in repr(script.actions)


def test_a_pin_has_so_many_tries_and_none_when_nobody_knows_it() -> None:
    locked = Script({"a": {**PIN, "locked": "hangup"}}, ["1111#"] * 3, tries=2, **{"secret.pin": "2468"})
    assert (locked.to, locked.left) == ("hangup", [("a", "locked")])
    assert Script({"a": PIN}, ["1111#"] * 3, **{"secret.pin": "2468"}).left == [("a", "otherwise")]
    unknown = Script({"a": {**PIN, "error": "queue:help"}}, ["1111#"])
    assert (unknown.to, unknown.done(Tried)) == ("queue:help", [])
    assert Script({"a": PIN}, ["11#", "abc", ""], **{"secret.pin": "2468"}).done(Tried) == []


@pytest.mark.parametrize(
    ("answer", "to"),
    [(Answer({}, True), "queue:vip"), (Answer({}, False), "queue:sales"), (None, "queue:help")],
)
def test_a_pin_may_be_checked_by_a_lookup(answer: Answer | None, to: str) -> None:
    node = {**PIN, "lookup": "bank", "attempts": 1, "error": "queue:help"}
    del node["fact"]
    script = Script({"a": node}, ["1234#"], lookups={"bank": answer})
    assert script.to == to
    assert script.done(Fetch) == [Fetch("bank", pin="1234")]
    assert "1234" not in repr(script.actions)


def test_a_lookup_teaches_facts_or_takes_the_way_of_errors() -> None:
    node = {"do": "lookup", "lookup": "crm", "next": "queue:vip", "error": "queue:sales"}
    known = Script({"a": node}, lookups={"crm": Answer({"customer": "Ana"})})
    assert (known.to, known.facts["customer"]) == ("queue:vip", "Ana")
    assert Script({"a": node}).to == "queue:sales"


@pytest.mark.parametrize(
    ("case", "holds"),
    [
        ({"open": "office"}, True),
        ({"open": "night"}, False),
        ({"closed": "office"}, False),
        ({"closed": "night", "open": "office"}, True),
        ({"caller_begins": ["+49151"]}, True),
        ({"caller_begins": ["0151", "+1"]}, True),
        ({"caller_begins": ["+1"]}, False),
        ({"called_begins": ["+4930"]}, True),
        ({"called_begins": ["49301"]}, True),
        ({"called_begins": ["31"]}, False),
        ({"caller_is": ["withheld", "mobile"]}, True),
        ({"caller_is": ["abroad"]}, False),
        ({"facts": {"customer": "gold"}}, True),
        ({"facts": {"customer": "*", "debt": ""}}, True),
        ({"facts": {"customer": "silver"}}, False),
        ({"facts": {"debt": "*"}}, False),
        ({"least": {"orders": 2.0}}, True),
        ({"least": {"orders": 3.5}}, False),
        ({"least": {"customer": 1.0}}, False),
        ({"least": {"nan": 1.0}}, False),
        ({"calls": 2}, True),
        ({"calls": 3}, False),
        ({"last_outcome": ["abandoned"]}, True),
        ({"last_outcome": ["answered"]}, False),
        ({"last_agent": ["ana"]}, True),
        ({"last_agent": ["ben"], "calls": 1}, False),
        ({}, True),
    ],
)  # fmt: skip
def test_a_case_holds_when_all_of_it_is_true(case: Any, holds: bool) -> None:
    node = {"do": "when", "cases": [{**case, "go": "queue:yes"}], "otherwise": "queue:no"}
    script = Script(
        {"a": node},
        open_now=["office"],
        history=History(2, "abandoned", "ana"),
        called="+49301234",
        customer="gold",
        orders="3",
        nan="nan",
    )
    assert script.to == ("queue:yes" if holds else "queue:no")


def test_history_is_only_looked_up_where_a_case_needs_it() -> None:
    case = {"facts": {"x": "y"}, "calls": 1, "go": "hangup"}
    assert Script({"a": {"do": "when", "cases": [case], "otherwise": "hangup"}}).done(LookBack) == []


def test_a_message_is_filled_with_facts_and_goes_to_the_caller_over_the_calls_line() -> None:
    node = {"do": "sms", "text": "Dear {customer}, {nothing}order {order}.", "next": "hangup"}
    script = Script({"a": node}, customer="{line}", order="7")
    assert script.done(Text) == [Text("gsm-1", "+491511234567", "Dear {line}, order 7.")]
    other = {**node, "line": "gsm-2", "to": "mobile", "error": "queue:sales"}
    refused = Script({"a": other}, texts=False, mobile="+49160")
    assert (refused.to, refused.done(Text)[0].line, refused.done(Text)[0].number) == (
        "queue:sales",
        "gsm-2",
        "+49160",
    )


def test_facts_are_set_one_after_another() -> None:
    node = {"do": "set", "facts": {"skill.spanish": "3", "copy": "{customer}!"}, "next": "queue:sales"}
    script = Script({"a": node}, customer="Ana")
    assert script.done(Learn) == [Learn("skill.spanish", "3"), Learn("copy", "Ana!")]


def test_a_flow_goes_on_in_another_and_every_way_is_told() -> None:
    nodes = {"a": {"do": "play", "prompt": "x", "next": "b"}, "b": {"do": "go", "to": "flow:more"}}
    more = flow({"c": {**MENU, "goal": True}}, "c")
    script = Script(nodes, ["1"], others={"more": more})
    assert script.left == [("a", "next"), ("b", "to"), ("c", "1")]
    assert script.to == "queue:sales"
