"""What stands around a trunk's calls, through the real edge: registration, OPTIONS, limits, PRACK, timers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.port import EndCause, LegState, PortState
from tests.drivers.sip.bench import needs_pjsua2
from tests.edge.trunk_site import PASSWORD, TrunkSite, site
from tests.peers.edge import needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, header, needs_sipp
from tests.peers.sipp_scenarios import (
    Calling,
    answering,
    answers,
    answers_without_events,
    options,
    refuses,
    reliable_early,
)

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio, needs_pjsua2, needs_sipp]


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrunkSite]:
    yield from site(tmp_path_factory.mktemp("service"))


async def test_a_trunk_registers_with_its_password_and_calls_come_to_that_address(
    trunks: TrunkSite, tmp_path: Path
) -> None:
    scenario = answering(*refuses(486), user="box", password=PASSWORD)
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        Sipp(tmp_path, scenario, port=here.at.registrar) as registrar,
    ):
        await here.registered()
        told = header(registrar.received("REGISTER")[-1], "Contact")
        assert told == f"<sip:{here.contact()}@127.0.0.1:{here.edge.sip_port}>"
        calling = Calling(here.contact(), to_header="030555", sound=sound.port, talk_ms=200).scenario()
        to = f"127.0.0.1:{here.edge.sip_port}"
        async with Sipp(tmp_path, calling, to=to) as stranger:
            leg = await here.ring("account")
            assert (leg.called, leg.trunk) == ("+4930555", "account")
            await leg.answer()
            await stranger.over()


async def test_an_address_that_was_not_registered_is_challenged(trunks: TrunkSite, tmp_path: Path) -> None:
    async with trunks.staffed(tmp_path) as here:
        user = here.contact()[:-1] + ("0" if here.contact()[-1] != "0" else "1")
        await Sipp(
            tmp_path, Calling(user, expects=407).scenario(), to=f"127.0.0.1:{here.edge.sip_port}"
        ).run()


async def test_options_are_answered_both_ways(trunks: TrunkSite, tmp_path: Path) -> None:
    async with trunks.staffed(tmp_path) as here:
        async with Sipp(tmp_path, answering(*refuses(486), options_code=404), port=here.at.plain) as provider:
            asked = (await provider.until_received("OPTIONS"))[0]
            assert header(asked, "Accept") == "application/sdp"
            await here.edge.told("trunk", line="plain", up=True)
        await Sipp(tmp_path, options(), to=f"127.0.0.1:{here.edge.sip_port}", port=here.at.caller).run()
        await here.edge.told("trunk", line="plain", up=False, seconds=8)


async def test_a_server_that_says_503_is_not_there_for_us(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        Sipp(tmp_path, answering(*refuses(486), options_code=503), port=here.at.first) as provider,
    ):
        await provider.until_received("OPTIONS", times=2)
        rows = await here.edge.rpc.ask("htable.dump", "servers")
        cells = {cell["name"]: cell["value"] for row in rows for cell in row["slot"]}
        assert cells["1"] != 1


async def test_a_caller_beyond_the_limit_hears_busy(trunks: TrunkSite, tmp_path: Path) -> None:
    to = f"127.0.0.1:{trunks.edge.sip_port}"
    async with (
        trunks.staffed(tmp_path) as here,
        Sipp(tmp_path, Calling("1", talk_ms=5000).scenario(), to=to, port=here.at.second),
    ):
        leg = await here.ring("two")
        await leg.answer()
        assert here.lines["two"].state is PortState.BUSY
        await Sipp(tmp_path / "b", Calling("2", expects=486).scenario(), to=to, port=here.at.first).run()
        await leg.hangup()


async def test_an_emergency_goes_out_when_all_calls_are_taken(trunks: TrunkSite, tmp_path: Path) -> None:
    to = f"127.0.0.1:{trunks.edge.sip_port}"
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        Sipp(tmp_path, Calling("1", talk_ms=5000).scenario(), to=to, port=here.at.second),
        Sipp(tmp_path / "b", answering(*answers(sound.port)), port=here.at.first) as provider,
    ):
        caller = await here.ring("two")
        await caller.answer()
        leg = await here.dial("two", "112", emergency=True)
        assert provider.received("INVITE")[0].startswith("INVITE sip:112@")
        await leg.hangup()
        await caller.hangup()


async def test_digits_come_by_info_too(trunks: TrunkSite, tmp_path: Path) -> None:
    to = f"127.0.0.1:{trunks.edge.sip_port}"
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        scenario = Calling("1", sound=sound.port, talk_ms=300, digits_info="7").scenario()
        async with Sipp(tmp_path, scenario, to=to, port=here.at.caller) as provider:
            leg = await here.ring("plain")
            await leg.answer()
            assert await leg.digits.get() == "7"
            assert await leg.ended() is EndCause.REMOTE
            await provider.over()


async def test_digits_go_by_info_to_one_who_takes_no_events(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        Sipp(tmp_path, answering(*answers_without_events(sound.port)), port=here.at.plain) as provider,
    ):
        leg = await here.dial("plain", "+4930123456")
        await leg.send_digits("7#")
        infos = await provider.until_received("INFO", times=2)
        assert ["Signal=7" in infos[0], "Signal=#" in infos[1]] == [True, True]
        await leg.hangup()
        await provider.until_received("BYE")


async def test_a_provisional_answer_that_asks_for_it_is_acknowledged(
    trunks: TrunkSite, tmp_path: Path
) -> None:
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        scenario = answering(*reliable_early(sound.port, for_ms=300))
        async with Sipp(tmp_path, scenario, port=here.at.plain) as provider:
            leg = await here.dial("plain", "+4930123456")
            assert "100rel" in header(provider.received("INVITE")[0], "Supported")
            assert header(provider.received("PRACK")[0], "RAck").split()[0] == "1"
            await leg.hangup()


async def test_a_callers_session_timer_is_taken(trunks: TrunkSite, tmp_path: Path) -> None:
    to = f"127.0.0.1:{trunks.edge.sip_port}"
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        more = "Supported: timer\nSession-Expires: 1800;refresher=uas\n"
        scenario = Calling("1", sound=sound.port, talk_ms=200, more=more).scenario()
        async with Sipp(tmp_path, scenario, to=to, port=here.at.caller) as provider:
            leg = await here.ring("plain")
            await leg.answer()
            await leg.ended()
            await provider.over()
            answer = next(
                text for text in provider.received("SIP/2.0 200") if "INVITE" in header(text, "CSeq")
            )
            assert header(answer, "Session-Expires").startswith("1800;refresher=uas")


async def test_a_provider_that_vanishes_in_mid_call_leaves_the_call_to_us(
    trunks: TrunkSite, tmp_path: Path
) -> None:
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        async with Sipp(tmp_path, answering(*answers(sound.port)), port=here.at.plain):
            leg = await here.dial("plain", "+4930123456")
        await asyncio.wait_for(leg.hangup(), 3)
        assert (leg.state, leg.cause) == (LegState.ENDED, EndCause.LOCAL)
        assert here.lines["plain"].status()["calls"] == 0
