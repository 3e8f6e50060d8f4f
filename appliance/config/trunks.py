"""SIP trunks as lines, and numbers that lead somewhere of their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from appliance.config.line_base import LineBase
from appliance.config.section import Section, To

#: An address of a SIP server: a name or an IPv4 address, with a port where it is not 5060.
HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
DIALLED_NUMBER = r"^\+?[0-9]{1,20}\*?$"
OPTIONAL_NUMBER = r"^(\+?[0-9]{1,20})?$"
TRUNK_USER = r"^[A-Za-z0-9_.+-]*$"
TRUNK_PASSWORD = r"^[^\x00-\x1f\x7f]{0,64}$"
TRUNK_DOMAIN = r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$"
Host = Annotated[str, Field(pattern=HOST)]
#: A number as it is dialled; with a * at its end, all that begin so.
DialledNumber = Annotated[str, Field(pattern=DIALLED_NUMBER)]


class TrunkLine(LineBase):
    """A SIP trunk: many calls at once with a provider or another exchange, through the edge."""

    driver: Literal["sip"]
    hosts: list[Host] = Field(
        min_length=1, description="servers of the provider, the first that answers OPTIONS is used"
    )
    transport: Literal["udp", "tcp", "tls"] = Field("udp", description="how the servers are spoken to")
    ca: str = Field(
        "",
        description="PEM file with the authority that signed the servers' certificates, where the system "
        "does not know it; for tls",
    )
    sources: list[Host] = Field(
        default_factory=list,
        description="addresses its calls may come from, beside the servers; all others are refused",
    )
    registers: bool = Field(False, description="register there, so that calls find the box")
    user: str = Field("", pattern=TRUNK_USER, description="user of the account; also who registers")
    password: str = Field(
        "", pattern=TRUNK_PASSWORD, description="password of the account, for their challenges"
    )
    domain: str = Field(
        "", pattern=TRUNK_DOMAIN, description="domain of the account; the first server if left out"
    )
    calls: int = Field(10, ge=1, le=120, description="calls at once, both directions together")
    outgoing_calls: int = Field(10, ge=0, le=120, description="outgoing calls at once among them")
    caller_id: str = Field(
        "", pattern=OPTIONAL_NUMBER, description="number shown to those called; `number` if left out"
    )
    called_from: Literal["request-uri", "to"] = Field(
        "request-uri",
        description="where the number dialled stands; in To as well when the call comes to our registration",
    )
    caller_id_from: Literal["from", "p-asserted-identity", "remote-party-id"] = Field(
        "from", description="the header that tells who calls in"
    )
    caller_id_in: Literal["from", "p-asserted-identity", "remote-party-id"] = Field(
        "from", description="the header that tells those called who calls"
    )
    anonymous: bool = Field(False, description="those called see no number; the provider does (RFC 3325)")
    dial_format: Literal["plus", "e164", "national"] = Field(
        "plus", description="how numbers are sent: +4930..., 4930... or as dialled inside the country"
    )
    early_media: bool = Field(True, description="hear what the far end plays before it answers")
    session_timer: Literal["off", "accept", "always"] = Field(
        "accept", description="RFC 4028: calls are refreshed, so that a dead one is noticed"
    )
    prack: bool = Field(True, description="RFC 3262: provisional answers are acknowledged if they ask for it")
    srtp: Literal["off", "accept", "always"] = Field("off", description="SDES-SRTP; sensible with tls alone")
    options_seconds: int = Field(30, ge=2, le=600, description="how often each server is asked if it lives")


class Number(Section):
    """Where callers of one number go first, whatever line carries it."""

    to: To = Field(description="where its callers go first")
    record: Literal["as-queue", "always", "on-demand", "never"] = Field(
        "as-queue", description="conversations of its callers; as-queue leaves it to agent, queue and line"
    )
