"""The schema as a list of options, for those that tell people about it: error messages and the reference."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from appliance.config import edge, flows, outbound, pause_reasons, trunks, voicemail
from appliance.config.agents import AGENT_PHONE, EXTENSION
from appliance.config.problem import Keys
from appliance.config.recording import RECIPIENT
from appliance.config.schema import Config
from appliance.config.section import (
    DESTINATIONS,
    DIALLED,
    PROMPT,
    STEP,
    STEPS,
    USB,
    USSD_CODE,
    Destination,
    OneOf,
    Section,
)

# What a value may look like, in words; tests/appliance/config fails when the schema has a pattern that is
# not here.
PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,31}$": 'small letters, digits, "-" and "_", at most 32',
    r"^[0-9*#]$": "one key of the telephone: 0 to 9, * or #",
    r"^[a-z]{2}$": "two small letters",
    r"^([0-9]{4,8})?$": "4 to 8 digits, or nothing",
    r"^([0-9]{15})?$": "15 digits",
    PROMPT: 'small letters, digits, "-" and "_", at most 32; a language as "en/" before them',
    DIALLED: "at most 8 digits, *, # and commas",
    USB: 'a place as "1-1.2"',
    USSD_CODE: "digits, *, # and +, or nothing",
    AGENT_PHONE: "sip:USER@HOST, sip:USER@HOST:PORT or number:+E164",
    pause_reasons.REASON: "1 to 64 characters, none of them a control character",
    EXTENSION: "2 to 6 digits, the first not 0",
    RECIPIENT: "an age recipient, as age-keygen prints it",
    flows.FACT: "small letters, digits and . _ -, at most 48, the first a letter",
    flows.OPTIONAL_FACT: "a fact's name, or nothing",
    flows.NUMBER_PREFIX: "digits, with + before where wanted",
    flows.HEADER: "a header's name",
    flows.HEADER_VALUE: "visible characters, at most 1024",
    edge.IPV4: "an IPv4 address",
    edge.OPTIONAL_IPV4: "an IPv4 address, or nothing",
    edge.REALM: "letters, digits, dots and -, at most 64",
    edge.HA1: "32 hexadecimal digits in small letters",
    edge.MAC: 'a hardware address as "00:15:65:12:34:56"',
    trunks.HOST: "HOST or HOST:PORT",
    trunks.DIALLED_NUMBER: 'digits, with + before and * after where wanted: "+4930123*"',
    trunks.OPTIONAL_NUMBER: "digits, with + before where wanted",
    trunks.TRUNK_USER: "letters, digits and . _ + -",
    trunks.TRUNK_PASSWORD: "at most 64 characters, none of them a control character",
    trunks.TRUNK_DOMAIN: "a host without a port, or nothing",
    voicemail.PIN: "4 to 12 digits, or nothing",
    voicemail.NUMBER: "a telephone number, with + before where wanted",
    voicemail.ADDRESS: "an e-mail address",
    outbound.COUNTRY: 'two capital letters, as "DE"',
    outbound.PREFIX: "digits, with + before where wanted",
    outbound.AREA: "at most 6 digits",
    outbound.OUTSIDE: "at most 2 digits",
    outbound.FROM: 'a time as "08:30"',
    outbound.UNTIL: 'a time as "18:00", at most "24:00"',
}
KINDS = {str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def sections_in(annotation: Any) -> list[type[Section]]:
    """Every Section class that an annotation mentions, in order."""
    kinds = [part for part in getattr(annotation, "__metadata__", ()) if isinstance(part, OneOf)]
    if kinds:
        return list(kinds[0].sections)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [found for part in typing.get_args(annotation) for found in sections_in(part)]


def is_named(annotation: Any) -> bool:
    """True for a table of tables, as in [queues.NAME]."""
    return typing.get_origin(annotation) is dict and bool(sections_in(annotation))


def is_listed(annotation: Any) -> bool:
    """True for a list of tables."""
    return typing.get_origin(annotation) is list and bool(sections_in(annotation))


def tag_of(section: type[Section]) -> tuple[str, str]:
    """The option that tells this kind of table from others of its place, and its value; "" for neither."""
    for option in ("driver", "do"):
        if option in section.model_fields:
            return option, str(typing.get_args(section.model_fields[option].annotation)[0])
    return "", ""


def drivers() -> list[str]:
    """Every driver a line may name."""
    return tags(("lines", "any"))[1]


def tags(path: Keys) -> tuple[str, list[str]]:
    """The option that chooses the kind of the table at `path`, and every value it may have."""
    found = [tag_of(section) for section in _kinds_at(path, {})]
    return found[0][0], [value for _, value in found]


def section_at(path: Keys, data: Mapping[str, Any]) -> type[Section] | None:
    """The Section that describes the table at `path` of the file's `data`, None where there is none."""
    found = _kinds_at(path, data)
    if len(found) < 2:
        return found[0] if found else None
    entry = _entry(data, path)
    return next((kind for kind in found if entry.get(tag_of(kind)[0]) == tag_of(kind)[1]), None)


def _kinds_at(path: Keys, data: Mapping[str, Any]) -> list[type[Section]]:
    """The sections that the table at `path` may be."""
    if not path:
        return [Config]
    for width in (1, 2):  # a table, or one of several with names or numbers
        above = section_at(path[:-width], data) if len(path) >= width else None
        field = above.model_fields.get(str(path[-width])) if above is not None else None
        if field is not None and width == 1 + (is_named(field.annotation) or is_listed(field.annotation)):
            return sections_in(field.annotation)
    return []


def _entry(data: Mapping[str, Any], path: Keys) -> Mapping[str, Any]:
    here: Any = data
    for key in path:
        if isinstance(here, list) and isinstance(key, int):
            here = here[key] if key < len(here) else None
        else:
            here = here.get(key) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def field_at(path: Keys, data: Mapping[str, Any]) -> FieldInfo | None:
    """The option that `path` is, or lies in (an element of a list, a key of a table of values)."""
    for end in range(len(path), 0, -1):
        section = section_at(path[: end - 1], data)
        if section is not None:
            return section.model_fields.get(str(path[end - 1]))
    return None


def allowed_values(field: FieldInfo) -> str:
    """What an option may be, in words: its choices, range, pattern or kind."""
    annotation = field.annotation
    if annotation is Destination:
        return STEPS if STEP in field.metadata else DESTINATIONS
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(str(choice) or '""' for choice in typing.get_args(annotation))
    if typing.get_origin(annotation) is list:
        return "a list of names, at least one" if field.is_required() else "a list"
    if typing.get_origin(annotation) is dict:
        return "a table"
    return _pattern(field) or KINDS.get(typing.cast(type, annotation), "") + _range(field)


def _pattern(field: FieldInfo) -> str:
    for rule in field.metadata:
        pattern = getattr(rule, "pattern", None)
        if pattern is not None:
            return PATTERNS.get(pattern, f"text like {pattern}")
    return ""


def _range(field: FieldInfo) -> str:
    low = [rule.ge for rule in field.metadata if isinstance(rule, Ge)]
    high = [rule.le for rule in field.metadata if isinstance(rule, Le)]
    return f", {low[0]} to {high[0]}" if low and high else ""
