"""Trunks through the real edge and a real worker, sipp as the provider: calls both ways."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.port import EndCause, LegState
from drivers.sip.leg import SipLeg
from tests.drivers.sip.bench import needs_pjsua2
from tests.edge.trunk_site import OUR_TONE, PASSWORD, THEIR_TONE, TrunkSite, site
from tests.peers.baresip import tone_level_dbfs
from tests.peers.edge import needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, header, needs_sipp
from tests.peers.sipp_scenarios import (
    Calling,
    answering,
    answers,
    challenges,
    early,
    receive,
    refuses,
)

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio, needs_pjsua2, needs_sipp]


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrunkSite]:
    yield from site(tmp_path_factory.mktemp("trunks"))


async def hear_each_other(here: TrunkSite, leg: SipLeg, there: RtpEnd, *, seconds: float = 0.6) -> None:
    """Both tones arrive at the other end."""
    assert leg.audio is not None
    await asyncio.sleep(0.3)
    here.engine.forget()
    there.forget()
    await asyncio.sleep(seconds)
    ours, theirs = there.heard(), here.engine.heard(leg.audio.slot)  # type: ignore[union-attr]
    assert tone_level_dbfs(ours, OUR_TONE) == pytest.approx(-10, abs=1.5)
    assert tone_level_dbfs(theirs, THEIR_TONE) == pytest.approx(-10, abs=1.5)


async def test_a_call_in_has_its_line_the_number_dialled_and_who_calls(
    trunks: TrunkSite, tmp_path: Path
) -> None:
    calling = Calling(
        "030100",
        caller="trunk",
        to_header="+49309999",
        more="P-Asserted-Identity: <sip:0170123456@provider.example>\nX-Callbox-Agent: eve\n",
        talk_ms=1500,
    )
    async with trunks.staffed(tmp_path) as here, RtpEnd(hertz=THEIR_TONE) as sound:
        scenario = Calling(**{**vars(calling), "sound": sound.port}).scenario()
        to = f"127.0.0.1:{here.edge.sip_port}"
        async with Sipp(tmp_path, scenario, to=to, port=here.at.caller) as provider:
            leg = await here.ring("plain")
            assert (leg.called, leg.peer, leg.trunk, leg.agent) == ("+4930100", "+49170123456", "plain", "")
            await leg.answer()
            await hear_each_other(here, leg, sound)
            assert await leg.ended() is EndCause.REMOTE
            await provider.over()


async def test_an_invite_from_anywhere_else_is_challenged(trunks: TrunkSite, tmp_path: Path) -> None:
    scenario = Calling("030100", expects=407).scenario()
    async with trunks.staffed(tmp_path) as here:
        await Sipp(tmp_path, scenario, to=f"127.0.0.1:{here.edge.sip_port}").run()
        assert all(port.ring_waiting() is None for port in here.lines.values())


async def test_a_call_out_shows_our_number_and_both_hear(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd(hertz=THEIR_TONE) as sound,
        Sipp(tmp_path, answering(*answers(sound.port)), port=here.at.plain) as provider,
    ):
        leg = await here.dial("plain", "+4930123456")
        await hear_each_other(here, leg, sound)
        await leg.send_digits("15#")
        await asyncio.sleep(1.0)
        assert sound.digits == "15#"
        invite = provider.received("INVITE")[0]
        assert invite.startswith("INVITE sip:+4930123456@127.0.0.1 SIP/2.0")
        assert "sip:+4930100@127.0.0.1" in header(invite, "From")
        assert "X-Callbox" not in invite
        assert f"@127.0.0.1:{here.edge.sip_port}" in header(invite, "Contact")
        await leg.hangup()
        await provider.until_received("BYE")


async def test_a_challenge_is_answered_by_the_account(trunks: TrunkSite, tmp_path: Path) -> None:
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        scenario = answering(*challenges("box", PASSWORD, sound.port), user="box", password=PASSWORD)
        async with Sipp(tmp_path, scenario, port=here.at.registrar) as provider:
            leg = await here.dial("account", "+4930123456")
            first, second = provider.received("INVITE")[:2]
            assert header(second, "Authorization")
            assert int(header(second, "CSeq").split()[0]) == int(header(first, "CSeq").split()[0]) + 1
            assert header(second, "P-Asserted-Identity") == "<sip:+4930200@provider.example>"
            assert "sip:box@provider.example" in header(second, "From")
            assert int(header(second, "Session-Expires").partition(";")[0]) >= 90
            await leg.hangup()


async def test_what_plays_before_the_answer_is_heard(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd(hertz=THEIR_TONE) as sound,
        Sipp(tmp_path, answering(*early(sound.port, for_ms=1500)), port=here.at.plain),
    ):
        leg = await here.lines["plain"].dial("+4930123456")
        audio = await leg.until_audio()
        assert leg.state is not LegState.UP
        await asyncio.sleep(0.3)
        here.engine.forget()
        await asyncio.sleep(0.5)
        assert leg.state is not LegState.UP
        heard = here.engine.heard(audio.slot)  # type: ignore[union-attr]
        assert tone_level_dbfs(heard, THEIR_TONE) == pytest.approx(-10, abs=1.5)
        await leg.until(LegState.UP)
        await leg.hangup()


@pytest.mark.parametrize(
    ("code", "cause"),
    [(486, EndCause.BUSY), (404, EndCause.REJECTED), (480, EndCause.NO_ANSWER), (603, EndCause.REJECTED)],
)
async def test_what_the_number_itself_says_is_final(
    trunks: TrunkSite, tmp_path: Path, code: int, cause: EndCause
) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        Sipp(tmp_path, answering(*refuses(code)), port=here.at.first),
        Sipp(tmp_path, answering(*refuses(500)), port=here.at.second) as second,
    ):
        leg = await here.lines["two"].dial("+4930123456")
        assert await leg.ended() is cause
        assert (leg.code, second.received("INVITE")) == (code, [])


@pytest.mark.parametrize("ill", ["absent", "503", "silent"])
async def test_the_next_server_is_tried_when_the_first_cannot(
    trunks: TrunkSite, tmp_path: Path, ill: str
) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        Sipp(tmp_path, answering(*answers(sound.port)), port=here.at.second) as second,
    ):
        if ill == "absent":
            leg = await here.dial("two", "+4930123456")
        else:
            steps = refuses(503) if ill == "503" else (receive("BYE"),)
            async with Sipp(tmp_path, answering(*steps), port=here.at.first) as first:
                await here.until_up("two", first.host)
                leg = await here.dial("two", "+4930123456")
                assert first.received("INVITE")
        assert second.received("INVITE")[0].startswith("INVITE sip:030123456@")
        await leg.hangup()


async def test_a_server_that_has_rung_is_not_left_for_another(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        Sipp(tmp_path, answering(*refuses(503, ring=True)), port=here.at.first),
        Sipp(tmp_path, answering(*refuses(500)), port=here.at.second) as second,
    ):
        leg = await here.lines["two"].dial("+4930123456")
        assert await leg.ended() is EndCause.FAILED
        assert second.received("INVITE") == []


async def test_a_redirect_is_told_and_not_followed(trunks: TrunkSite, tmp_path: Path) -> None:
    contact = "Contact: <sip:030777777@127.0.0.1>\n"
    async with trunks.staffed(tmp_path) as here:
        scenario = answering(*refuses(302, more=contact)).replace(
            "sip:trunk@[local_ip]:[local_port]", "sip:0@x"
        )
        async with Sipp(tmp_path, scenario, port=here.at.plain) as provider:
            leg = await here.lines["plain"].dial("+4930123456")
            await leg.ended()
            assert here.lines["plain"].forwarded(leg) == "+4930777777"
            assert len(provider.received("INVITE")) == 1


async def test_a_call_given_up_while_it_is_dialled_is_cancelled(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        Sipp(tmp_path, answering(*answers(sound.port, ring_ms=5000)), port=here.at.plain) as provider,
    ):
        leg = await here.lines["plain"].dial("+4930123456")
        await leg.until(LegState.RINGING)
        await leg.hangup()
        await provider.until_received("CANCEL")
        await asyncio.sleep(0)
        assert here.lines["plain"].status()["calls"] == 0


async def test_over_tcp(trunks: TrunkSite, tmp_path: Path) -> None:
    async with trunks.staffed(tmp_path) as here, RtpEnd() as sound:
        options = {"address": "127.0.0.2", "port": here.at.tcp, "transport": "t1"}
        async with Sipp(tmp_path, answering(*answers(sound.port)), **options) as provider:  # type: ignore[arg-type]
            leg = await here.dial("tcp", "+4930123456")
            assert "TCP 127.0.0.1" in header(provider.received("INVITE")[0], "Via")
            await leg.hangup()
            await provider.until_received("BYE")
