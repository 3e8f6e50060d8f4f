"""Fetching a phone's settings: once, by its own MAC, with a token that is not too old."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from appliance.store.accounts import ha1_of
from tests.appliance.web.bench import Bench, on_a_real_loop, running

pytestmark = pytest.mark.slow

FILES = {
    "ana-desk": "805ec0010203.cfg",
    "ben-desk": "cfg000b820a0b0c.xml",
    "ana-home": "snomD735-000413ABCDEF.htm",
}


async def fetch(bench: Bench, token: str, file: str) -> tuple[int, str]:
    """As a phone does: no cookie, no Origin."""
    async with bench.client() as phone:
        phone.headers.popall("Origin")
        async with phone.get(f"/provision/{token}/{file}") as answer:
            return answer.status, await answer.text()


def password_of(text: str) -> str:
    """The password in a file of any of the makers."""
    if text.startswith("#!version"):
        return next(line.partition(" = ")[2] for line in text.splitlines() if "password" in line)
    root = xml.fromstring(text.encode())
    return root.findtext(".//P34") or root.findtext(".//user_pass") or ""


@pytest.mark.parametrize("name", FILES)
def test_a_phone_fetches_its_settings_once(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    @on_a_real_loop
    async def work() -> None:
        async with running(tmp_path) as bench:
            before = _ha1s(bench)
            token = bench.accounts.new_token(name)
            status, text = await fetch(bench, token, FILES[name])
            assert status == 200
            password = password_of(text)
            assert len(password) >= 16
            after = _ha1s(bench)
            assert after[name] == ha1_of(name, "callbox", password) != before[name]
            assert {**after, name: ""} == {**before, name: ""}
            assert await fetch(bench, token, FILES[name]) == (404, '{"error": "There is no such file."}')
            assert _ha1s(bench) == after

    work()
    assert "unknown, used or too old" in caplog.text


def _ha1s(bench: Bench) -> dict[str, str]:
    with bench.accounts._writing() as db:
        rows = db.execute_sql("SELECT username, ha1 FROM subscriber").fetchall()
    return {str(user): str(ha1) for user, ha1 in rows}


@on_a_real_loop
async def test_what_does_not_fit_is_not_found_and_costs_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as bench:
        before = _ha1s(bench)
        token = bench.accounts.new_token("ana-desk")
        old = bench.accounts.new_token("ben-desk", seconds=-10)
        bare = bench.accounts.new_token("bare")
        asked = [
            (token, "805ec0010204.cfg"),  # another MAC
            (token, "y000000000052.cfg"),  # a file for all phones of a model
            (token, "cfg805ec0010203.xml"),  # another maker's name
            (token, "805ec0010203.boot"),
            (old, FILES["ben-desk"]),
            (bare, ".cfg"),
            (bare, "000000000000.cfg"),
            ("A" * 32, FILES["ana-desk"]),
            (f"{token}x", FILES["ana-desk"]),
            ("short", FILES["ana-desk"]),
            (token, "..%2f805ec0010203.cfg"),
        ]
        for asked_token, file in asked:
            assert (await fetch(bench, asked_token, file))[0] == 404, file
        assert _ha1s(bench) == before
        assert (await fetch(bench, token, "805EC0010203.cfg"))[0] == 200  # it is still good
