"""Settings in Yealink's format: `key = value` lines after a first line that says so.

Names of the keys: Yealink SIP-T2 T3 T4 T5 series, administrator's guide for V84 and newer.
A value cannot be quoted, so what would break a line is left out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from appliance.web.provisioning.settings import PhoneSettings
from appliance.web.provisioning.time_zone import Change, TimeZone

FILE = re.compile(r"([0-9a-f]{12})\.cfg", re.IGNORECASE)
CONTENT_TYPE = "text/plain"
HEADER = "#!version:1.0.0.1"
SRTP_OFF, SRTP_OPTIONAL, SRTP_COMPULSORY = 0, 1, 2
UDP, TLS = 0, 2


def write(settings: PhoneSettings) -> str:
    """The file."""
    lines = [f"{key} = {_plain(value)}" for key, value in _values(settings)]
    return "\n".join([HEADER, *lines, ""])


def _values(phone: PhoneSettings) -> Iterator[tuple[str, object]]:
    yield from {
        "account.1.enable": 1,
        "account.1.label": phone.name,
        "account.1.display_name": phone.name,
        "account.1.user_name": phone.user,
        "account.1.auth_name": phone.user,
        "account.1.password": phone.password,
        "account.1.sip_server.1.address": phone.realm,
        "account.1.sip_server.1.port": phone.port,
        "account.1.sip_server.1.transport_type": TLS if phone.secure else UDP,
        "account.1.sip_server.1.expires": phone.register_seconds,
        "account.1.outbound_proxy_enable": 1,
        "account.1.outbound_proxy.1.address": phone.address,
        "account.1.outbound_proxy.1.port": phone.port,
        "account.1.srtp_encryption": _srtp(phone),
        "account.1.dtmf.type": 1,  # RFC 4733
        "account.1.auto_answer": 0,
        "call_waiting.enable": 0,
    }.items()
    for codec in ("pcmu", "pcma", "g722", "g729", "opus"):
        wanted = codec.upper() in phone.codecs
        yield f"account.1.codec.{codec}.enable", int(wanted)
        if wanted:
            yield f"account.1.codec.{codec}.priority", phone.codecs.index(codec.upper()) + 1
    yield "local_time.ntp_server1", phone.time_server
    yield from _time(phone.time_zone)


def _srtp(phone: PhoneSettings) -> int:
    if phone.secure:
        return SRTP_COMPULSORY
    return SRTP_OPTIONAL if phone.srtp else SRTP_OFF


def _time(zone: TimeZone) -> Iterator[tuple[str, object]]:
    hours, minutes = divmod(abs(zone.east_seconds) // 60, 60)
    sign = "-" if zone.east_seconds < 0 else "+"
    yield "local_time.time_zone", f"{sign}{hours}" + (f":{minutes:02d}" if minutes else "")
    if zone.begins is None or zone.ends is None:
        yield "local_time.summer_time", 0
        return
    yield "local_time.summer_time", 1
    yield "local_time.dst_time_type", 1  # by week
    yield "local_time.start_time", _change(zone.begins)
    yield "local_time.end_time", _change(zone.ends)
    yield "local_time.offset_time", zone.summer_seconds // 60


def _change(change: Change) -> str:
    """Month, week, weekday from 1 = Monday, hour."""
    return f"{change.month}/{change.week}/{change.weekday_from_monday}/{change.at_seconds // 3600}"


def _plain(value: object) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "", str(value)).strip()
