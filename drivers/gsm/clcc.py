"""A call as the modem sees it: +CLCC (3GPP 27.007 7.18), asked for or reported by itself."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from drivers.at.channel import Channel
from drivers.at.parser import fields, number
from drivers.gsm.ending import Ending

MOST_DIGITS = 40
MOST_CALLS = 9  # a modem's call has one digit in 27.007's +CHLD


class CallStat(enum.IntEnum):
    """<stat>."""

    ACTIVE = 0
    HELD = 1
    DIALING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5
    ENDED = 6  # of reports only: SIMCom's +CLCC, and what the other families say in their own ways


@dataclass(frozen=True)
class CurrentCall:
    """One voice call, from a list of calls or from a report of a change."""

    index: int
    inbound: bool | None  # None: the report does not say
    stat: CallStat
    number: str = ""  # "" when withheld or not known yet
    ending: Ending | None = None  # of a call that ENDED, where the modem says why


def dialled_number(text: str) -> str:
    """A number as the network gave it, without anything that is no part of one: whoever calls may send it."""
    return re.sub(r"(?!^\+)[^0-9*#]", "", text.strip())[:MOST_DIGITS]


def parse_clcc(text: str) -> CurrentCall | None:
    """`+CLCC: 1,1,4,0,0,"+4917012345",145` as a call; None for data calls and for what makes no sense."""
    return call_of(fields(text))


def call_of(values: list[str]) -> CurrentCall | None:
    """The fields of +CLCC, wherever they stood, as a call."""
    if len(values) < 4:
        return None
    index, direction, stat, mode = (number(value) for value in values[:4])
    if index is None or not 0 < index <= MOST_CALLS or direction not in (0, 1) or mode != 0:
        return None
    if stat is None or not 0 <= stat <= max(CallStat):
        return None
    peer = dialled_number(values[5]) if len(values) > 5 else ""
    return CurrentCall(index, direction == 1, CallStat(stat), peer)


async def current_calls(channel: Channel) -> list[CurrentCall]:
    """Ask the modem; raises what `Channel.command` raises."""
    calls = map(parse_clcc, await channel.command("AT+CLCC", "+CLCC:", may_be_empty=True))
    return [call for call in calls if call is not None and call.stat is not CallStat.ENDED]
