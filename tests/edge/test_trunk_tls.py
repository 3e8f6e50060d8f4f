"""Trunks over TLS: the server's certificate is proved, by an authority of the line's own or the system's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.drivers.sip.bench import needs_pjsua2
from tests.edge.trunk_site import TRUNK, Ports, TrunkSite
from tests.peers.edge import Edge, free_ports, needs_kamailio
from tests.peers.rtp_end import RtpEnd
from tests.peers.sipp import Sipp, header, needs_sipp
from tests.peers.sipp_scenarios import CONTACT, answering, answers, refuses
from tests.peers.tls_front import TlsFront, make_certificate

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_kamailio, needs_pjsua2, needs_sipp]

KNOWN, UNKNOWN = "127.0.0.3", "127.0.0.4"  # the line brings its authority along, or does not


@pytest.fixture(scope="module")
def trunks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrunkSite]:
    folder = tmp_path_factory.mktemp("tls")
    ports = Ports(*free_ports(6))
    pem, _ = make_certificate(folder, KNOWN)
    make_certificate(folder, UNKNOWN)
    options = f'hosts = ["{{}}:{ports.tcp}"]\ntransport = "tls"\n'
    lines = {
        "known": options.format(KNOWN) + f'ca = "{pem}"\nsrtp = "accept"',
        "secret": f'hosts = ["{KNOWN}:{ports.first}"]\ntransport = "tls"\nca = "{pem}"\nsrtp = "always"',
        "unknown": options.format(UNKNOWN),
    }
    more = "".join(TRUNK.format(name=name, options=text) for name, text in lines.items())
    with Edge(folder / "edge", workers=1, more=more) as edge:
        yield TrunkSite(edge, ports)
        assert edge.alive(), "Kamailio died"


@contextlib.asynccontextmanager
async def provider(
    trunks: TrunkSite, folder: Path, address: str, port: int, *steps: str
) -> AsyncIterator[Sipp]:
    """A sipp behind TLS at `address`."""
    contact = f"Contact: <sip:trunk@{address}:{port};transport=tls>"
    scenario = answering(*steps).replace(CONTACT, contact)
    certificates = trunks.edge.folder.parent
    pem, key = certificates / f"{address}.crt", certificates / f"{address}.key"
    async with (
        Sipp(folder / address, scenario, address=address, transport="t1") as sipp,
        TlsFront(pem, key, listen=(address, port), to=(address, sipp.port)),
    ):
        yield sipp


async def test_a_call_over_tls(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        RtpEnd() as sound,
        provider(here, tmp_path, KNOWN, here.at.tcp, *answers(sound.port)) as sipp,
    ):
        await here.until_up("known", f"{KNOWN}:{here.at.tcp}")
        leg = await here.dial("known", "+4930123456")
        invite = sipp.received("INVITE")[0]
        assert header(invite, "Via").startswith("SIP/2.0/TLS ")
        assert ";transport=tls" in header(invite, "Record-Route")
        await leg.hangup()
        await sipp.until_received("BYE")


async def test_sound_in_clear_is_not_offered_where_srtp_is_a_must(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        provider(here, tmp_path, KNOWN, here.at.first, *refuses(488)) as sipp,
    ):
        leg = await here.lines["secret"].dial("+4930123456")
        await leg.ended()
        offer = sipp.received("INVITE")[0]
        assert "RTP/SAVP" in offer
        assert "a=crypto:" in offer
        assert "RTP/AVP " not in offer


async def test_a_certificate_nobody_signed_is_no_way_out(trunks: TrunkSite, tmp_path: Path) -> None:
    async with (
        trunks.staffed(tmp_path) as here,
        provider(here, tmp_path, UNKNOWN, here.at.tcp, *refuses(486)) as sipp,
    ):
        leg = await here.lines["unknown"].dial("+4930123456")
        await asyncio.wait_for(leg.ended(), 20)
        assert sipp.received() == []
