"""What the page asks: signing in, the phone's account, the agent's commands, and the push."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from appliance.calls.supervise import Supervisors
from appliance.events import AgentOffered, CallAnswered, CallQueued
from appliance.web import push, sessions
from appliance.web.sessions import COOKIE
from tests.appliance.web.bench import PASSWORD, Bench, on_a_real_loop, running

pytestmark = pytest.mark.slow


async def status_of(browser: aiohttp.ClientSession, path: str, body: Any = None) -> int:
    asked = browser.get(path) if body is None else browser.post(path, json=body)
    async with asked as answer:
        return answer.status


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the server does by itself; the whole test has a limit."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("it did not happen within 10 s")


@on_a_real_loop
async def test_signing_in_gives_a_cookie_that_no_script_sees(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        assert await status_of(browser, "/api/session") == 401
        sign_in = {"agent": "ana", "password": PASSWORD}
        async with browser.post("/api/sign-in", json=sign_in) as answer:
            extension = bench.rig.config.agents["ana"].extension
            told = {"agent": "ana", "name": "ana", "extension": extension, "auto_answer": False}
            assert told.items() <= (await answer.json()).items()
            cookie = answer.headers["Set-Cookie"]
        for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert word in cookie
        assert cookie.startswith("__Host-")
        assert "Domain" not in cookie
        assert await status_of(browser, "/api/session") == 200
        assert await status_of(browser, "/api/sign-out", {}) == 200
        assert await status_of(browser, "/api/session") == 401


@on_a_real_loop
async def test_a_name_there_is_and_one_there_is_not_are_refused_alike(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        told, took = [], []
        for agent in ("ana", "ben", "nobody"):  # with a password, without one, unknown
            began = time.perf_counter()
            async with browser.post("/api/sign-in", json={"agent": agent, "password": "wrong one"}) as answer:
                told.append((answer.status, await answer.text()))
            took.append(time.perf_counter() - began)
        assert len(set(told)) == 1
        assert told[0][0] == 401
        assert min(took) > 0.01  # a hash was computed for each


@on_a_real_loop
async def test_guessing_is_slowed_down_and_says_how_long(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        answers = []
        for _ in range(6):
            async with browser.post("/api/sign-in", json={"agent": "ana", "password": "wrong one"}) as answer:
                answers.append(answer.status)
                waits = answer.headers.get("Retry-After")
        assert answers[0] == 401
        assert answers[-1] == 429
        assert int(waits or 0) >= 1


@on_a_real_loop
async def test_a_forged_cookie_is_nobodys(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        async with aiohttp.ClientSession(
            bench.origin,
            connector=aiohttp.TCPConnector(ssl=bench.trust()),
            headers={"Origin": bench.origin, "Cookie": f"{COOKIE}={'A' * 43}"},
        ) as stranger:
            for path in ("/api/session", "/api/push"):
                assert await status_of(stranger, path) == 401
            for path in ("/api/phone", "/api/agent", "/api/sign-out"):
                assert await status_of(stranger, path, {}) == 401


@on_a_real_loop
async def test_the_phone_gets_an_account_of_its_own_until_signed_out(tmp_path: Path) -> None:
    async with running(tmp_path, wss_port=5444) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        users = []
        for _ in range(2):  # the second time, as after loading the page again, ends the first
            async with browser.post("/api/phone", json={}) as answer:
                account = await answer.json()
            users.append(account["user"])
            assert (account["agent"], account["realm"], account["wss_port"]) == ("ana", "callbox", 5444)
            assert len(account["password"]) >= 24
            assert bench.browser_accounts() == ["ana"]
        assert users[0] != users[1]
        assert await status_of(browser, "/api/sign-out", {}) == 200
        assert bench.browser_accounts() == []


@on_a_real_loop
async def test_commands_are_obeyed_or_refused_in_words(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        assert await status_of(browser, "/api/agent", {"command": "login"}) == 200
        assert await status_of(browser, "/api/agent", {"command": "pause", "reason": "lunch"}) == 200
        agent = bench.rig.acd.agents["ana"]
        assert (agent.state.value, agent.reason) == ("paused", "lunch")
        for command in ("end-wrap-up", "fly"):
            async with browser.post("/api/agent", json={"command": command}) as answer:
                assert answer.status == 409
                assert (await answer.json())["error"]


@on_a_real_loop
async def test_want_13_the_push_tells_reasons_totals_and_a_supervisor_of_everybody(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        rig = bench.rig
        settings = rig.config.agents["ana"]
        rig.config.agents["ana"] = settings.model_copy(update={"role": "supervisor"})
        rig.centre.desk.add(Supervisors(rig.centre).commands())
        async with browser.get("/api/session") as answer:
            assert (await answer.json())["pause_reasons"] == ["lunch", "break", "training", "other"]
        async with browser.ws_connect("/api/push") as push:
            first = await push.receive_json(timeout=5)
            assert first["supervises"] is None
            assert first["team"]["ben"]["state"] == "offline"
            rig.acd.log_in("ben")
            body = {"command": "force-hold", "reason": "ben"}
            assert await status_of(browser, "/api/agent", body) == 200
            while first["team"]["ben"]["held_by"] != "ana":
                first = await push.receive_json(timeout=5)
            assert first["team"]["ben"]["state"] == "paused"
            assert set(first["agent"]) >= {"today_seconds", "paused_today_seconds", "left_seconds", "codes"}
        rig.config.agents["ana"] = settings
        assert await status_of(browser, "/api/agent", {"command": "force-ready", "reason": "ben"}) == 409
        assert await status_of(browser, "/api/agent", {"command": "listen", "reason": "ben"}) == 409


@on_a_real_loop
async def test_the_push_tells_state_and_call_at_once(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        async with browser.ws_connect("/api/push") as page:
            assert (await page.receive_json())["agent"]["state"] == "offline"
            began = time.perf_counter()
            await status_of(browser, "/api/agent", {"command": "login"})
            assert (await page.receive_json())["agent"]["state"] == "ready"
            assert time.perf_counter() - began < 0.5
            call = _offered_call(bench)
            while not (news := await page.receive_json())["call"]:
                pass
            assert (news["call"]["caller"], news["call"]["queue"]) == ("+15550123", "sales")
            assert (news["call"]["line"], news["call"]["stage"]) == ("gsm-1", "agent ringing")
            del bench.rig.centre.calls[call]


def _offered_call(bench: Bench) -> str:
    """A caller of queue sales is offered to ana, as far as screens see."""
    caller = bench.rig.caller()
    caller.visit.cancel()
    call = caller.call
    bench.rig.centre.calls[call.id] = call
    call.note(CallAnswered(call_id=call.id))
    call.note(CallQueued(call_id=call.id, queue="sales", position=1, place=0.0))
    call.note(AgentOffered(call_id=call.id, queue="sales", agent="ana", why="test"))
    return call.id


@on_a_real_loop
async def test_another_window_takes_over(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        async with browser.ws_connect("/api/push") as first:
            await first.receive_json()
            async with browser.ws_connect("/api/push") as second:
                await second.receive_json()
                closed = await first.receive()
                assert closed.type is aiohttp.WSMsgType.CLOSE
                assert closed.data == push.TAKEN_OVER
            assert await status_of(browser, "/api/session") == 200


@on_a_real_loop
async def test_signing_out_closes_the_page(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        async with browser.ws_connect("/api/push") as page:
            await page.receive_json()
            assert await status_of(browser, "/api/sign-out", {}) == 200
            assert (await page.receive()).data == push.SIGNED_OUT


@on_a_real_loop
async def test_a_page_that_vanishes_loses_its_account_and_one_that_is_loaded_again_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "VANISH_SECONDS", 0.3)
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        await status_of(browser, "/api/phone", {})
        async with browser.ws_connect("/api/push") as page:
            await page.receive_json()
        async with browser.ws_connect("/api/push") as page:  # loaded again
            await page.receive_json()
            await asyncio.sleep(0.4)
            assert bench.browser_accounts() == ["ana"]
        await until(lambda: bench.browser_accounts() == [])
        assert await status_of(browser, "/api/session") == 200  # and may come back


@on_a_real_loop
async def test_sessions_live_on_when_the_brain_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        await status_of(browser, "/api/phone", {})
        await until((tmp_path / "web-sessions.json").exists)
        await asyncio.sleep(0.05)
        cookies = {cookie.key: cookie.value for cookie in browser.cookie_jar}
    kept = tmp_path / "web-sessions.json"
    assert cookies[COOKIE] not in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    async with running(tmp_path) as bench:
        assert bench.browser_accounts() == ["ana"]
        headers = {"Origin": bench.origin, "Cookie": f"{COOKIE}={cookies[COOKIE]}"}
        connector = aiohttp.TCPConnector(ssl=bench.trust())
        async with aiohttp.ClientSession(bench.origin, connector=connector, headers=headers) as browser:
            assert await status_of(browser, "/api/session") == 200


@on_a_real_loop
async def test_a_page_that_does_not_come_back_after_a_restart_loses_its_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "VANISH_SECONDS", 0.1)
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        await status_of(browser, "/api/phone", {})
        await until(lambda: "ana." in (tmp_path / "web-sessions.json").read_text())
    async with running(tmp_path) as bench:
        await until(lambda: bench.browser_accounts() == [])


@on_a_real_loop
async def test_a_session_ends_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "SESSION_SECONDS", 0.5)
    monkeypatch.setattr("appliance.web.phone_api.SWEEP_SECONDS", 0.1)
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        await status_of(browser, "/api/phone", {})
        async with browser.ws_connect("/api/push") as page:
            await page.receive_json()
            assert (await page.receive()).data == push.SIGNED_OUT
        assert await status_of(browser, "/api/session") == 401
        await until(lambda: bench.browser_accounts() == [])


@on_a_real_loop
async def test_a_page_that_wants_account_after_account_is_told_to_wait(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        codes = [await status_of(browser, "/api/phone", {}) for _ in range(12)]
        assert codes == [200] * 10 + [429] * 2
        assert bench.browser_accounts() == ["ana"]
