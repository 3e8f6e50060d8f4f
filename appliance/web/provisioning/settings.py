"""What a desk phone is to know, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.web.provisioning.time_zone import TimeZone

TIME_SERVER = "pool.ntp.org"
MU_LAW_COUNTRIES = frozenset({"us", "ca", "jp"})  # G.711 mu-law is at home there, A-law elsewhere


@dataclass(frozen=True)
class PhoneSettings:
    """One account of one phone.

    `user` and `password` are the digest's, and `user` is what it registers at `realm`, by way of `address`;
    the edge knows whose phone it is. Over TLS with SRTP when `secure`.
    `codecs` in order, names of RFC 3551 4.5.
    """

    user: str
    password: str
    name: str
    realm: str
    address: str
    sip_port: int
    tls_port: int
    secure: bool
    srtp: bool
    register_seconds: int
    codecs: tuple[str, str]
    time_zone: TimeZone
    time_server: str = TIME_SERVER

    @property
    def port(self) -> int:
        """That of the transport it uses."""
        return self.tls_port if self.secure else self.sip_port


def codecs_of(country: str) -> tuple[str, str]:
    """G.711 in the order of the country; the box speaks no wider band, so no other is worth its bytes."""
    return ("PCMU", "PCMA") if country in MU_LAW_COUNTRIES else ("PCMA", "PCMU")
