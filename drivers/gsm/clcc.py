"""The list of current calls, +CLCC (3GPP 27.007 7.18), as the modem answers it or reports it by itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.at.channel import Channel
from drivers.at.parser import fields, number


class CallStat(enum.IntEnum):
    """<stat>."""

    ACTIVE = 0
    HELD = 1
    DIALING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5
    ENDED = 6  # SIMCom only, and only when reported by itself


@dataclass(frozen=True)
class CurrentCall:
    """One voice call as the modem sees it."""

    index: int
    inbound: bool
    stat: CallStat
    number: str  # "" when withheld or not known yet


def parse_clcc(text: str) -> CurrentCall | None:
    """`+CLCC: 1,1,4,0,0,"+4917012345",145` as a call; None for data calls and for what makes no sense."""
    values = fields(text)
    if len(values) < 4:
        return None
    index, direction, stat, mode = (number(value) for value in values[:4])
    if index is None or direction not in (0, 1) or mode != 0 or stat is None or stat > max(CallStat):
        return None
    if stat < 0:
        return None
    return CurrentCall(index, direction == 1, CallStat(stat), values[5] if len(values) > 5 else "")


async def current_calls(channel: Channel) -> list[CurrentCall]:
    """Ask the modem; raises what `Channel.command` raises."""
    calls = map(parse_clcc, await channel.command("AT+CLCC", "+CLCC:", may_be_empty=True))
    return [call for call in calls if call is not None and call.stat is not CallStat.ENDED]
