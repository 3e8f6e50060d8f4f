"""The supervisors whose legs are up: whom each attends, and in which call that is now.

One who attends an agent stays with the agent, from call to call; one who attends a call stays with the call,
whoever speaks with the caller, and leaves when it is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.agent_events import CallAttended, CallUnattended
from appliance.bus import Bus
from appliance.calls.call import Call
from appliance.calls.party import Party
from appliance.calls.supervision import Mode, Watcher

CALL_OVER = "call over"


@dataclass(eq=False)
class Supervision:
    """A supervisor's leg: it attends `agent`, or the call `call_id`; `call` is where that is now."""

    supervisor: str
    party: Party
    mode: Mode
    agent: str = ""
    call_id: str = ""
    call: Call | None = None
    told: tuple[str, str, Mode] | None = None  # call, agent and mode as the journal has them
    over: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""  # it is over; "" while it is not

    def end(self, why: str) -> None:
        """It is over, for the first reason given."""
        self.why = self.why or why
        self.over.set()

    def party_in(self, call: Call) -> Party | None:
        """Who is attended in the call."""
        wanted = [party for party in call.parties if party.agent and self.agent in ("", party.agent)]
        return wanted[0] if wanted else None


@dataclass(eq=False)
class Supervisions:
    """All of them, by the supervisor's name."""

    calls: Mapping[str, Call]
    bus: Bus
    by_name: dict[str, Supervision] = field(default_factory=dict)

    def watchers(self, call: Call) -> list[Watcher]:
        """Those who attend somebody in this call now."""
        found = []
        for each in self.by_name.values():
            attended = each.party_in(call) if each.call is call else None
            if attended is not None and each.party.port:
                there = not each.party.leg.held
                found.append(Watcher(each.party.port, attended.port, each.mode, there))
        return found

    def barging(self, call: Call) -> dict[str, Party]:
        """Those who speak with all in this call now, by name."""
        found = {each.supervisor: each for each in self.by_name.values() if each.mode is Mode.BARGE}
        return {name: each.party for name, each in found.items() if each.call is call and each.party.port}

    def moved(self) -> list[Call]:
        """See where everybody is; the calls in which that has changed anything, to be heard anew."""
        changed: list[Call] = []
        for each in self.by_name.values():
            before, each.call = each.call, self._where(each)
            if each.call_id and each.call_id not in self.calls:
                each.end(CALL_OVER)
            if each.call is not before:
                changed += [call for call in (before, each.call) if call is not None]
            self.tell(each)
        return changed

    def tell(self, each: Supervision) -> None:
        """Let the calls know who attends whom in them, once."""
        attended = each.party_in(each.call) if each.call is not None else None
        now = (each.call.id, attended.agent, each.mode) if each.call and attended else None
        before, each.told = each.told, now
        if before is not None and (now is None or now[0] != before[0]):
            self._note(before[0], CallUnattended(call_id=before[0], supervisor=each.supervisor))
        if now is not None and now != before:
            call_id, agent, mode = now
            told = CallAttended(call_id=call_id, supervisor=each.supervisor, agent=agent, mode=mode.value)
            self._note(call_id, told)

    def forget(self, each: Supervision) -> Call | None:
        """It is over; the call in which it was heard."""
        if self.by_name.get(each.supervisor) is each:
            del self.by_name[each.supervisor]
        call, each.call = each.call, None
        self.tell(each)
        return call

    def _note(self, call_id: str, event: CallAttended | CallUnattended) -> None:
        if call_id in self.calls:  # else its end says so
            self.calls[call_id].note(event)

    def _where(self, each: Supervision) -> Call | None:
        """The conversation attended: of an agent with several, one that is not on hold, then the newest."""
        of_call = [self.calls[each.call_id]] if each.call_id in self.calls else []
        talks = of_call if each.call_id else list(self.calls.values())[::-1]
        found = [
            (party.leg.held, number, call)
            for number, call in enumerate(talks)
            if call.talk is not None and (party := each.party_in(call)) is not None
        ]
        return min(found, key=lambda one: one[:2])[2] if found else None
