"""What one section of a configuration says of another, and of files on this machine: must all be true.

Shapes and values are checked by `schema.py`. Nothing is changed here, and no port is opened: a missing
modem takes its line down, it does not make the configuration wrong.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from appliance.config.check_agents import agent_problems
from appliance.config.check_calendars import calendar_problems
from appliance.config.check_choice import choice_problems
from appliance.config.check_edge import edge_problems
from appliance.config.check_emergency import (
    emergency_destinations,
    emergency_problems,
    emergency_references,
)
from appliance.config.check_flows import flow_destinations, flow_problems, flow_references
from appliance.config.check_outbound import outbound_problems
from appliance.config.check_prompts import known_prompts, prompt_problems
from appliance.config.check_queues import queue_destinations, queue_problems, queue_prompts
from appliance.config.check_recording import recording_problems
from appliance.config.check_trunks import trunk_problems
from appliance.config.check_voicemail import (
    voicemail_destinations,
    voicemail_problems,
    voicemail_references,
)
from appliance.config.problem import Keys, Problem, closest, names
from appliance.config.schema import Config
from appliance.config.section import NAMELESS, Destination
from appliance.config.serial_lines import GsmLine, SerialLine, V253Line
from dsp.tones import zones

Known = dict[str, set[str]]  # kind of thing -> the names there are
PLACES = ("imei", "usb", "port")  # the ways to tell which modem a line is
Reference = tuple[Keys, str, str]  # where, kind of thing, its name


def check(config: Config, folder: Path, *, broken: Iterable[Keys] = ()) -> list[Problem]:
    """Every contradiction in `config`, whose relative files are in `folder`; no file names or lines in them.

    `broken` are entries such as ("queues", "sales") that the file has but `config` lacks, because they
    could not be read: others may refer to them.
    """
    known = _known(config, broken)
    return [
        *_unknown_zone(config),
        *_unknown_references(config, known),
        *_repeated_agents(config),
        *_unplaced_lines(config, set(broken)),
        *_shared_modems(config),
        *_shared_ports(config),
        *_bad_relays(config),
        *_shared_phones(config),
        *edge_problems(config, folder),
        *trunk_problems(config, folder),
        *outbound_problems(config),
        *agent_problems(config),
        *queue_problems(config, _destinations(config)),
        *choice_problems(config),
        *calendar_problems(config, folder, set(broken)),
        *flow_problems(config, set(broken)),
        *voicemail_problems(config),
        *emergency_problems(config),
        *prompt_problems(config, folder),
        *recording_problems(config),
        *_bad_patterns(config),
    ]


def _known(config: Config, broken: Iterable[Keys]) -> Known:
    known = {
        "menu": set(config.menus),
        "flow": set(config.flows),
        "lookup": set(config.lookups),
        "queue": set(config.queues),
        "voicemail": set(config.voicemail),
        "agent": set(config.agents),
        "prompt": known_prompts(config),
        "tariff": set(config.tariffs),
        "permission": set(config.permissions),
        "line": set(config.lines),
        "calendar": set(config.calendars),
    }
    for section, name in (keys for keys in broken if len(keys) == 2):
        known.setdefault(str(section).removesuffix("s"), set()).add(str(name))
    return known


def _unknown_zone(config: Config) -> Iterator[Problem]:
    known = zones()
    asked: list[tuple[Keys, str]] = [(("box", "country"), config.box.country)]
    asked += [
        (("lines", name, "country"), line.country)
        for name, line in config.lines.items()
        if isinstance(line, V253Line)
    ]
    for path, zone in asked:
        if zone not in known:
            wrong = "a country whose tones are not known"
            near = closest(zone, known)
            yield Problem(path=path, value=zone, wrong=wrong, allowed=" ".join(known), closest=near)


def _unknown_references(config: Config, known: Known) -> Iterator[Problem]:
    for path, to in _destinations(config):
        kind = "prompt" if to.kind == "play" else to.kind
        if kind not in (*NAMELESS, "number") and to.name not in known[kind]:
            near = closest(to.name, known[kind])
            yield Problem(
                path=path,
                value=str(to),
                wrong=f"there is no {kind} {to.name}",
                allowed=names(f"{to.kind}:{name}" for name in _listed(kind, config, known)),
                closest=f"{to.kind}:{near}" if near else "",
            )
    for path, kind, name in _references(config):
        if name not in known[kind]:
            yield Problem(
                path=path,
                value=name,
                wrong=f"there is no {kind} {name}" if name else f"needs the name of a {kind}",
                allowed=names(_listed(kind, config, known)) or f"a name from [{kind}s], which has none yet",
                closest=closest(name, known[kind]),
            )


def _listed(kind: str, config: Config, known: Known) -> Iterable[str]:
    """What a message offers: of prompts those of the file, not the hundreds that the box has itself."""
    return config.prompts if kind == "prompt" else known[kind]


def _destinations(config: Config) -> Iterator[tuple[Keys, Destination]]:
    for name, line in config.lines.items():
        yield ("lines", name, "to"), line.to
    yield from ((("numbers", dialled, "to"), number.to) for dialled, number in config.numbers.items())
    for name, menu in config.menus.items():
        yield from ((("menus", name, "keys", digit), to) for digit, to in menu.keys.items())
        yield ("menus", name, "otherwise"), menu.otherwise
    yield from flow_destinations(config)
    yield from voicemail_destinations(config)
    yield from emergency_destinations(config)
    yield from queue_destinations(config)
    for name, calendar in config.calendars.items():
        for option, days in (("holidays", calendar.holidays), ("special", calendar.special)):
            yield from ((("calendars", name, option, n), day.to) for n, day in enumerate(days) if day.to)


def _references(config: Config) -> Iterator[Reference]:
    for name, menu in config.menus.items():
        yield ("menus", name, "prompt"), "prompt", menu.prompt
    for name, queue in config.queues.items():
        yield from ((("queues", name, "agents", n), "agent", agent) for n, agent in enumerate(queue.agents))
    for name, route in config.routes.items():
        yield from ((("routes", name, "lines", n), "line", line) for n, line in enumerate(route.lines))
    yield from ((("phones", name, "agent"), "agent", phone.agent) for name, phone in config.phones.items())
    yield from (reference for reference in _optional_references(config) if reference[2])


def _optional_references(config: Config) -> Iterator[Reference]:
    for name, line in config.lines.items():
        yield ("lines", name, "tariff"), "tariff", line.tariff
    for name, menu in config.menus.items():
        yield ("menus", name, "wrong_key"), "prompt", menu.wrong_key
    yield from queue_prompts(config)
    for name, agent in config.agents.items():
        yield ("agents", name, "permission"), "permission", agent.permission
    yield ("outbound", "permission"), "permission", config.outbound.permission
    yield ("recording", "announce"), "prompt", config.recording.announce
    yield ("recording", "announce_calls_out"), "prompt", config.recording.announce_calls_out
    yield from flow_references(config)
    yield from voicemail_references(config)
    yield from emergency_references(config)


def _repeated_agents(config: Config) -> Iterator[Problem]:
    for name, queue in config.queues.items():
        for place, agent in enumerate(queue.agents):
            if agent in queue.agents[:place]:
                path = ("queues", name, "agents", place)
                yield Problem(path=path, value=agent, wrong="stands twice in this list, leave one out")


def _unplaced_lines(config: Config, broken: set[Keys]) -> Iterator[Problem]:
    """Exactly one way to find a line's modem; a second one could only contradict the first."""
    for name, line in config.lines.items():
        if not isinstance(line, SerialLine) or ("lines", name) in broken:
            continue
        given = [option for option in PLACES if getattr(line, option, "")]
        ways = [option for option in PLACES if option in type(line).model_fields]
        allowed = f"one of {', '.join(ways)}; callbox lines probe prints what there is"
        if not given:
            wrong = "does not say which modem it is"
            yield Problem(path=("lines", name), wrong=wrong, allowed=allowed)
        for option in given[1:]:
            wrong = f"the modem is told by `{given[0]}` already, leave one of them out"
            value = getattr(line, option)
            yield Problem(path=("lines", name, option), value=value, wrong=wrong, allowed=allowed)
        if isinstance(line, GsmLine) and bool(line.audio_port) != bool(line.port):
            yield _half_a_pair(name, line)


def _half_a_pair(name: str, line: GsmLine) -> Problem:
    there, lacking = ("port", "audio_port") if line.port else ("audio_port", "port")
    wrong = f"goes with `{lacking}`, which is missing"
    return Problem(path=("lines", name, there), value=getattr(line, there), wrong=wrong)


def _shared_modems(config: Config) -> Iterator[Problem]:
    """A modem serves one line; one that is not enabled leaves it alone."""
    owners: dict[tuple[str, str], str] = {}
    for name, line in config.lines.items():
        for option in ("imei", "usb"):
            value = getattr(line, option, "")
            owner = owners.setdefault((option, value), name) if value and line.enabled else name
            if owner != name:
                wrong = f"the same modem as lines.{owner}, every line needs its own"
                yield Problem(path=("lines", name, option), value=value, wrong=wrong)


def _shared_ports(config: Config) -> Iterator[Problem]:
    """A serial port serves one line, as AT port or as audio port; one not enabled leaves it alone."""
    owners: dict[str, str] = {}
    for name, line in config.lines.items():
        if not isinstance(line, SerialLine) or not line.enabled:
            continue
        for option, port in (("port", line.port), ("audio_port", getattr(line, "audio_port", ""))):
            if not port:
                continue
            if "\0" in port:
                yield Problem(path=("lines", name, option), value=port, wrong="no name of a device")
                continue
            here = f"lines.{name}.{option}"
            owner = owners.setdefault(os.path.realpath(port), here)
            if owner != here:
                wrong = f"the same port as {owner}, every line needs its own two"
                yield Problem(path=("lines", name, option), value=port, wrong=wrong)


def _bad_relays(config: Config) -> Iterator[Problem]:
    """A relay has a line on its chip, and serves one modem."""
    owners: dict[tuple[str, int], str] = {}
    for name, line in config.lines.items():
        if not isinstance(line, SerialLine) or line.power != "gpio" or not line.enabled:
            continue
        path = ("lines", name, "gpio_line")
        if line.gpio_line < 0:
            yield Problem(path=path, wrong='missing, power = "gpio" needs it', allowed="0 to 1023")
            continue
        owner = owners.setdefault((os.path.realpath(line.gpio_chip), line.gpio_line), name)
        if owner != name:
            wrong = f"the same relay as lines.{owner}, every line needs its own"
            yield Problem(path=path, value=line.gpio_line, wrong=wrong)


def _shared_phones(config: Config) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, agent in config.agents.items():
        if not agent.phone:
            continue
        user, at, host = agent.phone.rpartition("@")
        owner = owners.setdefault(
            user + at + host.lower(), name
        )  # the host's case says nothing, RFC 3261 19.1.4
        if owner != name:
            wrong = f"the same phone as agents.{owner}, every agent needs an own one"
            yield Problem(path=("agents", name, "phone"), value=agent.phone, wrong=wrong)


def _bad_patterns(config: Config) -> Iterator[Problem]:
    for name, tariff in config.tariffs.items():
        try:
            re.compile(tariff.balance_pattern)
        except re.error as error:
            yield Problem(
                path=("tariffs", name, "balance_pattern"),
                value=tariff.balance_pattern,
                wrong=f"no regular expression: {error}",
                allowed='a pattern such as "([0-9]+[.,][0-9]{2}) EUR"',
            )
