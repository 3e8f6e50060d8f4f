"""No flow and no caller, however odd, wedges a walk."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.flows.actions import Answer, Ask, Enter, Say
from appliance.flows.walk import MOST_KEYLESS, MOST_SILENT, place
from tests.appliance.flows.scripted import Script, flow

NAMES = ["a", "b", "c", "d"]
TO = st.sampled_from([*NAMES, "queue:sales", "hangup", "flow:main"])
KEY = st.sampled_from("0123456789*#")
SAYS = {"prompt": st.just("p")}
CASE = st.fixed_dictionaries({"facts": st.just({"n": "*"}), "go": TO})
METRIC = st.sampled_from(["nps", "csat", "ces"])
OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "play": {**SAYS, "next": TO},
    "menu": {**SAYS, "keys": st.dictionaries(KEY, TO, min_size=1), "otherwise": TO},
    "digits": {**SAYS, "into": st.just("n"), "next": TO, "otherwise": TO, "most": st.integers(1, 4)},
    "pin": {**SAYS, "fact": st.just("secret.pin"), "next": TO, "otherwise": TO},
    "language": {**SAYS, "keys": st.just({"1": "en"}), "next": TO},
    "lookup": {"lookup": st.just("crm"), "next": TO, "error": TO},
    "when": {"cases": st.lists(CASE, min_size=1, max_size=3), "otherwise": TO},
    "sms": {"text": st.just("{n}"), "next": TO},
    "set": {"facts": st.just({"n": "1"}), "next": TO},
    "question": {**SAYS, "metric": METRIC, "question": st.just("q"), "next": TO},
    "go": {"to": TO},
}
NODE = st.one_of([st.fixed_dictionaries({"do": st.just(do), **each}) for do, each in OPTIONS.items()])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(
    nodes=st.fixed_dictionaries({name: NODE for name in NAMES}),
    keys=st.lists(st.text("0123456789*#", max_size=6), max_size=40),
    answered=st.booleans(),
)
def test_no_flow_and_no_keys_lead_round_for_ever(nodes: Any, keys: list[str], answered: bool) -> None:
    script = Script(nodes, keys, lookups={"crm": Answer({"n": "2"}) if answered else None})
    assert script.to in ("queue:sales", "hangup")
    assert len(script.done(Enter)) <= (len(keys) + 1) * MOST_KEYLESS
    quiet = 0
    for action in script.actions:
        quiet = 0 if isinstance(action, Say | Ask) else quiet + isinstance(action, Enter)
        assert quiet <= MOST_SILENT


def test_a_circle_without_a_word_ends_soon_and_says_so() -> None:
    script = Script({"a": {"do": "go", "to": "b"}, "b": {"do": "go", "to": "flow:main"}})
    assert (script.to, script.left[-1][1], len(script.left)) == ("hangup", "loop", MOST_SILENT)


def test_lookups_that_fail_for_ever_end_too() -> None:
    nodes = {
        "a": {"do": "lookup", "lookup": "crm", "next": "hangup", "error": "b"},
        "b": {"do": "play", "prompt": "sorry", "next": "a"},
    }
    script = Script(nodes)
    assert (script.to, len(script.left)) == ("hangup", MOST_KEYLESS)


def test_a_key_proves_that_somebody_is_there() -> None:
    menu = {"do": "menu", "prompt": "m", "keys": {"1": "a"}, "otherwise": "hangup"}
    script = Script({"a": menu}, ["1"] * 300)
    assert len(script.left) == 301


def test_a_node_that_is_gone_gives_way_to_the_start() -> None:
    flows = {"main": flow({"a": {"do": "go", "to": "hangup"}, "b": {"do": "go", "to": "hangup"}})}
    assert place(flows, "main/b") == ("main", "b")
    assert place(flows, "main/gone") == ("main", "a")
    assert place(flows, "main") == ("main", "a")
