"""Ends that meet nowhere else: a browser and a trunk, a browser and a desk phone that call out over GSM."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.edge_box import PASSWORD, EdgeBox
from tests.end_to_end.sound import read, tone_dbm0
from tests.peers.baresip import Baresip, free_port, needs_baresip, tone_level_dbfs
from tests.peers.browser import Browser, needs_browser
from tests.peers.edge import needs_rtpengine
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, needs_sipp
from tests.peers.sipp_scenarios import Calling, answering, refuses

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_rtpengine,
    needs_browser,
    needs_baresip,
    needs_sipp,
    pytest.mark.timeout(150),
]

AUDIBLE = -35  # dBm0; the browser takes a steady tone for noise and turns it down by 20 dB
SETTINGS = """
[lines.trunk]
driver = "sip"
hosts = ["{host}"]
sources = ["127.0.0.1:{caller}"]
options_seconds = 2
to = "queue:sales"

[permissions.desk]
classes = ["national"]

[routes.gsm]
lines = ["gsm-1"]

[rates.any]
a_minute = 0
"""


class Office(EdgeBox):
    """Ana, who may call out, at a browser or a desk phone, with a GSM line and a trunk."""

    def __init__(self, folder: Path, *, host: str, caller: int) -> None:
        super().__init__(
            folder,
            agents=["ana"],
            accounts={"ana-desk": ("ana", "onetwothree")},
            more=SETTINGS.format(host=host, caller=caller),
            wrap_up_seconds=0,
        )
        text = self.config_file.read_text()
        self.config_file.write_text(text.replace("[agents.ana]", '[agents.ana]\npermission = "desk"'))

    async def picks_up(self, hertz: float, record: Path) -> None:
        """Whoever is dialled over GSM answers, says a tone and keeps what is heard."""
        await self.network.request("callee", after_s=0.5, tone_hz=hertz, loop=True, record=str(record))


async def test_a_browser_speaks_with_a_trunk_and_calls_out_over_gsm(tmp_path: Path) -> None:
    port, by_callee = free_port(), tmp_path / "callee.wav"
    async with (
        Sipp(tmp_path, answering(*refuses(486))) as provider,
        Office(tmp_path, host=provider.host, caller=port) as box,
        RtpEnd(hertz=440) as sound,
        Browser(tmp_path / "browser", url=box.url, say="sine:660") as browser,
    ):
        await box.passwords()
        await box.picks_up(1000, by_callee)
        await browser.sign_in("ana", PASSWORD)
        await browser.state("ready")
        calls = Calling("+4930123", sound=sound.port, talk_ms=6000).scenario()
        async with Sipp(tmp_path / "out", calls, to=f"127.0.0.1:{box.edge_port}", port=port) as caller:
            await browser.call("ringing")
            await browser.press("Answer")
            await browser.call("up")
            await box.until_stage("talking")
            sound.forget()
            await browser.heard()
            await asyncio.sleep(2)
            assert tone_level_dbfs(sound.heard(), 660) > AUDIBLE
            assert tone_dbm0(await browser.heard(), 440) > AUDIBLE
            await caller.over()
        await browser.call("ended")
        await browser.state("ready")
        await browser.dial("2125550123")
        await browser.call("up")
        await browser.heard()
        await asyncio.sleep(2)
        assert tone_dbm0(await browser.heard(), 1000) > AUDIBLE
        await browser.press("Hang up")
        await box.until_over(2)
    assert tone_dbm0(read(by_callee)[-8000:, 0], 660) > AUDIBLE


async def test_a_desk_phone_calls_out_over_gsm(tmp_path: Path) -> None:
    by_callee = tmp_path / "callee.wav"
    async with (
        Office(tmp_path, host="127.0.0.1:9", caller=free_port()) as box,
        Baresip(
            tmp_path / "ana",
            user="ana-desk",
            say="sine:660",
            registrar=f"127.0.0.1:{box.edge_port}",
            password="onetwothree",
        ) as ana,
    ):
        await box.picks_up(1000, by_callee)
        await box.until_status(lambda s: s["agents"][0]["state"] == "ready")
        await ana.command("dial", "2125550123")
        await ana.event("CALL_ESTABLISHED", seconds=15)
        await asyncio.sleep(2)
        await ana.command("hangup")
        [row] = await box.until_over()
    assert (row["line"], row["outcome"]) == ("gsm-1", "answered")
    assert tone_level_dbfs(ana.heard()[-8000:], 1000) > -14
    assert tone_dbm0(read(by_callee)[-8000:, 0], 660) > -14
