"""Two makes of desk phone registered at the edge: callers, colleagues, transfers, a whole box between."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.edge_box import REALM, EdgeBox
from tests.end_to_end.sound import read, tone_dbm0
from tests.peers.baresip import Baresip, needs_baresip
from tests.peers.edge import needs_kamailio
from tests.peers.linphone import Linphone, needs_linphone

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_kamailio,
    needs_baresip,
    needs_linphone,
    pytest.mark.timeout(120),
]

AUDIBLE = -30  # dBm0
ACCOUNTS = {"ana-desk": ("ana", "onetwothree"), "ben-desk": ("ben", "fourfivesix")}


async def ready(box: EdgeBox, agent: str) -> None:
    """The agent's phone has registered."""
    await box.until_status(lambda s: any(a["agent"] == agent and a["state"] == "ready" for a in s["agents"]))


@pytest.mark.parametrize(("transport", "srtp"), [("udp", False), ("tls", True)])
async def test_a_caller_is_put_through_to_a_colleague_who_was_asked_first(
    tmp_path: Path, transport: str, srtp: bool
) -> None:
    by_caller = tmp_path / "caller.wav"
    async with (
        EdgeBox(tmp_path, agents=["ana", "ben"], accounts=ACCOUNTS) as box,
        Linphone(tmp_path / "ana", user="ana-desk", say=440, transport=transport, srtp=srtp) as ana,
        Baresip(
            tmp_path / "ben",
            user="ben-desk",
            say="sine:880",
            registrar=f"127.0.0.1:{box.edge_port}",
            password=ACCOUNTS["ben-desk"][1],
        ) as ben,
    ):
        port = box.tls_port if transport == "tls" else box.edge_port
        await box.agent("ben", "pause")
        await ana.register(REALM, f"127.0.0.1:{port}", ACCOUNTS["ana-desk"][1])
        await ready(box, "ana")
        await box.rings(tone_hz=1000, loop=True, record=str(by_caller))
        await ana.says("new incoming call", seconds=20)
        await ana.told("answer")
        await box.until_stage("talking")
        await asyncio.sleep(1)
        await ana.told("pause")
        await ana.says("now paused")
        await ana.told(f"call sip:{box.agents['ben']}@127.0.0.1:{port};transport={transport}")
        await ben.event("CALL_INCOMING")
        await ben.command("accept")
        await ana.says("Media streams established")
        await asyncio.sleep(1)
        await ana.told("transfer 1 --to-call 2")
        await ana.says("Call 1", "ended")
        await asyncio.sleep(2)
        await ben.command("hangup")
        [*rows] = await box.until_over()
    heard = read(by_caller)[:, 0]
    assert tone_dbm0(heard, 880) > AUDIBLE
    assert rows
