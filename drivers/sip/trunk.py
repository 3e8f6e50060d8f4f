"""A SIP trunk as a line: many legs at once, within limits, as well as the provider's servers are.

The edge knows the servers: it asks them by OPTIONS, registers, tells a trunk's calls from others and tries
the servers in their order. The workers carry the legs. This is what the box may use of it, and in whose name.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
from dataclasses import dataclass
from typing import Protocol

from drivers.health import Alarm, AlarmKind, Health
from drivers.port import Leg, LegState, Port, PortRefused, PortState
from drivers.sip.account import Through
from drivers.sip.identity import CallerHeader, caller_of, clean, number_in, shown
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool

log = logging.getLogger(__name__)

FIRST_WORD_SECONDS = 3.0  # the edge is asked at once, and a server that is there answers in less
ALARM_SECONDS = 60.0  # a fault as long as this is told to somebody
COMPLAIN_SECONDS = 60.0
BUSY_HERE = 486
REDIRECTS = range(300, 400)


class DialFormat(enum.Enum):
    """How numbers are written for the provider."""

    PLUS = "plus"
    E164 = "e164"
    NATIONAL = "national"


class CalledFrom(enum.Enum):
    """Where the provider writes the number dialled."""

    REQUEST_URI = "request-uri"  # a call to the address that we registered has To's there, by the edge
    TO = "to"


class Numbering(Protocol):
    """The numbering plan of the trunk's country."""

    def plus(self, number: str) -> str:
        """The number in + form where it has one, else as it is."""

    def national(self, number: str) -> str:
        """A number in + form as it is dialled inside the country, with the prefix for abroad if it is."""


class AsItIs:
    """No numbering plan: every number stays as it is."""

    def plus(self, number: str) -> str:
        return number

    def national(self, number: str) -> str:
        return number


@dataclass(frozen=True)
class TrunkSettings:
    """What the configuration says of a trunk; `hosts` in their order, `domain` that of the account.

    `caller_id` is the number shown to those called, "" for the account's user.
    """

    hosts: tuple[str, ...]
    domain: str
    user: str = ""
    registers: bool = False
    calls: int = 10
    outgoing_calls: int = 10
    caller_id: str = ""
    caller_id_from: CallerHeader = CallerHeader.FROM
    caller_id_in: CallerHeader = CallerHeader.FROM
    called_from: CalledFrom = CalledFrom.REQUEST_URI
    anonymous: bool = False
    dial_format: DialFormat = DialFormat.PLUS


@dataclass(frozen=True)
class TrunkView:
    """The trunk as the edge sees it: `up` the servers that answer, `code` the last one to REGISTER (0: none).

    `trouble` says why the edge itself is not there, with what to do; the rest means nothing then.
    """

    up: tuple[str, ...] = ()
    registered: bool = False
    code: int = 0
    trouble: str = ""


class TrunkPort(Port):
    """One trunk. BUSY means that all its `calls` are taken; a FAULT ends no call, and lets calls in."""

    def __init__(
        self, name: str, *, pool: SipPool, settings: TrunkSettings, numbering: Numbering | None = None
    ) -> None:
        super().__init__(name)
        self._pool = pool
        self._settings = settings
        self._numbering = numbering or AsItIs()
        self._view: TrunkView | None = None  # None: the edge has said nothing yet
        self._told = asyncio.Event()
        self._opening = False
        self._legs: dict[SipLeg, asyncio.Task[None] | None] = {}  # and who waits for its end
        self._fault_since = 0.0  # loop time
        self._heals = 0
        self._too_many = 0  # callers told busy since the last line of the log
        self._complained = float("-inf")  # loop time
        self._last_heal_seconds: float | None = None

    # --- the contract -----------------------------------------------------------------------------------

    async def open(self) -> None:
        """Wait a moment for the edge's first word; calls that were up are there already, by the pool."""
        self.moved(PortState.STARTING)
        self._opening = True
        for leg in self._legs:
            self._watch(leg)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_WORD_SECONDS):
                await self._told.wait()
        self._opening = False
        self._settle()

    async def close(self) -> None:
        """No more of it is used; its calls go on."""
        tasks = {task for task in self._legs.values() if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._legs = dict.fromkeys(self._legs)
        if self.state is not PortState.DOWN:
            self.moved(PortState.DOWN, "closed")

    async def dial(self, number: str, *, label: str = "", emergency: bool = False) -> SipLeg:
        """Call `number` (+ form, or a short code); an `emergency` is tried whatever limits and servers say.

        Raises PortRefused: out of service, all calls taken, no worker free. Nothing is awaited between the
        start and the return.
        """
        if not emergency:
            self._refuse_when_full()
        who = shown(
            self._settings.caller_id,
            user=self._settings.user,
            domain=self._settings.domain,
            header=self._settings.caller_id_in,
            anonymous=self._settings.anonymous,
        )
        leg = await self._pool.dial(
            self._written(number),
            label=label,
            headers=who.headers,
            from_user=who.user,
            from_name=who.name,
            account=self.name,
            through=Through.TRUNK,
        )
        leg.peer, leg.port = number, self.name
        self._take(leg)
        return leg

    def came_in(self, leg: Leg) -> None:
        """A call from the provider, or one found alive; more than `calls` are told that we are busy."""
        if not isinstance(leg, SipLeg):
            raise TypeError(f"port {self.name}: {leg!r} is no SIP leg")
        self._read(leg)
        if leg.state is LegState.RINGING and leg.inbound and len(self._legs) >= self._settings.calls:
            self._complain_of_calls()
            leg.give_up(BUSY_HERE)
            return
        self._take(leg)
        super().came_in(leg)

    def status(self) -> dict[str, object]:
        """Beside `state` and `reason`: calls and limits, and how each server is."""
        view, settings = self._view or TrunkView(), self._settings
        return {
            **super().status(),
            "operator": settings.domain,
            "calls": len(self._legs),
            "most_calls": settings.calls,
            "outgoing": self._outgoing(),
            "most_outgoing": settings.outgoing_calls,
            "hosts": {host: host in view.up for host in settings.hosts},
            "registered": view.registered if settings.registers else None,
            "fault_seconds": round(self._fault_seconds(), 1),
        }

    @property
    def health(self) -> Health:
        """Registration and healing, in the words of the other lines."""
        view = self._view or TrunkView()
        registered = "registered" if view.registered else "not registered"
        return Health(
            registration=registered if self._settings.registers else "static",
            operator=self._settings.domain,
            technology="SIP",
            heals=self._heals,
            last_heal_seconds=self._last_heal_seconds,
        )

    def alarms(self) -> tuple[Alarm, ...]:
        """A fault that lasts."""
        if self.state is PortState.FAULT and self._fault_seconds() >= ALARM_SECONDS:
            return (Alarm(AlarmKind.OUT_OF_SERVICE, self.reason),)
        return ()

    # --- what the edge tells ------------------------------------------------------------------------------

    def seen(self, view: TrunkView) -> None:
        """The edge tells how it finds the trunk now; the same again changes nothing."""
        self._view = view
        self._told.set()
        self._settle()

    def forwarded(self, leg: SipLeg) -> str:
        """The number a 3xx sent our call to, when it is this provider's to say; "" for anywhere else.

        Nobody has dialled it yet: the dial plan is asked as for any number. A redirect to another host is
        never followed, or a provider's customer could have us call anywhere (RFC 3261 26.4.3).
        """
        if leg.code not in REDIRECTS or not leg.forwarded:
            return ""
        _, _, host = leg.forwarded.partition("@")
        host = host.partition(">")[0].partition(";")[0].lower()
        own = {self._settings.domain.lower(), *(_host(entry) for entry in self._settings.hosts)}
        if _host(host) not in own:
            log.warning("port %s: a redirect to another host is not followed", self.name)
            return ""
        return self._plus(number_in(leg.forwarded))

    # --- inside ---------------------------------------------------------------------------------------------

    def _refuse_when_full(self) -> None:
        if self.state not in (PortState.IDLE, PortState.BUSY):
            why = f" ({self.reason})" if self.reason else ""
            raise PortRefused(
                f"port {self.name}: cannot dial, it is {self.state.value}{why}. Take another line, or wait"
            )
        most = self._settings.calls
        if len(self._legs) >= most:
            raise PortRefused(
                f"port {self.name}: cannot dial, it is busy, all its {most} calls are taken. "
                f"Take another line, or wait; `calls` is the limit"
            )
        most = self._settings.outgoing_calls
        if self._outgoing() >= most:
            raise PortRefused(
                f"port {self.name}: cannot dial, its {most} outgoing calls are taken. "
                f"Take another line, or wait; `outgoing_calls` is the limit"
            )

    def _complain_of_calls(self) -> None:
        """One line a minute, however many there are."""
        self._too_many += 1
        now = asyncio.get_running_loop().time()
        if now - self._complained >= COMPLAIN_SECONDS:
            most, count = self._settings.calls, self._too_many
            log.warning("port %s: its %d calls are taken, %d more were told busy", self.name, most, count)
            self._complained, self._too_many = now, 0

    def _outgoing(self) -> int:
        return sum(not leg.inbound for leg in self._legs)

    def _take(self, leg: SipLeg) -> None:
        self._legs[leg] = None
        if self.state is not PortState.DOWN:
            self._watch(leg)
            self._settle()

    def _watch(self, leg: SipLeg) -> None:
        self._legs[leg] = asyncio.create_task(self._until_over(leg), name=f"{self.name} {leg.id}")

    async def _until_over(self, leg: SipLeg) -> None:
        await leg.ended()
        del self._legs[leg]
        self._settle()

    def _settle(self) -> None:
        """Bring our state in line with the edge's view and the calls there are."""
        if self.state is PortState.DOWN or self._opening:
            return
        if why := self._why_out_of_service():
            if self.state is not PortState.FAULT:
                self._fault_since = asyncio.get_running_loop().time()
            self.moved(PortState.FAULT, why)
            return
        if self.state is PortState.FAULT:
            self._heals += 1
            self._last_heal_seconds = self._fault_seconds()
            self.moved(PortState.STARTING)
        is_full = len(self._legs) >= self._settings.calls
        self.moved(PortState.BUSY if is_full else PortState.IDLE, self._reserve_lacking())

    def _fault_seconds(self) -> float:
        if self.state is not PortState.FAULT:
            return 0.0
        return asyncio.get_running_loop().time() - self._fault_since

    def _why_out_of_service(self) -> str:
        view, settings = self._view, self._settings
        if view is None:
            return "the SIP edge has not said how its servers are. It is asked again; is Kamailio running?"
        if view.trouble:
            return view.trouble
        if not view.up:
            which = "its server" if len(settings.hosts) == 1 else "none of its servers"
            does = "does not answer" if len(settings.hosts) == 1 else "answers"
            return (
                f"{which} ({', '.join(settings.hosts)}) {does} OPTIONS. Check the way there; it is tried on"
            )
        if settings.registers and not view.registered:
            return _why_unregistered(view.code)
        return ""

    def _reserve_lacking(self) -> str:
        """What does not end the service: servers beside one that answers."""
        missing = [host for host in self._settings.hosts if self._view and host not in self._view.up]
        return f"no answer from {', '.join(missing)}" if missing else ""

    def _written(self, number: str) -> str:
        """A number in + form as the provider wants it; short codes stay as they are."""
        if not number.startswith("+") or self._settings.dial_format is DialFormat.PLUS:
            return number
        if self._settings.dial_format is DialFormat.E164:
            return number.removeprefix("+")
        return self._numbering.national(number)

    def _plus(self, number: str) -> str:
        if self._settings.dial_format is DialFormat.E164 and len(number) > 7 and number.isdecimal():
            return number if number.startswith("0") else f"+{number}"
        return self._numbering.plus(number)

    def _read(self, leg: SipLeg) -> None:
        """Who calls whom, from what the INVITE said, in + form."""
        leg.port = self.name
        if not leg.inbound:
            leg.peer = self._plus(number_in(leg.peer) or clean(leg.peer))
            return
        leg.peer = self._plus(caller_of(leg.peer, leg.headers, self._settings.caller_id_from))
        requested, to = clean(leg.called), number_in(leg.headers.get("To", ""))
        in_to = self._settings.called_from is CalledFrom.TO
        leg.called = self._plus((to or requested) if in_to else (requested or to))


def _host(entry: str) -> str:
    return entry.partition(":")[0].lower()


def _why_unregistered(code: int) -> str:
    """In words, from the last answer to REGISTER (RFC 3261 21)."""
    if code in (401, 403, 407):
        return f"the provider refuses the account ({code}). Check user, password and domain of the line"
    if code == 404:
        return "the provider does not know the account (404). Check user and domain of the line"
    if code and code != 408:
        return f"the provider does not take the registration ({code}). It is tried again; ask the provider"
    return "the registration is not answered. It is tried again; check hosts and the way there"
