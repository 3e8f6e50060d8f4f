"""What `callbox lines probe` prints can be kept as a configuration, whatever a modem says of itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.config.load import load_text
from appliance.config.options import drivers
from appliance.config.schema import Config
from appliance.console.lines import NOTHING, as_json, as_toml, progress
from drivers.discovery.finding import CallReport, Finding, Verdict
from drivers.discovery.known import KNOWN

MODEM = Finding(
    place="1-1.2",
    usb_id="1e0e:9001",
    verdict=Verdict.MODEM,
    driver="sim7600",
    what="SIMCom SIM7500/SIM7600",
    at="/dev/ttyUSB2",
    at_interface=2,
    audio="/dev/ttyUSB4",
    audio_interface=4,
    maker="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E-H",
    firmware="LE20B04SIM7600M22",
    imei="867584030000017",
    sim="ready",
    number="+4915900000017",
    operator="Testnetz",
    registration="home",
    signal_dbm=-73,
    sound="opens and is silent, as it should be without a call",
)
PRINTED = """\
# 1-1.2: SIMCOM INCORPORATED SIMCOM_SIM7600E-H (1e0e:9001)
# IMEI 867584030000017, firmware LE20B04SIM7600M22
# SIM ready, Testnetz (home), -73 dBm
# commands at /dev/ttyUSB2 (USB interface 2); voice at /dev/ttyUSB4 (USB
#   interface 4), which opens and is silent, as it should be without a call
[lines.gsm-1]
driver = "sim7600"
imei = "867584030000017"  # or: usb = "1-1.2"
number = "+4915900000017"
to = "hangup"  # where its callers go: "menu:NAME", "queue:NAME" or "agent:NAME\""""


def config(text: str) -> Config:
    """The text, checked as `callbox check` does."""
    return load_text(text, Path("/tmp/lines.toml")).config


def test_a_modem_is_told_in_comments_around_what_to_paste() -> None:
    assert as_toml([MODEM], {}, ()) == PRINTED
    line = config(PRINTED).lines["gsm-1"]
    assert (line.driver, line.number, getattr(line, "imei", "")) == ("sim7600", "+4915900000017", MODEM.imei)


@pytest.mark.parametrize("driver", sorted({layout.driver for layout in KNOWN.values()} & set(drivers())))
def test_every_kind_of_modem_is_printed_as_a_line_that_checks(driver: str) -> None:
    plain = replace(MODEM, driver=driver, imei="", number="", sim="")
    assert [line.driver for line in config(as_toml([plain], {}, ())).lines.values()] == [driver]


@pytest.mark.parametrize(
    "said", ['"', "\\", '"""', "a\nb = 1", "\x1b[2J", "[lines.x]", "\x00", "#", "ä\u2028b", "x" * 500, "'''"]
)
def test_whatever_a_modem_says_the_text_checks_and_steers_no_terminal(said: str) -> None:
    strange = replace(
        MODEM, maker=said, model=said, firmware=said, operator=said, number=said, sim=said, trouble=said
    )
    printed = as_toml([strange, replace(strange, place="1-1.3", verdict=Verdict.SILENT)], {}, ())
    assert list(config(printed).lines) == ["gsm-1"]
    assert all(each.isprintable() for each in printed.replace("\n", ""))
    assert progress("1-1.2", said).isprintable()


def test_names_are_free_ones_and_lines_there_already_are_not_printed_again() -> None:
    others = [replace(MODEM, place=f"1-1.{n}", imei=f"86758403000001{n}") for n in (3, 4)]
    printed = as_toml([MODEM, *others], {"1-1.3": "sales"}, ["sales", "gsm-1"])
    assert list(config(printed).lines) == ["gsm-2", "gsm-3"]
    assert "# It is line sales of the configuration." in printed


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            replace(
                MODEM, verdict=Verdict.HELD, trouble="/dev/ttyUSB2 is held by process 812 (ModemManager)"
            ),
            "# somebody else's: /dev/ttyUSB2 is held by process 812 (ModemManager)",
        ),
        (
            Finding(at="/dev/ttyS1", what="serial port", trouble="/dev/ttyS1 answers nothing"),
            "# no modem answers: /dev/ttyS1 answers nothing",
        ),
        (
            Finding(at="/dev/ttyS1", verdict=Verdict.MODEM, driver="sim7600", imei=MODEM.imei),
            "# Which port carries its voice cannot be told without USB: give `port` and\n#   `audio_port`",
        ),
        (Finding(place="1-2", verdict=Verdict.MODEM, imei=MODEM.imei), "# No driver serves this maker"),
        (replace(MODEM, verdict=Verdict.UNUSABLE, trouble="shows itself as a CD drive"), "as a CD drive"),
    ],
)
def test_what_can_be_no_line_is_told_and_prints_none(found: Finding, told: str) -> None:
    printed = as_toml([found], {}, ())
    assert told in printed
    assert config(printed).lines == {}


def test_nothing_found_is_told_with_what_to_do() -> None:
    printed = as_toml([], {}, ())
    assert printed.replace("\n#  ", "").replace("# ", "", 1) == NOTHING
    assert config(printed).lines == {}


def test_a_test_call_is_told_with_bytes_and_levels() -> None:
    call = CallReport("+491234", True, 3.0, 15989, 16003, -20.4, -15.0)
    printed = as_toml([replace(MODEM, call=call)], {}, ()).replace("\n#  ", "")
    assert (
        "Test call to +491234, 3.0 s: 15989 bytes/s come (-20 dBm0), 16003 bytes/s are taken "
        "(a tone of -15 dBm0)\n[lines.gsm-1]"
    ) in printed
    failed = as_toml([replace(MODEM, call=CallReport("1", trouble="ended too soon: busy"))], {}, ())
    assert "# Test call to 1: ended too soon: busy" in failed


def test_json_has_every_field_and_the_lines_to_paste() -> None:
    found = [MODEM, replace(MODEM, place="1-1.3", verdict=Verdict.SILENT, call=CallReport("1"))]
    first, second = json.loads(as_json(found, {"1-1.2": "sales"}))
    assert (first["imei"], first["verdict"], first["line"], first["call"]) == (
        MODEM.imei,
        "modem",
        "sales",
        None,
    )
    assert list(config(first["toml"]).lines) == ["line-1"]
    assert (second["verdict"], second["toml"], second["call"]["number"]) == ("silent", "", "1")
