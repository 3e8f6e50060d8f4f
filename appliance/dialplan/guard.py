"""The guard of the way out: who wants an outside line asks here first, and says what became of the call.

Deny by default. Whoever passes a cap is locked until a person unlocks: an agent, or the whole way out.
Emergency calls are refused to nobody at a phone of ours, whatever is locked or used up.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.dialplan import caps
from appliance.dialplan.caps import Use, whose
from appliance.dialplan.ledger import BOX, Cap, Ledger, Running, Tally
from appliance.dialplan.numbering import CountryNumbering
from appliance.dialplan.outgoing import OutgoingCall, cost
from appliance.dialplan.permit import ITSELF, Cause, DialRefused, Kind, Permit
from appliance.dialplan.rules import Rules, Verdict
from appliance.events import Event
from appliance.outbound_events import (
    OutboundAllowed,
    OutboundAnswered,
    OutboundBegun,
    OutboundEnded,
    OutboundLocked,
    OutboundRefused,
    OutboundUnlocked,
)
from appliance.store.opening import StoreError
from appliance.store.outbound_reads import outbound_events

log = logging.getLogger(__name__)

SHOWN = 40  # characters of what was dialled that the journal keeps
SAY_SECONDS = 60.0  # a line in the log for each agent at most so often
LOOK_BACK_SECONDS = 2 * 86400.0  # before the month: calls that are up may have begun there


class UnlockRefused(Exception):
    """There is nothing to unlock; the message says what there is."""


class Guard:
    """`ask` before every dial, `with call(permit)` around it; `start` first, with what the journal knows."""

    def __init__(self, config: Config, *, bus: Bus, clock: Clock) -> None:
        self.rules = Rules(config)
        self._config = config
        self._bus = bus
        self._clock = clock
        self._numbering = CountryNumbering(config.box.country)
        self._ledger = Ledger()
        self._going: dict[str, OutgoingCall] = {}  # by permit
        self._found: dict[str, OutgoingCall] = {}  # those among them that wait for `call` since a restart
        self._said: dict[str, float] = {}  # agent -> when the log had a line of it

    # --- asked by calls -------------------------------------------------------------------------------

    def is_emergency(self, dialled: str) -> bool:
        """To be asked before extensions are looked up: such a number goes out whatever else it may be."""
        return self.rules.emergency(dialled) is not None

    def ask(self, agent: str, dialled: str, *, call_id: str = "", cause: Cause = Cause.DIALLED) -> Permit:
        """May the agent dial that, as it was dialled on the phone (or stands in a Refer-To or Contact)?

        Counts as a try, whatever comes of it. Raises DialRefused. "" for the agent is nobody, a caller from
        outside, who may dial nothing at all.
        """
        try:
            verdict = self._verdict(agent, dialled, call_id, cause)
        except DialRefused as refusal:
            self._say(agent, f"{whose(agent)}: no call out, {cause.value}: {refusal}")
            raise
        number = verdict.number.dial
        permit = Permit(
            id=secrets.token_hex(8),
            call_id=call_id,
            agent=agent,
            number=number,
            national=self._numbering.national(number) if number.startswith("+") else number,
            kind=verdict.number.kind,
            country=verdict.number.country,
            lines=verdict.lines,
            a_minute=verdict.a_minute,
            longest_seconds=self.rules.permission(agent).longest_minutes * 60.0,
        )
        self._note(_allowed(permit, cause))
        return permit

    def foresee(self, agent: str, dialled: str) -> Verdict:
        """What `ask` would permit now, and nothing counted. Raises DialRefused."""
        verdict = self._known(agent, dialled)
        if verdict is None:
            self.refuse_locked(agent)
            verdict = self.rules.judge(agent, self.rules.read(dialled), self._now())
        return verdict

    @contextmanager
    def call(self, permit: Permit) -> Iterator[OutgoingCall]:
        """Held around dialling and talking; puts money by. Raises DialRefused when none is left any more."""
        call = self._found.pop(permit.id, None)
        if call is None:
            self._keep(permit.agent, _money(permit.a_minute))
            call = self._going[permit.id] = self._outgoing(permit)
            self._note(_begun(permit))
        try:
            yield call
        finally:
            del self._going[permit.id]
            self._note(_ended(permit, call.seconds))

    def resume(self, call_id: str) -> list[Permit]:
        """Permits of calls that were begun when the brain died and go on; each for `with call(permit)`."""
        return [call.permit for call in self._found.values() if call.permit.call_id == call_id]

    def settle(self) -> None:
        """Every call that went on is taken up: those that nobody took are over."""
        for permit_id, call in list(self._found.items()):
            del self._going[permit_id], self._found[permit_id]
            self._note(_ended(call.permit, call.seconds))

    # --- asked by app and the faces -------------------------------------------------------------------

    def start(self, database: Path, alive: Collection[str] = ()) -> None:
        """Take up counts, locks and calls from the journal; calls but those of `alive` ids are over.

        They are charged until now, their longest at most. A journal that cannot be read locks the way out.
        """
        now = self._now()
        since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        try:
            events = outbound_events(database, since.timestamp() - LOOK_BACK_SECONDS)
        except StoreError as error:
            log.error("outgoing calls: locked, what was used before cannot be read: %s", error)
            self._lock(BOX, Cap.UNKNOWN, "the journal could not be read, so nobody knows what was used")
            return
        for stamped in events:
            self._ledger.apply(stamped)
        for running in list(self._ledger.running.values()):
            self._take_up(running, alive)

    def unlock(self, agent: str, by: str) -> None:
        """Let the agent, or with "" everybody, call out again; the cap counts anew. Raises UnlockRefused."""
        tally = self.tally(agent)
        if tally.locked is None:
            locked = ", ".join(whose(each) for each in self.locked()) or "nothing"
            raise UnlockRefused(f"{whose(agent)} cannot be unlocked, it is not locked. Locked: {locked}")
        log.warning("%s: unlocked by %s", whose(agent), by)
        self._note(OutboundUnlocked(agent=agent, cap=tally.locked.value, by=by))

    def locked(self) -> list[str]:
        """Agents that are locked, and BOX for the way out."""
        return [each for each in (BOX, ITSELF, *self._config.agents) if self.tally(each).locked]

    def tally(self, agent: str) -> Tally:
        """What the agent, or BOX, used so far, and whether it is locked."""
        return self._ledger.tally(agent, round(self._clock.wall() * 1000))

    def uses(self, agent: str) -> list[Use]:
        """Every cap of the agent, or of BOX, money put by for calls that are up included."""
        tally = self.tally(agent)
        reserved = sum(each.reserved for each in self._going.values() if agent in (BOX, each.permit.agent))
        if agent == BOX:
            return list(caps.of_box(self._config.outbound, tally, reserved))
        return list(caps.of_agent(agent, self.rules.permission(agent), tally, reserved))

    def going(self) -> list[OutgoingCall]:
        """The calls for which money is put by."""
        return list(self._going.values())

    def passed(self, agent: str, more: Mapping[Cap, float]) -> Use | None:
        """The first cap, of the agent or the box, that so much more would pass."""
        uses = [*self.uses(agent), *self.uses(BOX)]
        return next((use for use in uses if use.cap in more and not use.allows(more[use.cap])), None)

    def refuse_locked(self, agent: str) -> None:
        """Raises DialRefused when the agent or the way out is locked."""
        for each in (BOX, agent):
            tally = self.tally(each)
            if tally.locked:
                raise _locked(each, tally.why)

    # --- inside ---------------------------------------------------------------------------------------

    def _verdict(self, agent: str, dialled: str, call_id: str, cause: Cause) -> Verdict:
        emergency = self._known(agent, dialled)
        if emergency is not None:
            return emergency
        self.refuse_locked(agent)
        self._keep(agent, {Cap.CALLS_A_MINUTE: 1})
        try:
            verdict = self.rules.judge(agent, self.rules.read(dialled), self._now())
            self.refuse_dear(agent, verdict.a_minute)
        except DialRefused as refusal:
            shown = dialled[:SHOWN]
            event = OutboundRefused(
                call_id=call_id, agent=agent, dialled=shown, why=str(refusal), cause=cause.value
            )
            self._note(event)
            self._lock_passed(self.passed(agent, {Cap.REFUSED_A_DAY: 0}))
            raise
        self._keep(agent, self.one_call(verdict.a_minute))
        return verdict

    def _known(self, agent: str, dialled: str) -> Verdict | None:
        """Raises DialRefused for whoever may dial nothing; an emergency number goes out from a phone."""
        emergency = self.rules.emergency(dialled)
        if agent == ITSELF and emergency is not None:
            raise DialRefused("the box dials no emergency number by itself, whoever asked for it")
        if agent not in (ITSELF, *self._config.agents):
            raise DialRefused("who is no agent at a phone of the box may dial nothing")
        return emergency

    def one_call(self, a_minute: float) -> Mapping[Cap, float]:
        """What one more call of that price uses at least."""
        return {Cap.CALLS_A_MINUTE: 1, Cap.CALLS_A_DAY: 1, **_money(a_minute)}

    def refuse_dear(self, agent: str, a_minute: float) -> None:
        """Raises DialRefused for a number whose minute alone is more than a cap."""
        for use in (*self.uses(agent), *self.uses(BOX)):
            if use.cap in (Cap.SPEND_A_DAY, Cap.SPEND_A_MONTH) and a_minute > use.most:
                raise DialRefused(
                    f"{whose(agent)}: a minute costs {a_minute:g}, "
                    f"and {whose(use.agent)} may {use.cap.value} {use.most:g}"
                )

    def _keep(self, agent: str, more: Mapping[Cap, float]) -> None:
        """Lock and raise DialRefused when so much more would pass a cap."""
        use = self.passed(agent, more)
        self._lock_passed(use)
        if use is not None:
            raise _locked(use.agent, f"{use} are used")

    def _lock_passed(self, use: Use | None) -> None:
        if use is not None:
            self._lock(use.agent, use.cap, f"{use} are used")

    def _lock(self, agent: str, cap: Cap, why: str) -> None:
        if self.tally(agent).locked is None:
            self._note(OutboundLocked(agent=agent, cap=cap.value, why=why))

    def _outgoing(self, permit: Permit) -> OutgoingCall:
        return OutgoingCall(
            permit, clock=self._clock, may_go_on=self._may_go_on, note_answer=self._note_answer
        )

    def _may_go_on(self, call: OutgoingCall) -> str:
        use = self.passed(call.permit.agent, _money(call.permit.a_minute))
        self._lock_passed(use)
        return "" if use is None else f"{use} are used"

    def _note_answer(self, call: OutgoingCall, line: str) -> None:
        permit = call.permit
        self._note(OutboundAnswered(call_id=permit.call_id, permit=permit.id, agent=permit.agent, line=line))

    def _take_up(self, running: Running, alive: Collection[str]) -> None:
        permit = _permit(running.begun)
        since_s = self._clock.wall() if running.since_ms is None else running.since_ms / 1000
        seconds = self._clock.wall() - since_s
        if seconds < 0:  # the clock was set back, or has no battery: nobody knows how long it was
            seconds = permit.longest_seconds
        if permit.call_id not in alive:
            self._note(_ended(permit, min(seconds, permit.longest_seconds)))
            return
        call = self._going[permit.id] = self._found[permit.id] = self._outgoing(permit)
        if running.since_ms is not None:
            call.goes_on(seconds)

    def _note(self, event: Event) -> None:
        self._ledger.apply(self._bus.publish(event))

    def _say(self, agent: str, text: str) -> None:
        now, source = self._clock.mono(), agent if agent in self._config.agents else BOX
        if now - self._said.get(source, -SAY_SECONDS) >= SAY_SECONDS:
            self._said[source] = now
            log.warning("%s", text)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall())


def _money(a_minute: float) -> Mapping[Cap, float]:
    """A minute more of that price; nothing is asked for a free one."""
    return {Cap.SPEND_A_DAY: a_minute, Cap.SPEND_A_MONTH: a_minute} if a_minute else {}


def _locked(agent: str, why: str) -> DialRefused:
    return DialRefused(
        f"{whose(agent)}: locked, {why}. A person unlocks: callbox outbound unlock {agent}".strip()
    )


def _allowed(permit: Permit, cause: Cause) -> OutboundAllowed:
    return OutboundAllowed(
        call_id=permit.call_id,
        permit=permit.id,
        agent=permit.agent,
        number=permit.number,
        kind=permit.kind.value,
        country=permit.country,
        a_minute=permit.a_minute,
        cause=cause.value,
    )


def _ended(permit: Permit, seconds: float) -> OutboundEnded:
    return OutboundEnded(
        call_id=permit.call_id,
        permit=permit.id,
        agent=permit.agent,
        seconds=round(seconds, 3),
        cost=cost(seconds, permit.a_minute),
    )


def _begun(permit: Permit) -> OutboundBegun:
    return OutboundBegun(
        call_id=permit.call_id,
        permit=permit.id,
        agent=permit.agent,
        number=permit.number,
        kind=permit.kind.value,
        a_minute=permit.a_minute,
        longest_seconds=permit.longest_seconds,
    )


def _permit(begun: OutboundBegun) -> Permit:
    """As far as it is needed for a call that is dialled already."""
    return Permit(
        id=begun.permit,
        call_id=begun.call_id,
        agent=begun.agent,
        number=begun.number,
        national=begun.number,
        kind=Kind(begun.kind),
        country="",
        lines=(),
        a_minute=begun.a_minute,
        longest_seconds=begun.longest_seconds,
    )
