"""`callbox lines probe`: looks at every modem, makes the test calls asked for, and says what was found."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from appliance.config.line_base import LineBase
from appliance.config.load import ConfigError, load
from appliance.config.schema import Line
from appliance.console.lines import as_json, as_toml, line_options, progress
from drivers.discovery.finding import Finding
from drivers.discovery.modems import Modems
from drivers.discovery.probe import Look, probe
from drivers.discovery.trial import trial_call
from drivers.port import Port
from drivers.registry import make_port


@dataclass(frozen=True)
class Wish:
    """What the installer asks for."""

    config: Path
    sysfs: Path
    ports: Sequence[str] = ()
    listen_seconds: float = 1.0
    call: str = ""  # a number to dial, "" = make no call
    talk_seconds: float = 5.0
    as_json: bool = False


def probe_lines(wish: Wish) -> int:
    """Tell on stderr how it goes, on stdout what was found; 0 when a modem for a line is there."""
    try:
        return asyncio.run(_probe(wish))
    except KeyboardInterrupt:  # a test call has been hung up, every port is closed
        sys.stderr.write("callbox: stopped\n")
        return 1


async def _probe(wish: Wish) -> int:
    look = Look(wish.sysfs, wish.ports, wish.listen_seconds, tell=_tell)
    found = await probe(look)
    lines = _lines(wish.config)
    for each in found:
        if wish.call and line_options(each):
            _tell(each.name, f"calling {wish.call}")
            each.call = await trial_call(_port(each, wish.sysfs), wish.call, wish.talk_seconds)
    owners = {each.name: owner for each in found if (owner := _owner(each, lines))}
    text = as_json(found, owners) if wish.as_json else as_toml(found, owners, lines)
    sys.stdout.write(text + "\n")
    return 0 if any(line_options(each) for each in found) else 1


def _tell(name: str, text: str) -> None:
    sys.stderr.write(progress(name, text) + "\n")


def _lines(config: Path) -> dict[str, Line]:
    """Those of the configuration there is; one that is wrong or not there yet has none."""
    try:
        return dict(load(config).config.lines) if config.exists() else {}
    except ConfigError:
        return {}


def _owner(found: Finding, lines: dict[str, Line]) -> str:
    """The line that the modem has already, "" for none."""
    marks = {found.imei, found.place, os.path.realpath(found.at) if found.at else ""} - {""}
    for name, line in lines.items():
        told = {getattr(line, "imei", ""), getattr(line, "usb", "")}
        port = getattr(line, "port", "")
        if marks & (told | ({os.path.realpath(port)} if port else set())):
            return name
    return ""


def _port(found: Finding, sysfs: Path) -> Port:
    """A port of its driver, with the options a line has when nothing is said of them (no PIN)."""
    line: Line = TypeAdapter(Line).validate_python({**line_options(found), "to": "hangup"})
    options = line.model_dump(exclude=set(LineBase.model_fields) | {"driver"})
    return make_port(line.driver, found.name, options, Modems(sysfs))
