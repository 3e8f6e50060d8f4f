"""What kind of number a caller has; it decides nothing about dialling."""

from __future__ import annotations

from dataclasses import replace

from appliance.config.flows import CallerKind
from appliance.config.schema import Config
from appliance.dialplan.number import Plan, read
from appliance.dialplan.permit import DialRefused, Kind

#: A text message to these costs what a message costs.
TEXTABLE = (Kind.MOBILE, Kind.NATIONAL, Kind.LOCAL)


def caller_kind(number: str, config: Config) -> tuple[CallerKind, tuple[str, ...]]:
    """The kind, and the ways in which people write the number; as it came where nobody can read it."""
    if not number:
        return "withheld", ()
    plan = _plan(config)
    try:
        found = read(number, plan)
    except DialRefused:
        return "national", (number,)
    if found.kind is Kind.MOBILE:
        return "mobile", found.forms
    return "national" if found.country == plan.country else "abroad", found.forms


def textable(number: str, config: Config) -> str:
    """The number to send a text message to, "" where it is none of the country's ordinary ones."""
    try:
        found = read(number, _plan(config))
    except DialRefused:
        return ""
    return found.dial if found.kind in TEXTABLE else ""


def _plan(config: Config) -> Plan:
    """Nobody dials a prefix for outside before a caller's number."""
    return replace(Plan.of(config), prefix="")
