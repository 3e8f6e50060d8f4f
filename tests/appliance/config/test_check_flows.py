"""Flows that cannot work are refused, each with its line and the way through the flow that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.check_lookups import why_no_url
from appliance.config.flows import LastOutcome
from appliance.config.load import load
from appliance.events import Outcome
from tests.appliance.config.sites import GOOD, told, write_site

FLOW = """
[flows.main]
start = "hello"

[flows.main.nodes.hello]
do = "play"
prompt = "welcome"
next = "ask"

[flows.main.nodes.ask]
do = "menu"
prompt = "welcome"
keys = { 1 = "queue:sales", 2 = "known" }
otherwise = "hangup"

[flows.main.nodes.known]
do = "lookup"
lookup = "crm"
next = "hours"
error = "queue:sales"

[flows.main.nodes.hours]
do = "when"
cases = [{ facts = { customer = "gold" }, go = "queue:sales" }]
otherwise = "flow:other"

[flows.other]
start = "bye"

[flows.other.nodes.bye]
do = "play"
prompt = "welcome"
next = "hangup"

[lookups.crm]
url = "https://crm.example/by-number/{caller}"
facts = { customer = "data.class" }
"""
SITE = GOOD + FLOW


def changed(old: str, new: str) -> str:
    assert SITE.count(old) == 1, f"{old!r} stands {SITE.count(old)} times in SITE"
    return SITE.replace(old, new)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_flow_that_hangs_together_is_taken(tmp_path: Path) -> None:
    assert set(load(write_site(tmp_path, SITE)).config.flows) == {"main", "other"}


def test_a_flow_is_a_destination_wherever_one_may_stand(tmp_path: Path) -> None:
    assert told(tmp_path, SITE.replace('to = "menu:main"', 'to = "flow:main"')) == []
    [problem] = told(tmp_path, SITE.replace('to = "menu:main"', 'to = "flow:mian"'))
    assert "there is no flow mian" in problem
    assert 'Did you mean "flow:main"?' in problem


def test_a_loop_that_needs_no_key_is_shown_with_the_way_into_it(tmp_path: Path) -> None:
    text = changed(
        'otherwise = "hangup"',
        'otherwise = "again"\n[flows.main.nodes.again]\ndo = "play"\nprompt = "welcome"\nnext = "ask"',
    )
    [problem] = told(tmp_path, text)
    line = line_of(text, 'otherwise = "again"')
    assert problem.startswith(
        f"box.toml:{line}: flows.main.nodes.ask.otherwise: leads round without a way out"
    )
    assert "hello -> ask -> again -> ask." in problem


def test_a_loop_of_two_flows_or_through_a_menu_is_found(tmp_path: Path) -> None:
    [problem] = told(
        tmp_path, changed('prompt = "welcome"\nnext = "hangup"', 'prompt = "welcome"\nnext = "bye"')
    )
    assert "bye -> bye" in problem
    text = SITE.replace('otherwise = "hangup"', 'otherwise = "flow:other"').replace(
        'prompt = "welcome"\nnext = "hangup"', 'prompt = "welcome"\nnext = "menu:main"'
    )
    text = text.replace("[menus.main]\n", '[menus.main]\notherwise = "flow:main"\n')
    [problem] = told(tmp_path, text)
    assert "hello -> ask -> other/bye -> menu:main -> hello" in problem


def test_a_loop_with_a_way_out_is_allowed(tmp_path: Path) -> None:
    assert told(tmp_path, changed('otherwise = "flow:other"', 'otherwise = "hello"')) == []
    assert told(tmp_path, changed('error = "queue:sales"', 'error = "known"')) == []


def test_nodes_that_nobody_reaches_and_nodes_that_are_not_there(tmp_path: Path) -> None:
    [problem] = told(tmp_path, changed('next = "hours"', 'next = "hangup"'))
    assert "flows.main.nodes.hours: cannot be reached: no way leads there from hello" in problem
    problems = told(tmp_path, changed('start = "hello"', 'start = "helo"'))
    assert ['Did you mean "hello"?' in problem for problem in problems] == [True]
    problems = told(tmp_path, changed('2 = "known"', '2 = "knwn"'))
    assert any(
        "flows.main.nodes.ask.keys.2" in problem and "there is no node knwn" in problem
        for problem in problems
    )


def test_a_dead_end_shows_the_way_to_it(tmp_path: Path) -> None:
    problem = told(tmp_path, changed('next = "hours"\n', ""))[0]
    assert "is a dead end by `next`" in problem
    assert "hello -> ask -> known." in problem


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('keys = { 1 = "queue:sales", 2 = "known" }', "keys = {}", "keys = {}: empty"),
        ('do = "lookup"', 'do = "look-up"', 'unknown do. Allowed: '),
        ('do = "lookup"', "", "flows.main.nodes.known.do: missing. Allowed: "),
        ('do = "lookup"', 'do = "lookup"\nmusik = "x"', 'musik = "x": unknown key. Allowed: '),
        ('do = "lookup"', 'do = "lookup"\nmusic = "x"', "there is no prompt x"),
        ('lookup = "crm"', 'lookup = "cmr"', 'Did you mean "crm"?'),
        ('error = "queue:sales"', 'error = "queue sales"', "no destination. Allowed: a node of this flow, "),
        ('otherwise = "flow:other"', 'otherwise = "voice mail"', "no destination"),
        ('{ customer = "gold" }', '{ "Customer" = "gold" }', "no usable name"),
        ('go = "queue:sales" }', 'go = "queue:sale" }', 'Did you mean "queue:sales"?'),
        ("by-number/{caller}", "by-number/{colour}", "nothing makes the fact colour known"),
        ("https://crm.example", "https://{caller}.example", "lets a fact choose the host"),
        ("https://crm.example", "ftp://crm.example", "no URL of http or https"),
        ("https://crm.example", "https://me:pw@crm.example", "has a user name in it"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_in_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    problems = told(tmp_path, changed(old, new))
    assert any(words in problem for problem in problems), problems
    assert all(problem.startswith("box.toml:") for problem in problems)


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ('do = "pin"\nprompt = "welcome"', "needs exactly one of `fact` and `lookup`"),
        ('do = "pin"\nprompt = "welcome"\nfact = "customer"', "is no secret fact"),
        ('do = "pin"\nprompt = "welcome"\nlookup = "crm"', "it has no `right`"),
        ('do = "digits"\nprompt = "welcome"\ninto = "n"\nleast = 9\nmost = 2', "more than `most`, 2"),
        ('do = "play"\nprompt = "welcome"\nsay = "nothing"', "nothing makes the fact nothing known"),
        ('do = "sms"\ntext = "Hello {nobody}"', "nothing makes the fact nobody known"),
        ('do = "set"\nfacts = { copy = "{secret.pin}" }', "would write secret.pin down"),
        ('do = "when"\ncases = [{ open = "never", go = "hangup" }]\notherwise = "hangup"', "calendar never"),
    ],
)  # fmt: skip
def test_nodes_that_could_never_do_their_work(tmp_path: Path, node: str, words: str) -> None:
    ways = "" if "when" in node else 'next = "hours"'
    text = changed('next = "hours"', 'next = "more"') + f"\n[flows.main.nodes.more]\n{node}\n{ways}\n"
    text = text.replace('{ customer = "data.class" }', '{ customer = "a", "secret.pin" = "b" }')
    problems = told(tmp_path, text)
    assert any(words in problem for problem in problems), problems


def test_a_prompt_may_be_there_in_each_language_only(tmp_path: Path) -> None:
    node = '\n[flows.main.nodes.tongue]\ndo = "language"\nprompt = "welcome"\nnext = "ask"\n'
    node += 'keys = { 1 = "en", 2 = "ru" }\n'
    text = changed('next = "ask"', 'next = "tongue"').replace(
        'do = "play"\nprompt = "welcome"\nnext = "hangup"', 'do = "play"\nprompt = "bye"\nnext = "hangup"'
    )
    assert any("there is no prompt bye" in problem for problem in told(tmp_path, text + node))
    one = text.replace("[prompts]\n", '[prompts]\n"en/bye" = "welcome.wav"\n') + node
    [problem] = told(tmp_path, one)
    assert 'flows.other.nodes.bye.prompt = "bye": has no sound in ru, which callers can choose' in problem
    assert (
        told(tmp_path, text.replace('prompt = "bye"', 'prompt = "goodbye"') + node) == []
    )  # which the box says itself
    spoken = '"en/bye" = "welcome.wav"\n"ru/bye" = "welcome.wav"\n'
    assert told(tmp_path, text.replace("[prompts]\n", f"[prompts]\n{spoken}") + node) == []


@pytest.mark.parametrize(
    "value", ['["foo", "x"]', '{ kind = "foo", name = "x" }', "3", "[]", '["queue", "sales"]']
)
def test_a_destination_is_a_text_and_nothing_else(tmp_path: Path, value: str) -> None:
    [problem] = told(tmp_path, SITE.replace('to = "menu:main"', f"to = {value}"))
    assert "lines.gsm-1.to" in problem
    assert "no destination. Allowed: " in problem
    assert any(
        "no destination" in each for each in told(tmp_path, changed('next = "ask"', f"next = {value}"))
    )


@pytest.mark.parametrize(
    "flow",
    [
        "[flows]\nmain = 3",
        '[flows.main]\nstart = "a"\nnodes = 3',
        '[[flows.main]]\nstart = "a"',
        '[flows.main]\nstart = "a"\n[[flows.main.nodes]]\ndo = "play"',
        '[flows.main]\nstart = "a"\n[flows.main.nodes]\na = 3',
        '[flows.main]\nstart = "a"\n[flows.main.nodes.a]\ndo = ["play"]',
        '[flows.main]\nstart = "a"\n[flows.main.nodes.a]\ndo = "when"\ncases = [3]',
        '[flows.main]\nstart = "a"\n[flows.main.nodes.a]\ndo = "menu"\nkeys = { x = [] }',
        '[flows.main]\nstart = "hangup"\n[flows.main.nodes.hangup]\ndo = "go"\nto = "hangup"',
        "[lookups.x]\nurl = 3\nfacts = 3\nbody = []",
    ],
)
def test_tables_of_every_wrong_shape_are_told_and_none_raises(tmp_path: Path, flow: str) -> None:
    problems = told(tmp_path, GOOD.replace("[prompts]", f"{flow}\n[prompts]"))
    assert problems
    assert all(problem.startswith("box.toml:") for problem in problems)


def test_the_outcomes_a_case_may_name_are_those_of_calls() -> None:
    assert set(LastOutcome.__args__) <= {outcome.value for outcome in Outcome}


def test_urls_of_every_sort_are_judged_and_none_raises() -> None:
    assert why_no_url("http://10.0.0.2:8080/x?a={caller}") == ""
    for url in (
        "http://",
        "https://[::1",
        "http://h:99999/",
        "http://h/\x00",
        "http://exa mple/",
        "//h",
        "http://h:0/",
    ):
        assert why_no_url(url)
