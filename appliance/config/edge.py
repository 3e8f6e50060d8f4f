"""The SIP edge and the phones that register at it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.config.section import Name, Section

IPV4 = r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"
OPTIONAL_IPV4 = r"^([0-9]{1,3}(\.[0-9]{1,3}){3})?$"
REALM = r"^[A-Za-z0-9.-]{1,64}$"
HA1 = r"^([0-9a-f]{32})?$"
MAC = r"^([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}$|^$"
Port = Annotated[int, Field(ge=1024, le=65535)]


class Edge(Section):
    """Kamailio and rtpengine, which stand before the SIP workers: phones, browsers and trunks."""

    start: Literal["auto", "no"] = Field(
        "auto", description="auto starts it where Kamailio is installed; without it no phone can register"
    )
    address: str = Field(
        "127.0.0.1",
        pattern=IPV4,
        description="own IPv4 address that phones, browsers and trunks reach",
    )
    public_address: str = Field(
        "",
        pattern=OPTIONAL_IPV4,
        description="what trunks are told instead, behind a router that forwards the ports",
    )
    realm: str = Field(
        "callbox",
        pattern=REALM,
        description="domain of the phones' accounts; passwords belong to it, and end with it",
    )
    sip_port: Port = Field(5060, description="SIP by UDP and TCP")
    tls_port: Port = Field(5061, description="SIP by TLS")
    wss_port: Port = Field(5062, description="SIP of the browsers, by WebSocket over TLS")
    https_port: Port = Field(8443, description="the page of the browser phone, and the phones' settings")
    internal_port: Port = Field(
        5090,
        description="loopback: the workers and Kamailio; the next two: Kamailio's news, rtpengine",
    )
    certificate: str = Field(
        "", description="own certificate, PEM with its chain; made and signed by the box itself if left out"
    )
    key: str = Field("", description="the certificate's private key, PEM")
    invites_a_second: int = Field(
        5, ge=1, le=50, description="calls one address may begin in a second; more get 503"
    )
    register_seconds: int = Field(300, ge=60, le=3600, description="how long a registration is good at most")


class Phone(Section):
    """A desk phone or program that registers at the edge for an agent; browsers need no entry."""

    agent: Name = Field(description="a name from [agents]: whose phone it is")
    ha1: str = Field(
        "",
        pattern=HA1,
        description="MD5 of NAME:realm:password; `callbox phones password NAME` makes one if left out",
    )
    mac: str = Field(
        "",
        pattern=MAC,
        description="hardware address of a phone that fetches its settings from the box",
    )
    model: Literal["", "yealink", "grandstream", "snom"] = Field(
        "", description="whose format of settings it fetches"
    )
    srtp: Literal["off", "accept", "always"] = Field("accept", description="SDES-SRTP with this phone")
