"""An agent in a real browser, a caller on an emulated modem or a colleague's phone, the whole box between."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from tests.end_to_end.edge_box import PASSWORD, EdgeBox
from tests.end_to_end.sound import read, tone_dbm0
from tests.peers.baresip import Baresip, needs_baresip
from tests.peers.browser import Browser, needs_browser
from tests.peers.edge import needs_rtpengine

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.alone,
    pytest.mark.slow,
    needs_rtpengine,
    needs_browser,
    needs_baresip,
    pytest.mark.timeout(120),
]

AUDIBLE = -35  # dBm0; the browser takes a steady tone for noise and turns it down by 20 dB
SILENT = -60


async def signed_in(box: EdgeBox, browser: Browser, agent: str = "ana") -> None:
    """Signed in, registered, ready."""
    await browser.sign_in(agent, PASSWORD)
    await browser.state("ready")


async def talking(box: EdgeBox, browser: Browser, **plan: object) -> str:
    """A caller is answered in the browser, by the keyboard; the network's id of the call."""
    caller = await box.rings(tone_hz=1000, loop=True, **plan)
    card = await browser.call("ringing")
    shown = await card.inner_text()
    assert "+15550123" in shown
    await browser.page.get_by_text("queue sales, line gsm-1").wait_for()
    await browser.page.keyboard.press("Enter")  # the Answer button has the focus
    await browser.call("up")
    await box.until_stage("talking")
    return caller


async def heard(browser: Browser, hertz: float, seconds: float = 1.5) -> float:
    """The level of a tone that the browser hears from now on."""
    await browser.heard()
    await asyncio.sleep(seconds)
    return tone_dbm0(await browser.heard(), hertz)


async def hears_again(browser: Browser, hertz: float, within_seconds: float) -> float:
    """How long until a tone is there again, in seconds."""
    began = time.monotonic()
    while await heard(browser, hertz, 0.7) < AUDIBLE:
        assert time.monotonic() - began < within_seconds, await browser.page.locator("#calls").inner_text()
    return time.monotonic() - began


async def hears_no_more(browser: Browser, hertz: float, within_seconds: float) -> None:
    """Until a tone is gone: what was on its way when it was taken away is still played."""
    began = time.monotonic()
    while await heard(browser, hertz, 0.7) > AUDIBLE:
        assert time.monotonic() - began < within_seconds, await browser.page.locator("#calls").inner_text()


def ends(box: EdgeBox, name: str) -> int:
    """A process of the edge is ended, as for an update; the supervisor starts it again. Its id."""
    pid = box.pid(name)
    os.kill(pid, signal.SIGTERM)
    box.killed.append(name)
    return pid


async def test_a_caller_and_an_agent_in_a_browser_hear_each_other(tmp_path: Path) -> None:
    by_caller = tmp_path / "caller.wav"
    async with EdgeBox(tmp_path, agents=["ana"]) as box:
        await box.passwords()
        async with Browser(tmp_path / "browser", url=box.url, say="sine:660") as browser:
            await signed_in(box, browser)
            await talking(box, browser, record=str(by_caller))
            assert await heard(browser, 1000) > AUDIBLE
            held = time.monotonic()
            await browser.press("Hold")
            await hears_no_more(browser, 1000, within_seconds=5)
            await browser.press("Resume")
            held = time.monotonic() - held
            await hears_again(browser, 1000, within_seconds=5)
            await browser.press("Mute")
            await asyncio.sleep(3)
            await browser.press("Hang up")
            await browser.state("wrap-up")
            await browser.press("End wrap-up")
            await browser.state("ready")
            [row] = await box.until_over()
    stereo = read(Path(row["recordings"][0]["path"]))
    assert tone_dbm0(read(by_caller)[:, 0], 660) > AUDIBLE
    assert tone_dbm0(stereo[:, 0], 1000) > AUDIBLE
    assert tone_dbm0(stereo[:, 1], 660) > AUDIBLE
    assert tone_dbm0(stereo[-16000:, 1], 660) < SILENT  # the last two seconds: muted
    assert row["outcome"] == "answered"
    assert abs(row["hold_ms"] / 1000 - held) < 1.0


async def test_an_agents_call_outlives_restarts_of_everything_but_its_worker(tmp_path: Path) -> None:
    async with EdgeBox(tmp_path, agents=["ana"]) as box:
        await box.passwords()
        async with Browser(tmp_path / "browser", url=box.url) as browser:
            await signed_in(box, browser)
            caller = await talking(box, browser)
            assert await heard(browser, 1000) > AUDIBLE
            await box.until_back("kamailio", ends(box, "kamailio"))
            await browser.page.wait_for_selector("#phone[data-registered=no]")
            await browser.registered()
            assert await heard(browser, 1000) > AUDIBLE
            await box.until_back("rtpengine", ends(box, "rtpengine"))
            await browser.press("Hold")  # refused while it starts: asked for again, and the call goes on
            await asyncio.sleep(2)
            await browser.press("Resume")
            took = await hears_again(browser, 1000, within_seconds=20)
            assert took < 15, "the browser notices within 6 s that its sound is lost"
            await box.until_back("brain", box.kill("brain"))
            assert await heard(browser, 1000) > AUDIBLE
            await box.until_stage("talking")
            await browser.page.wait_for_selector("#troubles p", state="detached")  # the page found it again
            await box.hangs_up(caller)
            await browser.call("ended")
            await browser.state("wrap-up")
            [row] = await box.until_over()
            assert row["outcome"] == "answered"


async def test_an_agent_whose_tab_is_closed_is_not_ready_and_no_caller_is_left_alone(tmp_path: Path) -> None:
    async with EdgeBox(tmp_path, agents=["ana"], auto_answer=True) as box:
        await box.passwords()
        async with Browser(tmp_path / "browser", url=box.url) as browser:
            await signed_in(box, browser)
            began = time.monotonic()
            await browser.close_tab()
            status = await box.until_status(lambda status: status["agents"][0]["state"] == "paused")
            assert time.monotonic() - began < 5
            assert "no phone registered" in status["agents"][0]["reason"]
            caller = await box.rings(tone_hz=1000, loop=True)
            await box.until_stage("waiting")
            for closed in (True, False):
                await browser.open()  # still signed in: back at once, ready by itself, answers by itself
                await browser.call("up", seconds=20)
                assert await heard(browser, 1000) > AUDIBLE
                if closed:
                    began = time.monotonic()
                    await browser.close_tab()
                    await box.until_stage("waiting", 30)
                    assert time.monotonic() - began < 15
            await box.hangs_up(caller)


async def test_browser_and_desk_phone_call_each_other_by_extension(tmp_path: Path) -> None:
    accounts = {"ben-desk": ("ben", "secret-b")}
    async with EdgeBox(tmp_path, agents=["ana", "ben"], accounts=accounts) as box:
        await box.passwords()
        desk = Baresip(
            tmp_path / "ben",
            user="ben-desk",
            password="secret-b",
            registrar=f"127.0.0.1:{box.edge_port}",
            say="sine:440",
        )
        async with desk, Browser(tmp_path / "browser", url=box.url, say="sine:660") as browser:
            await signed_in(box, browser)
            await box.until_status(lambda status: len(status["edge"]["phones"]) == 2)
            await browser.dial(box.agents["ben"])
            await desk.event("CALL_INCOMING")
            await desk.command("accept")
            await browser.call("up")
            assert await heard(browser, 440) > AUDIBLE
            for key in ("5", "#"):
                await browser.press(key)
            assert [(await desk.event("CALL_DTMF_START"))["param"] for _ in range(2)] == ["5", "#"]
            await browser.press("Hang up")
            await desk.event("CALL_CLOSED")
            assert tone_dbm0(desk.heard(), 660) > AUDIBLE

            await browser.state("ready")
            await desk.command("dial", f"sip:{box.agents['ana']}@127.0.0.1:{box.edge_port}")
            card = await browser.call("ringing")
            assert "21" in await card.inner_text() or "ben" in await card.inner_text()
            await browser.press("Answer")
            await browser.call("up")
            assert await heard(browser, 440) > AUDIBLE
            await desk.command("hangup")
            await browser.call("ended")


async def test_a_browser_hands_its_caller_over_at_once_and_after_asking(tmp_path: Path) -> None:
    accounts = {"ben-desk": ("ben", "secret-b")}
    by_caller = tmp_path / "caller.wav"
    async with EdgeBox(tmp_path, agents=["ana", "ben"], accounts=accounts, ready=False) as box:
        await box.passwords()
        desk = Baresip(
            tmp_path / "ben",
            user="ben-desk",
            password="secret-b",
            registrar=f"127.0.0.1:{box.edge_port}",
            say="sine:440",
        )
        async with desk, Browser(tmp_path / "browser", url=box.url, say="sine:660") as browser:
            await browser.sign_in("ana", PASSWORD)
            await browser.press("Log in")
            await browser.state("ready")
            await box.until_status(lambda status: len(status["edge"]["phones"]) == 2)
            for asking in (False, True):
                caller = await talking(box, browser, record=str(by_caller))
                await browser.page.fill(".transfer input", box.agents["ben"])
                if asking:
                    await browser.press("Ask first")
                    await desk.event("CALL_INCOMING")
                    await desk.command("accept")
                    await browser.page.locator(".call.up").nth(1).wait_for()
                    assert await heard(browser, 440) > AUDIBLE
                    await browser.press("Connect the two")
                else:
                    await browser.press("Transfer now")
                    await desk.event("CALL_INCOMING")
                    await desk.command("accept")
                await browser.page.wait_for_selector(".call.up", state="detached")
                await browser.state("wrap-up")
                await asyncio.sleep(2)
                assert await browser.troubles() == ""
                await box.hangs_up(caller)
                await desk.event("CALL_CLOSED")
                assert tone_dbm0(read(by_caller)[-12000:, 0], 440) > AUDIBLE, asking
                assert tone_dbm0(desk.heard()[-12000:], 1000) > AUDIBLE, asking
                await browser.state("ready")


async def test_caller_colleague_and_browser_speak_as_three(tmp_path: Path) -> None:
    accounts = {"ben-desk": ("ben", "secret-b")}
    by_caller = tmp_path / "caller.wav"
    async with EdgeBox(tmp_path, agents=["ana", "ben"], accounts=accounts, ready=False) as box:
        await box.passwords()
        desk = Baresip(
            tmp_path / "ben",
            user="ben-desk",
            password="secret-b",
            registrar=f"127.0.0.1:{box.edge_port}",
            say="sine:440",
            answer="auto",
        )
        async with desk, Browser(tmp_path / "browser", url=box.url, say="sine:660") as browser:
            await browser.sign_in("ana", PASSWORD)
            await browser.press("Log in")
            await browser.state("ready")
            await box.until_status(lambda status: len(status["edge"]["phones"]) == 2)
            caller = await talking(box, browser, record=str(by_caller))
            await browser.page.fill(".transfer input", box.agents["ben"])
            await browser.press("Ask first")
            await browser.page.locator(".call.up").nth(1).wait_for()
            await browser.press("All three")
            await browser.page.locator(".call.ended").wait_for()
            await asyncio.sleep(1)
            await browser.heard()
            await asyncio.sleep(2)
            sound = await browser.heard()
            assert min(tone_dbm0(sound, 1000), tone_dbm0(sound, 440)) > AUDIBLE
            await box.hangs_up(caller)
            await browser.press("Hang up")
            await desk.event("CALL_CLOSED")
    last = read(by_caller)[-16000:, 0]
    assert min(tone_dbm0(last, 660), tone_dbm0(last, 440)) > AUDIBLE
    assert min(tone_dbm0(desk.heard()[-32000:], 1000), tone_dbm0(desk.heard()[-32000:], 660)) > AUDIBLE
