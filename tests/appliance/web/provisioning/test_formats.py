"""The three makers' files, read back as their phones read them."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as xml

from appliance.web.provisioning import grandstream, snom, yealink
from appliance.web.provisioning.settings import PhoneSettings, codecs_of
from appliance.web.provisioning.time_zone import TimeZone, time_zone

SETTINGS = PhoneSettings(
    user="ana-desk",
    password="s3cret&<>\"'=#;",
    name='Ana "the" Ñandú & <Co>',
    realm="callbox",
    address="192.0.2.10",
    sip_port=5060,
    tls_port=5061,
    secure=False,
    srtp=True,
    register_seconds=300,
    codecs=codecs_of("de"),
    time_zone=time_zone("CET-1CEST,M3.5.0,M10.5.0/3"),
)
SECURE = replace(SETTINGS, secure=True, codecs=codecs_of("us"), time_zone=TimeZone(-12600))
PLAIN = replace(SETTINGS, srtp=False)


def yealink_values(settings: PhoneSettings) -> dict[str, str]:
    header, *lines = yealink.write(settings).splitlines()
    assert header == "#!version:1.0.0.1"
    return dict(line.split(" = ", 1) for line in lines)


def grandstream_values(settings: PhoneSettings) -> dict[str, str]:
    root = xml.fromstring(grandstream.write(settings, "000b820a0b0c").encode())
    assert (root.tag, root.get("version"), root.findtext("mac")) == ("gs_provision", "1", "000b820a0b0c")
    config = root.find("config")
    assert config is not None
    assert config.get("version") == "1"
    return {value.tag: value.text or "" for value in config}


def snom_values(settings: PhoneSettings) -> dict[str, str]:
    root = xml.fromstring(snom.write(settings).encode())
    phone = root.find("phone-settings")
    assert root.tag == "settings"
    assert phone is not None
    account = [value for value in phone if value.tag.startswith(("user_", "codec"))]
    assert {value.get("idx") for value in account} == {"1"}
    return {value.tag: value.text or "" for value in phone}


def test_yealink_registers_with_the_phones_account() -> None:
    values = yealink_values(SETTINGS)
    assert values["account.1.enable"] == "1"
    assert values["account.1.user_name"] == "ana-desk"
    assert values["account.1.auth_name"] == "ana-desk"
    assert values["account.1.password"] == SETTINGS.password
    assert values["account.1.display_name"] == SETTINGS.name
    assert values["account.1.sip_server.1.address"] == "callbox"
    assert values["account.1.outbound_proxy_enable"] == "1"
    assert values["account.1.outbound_proxy.1.address"] == "192.0.2.10"
    assert values["account.1.outbound_proxy.1.port"] == "5060"
    assert values["account.1.sip_server.1.transport_type"] == "0"
    assert values["account.1.srtp_encryption"] == "1"
    assert values["account.1.codec.pcma.priority"] == "1"
    assert values["account.1.codec.pcmu.priority"] == "2"
    assert values["account.1.codec.g722.enable"] == "0"


def test_yealink_by_tls_and_the_clock() -> None:
    values = yealink_values(SETTINGS)
    assert values["local_time.ntp_server1"] == "pool.ntp.org"
    assert values["local_time.time_zone"] == "+1"
    assert values["local_time.summer_time"] == "1"
    assert values["local_time.start_time"] == "3/5/7/2"
    assert values["local_time.end_time"] == "10/5/7/3"
    assert values["local_time.offset_time"] == "60"
    secure = yealink_values(SECURE)
    assert secure["account.1.sip_server.1.transport_type"] == "2"
    assert secure["account.1.outbound_proxy.1.port"] == "5061"
    assert secure["account.1.srtp_encryption"] == "2"
    assert secure["account.1.codec.pcmu.priority"] == "1"
    assert (secure["local_time.time_zone"], secure["local_time.summer_time"]) == ("-3:30", "0")
    assert yealink_values(PLAIN)["account.1.srtp_encryption"] == "0"


def test_a_name_cannot_add_a_line_to_yealinks_file() -> None:
    evil = replace(SETTINGS, name="Ana\naccount.1.password = x\r")
    assert yealink_values(evil)["account.1.password"] == SETTINGS.password
    assert len(yealink_values(evil)) == len(yealink_values(SETTINGS))


def test_grandstream_registers_with_the_phones_account() -> None:
    values = grandstream_values(SETTINGS)
    assert (values["P271"], values["P31"]) == ("1", "1")
    assert (values["P35"], values["P36"], values["P34"]) == ("ana-desk", "ana-desk", SETTINGS.password)
    assert (values["P3"], values["P270"]) == (SETTINGS.name, SETTINGS.name)
    assert (values["P47"], values["P48"], values["P2305"]) == ("callbox", "192.0.2.10:5060", "2")
    assert (values["P130"], values["P183"], values["P32"]) == ("0", "1", "5")
    assert (values["P57"], values["P58"], values["P98"]) == ("8", "0", "0")
    assert (values["P30"], values["P64"]) == ("pool.ntp.org", "customize")
    assert values["P246"] == "STD-1DST-2,M3.5.0/2,M10.5.0/3"


def test_grandstream_by_tls() -> None:
    values = grandstream_values(SECURE)
    assert (values["P130"], values["P48"], values["P183"]) == ("2", "192.0.2.10:5061", "2")
    assert (values["P57"], values["P246"]) == ("0", "STD+3:30")
    assert grandstream_values(PLAIN)["P183"] == "0"


def test_snom_registers_with_the_phones_account() -> None:
    values = snom_values(SETTINGS)
    assert (values["user_active"], values["user_name"], values["user_pname"]) == (
        "on",
        "ana-desk",
        "ana-desk",
    )
    assert (values["user_pass"], values["user_realname"]) == (SETTINGS.password, SETTINGS.name)
    assert (values["user_host"], values["user_outbound"]) == ("callbox", "192.0.2.10:5060;transport=udp")
    assert (values["user_srtp"], values["user_savp"]) == ("on", "optional")
    assert values["codec_priority_list"] == "pcma,pcmu,telephone-event"
    assert values["ntp_server"] == "pool.ntp.org"
    assert (values["timezone"], values["utc_offset"]) == ("", "+3600")
    assert values["dst"] == "3600 03.05.07 02:00:00 10.05.07 03:00:00"


def test_snom_by_tls() -> None:
    values = snom_values(SECURE)
    assert values["user_outbound"] == "192.0.2.10:5061;transport=tls"
    assert (values["user_srtp"], values["user_savp"]) == ("on", "mandatory")
    assert (values["utc_offset"], values["dst"]) == ("-12600", "")
    assert (snom_values(PLAIN)["user_srtp"], snom_values(PLAIN)["user_savp"]) == ("off", "off")
