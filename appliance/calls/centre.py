"""What every stage of a call works with: the queues, the phones, the sound, the settings. Built by app.py."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from appliance.acd.distributor import Distributor
from appliance.bus import Bus
from appliance.calendars.calendars import Calendars
from appliance.calls.agent_facts import AgentFacts
from appliance.calls.agents import AgentDesk
from appliance.calls.call import Call
from appliance.calls.engaged import Engaged
from appliance.calls.expected import ExpectedWaits
from appliance.calls.flow_outside import Outside
from appliance.calls.party import Party
from appliance.calls.supervisions import Supervisions
from appliance.calls.wrap_ups import Rule
from appliance.clock import Clock
from appliance.config.agents import Agent
from appliance.config.schema import Config, Queue
from appliance.dialplan.guard import Guard
from appliance.emergency.incident import Emergencies
from appliance.media.graph import MediaGraph
from appliance.say.spoken import SpokenPrompts
from appliance.voicemail.mailboxes import Mailboxes
from drivers.port import Leg, Port
from drivers.sip.account import Through, Use
from drivers.sip.leg import SipLeg

#: Calls a function that blocks with its arguments, away from the loop.
Aside = Callable[..., Awaitable[Any]]


class Phones(Protocol):
    """The way to the agents' phones (`drivers.sip.pool.SipPool`, or a scripted one in tests)."""

    async def dial(
        self,
        number: str,
        *,
        label: str = "",
        headers: Mapping[str, str] | None = None,
        from_user: str = "",
        from_name: str = "",
        through: Through = Through.DIRECT,
        srtp: Use = "off",
        near: SipLeg | None = None,
    ) -> Leg:
        """Ring a phone, which shows `from_name` and `from_user`; the leg is DIALING.

        Raises DriverError when no worker is there or all are full.
        """

    def leg_of(self, call_id: str) -> SipLeg | None:
        """The leg whose SIP dialogue has this Call-ID."""


class Tariffs(Protocol):
    """What lines may still do (`lines.desk.LineDesk`)."""

    async def why_no_call(self, line: str) -> str:
        """Why no call may go out over the line now, "" when it may."""

    def sim(self, line: str) -> str:
        """The card in it, "" for none."""

    async def look(self, line: str) -> None:
        """Something went out over the line: see whether a limit is near."""


async def _no_outbox(line: str, number: str, text: str) -> str:
    return "this box sends no messages"


async def _no_pins(agent: str, pin: str, source: str) -> bool:
    return False


@dataclass(slots=True, eq=False)
class Centre:
    """One call centre. `calls` are those going on, by id; `registered` tells whether an agent has phones."""

    config: Config
    folder: Path  # relative prompt files are found here
    recordings: Path
    clock: Clock
    bus: Bus
    acd: Distributor
    media: MediaGraph
    phones: Phones
    desk: AgentDesk
    guard: Guard
    tariffs: Tariffs
    lines: Mapping[str, Port]
    prompts: SpokenPrompts
    calendars: Calendars
    registered: Callable[[str], bool] = lambda agent: False
    may_record: Callable[[], bool] = lambda: True  # whether the disk has room for new recordings
    calls: dict[str, Call] = field(default_factory=dict)
    mailboxes: Mailboxes = field(default_factory=Mailboxes)
    emergencies: Emergencies = field(default_factory=Emergencies)
    aside: Aside = asyncio.to_thread  # runs what reads or writes files
    call_backs: dict[str, Callable[[str], None]] = field(default_factory=dict)  # ends one, saying why
    begin: Callable[[Call], None] = lambda call: None  # serves a call that the box makes; set by Reception
    waits: ExpectedWaits = field(init=False)
    outside: Outside = field(init=False)  # of flows; app.py gives the one that reaches there
    engaged: Engaged = field(init=False)
    supervisions: Supervisions = field(init=False)
    facts: AgentFacts = field(init=False)
    lend: Callable[[str], Party | None] = lambda agent: None  # the leg of one who stays connected
    keep: Callable[[str, Party], None] = lambda agent, party: None  # from now on this is it
    check_pin: Callable[[str, str, str], Awaitable[bool]] = _no_pins  # agent, PIN, where it was typed
    asked: list[Party] = field(default_factory=list)
    _started: set[asyncio.Task[None]] = field(default_factory=set)
    _chores: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.outside = Outside(self.config, None, _no_outbox)
        self.engaged = Engaged(self.acd)
        self.waits = ExpectedWaits(self.acd)
        self.bus.subscribe(self.waits.hear)
        self.bus.subscribe(self.mailboxes.apply)
        self.bus.subscribe(self.emergencies.apply)
        self.supervisions = Supervisions(self.calls, self.bus)
        self.facts = self.desk.facts

    def prompt(self, *names: str, language: str = "") -> list[Path]:
        """The files of prompts in a language ("": the box's), none for an empty name."""
        return [file for name in names for file in self.prompts.named(name, language)]

    def own_prompt(self, name: str) -> str:
        """A prompt that the box plays by itself: its name where there is a file of it, else ""."""
        return name if self.prompts.named(name) else ""

    def queue(self, name: str) -> Queue:
        """Settings of a queue; `agent:NAME` is the implied queue of one agent."""
        if name.startswith("agent:"):
            return Queue(agents=[name.removeprefix("agent:")])
        return self.config.queues[name]

    def wrap_up(self, queue: str, agent: str) -> Rule:
        """How long the agent may write up a call of the queue."""
        settings, own = self.queue(queue), self.agent(agent).wrap_up_seconds
        return Rule(
            seconds=settings.wrap_up_seconds if own < 0 else own,
            extend_seconds=settings.wrap_up_extend_seconds,
            extensions=settings.wrap_up_extensions,
            codes=tuple(settings.codes),
        )

    def agent(self, name: str) -> Agent:
        """Settings of an agent."""
        return self.config.agents[name]

    def has_phone(self, agent: str) -> bool:
        """Whether the agent could be rung anywhere now."""
        place = self.facts.place_of(agent)
        return bool(self.agent(place).phone) or self.registered(place)

    def heard(self, port: str, digit: str) -> None:
        """A key was found in the sound of a port."""
        parties = [*self.asked, *(party for call in self.calls.values() for party in call.parties)]
        for party in parties:
            if party.port == port:
                party.leg.heard(digit)

    @contextlib.contextmanager
    def listens(self, party: Party) -> Iterator[None]:
        """Keys heard in the sound of a party that is in no call yet reach its leg while the body runs."""
        self.asked.append(party)
        try:
            yield
        finally:
            self.asked.remove(party)

    def end(self, party: Party) -> None:
        """A party has no part in a call any more: let go of all that is held for it, and hang up.

        An agent who stays connected is not hung up.
        """
        party.leave()
        if party.lent is not None:
            party.lent()
            return
        self.chore(party.leg.hangup(), f"hang up {party.leg.id}")

    def chore(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Something that must be finished although nobody waits for it: a hang-up."""
        task = asyncio.create_task(work, name=name)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Something that goes on by itself until it is done, or the box stops: `stop`."""
        task = asyncio.create_task(work, name=name)
        self._started.add(task)
        task.add_done_callback(self._started.discard)

    async def stop(self, seconds: float) -> None:
        """End what was started."""
        for task in self._started:
            task.cancel()
        if self._started:
            await asyncio.wait(set(self._started), timeout=seconds)

    async def chores_done(self, seconds: float) -> None:
        """Give what is still being finished this long."""
        if self._chores:
            await asyncio.wait(set(self._chores), timeout=seconds)
