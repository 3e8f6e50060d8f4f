"""The SIP worker behind an edge, whose place a phone made of sockets takes."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from drivers.port import EndCause, Leg, LegState, Port, PortRefused
from drivers.sip.account import Through, TrunkAccount
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool
from tests.drivers.sip.bench import Bench, bench, needs_own_build, needs_pjsua2, ring
from tests.peers.raw_phone import Message, RawPhone

pytestmark = [pytest.mark.slow, pytest.mark.realtime, needs_pjsua2]

FROM_ANA = ("X-Callbox-Phone: ana-desk", "X-Callbox-Agent: ana")
ACCOUNT = TrunkAccount("berlin", user="box", password="secret", domain="provider.example")


@contextlib.asynccontextmanager
async def behind_edge(
    folder: Path, *, max_legs: int = 16, options: Sequence[str] = ()
) -> AsyncIterator[tuple[Bench, SipPool, RawPhone]]:
    """A worker that knows an edge, the pool over it, and the edge's socket."""
    async with RawPhone("edge", answers=0) as edge:
        told = ["--edge", f"127.0.0.1:{edge.port}", *options]
        async with bench(folder, max_legs=max_legs, options=told) as (worker, pool):
            yield worker, pool, edge


async def answered(leg: SipLeg, edge: RawPhone, **sdp: str) -> Message:
    """Have the INVITE of `leg` answered and acknowledged; the dialogue is open for requests of the edge."""
    invite = await edge.asked("INVITE")
    edge.respond(invite, 200, edge.sdp(**sdp))
    await leg.until(LegState.UP)
    edge.enter(invite)
    return invite


async def test_a_call_that_does_not_come_from_the_edge_is_forbidden(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge), RawPhone("stranger") as stranger:
        stranger.invite(worker.port, headers=FROM_ANA)
        assert (await stranger.response("INVITE")).status == 403
        edge.invite(worker.port, to="%2341", headers=FROM_ANA)
        leg = await ring(pool)
        assert (leg.agent, leg.phone, leg.trunk, leg.called) == ("ana", "ana-desk", "", "#41")
        assert pool.leg_of(leg.call_id) is leg
        assert pool.leg_of("") is pool.leg_of("other") is None


@needs_own_build
async def test_an_invite_as_long_as_browsers_send_them_is_understood(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge):
        candidates = "".join(f"a=candidate:{number} 1 udp {'x' * 80}\r\n" for number in range(60))
        edge.invite(worker.port, sdp=edge.sdp() + candidates, headers=FROM_ANA)
        assert (await ring(pool)).agent == "ana"


async def test_a_full_worker_has_the_edge_try_another(tmp_path: Path) -> None:
    async with behind_edge(tmp_path, max_legs=1) as (worker, pool, edge), RawPhone("b") as _:
        edge.invite(worker.port)
        await ring(pool)
        edge.invite(worker.port)
        assert (await edge.response("INVITE")).status == 503


async def test_a_trunks_call_goes_to_its_line_and_an_unknown_trunks_is_refused(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge):
        line = Port("berlin")
        pool.trunks["berlin"] = line
        identity = "P-Asserted-Identity: <sip:+4930123@provider.example>"
        edge.invite(worker.port, headers=["X-Callbox-Trunk: berlin", identity])
        leg: Leg = await asyncio.wait_for(line.next_ring(), 5)
        assert isinstance(leg, SipLeg)
        assert (leg.trunk, leg.agent) == ("berlin", "")
        assert leg.headers["P-Asserted-Identity"] == "<sip:+4930123@provider.example>"
        edge.invite(worker.port, headers=["X-Callbox-Trunk: munich"])
        assert (await edge.response("INVITE")).status == 404


async def test_an_agents_call_goes_through_the_edge_with_the_agents_name(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (_, pool, edge):
        leg = await pool.dial("ana", through=Through.AGENT, from_user="18", label="call-7")
        invite = await answered(leg, edge)
        assert invite.first == f"INVITE sip:ana@127.0.0.1:{edge.port} SIP/2.0"
        assert invite.headers["x-callbox-to"] == "agent"
        assert invite.headers["route"] == f"<sip:127.0.0.1:{edge.port};lr>"
        assert leg.call_id == invite.headers["call-id"]
        assert pool.leg_of(leg.call_id) is leg
        await leg.hangup()
        assert (await edge.asked("BYE")).source == invite.source


async def test_without_an_edge_a_call_through_it_fails(tmp_path: Path) -> None:
    async with bench(tmp_path) as (_, pool):
        leg = await pool.dial("ana", through=Through.AGENT)
        assert await asyncio.wait_for(leg.ended(), 2) is EndCause.FAILED


async def test_a_trunks_challenge_is_answered_by_its_account(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (_, pool, edge):
        pool.set_accounts([ACCOUNT])
        leg = await pool.dial("+49301", through=Through.TRUNK, account="berlin", from_user="+4989")
        invite = await edge.asked("INVITE")
        assert invite.first == "INVITE sip:+49301@provider.example SIP/2.0"
        assert invite.headers["x-callbox-to"] == "trunk berlin"
        assert "<sip:+4989@provider.example>" in invite.headers["from"]
        challenge = 'Digest realm="anything", nonce="abc", algorithm=MD5, qop="auth"'
        edge.respond(invite, 407, headers=[f"Proxy-Authenticate: {challenge}"])
        again = await edge.asked("INVITE")
        assert again.headers["cseq"].split()[0] > invite.headers["cseq"].split()[0]
        assert right_response(again, "box", "secret")
        edge.respond(again, 200, edge.sdp())
        await asyncio.wait_for(leg.until(LegState.UP), 2)
        assert leg.trunk == "berlin"


def right_response(message: Message, user: str, password: str) -> bool:
    """RFC 2617 3.2.2, MD5 with qop=auth."""
    given = dict(re.findall(r'(\w+)="?([^",]+)"?', message.headers["proxy-authorization"]))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1, ha2 = md5(f"{user}:{given['realm']}:{password}"), md5(f"INVITE:{given['uri']}")
    wanted = md5(f"{ha1}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{ha2}")
    return given["username"] == user and given["response"] == wanted


async def test_an_account_nobody_told_of_and_one_taken_away_cannot_be_dialled_with(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (_, pool, edge):
        pool.set_accounts([ACCOUNT])
        leg = await pool.dial("+49301", through=Through.TRUNK, account="berlin")
        await answered(leg, edge)
        pool.set_accounts([TrunkAccount("berlin", user="other")])
        again = await pool.dial("+49301", through=Through.TRUNK, account="berlin")
        assert (await edge.asked("INVITE")).first.endswith(f"@127.0.0.1:{edge.port} SIP/2.0")
        unknown = await pool.dial("+49301", through=Through.TRUNK, account="munich")
        assert await asyncio.wait_for(unknown.ended(), 2) is EndCause.FAILED
        await again.hangup()
        assert leg.state is LegState.UP
        await leg.hangup()
        await edge.asked("BYE")


async def test_a_redirection_is_told_and_not_followed(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (_, pool, edge):
        leg = await pool.dial("ana", through=Through.AGENT)
        edge.respond(await edge.asked("INVITE"), 302, headers=["Contact: <sip:+1900@premium.example>;q=1"])
        assert await asyncio.wait_for(leg.ended(), 2) is EndCause.FAILED
        assert (leg.code, leg.forwarded) == (302, "sip:+1900@premium.example")
        with pytest.raises(TimeoutError):
            await edge.asked("INVITE", seconds=0.3)


async def test_a_phone_that_refers_is_told_how_it_goes(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (_, pool, edge):
        leg = await pool.dial("ana", through=Through.AGENT)
        await answered(leg, edge)
        await leg.tell_referrer(180, "Ringing", last=False)
        await leg.tell_referrer(200, "OK", last=True)
        first, second = await edge.asked("NOTIFY"), await edge.asked("NOTIFY")
        assert (first.body, first.headers["subscription-state"]) == (
            "SIP/2.0 180 Ringing\r\n",
            "active;expires=60",
        )
        assert first.headers["content-type"].startswith("message/sipfrag")
        assert first.headers["event"] == "refer"
        assert (second.body, second.headers["subscription-state"]) == (
            "SIP/2.0 200 OK\r\n",
            "terminated;reason=noresource",
        )
        with pytest.raises(PortRefused):
            await leg.tell_referrer(200, "bad\r\nX: y", last=True)


async def test_a_refer_or_replaces_that_gets_past_the_edge_does_nothing(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge):
        leg = await pool.dial("ana", through=Through.AGENT)
        invite = await answered(leg, edge)
        edge.request("REFER", headers=[f"Refer-To: <sip:+1900@127.0.0.1:{edge.port}>"])
        assert (await edge.response("REFER")).status == 403
        tags = [invite.headers["from"].partition("tag=")[2], f"raw{edge.port}"]
        replaces = f"Replaces: {leg.call_id};to-tag={tags[0]};from-tag={tags[1]}"
        edge.invite(worker.port, headers=[replaces])
        assert (await edge.response("INVITE")).status == 403
        with pytest.raises(TimeoutError):
            await edge.asked("INVITE", seconds=0.3)
        assert leg.state is LegState.UP
        assert pool.status()["workers"][0]["legs"] == 1  # type: ignore[index]


async def test_a_label_changed_is_what_the_next_brain_finds(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge):
        edge.invite(worker.port, headers=FROM_ANA)
        leg = await ring(pool)
        await leg.set_label("call-9")
        await pool.close()
        async with worker.pool() as successor:
            found = await ring(successor)
            assert (found.label, found.agent, found.call_id) == ("call-9", "ana", leg.call_id)
        await pool.open()


async def test_a_killed_worker_has_both_its_callers_and_its_called_told(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge), RawPhone("ben") as ben:
        out = await pool.dial(ben.uri, through=Through.EDGE)
        invite = await edge.asked("INVITE")
        route = f"Record-Route: <sip:127.0.0.1:{edge.port};lr;bx=1>"
        edge.respond(invite, 200, edge.sdp(), headers=[route])
        await out.until(LegState.UP)
        edge.invite(worker.port, headers=[route])
        into = await ring(pool)
        answering = asyncio.create_task(into.answer())
        edge.acknowledge(await edge.response("INVITE"))
        await answering
        await asyncio.sleep(0.1)
        worker.process.kill()
        await worker.process.wait()
        byes = [await edge.asked("BYE") for _ in range(2)]
        assert {bye.headers["call-id"] for bye in byes} == {out.call_id, into.call_id}
        assert all(bye.headers["route"] == f"<sip:127.0.0.1:{edge.port};lr;bx=1>" for bye in byes)
        assert {bye.source[1] for bye in byes} == {worker.port}  # the edge believes nobody else
        targets = {bye.headers["call-id"]: bye.first for bye in byes}
        assert targets[into.call_id] == f"BYE {edge.uri} SIP/2.0"


async def test_a_brain_that_came_back_can_still_tell_the_phones_of_a_dead_worker(tmp_path: Path) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge):
        leg = await pool.dial("ana", through=Through.AGENT)
        await answered(leg, edge)
        await pool.close()
        async with worker.pool() as successor:
            await ring(successor)
            await asyncio.sleep(0.2)
            worker.process.kill()
            await worker.process.wait()
            assert (await edge.asked("BYE")).headers["call-id"] == leg.call_id
        await pool.open()


async def test_sound_has_the_boxs_address_and_trunks_are_told_the_public_one(tmp_path: Path) -> None:
    async with behind_edge(
        tmp_path, options=["--media-address", "127.0.0.2", "--public-address", "203.0.113.5"]
    ) as (worker, pool, edge):
        pool.set_accounts([ACCOUNT])
        pool.trunks["berlin"] = line = Port("berlin")
        phone = await pool.dial("ana", through=Through.AGENT)
        assert "c=IN IP4 127.0.0.2" in (await edge.asked("INVITE")).body
        trunk = await pool.dial("+49301", through=Through.TRUNK, account="berlin")
        assert "c=IN IP4 203.0.113.5" in (await edge.asked("INVITE")).body
        edge.invite(worker.port, headers=["X-Callbox-Trunk: berlin"])
        leg = await asyncio.wait_for(line.next_ring(), 5)
        await leg.progress()
        assert "c=IN IP4 203.0.113.5" in (await edge.response("INVITE", at_least=183)).body
        for one in (phone, trunk, leg):
            await one.hangup()


async def test_a_burst_of_calls_leaves_the_worker_well_and_tells_the_edge_when_it_is_full(
    tmp_path: Path,
) -> None:
    async with behind_edge(tmp_path) as (worker, pool, edge):
        for _ in range(400):
            edge.invite(worker.port)
            await asyncio.sleep(0.005)
        codes: Counter[int] = Counter()
        while sum(codes.values()) < 384:
            codes[(await edge.response("INVITE")).status] += 1
        assert codes == {503: 384}
        legs = [await ring(pool) for _ in range(16)]
        await asyncio.gather(*(leg.hangup() for leg in legs))
        edge.invite(worker.port)
        await ring(pool)
