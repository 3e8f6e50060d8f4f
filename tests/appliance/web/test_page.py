"""The page in a real Chromium, registered at a real Kamailio by wss. Calls are in tests/end_to_end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.api.agent_view import AgentView
from appliance.store.sign_in import SignIns
from appliance.web.server import WebServer
from tests.appliance.calls.rig import Rig
from tests.peers.browser import Browser, needs_browser
from tests.peers.edge import Edge, needs_rtpengine

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_rtpengine, needs_browser, pytest.mark.timeout(90)]

PASSWORD = "correct horse battery"


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[tuple[Edge, Rig, str]]:
    """An edge, the box's page before it, and the page's address; ana has a password."""
    phones = {"ana-desk": ("ana", "x"), "ben-desk": ("ben", "y")}
    async with Edge(folder, phones=phones, rtpengine=True) as edge:
        rig = Rig(folder, edge=edge.config.edge.model_dump())
        sign_ins = SignIns(edge.accounts, mono=rig.clock.mono)
        await sign_ins.set("ana", PASSWORD)
        server = WebServer(
            rig.config,
            folder=folder,
            state=edge.state,
            clock=rig.clock,
            view=AgentView(rig.centre),
            accounts=edge.accounts,
            sign_ins=sign_ins,
        )
        serving = asyncio.create_task(server.run())
        await asyncio.sleep(0.7)  # it looks for its certificate every now and then
        try:
            yield edge, rig, f"https://127.0.0.1:{edge.https_port}/"
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            sign_ins.close()


async def test_an_agent_works_at_the_page_and_it_comes_back_when_the_edge_does(tmp_path: Path) -> None:
    async with site(tmp_path) as (edge, rig, url), Browser(tmp_path / "browser", url=url) as browser:
        await browser.page.fill("#agent", "ana")
        await browser.page.fill("#password", "wrong one")
        await browser.page.press("#password", "Enter")
        await browser.page.get_by_text("The name or the password is wrong.").wait_for()
        await browser.sign_in("ana", PASSWORD)
        news = await edge.told("registered", agent="ana")
        assert news["source"].startswith("wss:")
        await browser.press("Log in")
        await browser.state("ready")
        await browser.page.fill("#reason", "lunch")
        await browser.press("Pause")
        await browser.page.get_by_text("Paused (lunch)").wait_for()
        assert rig.acd.agents["ana"].reason == "lunch"

        await asyncio.to_thread(edge.end)
        await browser.page.wait_for_selector("#phone[data-registered=no]")
        assert "connects again by itself" in await browser.troubles()
        await asyncio.to_thread(edge.begin)
        await browser.registered()
        assert await browser.troubles() == ""

        await browser.page.reload()  # still signed in
        await browser.registered()
        edge.news.clear()
        began = time.monotonic()
        await browser.close_tab()
        await edge.told("unregistered", agent="ana", seconds=8)
        assert time.monotonic() - began < 5
        assert [line for line in browser.said if "uncaught" in line or "Content Security" in line] == []


async def test_signing_out_ends_the_phone_and_another_window_takes_it_over(tmp_path: Path) -> None:
    async with site(tmp_path) as (edge, _, url), Browser(tmp_path / "browser", url=url) as browser:
        await browser.sign_in("ana", PASSWORD)
        first = browser.page
        await browser.open()
        await browser.registered()
        await first.get_by_text("opened in another window").wait_for()
        await browser.press("Sign out")
        await browser.page.wait_for_selector("#sign-in")
        await edge.until(lambda: [a for a in edge.accounts.all() if a.kind.value == "browser"] == [])
        await browser.page.reload()
        await browser.page.wait_for_selector("#sign-in")


async def test_a_page_that_may_not_reach_the_phone_service_says_what_to_do(tmp_path: Path) -> None:
    async with (
        site(tmp_path) as (edge, _, url),
        Browser(tmp_path / "browser", url=url, width=320, say="") as browser,
    ):
        await asyncio.to_thread(edge.end)
        await browser.page.fill("#agent", "ana")
        await browser.page.fill("#password", PASSWORD)
        await browser.page.press("#password", "Enter")
        await browser.page.get_by_text("import the box's certificate authority").wait_for()
        assert f"wss://127.0.0.1:{edge.wss_port}" in await browser.troubles()
        assert "microphone" in await browser.troubles()
        assert await browser.page.evaluate("document.documentElement.scrollWidth") <= 320
        await asyncio.to_thread(edge.begin)
        await browser.registered()
        assert "cannot be reached" not in await browser.troubles()
