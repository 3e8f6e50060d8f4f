"""Supervisors at work: from any phone by code, by keys while they listen, by command; and coaches.

| code    | key | does                                            |
|---------|-----|-------------------------------------------------|
| *4EXT   | 4   | listen to the agent with that extension         |
| *5EXT   | 5   | whisper: heard by the agent alone               |
| *6EXT   | 6   | barge in: heard by all                          |
| *7EXT   | 7   | take the call over, the agent leaves it         |

Whoever supervises an agent stays with the agent, from call to call, until hanging up. A leg of a supervisor
that ends changes nothing for the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from appliance.acd.agent import AgentRefused
from appliance.agent_events import CoachRung, SupervisionChanged, SupervisionEnded, SupervisionStarted
from appliance.calls.agents import FORCED
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.party import Party, label
from appliance.calls.phone import ring
from appliance.calls.remote_agent import NoCall, at_own_leg
from appliance.calls.ringing import NotReached, until_up
from appliance.calls.supervision import Mode
from appliance.calls.supervisions import Supervision
from appliance.calls.take_over import take_over
from appliance.calls.talk import hear_anew, talk_of
from appliance.calls.watch import ended_when_silent
from appliance.events import OfferResult
from drivers.port import DriverError, Leg, LegEnded, LegState

log = logging.getLogger(__name__)

TAKE_OVER = "takeover"
ACTS = (*(mode.value for mode in Mode), TAKE_OVER)
KEYS = dict(zip("4567", ACTS, strict=True))
RINGS_SECONDS = 30.0
BEEP_SECONDS = 0.4
SUPERVISOR = "supervisor"  # the role


@dataclass(frozen=True)
class Wish:
    """A supervisor is to do one of ACTS with an agent, or with a call."""

    supervisor: str
    agent: str
    call_id: str
    act: str


class Supervisors:
    """What supervisors ask for; commands raise AgentRefused with what to do instead."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def supervise(self, whom: str, act: str, supervisor: str) -> None:
        """`act` is one of ACTS, `whom` an agent, an extension, or a call; rings the supervisor's phone."""
        agent, call_id = self._target(whom)
        self._may(supervisor, agent, call_id)
        if act not in ACTS:
            raise AgentRefused(f"supervisors cannot {act!r}. Known: {', '.join(ACTS)}.")
        present = self._centre.supervisions.by_name.get(supervisor)
        if present is not None:
            self._turn_to(present, agent, call_id)
            self.act(present, act)
        elif self._centre.engaged.is_busy(supervisor):
            raise AgentRefused(
                f"agent {supervisor}: is on the phone. Hang up first, or dial *4 and extension."
            )
        else:
            self._centre.start(
                self._ring(Wish(supervisor, agent, call_id, act)), f"ring supervisor {supervisor}"
            )

    def commands(self) -> dict[str, Callable[[str, str], None]]:
        """For the desk: command word -> what takes (supervisor, whom)."""

        def supervising(act: str) -> Callable[[str, str], None]:
            return lambda supervisor, whom: self.supervise(whom, act, supervisor)

        def forcing(command: str, *, hold: bool = False) -> Callable[[str, str], None]:
            return lambda supervisor, whom: self._force(supervisor, whom, command, hold=hold)

        return {
            **{act: supervising(act) for act in ACTS},
            "unsupervise": lambda supervisor, whom: self.stop(supervisor),
            **{f"force-{command}": forcing(command) for command in FORCED},
            "force-hold": forcing("pause", hold=True),
        }

    def _force(self, supervisor: str, whom: str, command: str, *, hold: bool) -> None:
        if self._centre.agent(supervisor).role != SUPERVISOR:
            raise AgentRefused(f"agent {supervisor}: may not decide for {whom}. Ask a supervisor.")
        self._centre.desk.force(whom, command, supervisor, hold=hold)

    def stop(self, supervisor: str) -> None:
        """The supervisor attends nobody any more, and is hung up."""
        present = self._centre.supervisions.by_name.get(supervisor)
        if present is None:
            raise AgentRefused(f"agent {supervisor}: supervises nobody, so there is nothing to stop.")
        present.end("asked")

    async def by_phone(self, leg: Leg, supervisor: str, key: str, extension: str) -> None:
        """A supervisor's phone has dialled a code. Raises AgentRefused, LegEnded, DriverError."""
        agent, call_id = self._target(extension)
        self._may(supervisor, agent, call_id)
        async with leg.alive():
            await leg.answer()
        await self._attend(Party(leg, agent=supervisor), Wish(supervisor, agent, call_id, KEYS[key]))

    def coach(self, call: Call, agent: str) -> None:
        """The agent got a call: ring whoever coaches this one, for the first calls, unless busy."""
        settings, centre = self._centre.agent(agent), self._centre
        coach = settings.coach
        if not coach or centre.facts.coached[agent, coach] >= settings.coached_calls:
            return
        if coach in centre.supervisions.by_name or centre.engaged.is_busy(coach):
            log.info("agent %s: not coached in call %s, %s is busy", agent, call.id, coach)
            return
        call.note(CoachRung(call_id=call.id, agent=agent, coach=coach))
        self._centre.start(self._ring(Wish(coach, "", call.id, Mode.LISTEN.value)), f"ring coach {coach}")

    def claim(self, legs: list[Leg]) -> list[Leg]:
        """After a restart: the legs of supervisors, to be given to `go_on` once the calls do."""
        facts = list(self._centre.facts.supervisions.values())
        return [leg for leg in legs if leg.state is LegState.UP and any(_is(leg, fact) for fact in facts)]

    def go_on(self, legs: list[Leg]) -> None:
        """Attend whom each attended; a supervisor whose leg is gone does no more."""
        for fact in list(self._centre.facts.supervisions.values()):
            leg = next((leg for leg in legs if _is(leg, fact)), None)
            if leg is None or fact.supervisor not in self._centre.config.agents:
                self._centre.bus.publish(SupervisionEnded(supervisor=fact.supervisor, why="lost"))
                continue
            wish = Wish(fact.supervisor, fact.agent, fact.attended_call, fact.mode)
            party = Party(leg, agent=fact.supervisor, line=fact.line)
            self._centre.start(self._attend(party, wish), f"attends {leg.id}")

    # --- one supervisor ---------------------------------------------------------------------------------

    def act(self, one: Supervision, act: str) -> None:
        """Listen, whisper, barge in or take over from now on."""
        if act == TAKE_OVER:
            self._take_over(one)
            return
        if one.mode is not Mode(act):
            one.mode = Mode(act)
            self._centre.bus.publish(SupervisionChanged(supervisor=one.supervisor, mode=act))
            self._heard(one)

    def _take_over(self, one: Supervision) -> None:
        talk = talk_of(one.call) if one.call is not None else None
        attended = one.party_in(one.call) if one.call is not None else None
        if talk is None or attended is None or len(talk.parties) < 2:
            raise AgentRefused(f"agent {one.supervisor}: there is no conversation to take over now.")
        one.end("taken over")
        self._forget(one)
        take_over(talk, attended, one.party)

    def _turn_to(self, one: Supervision, agent: str, call_id: str) -> None:
        if (one.agent, one.call_id) == (agent, call_id):
            return
        one.agent, one.call_id = agent, call_id
        self._told(one)
        self._heard(one)

    def _heard(self, one: Supervision) -> None:
        """Whoever is to hear or be heard now does, and knows it where the configuration says so."""
        centre, before = self._centre, one.call
        hear_anew(centre, *([before] if before else []))
        if one.call is None:
            return
        centre.supervisions.tell(one)
        beep = centre.config.supervision.beep
        if beep != "never" and one.mode is Mode.BARGE:
            ports = [party.port for party in one.call.parties if not party.away]
        else:
            attended = one.party_in(one.call)
            ports = [attended.port] if beep == "always" and attended else []
        for port in ports:
            self._centre.start(_beep(port, centre), f"beep {port}")

    async def _ring(self, wish: Wish) -> None:
        centre = self._centre
        with centre.engaged.on_a_call(wish.supervisor):
            try:
                party = await at_own_leg(wish.supervisor, NoCall("", centre.bus), centre)
                if party is None:
                    party = await self._rung(wish)
            except NotReached as missed:
                log.info("agent %s: does not come to supervise: %s", wish.supervisor, missed)
                return
            await self._attend(party, wish)

    async def _rung(self, wish: Wish) -> Party:
        shown = (f"{wish.act} {wish.agent or wish.call_id}", "supervise")
        try:
            leg = await ring(wish.supervisor, self._centre, label=f"supervise {wish.supervisor}", shown=shown)
        except DriverError as error:
            raise NotReached(OfferResult.NOT_REGISTERED, 480, str(error)) from error
        party = Party(leg, agent=wish.supervisor)
        try:
            await until_up(party, RINGS_SECONDS)
        except (NotReached, asyncio.CancelledError):
            self._centre.end(party)
            raise
        return party

    async def _attend(self, party: Party, wish: Wish) -> None:
        """Until the leg ends, the call does, or the supervisor has taken it over."""
        centre, supervisor = self._centre, wish.supervisor
        first = Mode.LISTEN if wish.act == TAKE_OVER else Mode(wish.act)
        one = Supervision(supervisor, party, first, wish.agent, wish.call_id)
        if (other := centre.supervisions.by_name.get(supervisor)) is not None:
            other.end("begun anew")
            self._forget(other)
        party.hold(centre.engaged.on_a_call(supervisor))
        party.open(centre.media)
        centre.supervisions.by_name[supervisor] = one
        self._told(one)
        self._heard(one)
        if wish.act == TAKE_OVER:
            self._obey(one, TAKE_OVER)
        keys = asyncio.create_task(self._keys(one), name=f"keys of {supervisor}")
        try:
            with centre.listens(party), ended_when_silent(party, centre.has_phone):
                async with party.leg.alive():
                    await one.over.wait()
        except LegEnded:
            one.end("hung up")
        finally:
            keys.cancel()
            one.end("box")
            self._forget(one)
            if one.why != "taken over":
                centre.end(party)

    async def _keys(self, one: Supervision) -> None:
        while True:
            key = await one.party.leg.digits.get()
            if key in KEYS:
                self._obey(one, KEYS[key])

    def _obey(self, one: Supervision, act: str) -> None:
        try:
            self.act(one, act)
        except AgentRefused as error:
            log.info("%s", error)

    def _told(self, one: Supervision) -> None:
        log.info("agent %s: supervises %s", one.supervisor, one.agent or one.call_id)
        event = SupervisionStarted(
            supervisor=one.supervisor,
            leg_id=one.party.leg.id,
            mode=one.mode.value,
            agent=one.agent,
            attended_call=one.call_id,
            line=one.party.line,
        )
        self._centre.bus.publish(event)
        self._centre.chore(label(one.party.leg, f"supervise {one.supervisor}"), f"label {one.party.leg.id}")

    def _forget(self, one: Supervision) -> None:
        known = self._centre.supervisions.by_name.get(one.supervisor) is one
        call = self._centre.supervisions.forget(one)
        if known:
            self._centre.bus.publish(SupervisionEnded(supervisor=one.supervisor, why=one.why))
        hear_anew(self._centre, *([call] if call else []))

    # --- who may, and whom ------------------------------------------------------------------------------

    def _target(self, whom: str) -> tuple[str, str]:
        """(agent, ""), or ("", call)."""
        agents = self._centre.config.agents
        by_extension = {agent.extension: name for name, agent in agents.items() if agent.extension}
        if by_extension.get(whom, whom) in agents:
            return by_extension.get(whom, whom), ""
        calls = [id for id in self._centre.calls if whom and id.startswith(whom)]
        if len(calls) != 1:
            raise AgentRefused(f"{whom!r} is no agent, no extension and no call. See: callbox show calls")
        return "", calls[0]

    def _may(self, supervisor: str, agent: str, call_id: str) -> None:
        centre = self._centre
        if supervisor not in centre.config.agents:
            known = ", ".join(sorted(centre.config.agents)) or "none"
            raise AgentRefused(f"there is no agent {supervisor!r}. Known agents: {known}.")
        parties = centre.calls[call_id].parties if call_id else []
        whose = [agent] if agent else [party.agent for party in parties if party.agent]
        if supervisor in whose:
            raise AgentRefused(f"agent {supervisor}: is in that conversation. Supervise somebody else's.")
        coached = bool(whose) and all(centre.agent(name).coach == supervisor for name in whose)
        if centre.agent(supervisor).role != SUPERVISOR and not coached:
            raise AgentRefused(
                f'agent {supervisor}: may not supervise. Set role = "supervisor" in [agents.{supervisor}].'
            )


def _is(leg: Leg, fact: SupervisionStarted) -> bool:
    """A serial line's legs have no lasting names."""
    return leg.id == fact.leg_id or bool(fact.line and leg.port == fact.line)


async def _beep(port: str, centre: Centre) -> None:
    with centre.media.tone(f"{port}/beep", port, "call_waiting", centre.config.box.country):
        await asyncio.sleep(BEEP_SECONDS)
