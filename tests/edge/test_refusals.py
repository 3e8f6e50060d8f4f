"""Who is not let in gets a refusal or silence, learns nothing, and no worker hears of him."""

from __future__ import annotations

import asyncio
import itertools
import re
import shutil
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.edge.conftest import PHONES
from tests.peers.digest_phone import DigestPhone
from tests.peers.edge import Edge, needs_kamailio
from tests.peers.fake_worker import FakeWorker
from tests.peers.sip_text import Packet, in_brackets, sdp, write

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio]

ATTACKER = "127.0.0.66"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """With the INVITE limit of a real box."""
    with Edge(tmp_path_factory.mktemp("edge"), phones=PHONES) as edge:
        yield edge
        assert edge.alive(), "Kamailio died"


def ana(edge: Edge) -> DigestPhone:
    return DigestPhone("ana-desk", "secret-a", edge.sip_port, address="127.0.0.5")


def attacker(edge: Edge, user: str = "ana-desk", password: str = "wrong", number: int = 0) -> DigestPhone:
    """Each test another source, so that none suffers from another's failures."""
    return DigestPhone(user, password, edge.sip_port, address=f"127.0.1.{number}" if number else ATTACKER)


def heard(workers: list[FakeWorker]) -> list[str]:
    return [packet.first for worker in workers for packet in worker.requests]


@pytest.mark.parametrize("method", ["INVITE", "BYE", "REFER", "INFO", "UPDATE", "NOTIFY", "ACK"])
async def test_a_forged_route_reaches_no_worker(edge: Edge, method: str) -> None:
    async with edge.listening(), edge.staffed() as workers, attacker(edge, number=1) as bad:
        own = f"sip:127.0.0.1:{workers[0].port}"
        routes = [
            [f"<sip:127.0.0.1:{edge.sip_port};lr>"],
            [f"<sip:127.0.0.1:{edge.sip_port};lr;bx={'0' * 32}>"],
            [f"<sip:127.0.0.1:{edge.internal_port};lr;r2=on>", f"<sip:127.0.0.1:{edge.sip_port};lr;r2=on>"],
            [f"<sip:{own[4:]};lr>"],
            [],
        ]
        for route in routes:
            for uri in (own, f"sip:127.0.0.1:{edge.sip_port};w={workers[0].port}"):
                headers = [("Route", value) for value in route]
                headers += [("Contact", f"<{bad.contact}>"), ("Refer-To", "<sip:+4420@callbox>")]
                body = sdp() if method in ("INVITE", "UPDATE") else ""
                call_id = f"forged-{time.monotonic_ns()}"
                bad.say(method, uri, call_id, to="<sip:100@callbox>;tag=w1", headers=headers, body=body)
                if method != "ACK":
                    assert (await bad.final(call_id)).status == 403
        await asyncio.sleep(0.1)
        assert heard(workers) == []
        assert not [news for news in edge.news if news["news"] == "refer"]


async def test_the_signature_of_a_call_is_good_for_that_call_and_its_worker_only(edge: Edge) -> None:
    async with (
        edge.listening(),
        edge.staffed() as workers,
        ana(edge) as phone,
        attacker(edge, number=2) as bad,
    ):
        sent, final = await phone.invite("100")
        worker = next(worker for worker in workers if worker.requests)
        await worker.request("ACK")
        signed = list(reversed(final.routes()))
        bad.say(
            "BYE",
            in_brackets(final["contact"]),
            "another-call",
            to=final["to"],
            headers=[("Route", signed[0])],
        )
        assert (await bad.final("another-call")).status == 403
        elsewhere = f"sip:+4420555@127.0.0.1:{bad.port}"
        headers = [("Route", route) for route in signed]
        phone.say("INVITE", elsewhere, sent["call-id"], to=final["to"], headers=headers, body=sdp())
        assert (await phone.final(sent["call-id"])).status == 403
        headers.append(("Route", f"<sip:127.0.0.1:{bad.port};lr>"))
        uri = in_brackets(final["contact"])
        phone.say("INFO", uri, sent["call-id"], to=final["to"], headers=headers)
        assert (await phone.final(sent["call-id"])).status == 403
        assert not [packet for packet in bad.received if not packet.status]
        assert [packet.method for worker in workers for packet in worker.requests] == ["INVITE"]


async def test_who_does_not_know_a_password_calls_nobody(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, attacker(edge, number=3) as bad:
        _, final = await bad.invite("100")
        assert final.status == 407
        headers = [("Contact", f"<{bad.contact}>"), ("X-Callbox-Agent", "ana"), ("X-Callbox-To", "agent")]
        bad.say("INVITE", "sip:ana@callbox", "plain", headers=headers, body=sdp())
        assert (await bad.final("plain")).status == 407
        assert heard(workers) == []


async def test_known_and_unknown_users_get_the_same_answers_at_the_same_time(edge: Edge) -> None:
    async with edge.listening():
        answers: dict[str, list[Packet]] = {}
        took: dict[str, list[float]] = {}
        for turn in range(12):
            for user in ("ana-desk", "nobody-at-all"):
                async with attacker(edge, user, number=10 + turn) as bad:
                    asked, challenge = bad.say("REGISTER", "sip:callbox", f"{user}-{turn}"), None
                    challenge = await bad.final(asked["call-id"])
                    proof = bad.proof(challenge, "REGISTER", "sip:callbox")
                    began = time.perf_counter()
                    bad.say("REGISTER", "sip:callbox", asked["call-id"], headers=[proof])
                    answers.setdefault(user, []).append(await bad.final(asked["call-id"]))
                    took.setdefault(user, []).append(time.perf_counter() - began)
        shapes = {
            user: {(packet.first, *(name for name, _ in packet.headers)) for packet in packets}
            for user, packets in answers.items()
        }
        assert shapes["ana-desk"] == shapes["nobody-at-all"]
        assert {first for first, *_ in shapes["ana-desk"]} == {"SIP/2.0 401 Unauthorized"}
        known, unknown = (statistics.median(times) for times in took.values())
        assert abs(known - unknown) < 0.001


async def test_five_wrong_passwords_silence_that_user_there_and_nobody_else(edge: Edge) -> None:
    office = "127.0.0.77"
    async with edge.listening(), attacker(edge) as elsewhere:
        async with DigestPhone("ana-desk", "wrong", edge.sip_port, address=office) as bad:
            for _ in range(5):
                assert (await bad.register()).status == 401
            bad.say("REGISTER", "sip:callbox", "sixth")
            challenge = await bad.final("sixth")
            proof = bad.proof(challenge, "REGISTER", "sip:callbox")
            bad.password = "secret-a"
            good = bad.proof(challenge, "REGISTER", "sip:callbox")
            for header in (proof, good):
                bad.say("REGISTER", "sip:callbox", "sixth", headers=[header])
                assert await bad.silence("sixth", seconds=0.3)
        async with DigestPhone("bob-desk", "secret-b", edge.sip_port, address=office) as colleague:
            assert (await colleague.register()).status == 200
        elsewhere.password = "secret-a"
        assert (await elsewhere.register()).status == 200
        refused = [news for news in edge.news if news["news"] == "refused" and office in news["source"]]
        assert len(refused) == 1, "more than one line of one source"


async def test_guessing_names_is_ended_and_phones_that_were_there_before_go_on(edge: Edge) -> None:
    office = "127.0.0.78"
    colleague = DigestPhone("bob-desk", "secret-b", edge.sip_port, address=office)
    async with edge.listening(), colleague:
        assert (await colleague.register()).status == 200
        for number in range(60):
            async with DigestPhone(f"user{number}", "x", edge.sip_port, address=office) as bad:
                assert (await bad.register()).status == 401
        async with DigestPhone("user61", "x", edge.sip_port, address=office) as bad:
            bad.say("REGISTER", "sip:callbox", "sixty-first")
            proof = bad.proof(await bad.final("sixty-first"), "REGISTER", "sip:callbox")
            bad.say("REGISTER", "sip:callbox", "sixty-first", headers=[proof])
            assert await bad.silence("sixty-first", seconds=0.3)
        assert (await colleague.register()).status == 200


@pytest.mark.parametrize("qop", [True, False])
async def test_a_digest_is_good_once(edge: Edge, qop: bool) -> None:
    async with edge.listening(), ana(edge) as phone:
        call_id, uri = f"once-{qop}", "sip:callbox"
        headers = [("Contact", f"<{phone.contact}>")]
        to = "<sip:ana-desk@callbox>"
        phone.say("REGISTER", uri, call_id, to=to, headers=headers)
        challenge = await phone.final(call_id)
        proof = phone.proof(challenge, "REGISTER", uri, qop=qop)
        phone.say("REGISTER", uri, call_id, to=to, headers=[*headers, proof])
        assert (await phone.final(call_id)).status == 200
        phone.say("REGISTER", uri, call_id, to=to, headers=[*headers, proof])
        again = await phone.final(call_id)
        assert again.status == 401
        assert "stale=true" in again["www-authenticate"]
        if qop:
            counted = phone.proof(challenge, "REGISTER", uri, count=2)
            phone.say("REGISTER", uri, call_id, to=to, headers=[*headers, counted])
            assert (await phone.final(call_id)).status == 200


async def test_an_account_that_has_ended_is_nobodys(edge: Edge) -> None:
    async with edge.listening():
        user, password = await asyncio.to_thread(edge.accounts.add_browser, "ana", 60)
        async with DigestPhone(user, password, edge.sip_port, address="127.0.0.5") as browser:
            assert (await browser.register()).status == 200
            await asyncio.to_thread(edge.accounts.end_browser, user)
            assert (await browser.register()).status == 401
        user, password = await asyncio.to_thread(edge.accounts.add_browser, "ana", -5)
        async with DigestPhone(user, password, edge.sip_port, address="127.0.0.5") as browser:
            assert (await browser.register()).status == 401


async def test_one_address_begins_five_calls_a_second_and_not_more(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        finals = [(await phone.invite("100"))[1].status for _ in range(20)]
        assert 5 <= finals.count(200) <= 10
        assert finals.count(200) + finals.count(503) == 20
        assert sum(len(worker.of("INVITE")) for worker in workers) == finals.count(200)


@pytest.mark.parametrize(
    ("header", "value"),
    [("User-Agent", "friendly-scanner"), ("User-Agent", "sipvicious"), ("user-agent", "VaxSIPUserAgent/3.5")],
)
async def test_a_scanner_that_says_so_gets_silence(edge: Edge, header: str, value: str) -> None:
    async with edge.listening(), attacker(edge, number=5) as bad:
        for method in ("OPTIONS", "REGISTER", "INVITE"):
            bad.say(method, "sip:100@callbox", method, headers=[(header, value)])
            assert await bad.silence(method, seconds=0.2)


async def test_nobody_but_the_workers_speaks_at_the_inner_port(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        assert (await phone.register()).status == 200
        async with DigestPhone("box", "x", edge.internal_port) as bad:
            headers = [("Contact", f"<{bad.contact}>"), ("X-Callbox-To", "agent")]
            bad.say("INVITE", "sip:ana@callbox", "inner", headers=headers, body=sdp())
            assert await bad.silence("inner")
            assert not [packet for packet in phone.received if packet.first.startswith("INVITE")]
        assert heard(workers) == []


@pytest.mark.skipif(shutil.which("svmap") is None, reason="sipvicious is missing: apt-get install sipvicious")
async def test_sipvicious_finds_nothing_and_cracks_nothing(edge: Edge) -> None:
    async with edge.listening(), edge.staffed() as workers, ana(edge) as phone:
        port = str(edge.sip_port)
        for command in (
            ("svmap", "-p", port, "127.0.0.1"),
            ("svwar", "-p", port, "-m", "REGISTER", "-e", "100-120", "127.0.0.1"),
            ("svwar", "-p", port, "-m", "INVITE", "-e", "100-120", "--force", "127.0.0.1"),
            ("svcrack", "-p", port, "-u", "ana-desk", "-r", "1-200", "127.0.0.1"),
        ):
            said = await run(*command, seconds=3)
            assert "secret" not in said
            assert "reqauth" not in said
            assert (
                "password" not in said.lower()
                or "found nothing" in said.lower()
                or "not found" in said.lower()
            )
        assert heard(workers) == []
        assert (await phone.register()).status == 200


async def run(*command: str, seconds: float) -> str:
    """What a program prints within `seconds`; then it is ended."""
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds):
            return (await child.communicate())[0].decode(errors="replace")
    except TimeoutError:
        child.kill()
        return (await child.communicate())[0].decode(errors="replace")


async def test_an_answer_to_nothing_goes_nowhere(edge: Edge) -> None:
    """It would be a way to send what one likes to whom one likes, in our name."""
    async with edge.listening(), attacker(edge, number=6) as bad, attacker(edge, number=7) as victim:
        for via in (f"127.0.0.1:{edge.sip_port}", "127.0.0.1"):
            headers = [
                ("Via", f"SIP/2.0/UDP {via};branch=z9hG4bKx"),
                ("Via", f"SIP/2.0/UDP {victim.address}:{victim.port}"),
            ]
            headers += [
                ("From", "<sip:a@callbox>;tag=1"),
                ("To", "<sip:b@callbox>;tag=2"),
                ("Call-ID", "stray"),
            ]
            bad.send(write("SIP/2.0 200 OK", [*headers, ("CSeq", "1 INVITE")]))
        await asyncio.sleep(0.2)
        assert victim.received == []


async def refusals(edge: Edge, address: str) -> int:
    """How often an address was refused in this minute."""
    return int((await edge.rpc.ask("htable.get", "refused", address))["item"]["value"])


async def test_a_source_of_nothing_but_rubbish_is_told_of_once_and_unheard_for_the_minute(edge: Edge) -> None:
    async with edge.listening(), attacker(edge, number=8) as bad, ana(edge) as phone:
        before = edge.log_file.stat().st_size
        rubbish = itertools.cycle((b"\xff\xfe\x00" * 20, b"INVITE nonsense SIP/2.0\r\nVia: x\r\n\r\n"))
        for number in range(1, 1000):
            bad.throw(next(rubbish))
            await asyncio.sleep(0.005)
            if number % 50 == 0 and await refusals(edge, bad.address) >= 300:
                break
        refused = [news for news in edge.news if bad.address in news.get("source", "")]
        assert [news["count"] for news in refused] == [1]
        assert edge.log_file.stat().st_size - before < 300
        bad.say("OPTIONS", "sip:callbox", "unheard")
        assert await bad.silence("unheard", seconds=0.3)
        assert (await phone.register()).status == 200


SMUGGLED = [
    "Subject: x\rX-Callbox-Agent: smuggled",
    "Subject: x\nX-Callbox-Agent: smuggled",
    "Subject: x\x00\r\nX-Callbox-Agent: smuggled",
    "Subject: x\x00\rX-Callbox-Agent: smuggled",
    "X-Callbox-Agent : smuggled",
    "X-Callbox-Agent\t: smuggled",
    "X-CALLBOX-AGENT:smuggled",
    "X-Callbox-Agent:\r\n smuggled",
    "X-Callbox-Agent: a\r\nX-Callbox-Agent: smuggled\r\nX-Callbox-Trunk: smuggled",
    "\r\nX-Callbox-Agent: smuggled",
    " X-Callbox-Agent: smuggled",
]


@pytest.mark.parametrize("line", SMUGGLED, ids=range(len(SMUGGLED)))
async def test_no_header_of_ours_is_smuggled_past(edge: Edge, line: str) -> None:
    """The workers' library takes a lone CR for a line end (RFC 3261 25.1 has CRLF alone)."""
    me = DigestPhone("eve-desk", "secret-e", edge.sip_port, address="127.0.5.1")
    async with edge.listening(), edge.staffed() as workers, me:
        contact = ("Contact", f"<{me.contact}>")
        call_id = f"smuggled-{time.monotonic_ns()}"
        me.say("INVITE", "sip:100@callbox", call_id, headers=[contact], body=sdp())
        challenge = await me.final(call_id)
        proof = me.proof(challenge, "INVITE", "sip:100@callbox")
        sent = me.say(
            "INVITE", "sip:100@callbox", call_id + "x", headers=[contact, proof, ("Mark", "x")], body=sdp()
        )
        assert (await me.final(call_id + "x")).status in (200, 503)
        again = write(sent.first, [h for h in sent.headers if h[0] != "Content-Length"], sdp())
        challenge = me.proof(challenge, "INVITE", "sip:100@callbox", count=2)[1]
        again = again.replace(proof[1].encode(), challenge.encode()).replace(b"Mark: x", line.encode())
        me.throw(again.replace(b"z9hG4bK", b"z9hG4bKs").replace(call_id.encode(), b"s" + call_id.encode()))
        await asyncio.sleep(0.15)
        for worker in workers:
            for data in worker.raw:
                lines = re.split(rb"\r\n|\r|\n|\x00", data.partition(b"\r\n\r\n")[0])
                assert not [one for one in lines if re.match(rb"x-callbox[^:]*:.*smuggled", one, re.I)], data
                assert b":\r\n smuggled" not in data


async def test_a_phone_cannot_send_its_workers_requests_to_others(edge: Edge) -> None:
    """A Record-Route of its own in an INVITE or in an answer would lead them to whomever it likes."""
    async with (
        edge.listening(),
        edge.staffed() as workers,
        attacker(edge, number=9) as victim,
        ana(edge) as me,
    ):
        route = f"<sip:{victim.address}:{victim.port};lr>"
        sent, _ = await me.invite("100", headers=[("Record-Route", route)])
        worker = next(worker for worker in workers if worker.of("INVITE"))
        invite = worker.of("INVITE")[0]
        assert route not in invite.routes()
        worker.within(invite, invite, "BYE", edge.internal_port)
        assert (await me.request("BYE"))["call-id"] == sent["call-id"]
        assert (await me.register()).status == 200
        dialled = worker.invite(edge.internal_port, "sip:ana@callbox", to="agent")
        answered = await worker.answered("INVITE")
        for routes in ([*answered.routes(), route], [route.replace("lr", "lr;ag=ana"), *answered.routes()]):
            told = replace(
                answered, headers=(*_without_routes(answered), ("Record-Route", ", ".join(routes)))
            )
            worker.within(dialled, told, "INFO", edge.internal_port)
        tampered = [one.replace(";ag=ana", "") for one in answered.routes()] + [route]
        told = replace(answered, headers=(*_without_routes(answered), ("Record-Route", ", ".join(tampered))))
        worker.within(dialled, told, "INFO", edge.internal_port)
        await asyncio.sleep(0.3)
        assert victim.received == []
        await me.register(seconds=0)


def _without_routes(packet: Packet) -> list[tuple[str, str]]:
    return [header for header in packet.headers if header[0].lower() != "record-route"]
