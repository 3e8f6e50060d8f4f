"""Settings in Grandstream's format: XML with P-values, `cfgMAC.xml`.

Numbers of the P-values: Grandstream's configuration templates for GXP16xx, GXP17xx, GXP21xx and GRP26xx.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as xml

from appliance.web.provisioning.settings import PhoneSettings
from appliance.web.provisioning.time_zone import Change, TimeZone

FILE = re.compile(r"cfg([0-9a-f]{12})\.xml", re.IGNORECASE)
CONTENT_TYPE = "application/xml"
PAYLOADS = {"PCMU": 0, "PCMA": 8}
CODEC_CHOICES = ("P57", "P58", "P59", "P60", "P61", "P62", "P46", "P98")
SRTP_OFF, SRTP_OPTIONAL, SRTP_FORCED = 0, 1, 2
UDP, TLS = 0, 2


def write(settings: PhoneSettings, mac: str) -> str:
    """The file, for the phone with this MAC."""
    root = xml.Element("gs_provision", version="1")
    xml.SubElement(root, "mac").text = mac
    config = xml.SubElement(root, "config", version="1")
    for name, value in _values(settings):
        xml.SubElement(config, name).text = str(value)
    return '<?xml version="1.0" encoding="UTF-8" ?>\n' + xml.tostring(root, encoding="unicode") + "\n"


def _values(phone: PhoneSettings) -> Iterator[tuple[str, object]]:
    yield from {
        "P271": 1,  # account active
        "P270": phone.name,  # account name
        "P3": phone.name,  # name shown
        "P35": phone.user,  # SIP user id
        "P36": phone.user,  # authenticate id
        "P34": phone.password,
        "P47": phone.realm,  # SIP server
        "P48": f"{phone.address}:{phone.port}",  # outbound proxy
        "P2305": 2,  # always send to the outbound proxy
        "P31": 1,  # register
        "P32": max(1, phone.register_seconds // 60),  # minutes
        "P130": TLS if phone.secure else UDP,
        "P2329": 0,  # sip: also over TLS
        "P183": SRTP_FORCED if phone.secure else SRTP_OPTIONAL if phone.srtp else SRTP_OFF,
        "P2302": 1,  # DTMF by RFC 4733
        "P2301": 0,  # not in the sound
        "P2303": 0,  # not by INFO
        "P298": 1,  # automatic answer when Call-Info asks for it
        "P30": phone.time_server,
        "P64": "customize",  # time zone: as the next says
        "P246": tz_value(phone.time_zone),
    }.items()
    # Every choice is set, as one left out keeps a codec of the phone's own; the last is repeated.
    order = [PAYLOADS[codec] for codec in phone.codecs]
    for place, choice in enumerate(CODEC_CHOICES):
        yield choice, order[min(place, len(order) - 1)]


def tz_value(zone: TimeZone) -> str:
    """As POSIX 8.3 has it, with names of three letters, which is all that these phones take."""
    standard = f"STD{_west(zone.east_seconds)}"
    if zone.begins is None or zone.ends is None:
        return standard
    summer = f"DST{_west(zone.east_seconds + zone.summer_seconds)}"
    return f"{standard}{summer},{_change(zone.begins)},{_change(zone.ends)}"


def _west(east_seconds: int) -> str:
    minutes = -east_seconds // 60
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02d}" if rest else "")


def _change(change: Change) -> str:
    return f"M{change.month}.{change.week}.{change.weekday}/{change.at_seconds // 3600}"
