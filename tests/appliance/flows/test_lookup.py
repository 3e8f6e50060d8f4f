"""Lookups: what is asked, and what a server that hangs, lies or pours costs at most."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.config.flows import Lookup
from appliance.flows.answers import LookupFailed, read_answer
from appliance.flows.known import LONGEST_VALUE, UNPRINTABLE
from appliance.flows.lookup import MOST_AT_ONCE, Lookups, url_of
from tests.appliance.flows.hostile import GOOD, Hostile, certificate

FACTS = {
    "name": "data.name",
    "order": "data.orders.0.id",
    "vip": "data.vip",
    "debt": "data.debt",
    "no": "x.y",
}
LIMIT_SECONDS = 0.4


def lookup(url: str, **options: Any) -> Lookup:
    return Lookup.model_validate(
        {"url": url, "facts": FACTS, "time_seconds": LIMIT_SECONDS, **options}, strict=True
    )


async def ask(server: Hostile, path: str, *, scheme: str = "http", **options: Any) -> tuple[str, float]:
    """Why it failed ("" when it did not), and how long it took."""
    lookups = Lookups({"crm": lookup(server.url(path, scheme), **options)})
    begun, why = time.monotonic(), ""
    try:
        await lookups.ask("crm", {"caller": "+49 30/ü?&#%2f", "pin": "1234"})
    except LookupFailed as error:
        why = str(error)
    lookups.close()
    assert not {"1234", "+49"} & set(why.split())
    return why, time.monotonic() - begun


@pytest.mark.realtime
@pytest.mark.slow
async def test_want_lookups_of_every_bad_kind_cost_the_time_limit_at_most(tmp_path: Path) -> None:
    expected = {
        "good": "",
        "hang": "no answer within 0.4 s",
        "drip": "no answer within 0.4 s",
        "flood": "the answer is longer than 65536 bytes",
        "html": "the answer is not JSON",
        "deep": "the answer is not JSON",
        "nan": "the answer is not JSON",
        "bytes": "the answer is not JSON",
        "digits": "the answer is not JSON",
        "type": "data.name is neither text nor a number",
        "right": "ok is neither true nor false",
        "redirect": "was answered with HTTP 302",
        "gone": "was answered with HTTP 404",
        "zip": "the answer is compressed, which was not asked for",
    }
    async with Hostile().serving() as server:
        assert (await ask(server, "good"))[0] == ""  # the library is loaded
        found = {}
        for path in expected:
            why, seconds = await ask(server, path, right="ok")
            found[path] = why
            assert seconds < LIMIT_SECONDS + 0.3, path
        assert found == expected
        assert [path for _, path, _, _ in server.seen].count("/good") == 2  # nobody followed the redirect
    nobody = Hostile()
    nobody.port = server.port
    assert (await ask(nobody, "good"))[0].startswith("cannot be asked (Client")
    tls = certificate(tmp_path)
    async with Hostile().serving(tls[1]) as secure:
        assert (await ask(secure, "good", scheme="https"))[0].startswith("cannot be asked (Client")
        assert (await ask(secure, "good", scheme="https", ca=str(tls[0])))[0] == ""


@pytest.mark.realtime
@pytest.mark.slow
async def test_facts_are_encoded_and_few_are_asked_at_once() -> None:
    async with Hostile().serving() as server:
        await ask(server, "by/{caller}?n={caller}&x=1", headers={"X-Token": "t"})
        await ask(server, "pin", method="POST", body={"pin": "{pin}", "who": "{caller}"})
        (_, path, _, token), (method, _, body, _) = server.seen
        assert path == "/by/%2B49%2030%2F%C3%BC%3F%26%23%252f?n=%2B49%2030%2F%C3%BC%3F%26%23%252f&x=1"
        assert (token, method, json.loads(body)) == ("t", "POST", {"pin": "1234", "who": "+49 30/ü?&#%2f"})
        lookups = Lookups({"crm": lookup(server.url("slow"), time_seconds=3.0)})
        await asyncio.gather(*(lookups.ask("crm", {}) for _ in range(3 * MOST_AT_ONCE)))
        lookups.close()
        assert 1 < server.most <= MOST_AT_ONCE


async def test_a_lookup_that_fails_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    lookups = Lookups({"crm": lookup("http://crm/{no}")})
    for _ in range(4):
        with pytest.raises(LookupFailed):
            await lookups.ask("crm", {})
        await asyncio.sleep(25)
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


def test_an_answer_becomes_facts_and_nothing_else() -> None:
    answer = read_answer(lookup("http://x/", right="ok"), GOOD)
    assert answer.facts == {"name": "Ana", "order": "7", "vip": "true", "debt": "", "no": ""}
    assert answer.right
    assert not read_answer(lookup("http://x/"), GOOD).right


@pytest.mark.parametrize("text", [b"", b"null", b"[]", b'"x"', b"7"])
def test_an_answer_without_what_is_asked_for_teaches_nothing(text: bytes) -> None:
    if text:
        assert set(read_answer(lookup("http://x/"), text).facts.values()) == {""}
    else:
        with pytest.raises(LookupFailed):
            read_answer(lookup("http://x/"), text)


def test_what_comes_in_is_short_and_has_no_control_characters() -> None:
    text = json.dumps({"data": {"name": "\x1b[2J\u202eA\ud800na\n" + "x" * 5000}}).encode()
    name = read_answer(lookup("http://x/"), text).facts["name"]
    assert name.startswith("[2JAnaxxx")
    assert len(name) == 256


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_fact_never_leads_to_another_path(value: str) -> None:
    with pytest.raises(LookupFailed):
        url_of("http://crm/customers/{id}/orders", {"id": value})
    assert url_of("http://crm/x?id={id}", {"id": value}) == f"http://crm/x?id={value}"
    assert url_of("http://crm/a{id}", {"id": value}) == f"http://crm/a{value}"


def test_garbage_from_a_line_does_not_break_a_url() -> None:
    assert url_of("http://crm/{caller}", {"caller": "\ud800+1"}) == "http://crm/%3F%2B1"


ASKED = lookup("http://x/")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["data", "name", "orders", "id", "0"]), inner)
    ),
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@example(answer=b'{"data": {"name": 1' + b"0" * 300 + b"}}")
@given(answer=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_answer_at_all_is_facts_or_a_failure(answer: bytes) -> None:
    try:
        facts = read_answer(ASKED, answer).facts
    except LookupFailed:
        return
    assert set(facts) == set(FACTS)
    assert all(len(value) <= LONGEST_VALUE and not UNPRINTABLE.search(value) for value in facts.values())
