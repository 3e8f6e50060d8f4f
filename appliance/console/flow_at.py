"""`callbox flow at TIME`: what would happen to callers then, by hours and holidays."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from appliance.calendars.at import DryRun, at, told
from appliance.calendars.calendars import Calendars, Open
from appliance.calendars.zone import box_zone
from appliance.calls.numbers import first_destination, number_of
from appliance.config.load import load
from appliance.config.problem import closest, names
from appliance.config.schema import Config
from appliance.config.section import Destination

AT = """\
What would happen to a caller at this time: from the line or the number dialled to menus, flows and queues,
with what the calendars say, and when each calendar changes next. Nobody is called.

  callbox flow at 2026-12-24T15:00
  callbox flow at 2026-12-24T15:00 --queue sales
  callbox flow at now --number +4930123456
"""


class NoSuchPlace(Exception):
    """What was asked for is not in the configuration; the message names what is."""


def flow_at_options(parser: argparse.ArgumentParser) -> None:
    """Everything after `callbox flow at`."""
    parser.description, parser.formatter_class = AT, argparse.RawDescriptionHelpFormatter
    parser.set_defaults(do=flow_at)
    parser.add_argument("time", metavar="TIME", help='"2026-12-24T15:00", in the zone of the box, or "now"')
    one = parser.add_mutually_exclusive_group()
    one.add_argument(
        "--line", default="", metavar="NAME", help="callers of one line (default: of every line)"
    )
    one.add_argument("--number", default="", metavar="NUMBER", help="callers who dialled this number")
    one.add_argument("--queue", default="", metavar="NAME", help="callers of one queue")
    one.add_argument("--calendar", default="", metavar="NAME", help="only this calendar")


def flow_at(options: argparse.Namespace) -> int:
    """`callbox flow at`."""
    config = load(options.config).config
    zone = box_zone(config.box.zone)
    calendars = Calendars(config.calendars, zone)
    try:
        wall_s = datetime.now().timestamp() if options.time == "now" else at(options.time, zone)
        starts = list(_starts(config, options))
    except ValueError as error:
        sys.stderr.write(
            f"callbox: {options.time}: no time ({error}). Give one as 2026-12-24T15:00, or now\n"
        )
        return 2
    except NoSuchPlace as error:
        sys.stderr.write(f"callbox: {error}\n")
        return 1
    shown = [options.calendar] if options.calendar else list(config.calendars)
    if options.json:
        print(json.dumps(_plain(config, calendars, wall_s, shown, starts), indent=2, ensure_ascii=False))
    else:
        print(
            "\n".join(_lines(config, calendars, wall_s, shown, starts, datetime.fromtimestamp(wall_s, zone)))
        )
    return 0


Start = tuple[str, Destination]  # "line gsm-1", and where its callers go first


def _starts(config: Config, options: argparse.Namespace) -> Iterator[Start]:
    """Where callers come in. Raises NoSuchPlace."""
    if options.calendar:
        _known("calendar", options.calendar, list(config.calendars))
    elif options.queue:
        _known("queue", options.queue, list(config.queues))
        yield f"queue {options.queue}", Destination("queue", options.queue)
    elif options.number:
        yield f"number {options.number}", _dialled(config, options.number)
    elif options.line:
        _known("line", options.line, list(config.lines))
        yield f"line {options.line}", first_destination(options.line, "", config)
    else:
        yield from ((f"line {name}", first_destination(name, "", config)) for name in config.lines)
        yield from ((f"number {dialled}", number.to) for dialled, number in config.numbers.items())


def _known(kind: str, name: str, all_names: list[str]) -> None:
    if name not in all_names:
        near = closest(name, all_names)
        hint = f" Did you mean {near}?" if near else f" There is: {names(all_names) or 'none'}."
        raise NoSuchPlace(f"{kind} {name}: not in this configuration.{hint}")


def _dialled(config: Config, number: str) -> Destination:
    """By [numbers], else by the line whose own number it is."""
    entry = number_of("", number, config)
    digits = number.lstrip("+")
    line = next(
        (line for line in config.lines.values() if digits and line.number.lstrip("+") == digits), None
    )
    if entry is None and line is None:
        raise NoSuchPlace(f"number {number}: neither in [numbers] nor the number of a line; name a --line")
    return entry.to if entry is not None else line.to if line is not None else Destination("hangup")


def _lines(
    config: Config,
    calendars: Calendars,
    wall_s: float,
    shown: list[str],
    starts: list[Start],
    local: datetime,
) -> Iterator[str]:
    yield f"{local:%A %Y-%m-%d %H:%M %Z}"
    yield from (told(calendars, name, wall_s) for name in shown)
    for title, to in starts:
        yield f"\n{title}"
        for depth, by, stop in DryRun(config, calendars, wall_s).walk(to).flat():
            yield "  " * (depth + 1) + (f"{by}: " if by else "") + ", ".join([stop.place, *stop.told])


def _plain(
    config: Config, calendars: Calendars, wall_s: float, shown: list[str], starts: list[Start]
) -> dict[str, Any]:
    return {
        "at_s": wall_s,
        "calendars": [_calendar(calendars, name, wall_s) for name in shown],
        "callers": [
            {
                "from": title,
                "steps": [
                    {"depth": depth, "by": by, "place": stop.place, "told": stop.told}
                    for depth, by, stop in DryRun(config, calendars, wall_s).walk(to).flat()
                ],
            }
            for title, to in starts
        ],
    }


def _calendar(calendars: Calendars, name: str, wall_s: float) -> dict[str, Any]:
    state = calendars.state(name, wall_s)
    return {
        "calendar": name,
        "open": isinstance(state, Open),
        "why": state.why,
        "until_s": state.until,
        "until": calendars.local(name, state.until).isoformat() if state.until is not None else None,
    }
