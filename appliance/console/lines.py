"""`callbox lines probe` as text: what was found, as comments around the TOML to paste, or as JSON.

All of it together is a configuration that `callbox check` takes, so the output may be kept as a file.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict

from appliance.console.calls import printable
from drivers.discovery.finding import CallReport, Finding, Verdict

WIDTH = 80
NOTHING = (
    "No modem was found on USB. Check cables and power (lsusb shows what the kernel sees); a modem on "
    "another serial port is asked when it is named: callbox lines probe /dev/ttyS1"
)
KINDS = {"v253": "fxo"}  # beginnings of line names by driver; the others are "gsm"
TO = 'to = "hangup"  # where its callers go: "menu:NAME", "queue:NAME" or "agent:NAME"'


def as_toml(found: Sequence[Finding], owners: Mapping[str, str], taken: Collection[str]) -> str:
    """The findings; `owners` are lines of the configuration by `Finding.name`, `taken` their names."""
    if not found:
        return "\n".join(_comment(NOTHING))
    names = _names(found, owners, taken)
    parts = [_part(each, names.get(each.name, ""), owners.get(each.name, "")) for each in found]
    return "\n\n".join("\n".join(part) for part in parts)


def as_json(found: Sequence[Finding], owners: Mapping[str, str]) -> str:
    """A list of objects with every field of `Finding`, `line` (that of the configuration) and `toml`."""
    rows = []
    for each in found:
        row = {**asdict(each), "verdict": each.verdict.name.lower(), "line": owners.get(each.name, "")}
        rows.append({**row, "toml": "\n".join(_table(each, "line-1")) if line_options(each) else ""})
    return json.dumps(rows, indent=2)


def progress(name: str, text: str) -> str:
    """A line while it works."""
    return f"{name + ':':<8} {printable(text)}"


def _names(found: Sequence[Finding], owners: Mapping[str, str], taken: Collection[str]) -> dict[str, str]:
    """A free name for every modem that is in no line yet."""
    names: dict[str, str] = {}
    for each in found:
        if line_options(each) and each.name not in owners:
            kind, number = KINDS.get(each.driver, "gsm"), 1
            while f"{kind}-{number}" in taken or f"{kind}-{number}" in names.values():
                number += 1
            names[each.name] = f"{kind}-{number}"
    return names


def line_options(found: Finding) -> dict[str, str]:
    """What a `[lines.NAME]` table says to have this modem; {} for what can be no line as it is."""
    if found.verdict is not Verdict.MODEM or not found.driver:
        return {}
    if found.place:
        told = {"imei": found.imei} if found.imei else {"usb": found.place}
    elif found.imei:
        return {}  # which port carries the voice of a modem without USB cannot be told
    else:
        told = {"port": found.at}
    country = {"country": found.country or "us"} if found.driver == "v253" else {}
    return {"driver": found.driver, **told, **country}


def _part(found: Finding, name: str, owner: str) -> list[str]:
    lines = [part for text in _about(found) for part in _comment(text)]
    if owner:
        lines += _comment(f"It is line {owner} of the configuration.")
    return lines + (_table(found, name) if name else [])


def _comment(text: str) -> list[str]:
    """The text behind "# ", wrapped; what a modem said steers no terminal."""
    return textwrap.wrap(
        printable(text), WIDTH, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False
    )


def _about(found: Finding) -> Iterator[str]:
    id = f" ({found.usb_id})" if found.usb_id else ""
    yield f"{found.name}: {' '.join(filter(None, (found.maker, found.model))) or found.what}{id}"
    if found.trouble:
        where = f"{found.at} " if found.at and not found.trouble.startswith(found.at) else ""
        yield f"{found.verdict.value}: {where}{found.trouble}"
    if found.verdict is not Verdict.MODEM:
        return
    yield ", ".join(_identity(found))
    if found.sim:
        yield ", ".join(_network(found))
    yield "; ".join(_ports(found))
    if found.call is not None:
        yield _call(found.call)
    if not found.driver:
        yield "No driver serves this maker's modems."
    elif not line_options(found):
        yield "Which port carries its voice cannot be told without USB: give `port` and `audio_port` by hand."


def _identity(found: Finding) -> Iterator[str]:
    if found.imei:
        yield f"IMEI {found.imei}"
    if found.chip:
        yield f"chip {found.chip}"
    if found.firmware and found.firmware != found.chip:
        yield f"firmware {found.firmware}"
    if found.country:
        yield f"set to country {found.country}"
    if found.codings:
        yield f"codings {', '.join(found.codings)}"


def _network(found: Finding) -> Iterator[str]:
    yield f"SIM {found.sim}"
    yield f"{found.operator or 'no operator'} ({found.registration or 'registration not known'})"
    yield "no signal" if found.signal_dbm is None else f"{found.signal_dbm} dBm"
    if found.in_call:
        yield "a call is up on it"


def _ports(found: Finding) -> Iterator[str]:
    yield f"commands at {_port(found.at, found.at_interface)}"
    if found.audio:
        yield f"voice at {_port(found.audio, found.audio_interface)}, which {found.sound}"


def _port(path: str, interface: int | None) -> str:
    return path if interface is None else f"{path} (USB interface {interface})"


def _call(call: CallReport) -> str:
    if call.trouble:
        return f"Test call to {call.number}: {call.trouble}"
    heard = "silence" if call.heard_dbm0 is None else f"{call.heard_dbm0:.0f} dBm0"
    return (
        f"Test call to {call.number}, {call.seconds:.1f} s: {call.down_bytes_per_second} bytes/s come "
        f"({heard}), {call.up_bytes_per_second} bytes/s are taken (a tone of {call.sent_dbm0:.0f} dBm0)"
    )


def _table(found: Finding, name: str) -> list[str]:
    """The lines of a `[lines.NAME]` table."""
    lines = [f"[lines.{name}]"]
    for option, value in line_options(found).items():
        hint = {"imei": f"  # or: usb = {_text(found.place)}", "country": "  # that of the line"}
        lines.append(f"{option} = {_text(value)}{hint.get(option, '')}")
    if found.number:
        lines.append(f"number = {_text(found.number)}")
    return [*lines, TO]


def _text(value: str) -> str:
    """As TOML writes it: its basic strings are those of JSON."""
    return json.dumps(printable(value), ensure_ascii=False)
