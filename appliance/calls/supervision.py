"""Who hears whom when somebody supervises: a pure function of where everybody is.

| who is heard by ... | agent          | others in the room | supervisor                  |
|--------------------|----------------|--------------------|-----------------------------|
| agent              |                | in the room        | always                      |
| others in the room | in the room    | in the room        | while the agent hears them  |
| supervisor listens | no             | no                 | no                          |
| ... whispers       | yes            | no                 | no                          |
| ... barges in      | yes            | yes                | another one who barges in   |

One who barged in is of the room himself, and hears the others too while the agent is away. A phone that holds
neither speaks nor hears, whoever's it is; an agent who holds by command is away from the room alone.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


class Mode(enum.Enum):
    """How a supervisor attends."""

    LISTEN = "listen"  # hears, is heard by nobody
    WHISPER = "whisper"  # is heard by the agent alone
    BARGE = "barge"  # is heard by all


@dataclass(frozen=True)
class Seat:
    """One of those who speak in a call: `port` is his audio, `room` that others there hear him and he them.

    `open`: his phone does not hold.
    """

    port: str
    room: bool = True
    open: bool = True


@dataclass(frozen=True)
class Watcher:
    """A supervisor, and the port of the agent who is attended."""

    port: str
    agent: str
    mode: Mode
    open: bool = True


def hearing(seats: Sequence[Seat], watchers: Sequence[Watcher] = ()) -> set[tuple[str, str]]:
    """(speaker, listener), by port, for everybody who is heard by somebody."""
    room = [seat.port for seat in seats if seat.room and seat.open]
    heard = {(one, other) for one in room for other in room if one != other}
    by_port = {seat.port: seat for seat in seats}
    for watcher in watchers:
        if watcher.open:
            heard |= set(_of_watcher(watcher, by_port[watcher.agent], room))
    barging = [watcher.port for watcher in watchers if watcher.open and watcher.mode is Mode.BARGE]
    return heard | {(one, other) for one in barging for other in barging if one != other}


def _of_watcher(watcher: Watcher, agent: Seat, room: Sequence[str]) -> Iterator[tuple[str, str]]:
    if agent.open:
        yield agent.port, watcher.port
        if watcher.mode is not Mode.LISTEN:
            yield watcher.port, agent.port
    if agent.port not in room and watcher.mode is not Mode.BARGE:
        return
    for other in room:
        if other != agent.port:
            yield other, watcher.port
            if watcher.mode is Mode.BARGE:
                yield watcher.port, other
