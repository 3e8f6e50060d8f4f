"""A box whose brain is killed while callers of one SIP trunk talk and wait."""

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
from tests.peers.sipp_scenarios import Calling

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


async def test_two_callers_of_one_trunk_outlive_the_brain(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    more = TRUNK.format(host=f"127.0.0.1:{free_port()}", caller=ports[0])
    more = more.replace("sources = [", f'sources = ["127.0.0.1:{ports[1]}", ')
    async with (
        EdgeBox(tmp_path, agents=["ana"], accounts=ACCOUNTS, more=more, wrap_up_seconds=0) as box,
        desk_phone(tmp_path, box),
        RtpEnd(hertz=THEIRS) as one,
        RtpEnd(hertz=THEIRS) as two,
        Outside(tmp_path / "one", box, ports[0]).calls("+49301001", one, talk_ms=9000) as first,
    ):
        await box.until_stage("talking")
        async with Outside(tmp_path / "two", box, ports[1]).calls("+49301001", two, talk_ms=13000) as second:
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
        for row in rows:
            recorded = read(Path(row["recordings"][-1]["path"]))
            assert tone_dbm0(recorded[:, 0], THEIRS) > -12
            assert tone_dbm0(recorded[:, 1], OURS) > -12
