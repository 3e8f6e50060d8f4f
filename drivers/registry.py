"""The drivers by name: how a Port is made of a line's options.

What options there are, with their types and help, is declared once, in `appliance/config/schema.py`; the
makers here take exactly those. A new driver is one entry in DRIVERS and one section there; a new GSM family
is one entry in `drivers/gsm/families.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from drivers.discovery.modems import Modems, Where
from drivers.gsm.families import FAMILIES
from drivers.gsm.port import GsmPort
from drivers.gsm.quirks import Dialect
from drivers.port import Port
from drivers.power import POWER_OPTIONS, make_power
from drivers.v253.coding import Coding
from drivers.v253.port import V253Port
from drivers.v253.settings import DialTone, Settings
from drivers.v253.supervision import Rules
from drivers.virtual import VirtualPort


def _where(
    modems: Modems, name: str, driver: str, *, port: str, audio_port: str, imei: str, usb: str
) -> Where:
    """What the configuration says of a line's place, exactly one of `port`, `imei` and `usb`."""
    if imei:
        return modems.with_imei(name, driver, imei)
    return modems.at_place(name, driver, usb) if usb else modems.at_ports(name, port, audio_port)


def _gsm(
    dialect: Dialect, modems: Modems, name: str, *, pin: str, rtscts: bool, baud: int, **others: Any
) -> Port:
    power = make_power(name, **{option: others.pop(option) for option in POWER_OPTIONS})
    dialect = dialect.tuned({gain.option: others.pop(gain.option) for gain in dialect.gains})
    where = _where(modems, name, dialect.name, **others)
    return GsmPort(name, where=where, dialect=dialect, pin=pin, rtscts=rtscts, baud=baud, power=power)


def _v253(
    modems: Modems,
    name: str,
    *,
    port: str,
    usb: str,
    rtscts: bool,
    baud: int,
    coding: str,
    dialling: str,
    dial_tone: str,
    digits: str,
    **others: Any,
) -> Port:
    power = make_power(name, **{option: others.pop(option) for option in POWER_OPTIONS})
    rules = Rules(
        loop_break=others.pop("loop_break"),
        polarity=others.pop("polarity_reversal"),
        trust_modem=others.pop("trust_modem_tones"),
        silence_seconds=others.pop("silence_seconds"),
        max_call_seconds=others.pop("max_call_seconds"),
    )
    settings = Settings(
        coding=None if coding == "auto" else Coding(coding),
        pulse=dialling == "pulse",
        dial_tone=DialTone(dial_tone),
        digits_by_modem=digits == "modem",
        rules=rules,
        **others,
    )
    where = _where(modems, name, "v253", port=port, audio_port="", imei="", usb=usb)
    return V253Port(name, where=where, settings=settings, rtscts=rtscts, baud=baud, power=power)


def _virtual(modems: Modems, name: str) -> Port:
    return VirtualPort(name)


DRIVERS: Mapping[str, Callable[..., Port]] = {
    **{name: partial(_gsm, dialect) for name, dialect in FAMILIES.items()},
    "v253": _v253,
    "virtual": _virtual,
}


def make_port(driver: str, name: str, options: Mapping[str, Any], modems: Modems) -> Port:
    """The port of line `name`; `options` are those of a checked configuration, so a wrong one is a bug.

    `modems` is one for all lines: together they find out which modem is whose.
    """
    return DRIVERS[driver](modems, name, **options)
