"""One call that is going on: its story, and those who take part in it now."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque

from appliance.bus import Bus
from appliance.calls.hearing import Hearing
from appliance.calls.party import Party
from appliance.calls.story import Story
from appliance.events import Event
from drivers.port import Leg

TURNS = 20  # comings into a flow


class Call:
    """`parties` begin with the one whose call it is; whoever is in there when the call ends is hung up.

    `rung` is somebody whose phone rings for the call outside a queue; `apology` is owed to a caller whose
    agent's leg was lost. `unclaimed` are files that were being recorded when the brain died; `secrets` are
    facts that are written down nowhere.
    """

    def __init__(self, story: Story, leg: Leg | None, bus: Bus) -> None:
        """Without a leg it is a call-back that waits: nobody is on the phone."""
        self.story = story
        self.bus = bus
        self.parties: list[Party] = []
        if leg is not None:
            self.parties.append(Party(leg, agent=story.maker, number=story.caller, line=story.line))
        self.rung: Party | None = None
        self.hearing = Hearing()
        self.talk: object | None = None  # `talk.Talk`, see `talk.talk_of`
        self.apology = False
        self.task: asyncio.Task[None] | None = None  # runs the visit
        self.step: asyncio.Timeout | None = None  # ends what the caller is doing, `emergency.interrupt`
        self.unclaimed: list[str] = []
        self.secrets: dict[str, str] = {}
        self._turns: deque[float] = deque(maxlen=TURNS)

    @property
    def id(self) -> str:
        """Sortable and short: date, time, six random hex digits."""
        return self.story.call_id

    @property
    def caller(self) -> Party:
        """Whose call it is."""
        return self.parties[0]

    @property
    def leg(self) -> Leg:
        """The leg of the one whose call it is."""
        return self.parties[0].leg

    @property
    def port(self) -> str:
        """The engine's name of that leg's audio, "" before there is any."""
        return self.parties[0].port

    @property
    def lines(self) -> set[str]:
        """The lines that carry a leg of it."""
        return {party.line for party in self.parties if party.line}

    def turns_within(self, seconds: float, mono_s: float) -> bool:
        """True when this is asked for the TURNS-th time, at least, in so short a time."""
        self._turns.append(mono_s)
        return len(self._turns) == TURNS and mono_s - self._turns[0] < seconds

    def note(self, event: Event) -> None:
        """Make an event of this call part of its story and tell everybody."""
        self.story.apply(self.bus.publish(event))


def new_call_id(wall_s: float) -> str:
    """An id that sorts by time and that a person can read out, e.g. 20261121-214501-7f3a9c."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(wall_s))}-{secrets.token_hex(3)}"


def short(number: str) -> str:
    """A number as logs above debug show it: the last three digits."""
    return f"…{number[-3:]}" if len(number) > 3 else number or "withheld"
