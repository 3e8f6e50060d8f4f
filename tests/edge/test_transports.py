"""TCP, TLS and WebSocket: a phone is reached over the connection it opened, and lost when that breaks."""

from __future__ import annotations

import asyncio
import secrets
import signal
import ssl
from collections.abc import Iterator

import aiohttp
import pytest

from appliance.edge.certificates import authority
from tests.edge.conftest import PHONES
from tests.edge.test_calls import taken_by
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio, needs_rtpengine
from tests.peers.sip_text import sdp
from tests.peers.stream_phone import BrowserPhone, StreamPhone

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio, needs_rtpengine]

FINGERPRINT = ":".join(["AB"] * 32)
# What a browser offers, in short (RFC 8829): audio alone, DTLS-SRTP, ICE, one port for RTP and RTCP.
WEB_OFFER = f"""v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 40100 UDP/TLS/RTP/SAVPF 111 8 0 101
c=IN IP4 127.0.0.1
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2113937151 127.0.0.1 40100 typ host
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
""".replace("\n", "\r\n")
WEB_ANSWER = WEB_OFFER.replace("actpass", "active").replace("111 8 0 101", "8 101")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with Edge(tmp_path_factory.mktemp("edge"), phones=PHONES, rtpengine=True) as edge:
        yield edge
        assert edge.alive(), "Kamailio or rtpengine died"


def trusting(edge: Edge) -> ssl.SSLContext:
    """A client that has imported the box's authority, and trusts nobody else."""
    return ssl.create_default_context(cafile=str(authority(edge.state)))


def phone_of(edge: Edge, kind: str) -> DigestPhone:
    if kind == "tcp":
        return StreamPhone("ana-desk", "secret-a", edge.sip_port)
    if kind == "tls":
        return StreamPhone("ana-desk", "secret-a", edge.tls_port, tls=trusting(edge))
    return BrowserPhone("ana-desk", "secret-a", edge.wss_port, tls=trusting(edge))


@pytest.mark.parametrize("kind", ["tcp", "tls", "wss"])
async def test_a_phone_is_rung_over_its_own_connection_and_lost_with_it(edge: Edge, kind: str) -> None:
    phone = phone_of(edge, kind)
    async with edge.listening(), edge.staffed(code=180) as (worker, _), phone:
        assert (await phone.register()).status == 200
        news = await edge.told("registered")
        assert news["source"].startswith(f"{kind}:127.0.0.1:")
        phone.code = 486
        worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
        assert (await phone.request("INVITE")).uri == phone.contact
        assert (await worker.answered("INVITE")).status == 486
        await phone.close()  # type: ignore[attr-defined]
        news = await edge.told("unregistered", seconds=6.0)
        assert (news["agent"], news["phone"], news["why"]) == ("ana", "ana-desk", "lost")


@pytest.mark.parametrize("kind", ["tcp", "tls"])
async def test_a_call_over_a_connection_is_held_and_ended_by_either_side(edge: Edge, kind: str) -> None:
    async with edge.listening(), edge.staffed() as workers, phone_of(edge, kind) as phone:
        sent, final = await phone.invite("100")
        assert final.status == 200
        worker, invite = taken_by(workers)
        await worker.request("ACK")
        phone.within(sent, final, "INVITE", body=sdp())
        assert (await phone.final(sent["call-id"])).status == 200
        worker.within(invite, invite, "BYE", edge.internal_port)
        await phone.request("BYE")
        assert (await worker.answered("BYE")).status == 200


async def test_a_browsers_offer_reaches_the_worker_as_plain_rtp_and_the_answer_says_active(
    edge: Edge,
) -> None:
    phone = phone_of(edge, "wss")
    async with edge.listening(), edge.staffed() as workers, phone:
        sent, final = await phone.invite("100", body=WEB_OFFER)
        assert final.status == 200
        worker, invite = taken_by(workers)
        for secret in ("fingerprint", "candidate", "ice-ufrag", "SAVPF"):
            assert secret not in invite.body
        assert "RTP/AVP" in invite.body
        assert "m=audio 40100" not in invite.body
        assert "UDP/TLS/RTP/SAVPF" in final.body
        assert "a=setup:active" in final.body
        assert "a=candidate" in final.body
        assert "a=rtcp-mux" in final.body
        assert "m=audio 40000" not in final.body
        assert len(await calls(edge)) == 1
        await worker.request("ACK")
        phone.within(sent, final, "INVITE", body=WEB_OFFER.replace("sendrecv", "sendonly"))
        hold = await phone.final(sent["call-id"])
        assert "UDP/TLS/RTP/SAVPF" in hold.body
        assert "a=sendonly" in worker.of("INVITE")[1].body
        worker.within(invite, invite, "BYE", edge.internal_port)
        await phone.request("BYE")
        await asyncio.sleep(0.2)
        assert await calls(edge) == []


async def test_a_browser_is_rung_with_dtls_and_its_answer_reaches_the_worker_as_plain_rtp(edge: Edge) -> None:
    phone, desk = phone_of(edge, "wss"), DigestPhone("ana-mobile", "secret-m", edge.sip_port)
    async with edge.listening(), edge.staffed() as (worker, _), phone, desk:
        desk.code = 180
        for device in (phone, desk):
            assert (await device.register()).status == 200
        phone.sdp = WEB_ANSWER
        invite = worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
        offer = await phone.request("INVITE")
        assert "UDP/TLS/RTP/SAVPF" in offer.body
        assert "a=fingerprint:" in offer.body
        assert "RTP/AVP 8 0 101" in (await desk.request("INVITE")).body
        final = await worker.answered("INVITE")
        assert final.status == 200
        assert "RTP/AVP" in final.body
        assert "fingerprint" not in final.body
        worker.within(invite, final, "ACK", edge.internal_port)
        await phone.request("ACK")
        worker.within(invite, final, "BYE", edge.internal_port)
        await phone.request("BYE")
        await asyncio.sleep(0.2)
        assert await calls(edge) == []


async def test_without_rtpengine_browsers_are_refused_and_desk_phones_not_and_it_is_found_again(
    edge: Edge,
) -> None:
    browser = phone_of(edge, "wss")
    async with edge.listening(), edge.staffed() as workers, browser:
        await asyncio.to_thread(edge.end, "rtpengine", signal.SIGKILL)
        _, final = await browser.invite("100", body=WEB_OFFER)
        assert final.status == 503
        assert not [packet for worker in workers for packet in worker.requests]
        async with phone_of(edge, "tcp") as desk:
            assert (await desk.invite("100"))[1].status == 200
        await asyncio.to_thread(edge.begin, "rtpengine")
        codes = []
        while 200 not in codes and len(codes) < 20:
            codes.append((await browser.invite("100", body=WEB_OFFER))[1].status)
            await asyncio.sleep(0.3)
        assert codes[-1] == 200


async def calls(edge: Edge) -> list[str]:
    """Calls that rtpengine holds; asked in its own language (ng: a cookie of ours, bencode)."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    class Asking(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answer.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(
        Asking, remote_addr=("127.0.0.1", edge.internal_port + 2)
    )
    try:
        transport.sendto(secrets.token_hex(4).encode() + b" d7:command4:liste")
        async with asyncio.timeout(2):
            data = await answer
    finally:
        transport.close()
    listed = data.partition(b"5:callsl")[2].partition(b"e")[0]
    return [part.decode() for part in listed.split(b":")[1:]]


async def test_a_new_certificate_is_served_without_a_restart(edge: Edge) -> None:
    pid = edge.pid
    async with edge.listening():
        async with phone_of(edge, "tls") as phone:
            before = phone._writer.get_extra_info("ssl_object").getpeercert(True)  # type: ignore[attr-defined]
        (edge.state / "tls" / "box.crt").unlink()
        edge.renew_certificate()
        await edge.rpc.ask("tls.reload")
        async with phone_of(edge, "tls") as phone:
            after = phone._writer.get_extra_info("ssl_object").getpeercert(True)  # type: ignore[attr-defined]
            assert after != before
            assert (await phone.register()).status == 200
    assert edge.pid == pid


async def test_a_plain_web_page_at_the_browsers_port_is_not_there(edge: Edge) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"https://127.0.0.1:{edge.wss_port}/"
        async with session.get(url, ssl=trusting(edge)) as answer:
            assert answer.status == 404
    await asyncio.sleep(0.1)  # aiohttp ends TLS behind our back


async def test_connections_that_say_nothing_or_half_of_something_keep_nobody_waiting(edge: Edge) -> None:
    halves = (
        b"",
        b"REGISTER sip:callbox SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    )
    async with edge.listening():
        idle = []
        for number in range(300):
            port = edge.tls_port if number % 2 else edge.sip_port
            idle.append(await asyncio.open_connection("127.0.0.1", port))
            idle[-1][1].write(halves[number % 3])
        for kind in ("tcp", "tls", "wss"):
            async with asyncio.timeout(2), phone_of(edge, kind) as phone:
                assert (await phone.register()).status == 200
        for _, writer in idle:
            writer.transport.abort()
