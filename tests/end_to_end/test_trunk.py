"""A whole box with a SIP trunk, sipp as the provider: any number to any flow, recorded or not, both heard."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.sip.bench import needs_pjsua2
from tests.end_to_end.edge_box import EdgeBox
from tests.end_to_end.sound import read, tone_dbm0
from tests.peers.baresip import Baresip, free_port, needs_baresip, tone_level_dbfs
from tests.peers.edge import needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, needs_sipp
from tests.peers.sipp_scenarios import Calling, answering, early, refuses

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_baresip,
    needs_kamailio,
    needs_pjsua2,
    needs_sipp,
    pytest.mark.timeout(120),
]

TRUNK = """
[lines.trunk]
driver = "sip"
hosts = ["{host}"]
sources = ["127.0.0.1:{caller}"]
options_seconds = 2
to = "hangup"

[numbers."+49301001"]
to = "queue:sales"

[numbers."+49301002"]
to = "agent:ana"
record = "never"

[numbers."+49301003"]
to = "agent:ana"
record = "always"

[numbers."+49302*"]
to = "play:goodbye"
"""
WAY_OUT = """
[permissions.desk]
classes = ["national"]

[routes.all]
lines = ["trunk"]

[rates.any]
a_minute = 0
"""
ACCOUNTS = {"ana-desk": ("ana", "onetwothree")}
THEIRS, OURS = 440.0, 880.0


class Outside:
    """The provider's callers, one at a time, from one address."""

    def __init__(self, folder: Path, box: EdgeBox, port: int) -> None:
        self._folder = folder
        self._to = f"127.0.0.1:{box.edge_port}"
        self._port = port
        self._calls = 0

    def calls(self, number: str, sound: RtpEnd, *, talk_ms: int) -> Sipp:
        """A caller who hangs up `talk_ms` after the answer."""
        self._calls += 1
        scenario = Calling(number, sound=sound.port, talk_ms=talk_ms).scenario()
        return Sipp(self._folder / str(self._calls), scenario, to=self._to, port=self._port)


def line(status: dict[str, Any]) -> dict[str, Any]:
    """The trunk's row."""
    return next(row for row in status["lines"] if row["line"] == "trunk")


def desk_phone(folder: Path, box: EdgeBox) -> Baresip:
    """Ana's, which answers by itself and says a tone."""
    return Baresip(
        folder / "ana",
        user="ana-desk",
        say=f"sine:{OURS:g}",
        answer="auto",
        registrar=f"127.0.0.1:{box.edge_port}",
        password=ACCOUNTS["ana-desk"][1],
    )


async def test_any_number_leads_to_any_flow(tmp_path: Path) -> None:
    port = free_port()
    async with (
        Sipp(tmp_path, answering(*refuses(486))) as provider,
        EdgeBox(
            tmp_path,
            agents=["ana"],
            accounts=ACCOUNTS,
            more=TRUNK.format(host=provider.host, caller=port),
            wrap_up_seconds=0,
        ) as box,
        desk_phone(tmp_path, box),
        RtpEnd(hertz=THEIRS) as sound,
    ):
        outside = Outside(tmp_path / "outside", box, port)
        await box.until_status(lambda s: line(s)["state"] == "idle")
        await box.until_status(lambda s: s["agents"][0]["state"] == "ready")
        for number, is_recorded in (("+49301001", True), ("+49301002", False), ("+49301003", True)):
            sound.forget()
            async with outside.calls(number, sound, talk_ms=2500) as caller:
                call = await box.until_stage("talking")
                assert call["caller"] == "+4917012345678"
                await asyncio.sleep(1)
                sound.forget()
                await asyncio.sleep(1)
                assert tone_level_dbfs(sound.heard(), OURS) == pytest.approx(-10, abs=2)
                await caller.over()
            row = (await box.until_over(int(number[-1])))[0]
            assert (row["line"], row["called"], row["outcome"]) == ("trunk", number, "answered")
            found = list((box.state / "recordings").rglob(f"{row['call_id']}.wav"))
            assert len(found) == is_recorded
            if is_recorded:
                recorded = read(found[0])
                assert tone_dbm0(recorded[:, 0], THEIRS) > -12
                assert tone_dbm0(recorded[:, 1], OURS) > -12
            await box.agent("ana", "ready")
            await box.until_status(lambda s: s["agents"][0]["state"] == "ready")
        sound.forget()
        async with outside.calls("+493027", sound, talk_ms=1500) as caller:
            await caller.over()
        assert abs(sound.heard()).max() > 1000, "the prompt was not heard"
        await box.until_over(4)
        await box.until_status(lambda s: line(s)["calls"] == 0)


def with_way_out(folder: Path, host: str) -> EdgeBox:
    """A box whose agent may call out."""
    more = (TRUNK + WAY_OUT).format(host=host, caller=free_port())
    box = EdgeBox(folder, agents=["ana"], accounts=ACCOUNTS, more=more)
    text = box.config_file.read_text().replace("[agents.ana]", '[agents.ana]\npermission = "desk"')
    box.config_file.write_text(text)
    return box


async def test_an_agent_calls_out_and_both_hear(tmp_path: Path) -> None:
    async with (
        RtpEnd(hertz=THEIRS) as sound,
        Sipp(tmp_path, answering(*early(sound.port, for_ms=1500))) as provider,
        with_way_out(tmp_path, provider.host) as box,
        desk_phone(tmp_path, box) as ana,
    ):
        await box.until_status(lambda s: line(s)["state"] == "idle")
        await box.until_status(lambda s: s["agents"][0]["state"] == "ready")
        await ana.command("dial", "2125550123")
        await provider.until_received("ACK")
        sound.forget()
        await asyncio.sleep(1)
        assert tone_level_dbfs(sound.heard(), OURS) == pytest.approx(-10, abs=2)
        assert line(await box.status())["outgoing"] == 1
        await ana.command("hangup")
        await provider.until_received("BYE")
        await box.until_status(lambda s: line(s)["calls"] == 0)
        assert provider.received("INVITE")[0].startswith("INVITE sip:+12125550123@")
        assert tone_level_dbfs(ana.heard(), THEIRS) > -14


async def test_two_callers_of_one_trunk_outlive_the_brain(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    more = TRUNK.format(host=f"127.0.0.1:{free_port()}", caller=ports[0])
    more = more.replace("sources = [", f'sources = ["127.0.0.1:{ports[1]}", ')
    async with (
        EdgeBox(tmp_path, agents=["ana"], accounts=ACCOUNTS, more=more, wrap_up_seconds=0) as box,
        desk_phone(tmp_path, box),
        RtpEnd(hertz=THEIRS) as one,
        RtpEnd(hertz=THEIRS) as two,
        Outside(tmp_path / "one", box, ports[0]).calls("+49301001", one, talk_ms=6000) as first,
    ):
        await box.until_stage("talking")
        async with Outside(tmp_path / "two", box, ports[1]).calls("+49301001", two, talk_ms=10000) as second:
            await box.until_stage("waiting")
            await box.until_back("brain", box.kill("brain"))
            await box.until_status(lambda s: {c["stage"] for c in s["calls"]} == {"talking", "waiting"})
            assert line(await box.status())["calls"] == 2
            one.forget()
            await asyncio.sleep(0.6)
            assert tone_level_dbfs(one.heard(), OURS) == pytest.approx(-10, abs=2)
            await first.over()
            await box.until_status(lambda s: [c["stage"] for c in s["calls"]] == ["talking"])
            assert line(await box.status())["calls"] == 1
            await second.over()
        rows = await box.until_over(2)
        assert [row["outcome"] for row in rows] == ["answered", "answered"]
