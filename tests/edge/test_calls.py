"""Who registers is known and rung; who calls reaches a worker under his own name; workers stay hidden."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.edge.conftest import PHONES
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio
from tests.peers.fake_worker import FakeWorker
from tests.peers.sip_text import Packet, in_brackets, sdp, write

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio]


def ana(edge: Edge) -> DigestPhone:
    return DigestPhone("ana-desk", "secret-a", edge.sip_port)


def ana_mobile(edge: Edge) -> DigestPhone:
    return DigestPhone("ana-mobile", "secret-m", edge.sip_port)


def bob(edge: Edge) -> DigestPhone:
    return DigestPhone("bob-desk", "secret-b", edge.sip_port)


def taken_by(workers: list[FakeWorker], method: str = "INVITE") -> tuple[FakeWorker, Packet]:
    """The worker that got the only request of a method, and the request."""
    found = [(worker, packet) for worker in workers for packet in worker.of(method)]
    assert len(found) == 1, [packet.first for _, packet in found]
    return found[0]


async def test_a_phone_that_registers_is_told_to_the_brain_and_so_is_that_it_goes(edge: Edge) -> None:
    async with edge.listening(), ana(edge) as phone:
        final = await phone.register(extra=[("User-Agent", 'Desk "7" \\ phone')])
        assert final.status == 200
        news = await edge.told("registered", agent="ana")
        assert news["phone"] == "ana-desk"
        assert news["contact"] == phone.contact
        assert news["ua"] == 'Desk "7" \\ phone'
        assert news["source"] == f"udp:127.0.0.1:{phone.port}"
        assert 0 < news["expires"] <= 300
        assert (await phone.register(seconds=0)).status == 200
        news = await edge.told("unregistered", agent="ana")
        assert (news["phone"], news["contact"], news["why"]) == ("ana-desk", phone.contact, "asked")


async def test_a_call_reaches_one_worker_with_the_name_of_the_phone_and_none_that_it_claims(
    edge: Edge,
) -> None:
    claims = [("X-Callbox-Agent", "bob"), ("x-callbox-phone", "bob-desk"), ("X-Callbox-To", "trunk gold")]
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        _, final = await phone.invite("100", headers=claims)
        assert final.status == 200
        worker, invite = taken_by(workers)
        ours = {name: value for name, value in invite.headers if name.lower().startswith("x-callbox")}
        assert ours == {"X-Callbox-Phone": "ana-desk", "X-Callbox-Agent": "ana"}
        assert invite.uri == f"sip:100@127.0.0.1:{worker.port}"
        assert not invite.get("proxy-authorization"), "the worker sees a digest"


async def test_a_foreign_address_is_no_way_out(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone, bob(edge) as outsider:
        uri = f"sip:+4930123@127.0.0.1:{outsider.port}"
        route = ("Route", f"<sip:127.0.0.1:{outsider.port};lr>")
        _, final = await phone.ask("INVITE", uri, headers=[("Contact", phone.contact), route], body=sdp())
        assert final.status == 200
        _, invite = taken_by(workers)
        assert not invite.get("route")
        assert outsider.received == []


async def test_within_a_call_both_sides_reach_each_other_and_workers_have_no_address(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        sent, final = await phone.invite("100")
        worker, invite = taken_by(workers)
        assert str(worker.port) not in in_brackets(final["contact"]).split(";")[0]
        assert f":{edge.sip_port};" in in_brackets(final["contact"])
        await worker.request("ACK")
        phone.within(sent, final, "INVITE", body=sdp() + "a=sendonly\r\n")
        hold = await phone.final(sent["call-id"])
        assert hold.status == 200
        phone.within(sent, hold, "ACK", routes=list(reversed(final.routes())))
        assert "sendonly" in worker.of("INVITE")[1].body
        worker.within(invite, invite, "INFO", edge.internal_port)
        assert (await phone.request("INFO"))["call-id"] == sent["call-id"]
        assert (await worker.answered("INFO")).status == 200
        worker.within(invite, invite, "BYE", edge.internal_port)
        await phone.request("BYE")
        assert (await worker.answered("BYE")).status == 200


async def test_every_device_of_an_agent_rings_and_the_others_stop_when_one_answers(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as (worker, _), ana(edge) as desk, ana_mobile(edge) as mobile:
        desk.code = mobile.code = 180
        for phone in (desk, mobile):
            assert (await phone.register()).status == 200
        invite = worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
        seen = await mobile.request("INVITE")
        assert not [name for name, _ in seen.headers if name.lower().startswith("x-callbox")]
        ringing = await desk.request("INVITE")
        assert ringing.uri == desk.contact
        await asyncio.sleep(0.1)
        desk.reply(ringing, 200, sdp())
        final = await worker.answered("INVITE")
        assert final.status == 200
        worker.within(invite, final, "ACK", edge.internal_port)
        await desk.request("ACK")
        await mobile.request("CANCEL")
        worker.within(invite, final, "BYE", edge.internal_port)
        await desk.request("BYE")
        for phone in (desk, mobile):
            await phone.register(seconds=0)


async def test_a_phone_behind_a_router_is_reached_where_it_speaks_from(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        phone.contact = "sip:ana-desk@192.168.77.5:5060"
        assert (await phone.register()).status == 200
        _, final = await phone.invite("100")
        assert final.status == 200
        worker, invite = taken_by(workers)
        worker.within(invite, invite, "INFO", edge.internal_port)
        assert (await phone.request("INFO")).uri == phone.contact
        dialled = worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
        answered = await worker.answered("INVITE")
        worker.within(dialled, answered, "ACK", edge.internal_port)
        assert (await phone.request("ACK")).uri == phone.contact
        await phone.register(contact="*", seconds=0)


async def test_an_agent_without_a_device_is_not_there(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as (worker, _):
        worker.invite(edge.internal_port, "sip:bob@callbox", to="agent")
        assert (await worker.answered("INVITE")).status == 480


async def test_contact_star_takes_out_the_devices_of_that_phone_alone(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as (worker, _), ana(edge) as desk, ana_mobile(edge) as mobile:
        for phone in (desk, mobile):
            await phone.register()
            await edge.told("registered")
        assert (await desk.register(contact="*", seconds=0)).status == 200
        assert (await edge.told("unregistered"))["contact"] == desk.contact
        worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
        await mobile.request("INVITE")
        assert (await worker.answered("INVITE")).status == 200
        assert not [packet for packet in desk.received if packet.first.startswith("INVITE")]
        await mobile.register(seconds=0)


async def test_a_phone_registers_under_its_own_name_only(edge: Edge) -> None:
    async with edge.listening(), ana(edge) as phone:
        contact = [("Contact", f"<{phone.contact}>")]
        _, final = await phone.ask("REGISTER", "sip:callbox", to="<sip:bob-desk@callbox>", headers=contact)
        assert final.status == 403
        assert not [news for news in edge.news if news["news"] == "registered"]


async def test_a_registration_cannot_send_calls_elsewhere(edge: Edge) -> None:
    """A rogue contact would be a way out to a trunk: calls go where the REGISTER came from."""
    async with edge.listening(), edge.staffed() as (worker, _), bob(edge) as phone:
        assert (await phone.register(contact="<sip:+4420555@192.0.2.99:5060>")).status == 200
        worker.invite(edge.internal_port, "sip:bob@callbox", to="agent")
        assert (await phone.request("INVITE")).uri == "sip:+4420555@192.0.2.99:5060"
        await phone.register(contact="*", seconds=0)


async def test_a_worker_that_is_full_passes_the_call_to_the_next(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        workers[0].code = 503
        for _ in range(2):  # whoever is asked first
            _, final = await phone.invite("100")
            assert final.status == 200
        assert len(workers[1].of("INVITE")) == 2
        workers[1].code = 503
        _, final = await phone.invite("100")
        assert final.status in (500, 503)
        assert final.get("retry-after")


async def test_a_worker_that_is_gone_costs_a_call_no_more_than_three_seconds(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        workers[0].vanish()
        for _ in range(2):
            _, final = await phone.invite("100")
            assert final.status == 200
        news = await edge.told("worker", seconds=6.0)
        assert news == {"news": "worker", "uri": f"sip:127.0.0.1:{workers[0].port}", "up": False}
        async with FakeWorker(workers[0].port):
            news = await edge.told("worker", seconds=6.0)
            assert news["up"] is True


async def test_a_transfer_is_told_to_the_brain_and_no_worker_sees_it(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        sent, final = await phone.invite("100")
        to = "<sip:200@callbox?Replaces=abc%40x%3Bto-tag%3D1%3Bfrom-tag%3D2>"
        phone.within(sent, final, "REFER", headers=[("Refer-To", to)])
        accepted = await phone.final(sent["call-id"])
        assert accepted.status == 202
        assert accepted["contact"]
        news = await edge.told("refer")
        assert (news["source"], news["to"]) == (f"udp:127.0.0.1:{phone.port}", to)
        assert news["call_id"] == sent["call-id"]
        assert not [packet for worker in workers for packet in worker.of("REFER")]


async def test_a_transfer_asked_from_another_address_needs_the_password(edge: Edge) -> None:
    elsewhere = DigestPhone("ana-desk", "secret-a", edge.sip_port, address="127.0.0.2")
    async with edge.listening(), edge.staffed(), ana(edge) as phone, elsewhere:
        sent, final = await phone.invite("100")
        to = ("Refer-To", "<sip:200@callbox>")
        elsewhere.within(sent, final, "REFER", headers=[to])
        challenge = await elsewhere.final(sent["call-id"])
        assert challenge.status == 407
        proof = elsewhere.proof(challenge, "REFER", in_brackets(final["contact"]))
        elsewhere.within(sent, final, "REFER", headers=[to, proof])
        assert (await elsewhere.final(sent["call-id"])).status == 202


async def test_a_call_that_shall_replace_another_is_refused(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        replaces = ("Replaces", "abc@x;to-tag=1;from-tag=2")
        _, final = await phone.invite("100", headers=[replaces, ("Require", "replaces")])
        assert final.status == 420
        assert final["unsupported"] == "replaces"
        _, final = await phone.invite("100", headers=[replaces])
        assert final.status == 200
        assert not taken_by(workers)[1].get("replaces")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (sdp().replace("8 0 101", "18").replace("rtpmap:8 PCMA", "rtpmap:18 G729"), "application/sdp", 488),
        (sdp().replace("m=audio", "m=video"), "application/sdp", 488),
        ("hello", "text/plain", 415),
        (sdp() + "a=x\r\n" * 1000, "application/sdp", 413),
    ],
    ids=["no codec of ours", "no sound", "no offer", "too much"],
)
async def test_an_offer_that_no_worker_could_take_is_refused_here(
    edge: Edge, body: str, kind: str, code: int
) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        _, final = await phone.invite("100", headers=[("Content-Type", kind)], body=body)
        assert final.status == code
        assert not [packet for worker in workers for packet in worker.requests]


async def test_codecs_that_workers_have_not_are_taken_out(edge: Edge) -> None:
    offer = sdp().replace("8 0 101", "18 8 0 101") + "a=rtpmap:18 G729/8000\r\n"
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        _, final = await phone.invite("100", body=offer)
        assert final.status == 200
        assert "G729" not in taken_by(workers)[1].body
        assert " 8 0 101" in taken_by(workers)[1].body


async def test_static_codecs_without_a_name_are_known(edge: Edge) -> None:
    bare = sdp().split("a=")[0].replace("8 0 101", "8 0")
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        _, final = await phone.invite("100", body=bare)
        assert final.status == 200
        assert "RTP/AVP 8 0" in taken_by(workers)[1].body


async def test_a_caller_who_gives_up_is_taken_back_at_the_worker(edge: Edge) -> None:
    async with edge.listening(), edge.staffed(code=180) as workers, ana(edge) as phone:
        calling = asyncio.create_task(phone.invite("100"))
        await edge.until(lambda: any(worker.of("INVITE") for worker in workers))
        await asyncio.sleep(0.1)
        asked = [packet for packet in phone.sent if packet.method == "INVITE"][-1]
        phone.cancel(asked)
        _, final = await calling
        assert final.status == 487
        taken_by(workers, "CANCEL")


async def test_what_a_phone_sends_twice_is_done_once(edge: Edge) -> None:
    """By UDP a message comes again when its answer is slow; its digest, used up, must not be asked again."""
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        for method, uri, body in (("REGISTER", "sip:callbox", ""), ("INVITE", "sip:100@callbox", sdp())):
            headers, to = [("Contact", f"<{phone.contact}>")], f"<sip:ana-desk@{phone.realm}>"
            phone.say(method, uri, f"ask-{method}", to=to, headers=headers, body=body)
            proof = phone.proof(await phone.final(f"ask-{method}"), method, uri)
            sent = phone.say(method, uri, f"twice-{method}", to=to, headers=[*headers, proof], body=body)
            again = [header for header in sent.headers if header[0] != "Content-Length"]
            phone.send(write(sent.first, again, body))
            assert (await phone.final(f"twice-{method}")).status == 200
            await asyncio.sleep(0.05)
            phone.send(write(sent.first, again, body))
            await asyncio.sleep(0.1)
            codes = [packet.status for packet in phone.received if packet.get("call-id") == sent["call-id"]]
            assert {code for code in codes if code >= 200} == {200}
        taken_by(workers)
        assert len([news for news in edge.news if news["news"] == "registered"]) == 1
        await phone.register(seconds=0)


async def test_outside_all_comes_from_the_boxs_address_and_inside_from_loopback(tmp_path: Path) -> None:
    box, desk = "127.0.0.9", DigestPhone("bob-desk", "secret-b", 0, address="127.0.0.10")
    async with Edge(tmp_path, phones=PHONES, address=box) as edge, edge.staffed() as workers:
        desk.edge_address, desk.edge_port = box, edge.sip_port
        async with desk:
            assert (await desk.register()).status == 200
            sent, final = await desk.invite("100")
            assert in_brackets(final["contact"]).startswith(f"sip:{box}:{edge.sip_port};")
            worker, invite = taken_by(workers)
            worker.within(invite, invite, "INFO", edge.internal_port)
            await desk.request("INFO")
            desk.within(sent, final, "BYE")
            assert (await desk.final(sent["call-id"])).status == 200
            dialled = worker.invite(edge.internal_port, "sip:bob@callbox", to="agent")
            answered = await worker.answered("INVITE")
            worker.within(dialled, answered, "BYE", edge.internal_port)
            await desk.request("BYE")
            worker.invite(edge.internal_port, f"sip:bob@127.0.0.10:{desk.port}")
            assert (await worker.answered("INVITE")).status == 200
            assert {packet.source for packet in desk.received} == {(box, edge.sip_port)}
            assert {packet.source for one in workers for packet in one.requests} == {
                ("127.0.0.1", edge.internal_port)
            }
