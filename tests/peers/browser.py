"""A browser agent: Debian's Chromium without a window, its microphone a sound file, driven by playwright.

`async with Browser(folder, url=..., say="sine:660") as browser:` then `await browser.sign_in("ana", "...")`;
`browser.page` is playwright's. What it hears in a call is recorded inside the page: `await browser.heard()`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import wave
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pytest
from playwright.async_api import Locator, Page, async_playwright

from appliance.web.pages import DIST

CHROMIUM = shutil.which("chromium") or ""
RATE = 48000

needs_browser = pytest.mark.skipif(
    not (CHROMIUM and (DIST / "phone.js").exists()),
    reason="chromium, or the bundled page, is missing: apt-get install chromium nodejs npm, then make test",
)

LISTEN = Path(__file__).with_name("listen.js")  # keeps every sound that a call brings


class Browser:
    """One browser with one page at `url`; `say` is "sine:HZ", "" for one that may not use its microphone."""

    page: Page

    def __init__(self, folder: Path, *, url: str, say: str = "sine:660", width: int = 480) -> None:
        self.url = url
        self._folder = folder
        self._say = say
        self._width = width
        self.said: list[str] = []  # what the page wrote to its console

    async def __aenter__(self) -> Browser:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--ignore-certificate-errors",  # of wss too, which the context's option is not for
                "--allow-loopback-in-peer-connection",
                *(self._microphone() if self._say else []),
            ],
        )
        self._context = await self._browser.new_context(
            ignore_https_errors=True, viewport={"width": self._width, "height": 800}
        )
        if self._say:
            await self._context.grant_permissions(["microphone"])
        await self._context.add_init_script(path=LISTEN)
        await self.open()
        return self

    def _microphone(self) -> list[str]:
        tone = self._folder / "microphone.wav"
        _write_tone(tone, float(self._say.partition(":")[2]), seconds=10.0)
        return [
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={tone}",
        ]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._show()
        await self._browser.close()
        await self._playwright.stop()

    async def open(self) -> None:
        """A new tab with the page."""
        self.page = await self._context.new_page()
        self.page.set_default_timeout(8000)
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        await self.page.goto(self.url)

    async def close_tab(self) -> None:
        """As an agent who closes the tab: the page gets no time for anything."""
        await self.page.close()

    async def sign_in(self, agent: str, password: str) -> None:
        """Sign in and wait until the phone is registered."""
        await self.page.fill("#agent", agent)
        await self.page.fill("#password", password)
        await self.page.click("#sign-in button")
        await self.registered()

    async def registered(self, *, seconds: float = 15.0) -> None:
        """Wait until the phone is connected."""
        await self.page.wait_for_selector("#phone[data-registered=yes]", timeout=seconds * 1000)

    async def state(self, state: str, *, seconds: float = 8.0) -> None:
        """Wait until the page shows this state of its agent ("ready", "talking")."""
        await self.page.wait_for_selector(f"#phone[data-state={state}]", timeout=seconds * 1000)

    async def call(self, state: str, *, seconds: float = 10.0) -> Locator:
        """Wait for a call in this state (ringing, calling, up, ended); its card."""
        card = self.page.locator(f".call.{state}").first
        await card.wait_for(timeout=seconds * 1000)
        return card

    async def press(self, words: str) -> None:
        """Click the button with these words, of a call or of the page."""
        await self.page.get_by_role("button", name=words, exact=True).first.click()

    async def dial(self, number: str) -> None:
        """Dial."""
        await self.page.fill("#number", number)
        await self.press("Call")

    async def troubles(self) -> str:
        """What the page says is wrong."""
        return await self.page.locator("#troubles").inner_text()

    async def heard(self) -> npt.NDArray[np.int16]:
        """What came out of calls since the last time, 8 kHz."""
        return np.frombuffer(base64.b64decode(await self.page.evaluate("takeHeard()")), dtype=np.int16)

    async def _show(self) -> None:
        """For a test that failed: what the agent would have seen."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(3):
                await self.page.screenshot(path=self._folder / "page.png")
                print(await self.page.locator("body").inner_text())  # noqa: T201
        print("\n".join(self.said[-40:]))  # noqa: T201


def _write_tone(path: Path, hertz: float, *, seconds: float, dbfs: float = -10.0) -> None:
    """A whole number of periods, as Chromium plays it round and round."""
    whole = round(hertz * seconds) / hertz
    time = np.arange(round(whole * RATE)) / RATE
    sound = np.sin(2 * np.pi * hertz * time) * 32767 * 10 ** (dbfs / 20)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(sound.astype("<i2").tobytes())
