"""A box behind a router that forwards the ports: providers are told the public address, in everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.port import EndCause
from tests.drivers.sip.bench import needs_pjsua2
from tests.edge.trunk_site import PASSWORD, TrunkSite, site
from tests.peers.edge import needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, header, needs_sipp
from tests.peers.sipp_scenarios import Calling, answering, answers, refuses

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio, needs_pjsua2, needs_sipp]

PUBLIC = "127.0.0.9"  # nobody is there: what needs it to be reached would fail


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrunkSite]:
    yield from site(tmp_path_factory.mktemp("public"), f'public_address = "{PUBLIC}"')


def routes(message: str) -> list[str]:
    """Host and port of each Record-Route, the topmost first."""
    return re.findall(r"^Record-Route: <sip:([^;>]*)", message, re.MULTILINE)


async def test_a_call_out(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        Sipp(tmp_path, answering(*answers(sound.port)), port=here.at.plain) as provider,
    ):
        leg = await here.dial("plain", "+4930123456")
        invite = provider.received("INVITE")[0]
        own = f"{PUBLIC}:{here.edge.sip_port}"
        assert f"@{own}" in header(invite, "Contact")
        assert routes(invite) == [own, f"127.0.0.1:{here.edge.internal_port}"]
        await leg.hangup()
        await provider.until_received("BYE")


async def test_a_call_in_and_its_end_by_the_caller(trunks: TrunkSite, tmp_path: Path) -> None:
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        to = f"127.0.0.1:{here.edge.sip_port}"
        scenario = Calling("030100", sound=sound.port, talk_ms=200).scenario()
        async with Sipp(tmp_path, scenario, to=to, port=here.at.caller) as provider:
            leg = await here.ring("plain")
            await leg.answer()
            assert await leg.ended() is EndCause.REMOTE
            await provider.over()
            answer = provider.received("SIP/2.0 200")[0]
            own = f"{PUBLIC}:{here.edge.sip_port}"
            assert routes(answer) == [f"127.0.0.1:{here.edge.internal_port}", own]


async def test_a_registration(trunks: TrunkSite, tmp_path: Path) -> None:
    scenario = answering(*refuses(486), user="box", password=PASSWORD)
    async with (
        trunks.staffed(tmp_path) as here,
        Sipp(tmp_path, scenario, port=here.at.registrar) as registrar,
    ):
        await here.registered()
        contact = header(registrar.received("REGISTER")[-1], "Contact")
        assert contact.endswith(f"@{PUBLIC}:{here.edge.sip_port}>")
