"""Settings in Snom's format: XML, an element a setting, `idx` the identity; `snomMODEL-MAC.htm`, `MAC.xml`.

Names of the settings: Snom's wiki, "Settings" (firmware 8.7 and 10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as xml

from appliance.web.provisioning.settings import PhoneSettings
from appliance.web.provisioning.time_zone import Change, TimeZone

FILE = re.compile(r"(?:snom(?:[A-Z]?[0-9]{2,4}[A-Z]{0,4}-)?)?([0-9a-f]{12})\.(?:htm|html|xml)", re.IGNORECASE)
CONTENT_TYPE = "application/xml"


def write(settings: PhoneSettings) -> str:
    """The file."""
    root = xml.Element("settings")
    phone = xml.SubElement(root, "phone-settings")
    for name, value in _identity(settings):
        xml.SubElement(phone, name, idx="1", perm="RW").text = str(value)
    for name, value in _general(settings):
        xml.SubElement(phone, name, perm="RW").text = str(value)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _identity(phone: PhoneSettings) -> Iterator[tuple[str, object]]:
    yield from {
        "user_active": "on",
        "user_realname": phone.name,
        "user_name": phone.user,
        "user_pname": phone.user,
        "user_pass": phone.password,
        "user_host": phone.realm,
        "user_outbound": f"{phone.address}:{phone.port};transport={'tls' if phone.secure else 'udp'}",
        "user_expiry": phone.register_seconds,
        "user_srtp": "on" if phone.srtp else "off",
        "user_savp": "mandatory" if phone.secure else "optional" if phone.srtp else "off",
        "user_dtmf_info": "off",  # RFC 4733 alone
        "codec_priority_list": ",".join([*(codec.lower() for codec in phone.codecs), "telephone-event"]),
    }.items()


def _general(phone: PhoneSettings) -> Iterator[tuple[str, object]]:
    yield "ntp_server", phone.time_server
    yield from _time(phone.time_zone)


def _time(zone: TimeZone) -> Iterator[tuple[str, object]]:
    yield "timezone", ""  # a name would win over the offset
    yield "utc_offset", f"{zone.east_seconds:+d}"
    if zone.begins is None or zone.ends is None:
        yield "dst", ""
    else:
        yield "dst", f"{zone.summer_seconds} {_change(zone.begins)} {_change(zone.ends)}"


def _change(change: Change) -> str:
    """Month, week, weekday from 1 = Monday, and the time."""
    hours, minutes = divmod(change.at_seconds // 60, 60)
    return (
        f"{change.month:02d}.{change.week:02d}.{change.weekday_from_monday:02d} {hours:02d}:{minutes:02d}:00"
    )
