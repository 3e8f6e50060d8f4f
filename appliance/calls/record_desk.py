"""Who wishes a call recorded, paused, or recorded no more; and the end of pauses that have one.

By the agent's key or page, or by a supervisor: somebody in the call, or one whose agent has that role, or
whoever may use the box's own command line. All raise AgentRefused with what to do instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from appliance.acd.agent import AgentRefused
from appliance.calls.call import Call
from appliance.calls.centre import Centre
from appliance.calls.record_rules import rule
from appliance.calls.records import SUPERVISOR
from appliance.calls.talk import talk_of
from appliance.calls.transfer import talks_of
from appliance.events import RecordingAsked, RecordingPaused, RecordingResumed

LOOK_SECONDS = 0.5  # between two looks for pauses whose time is over
MOST_SECONDS = 3600.0  # of a pause that ends by itself
FORM = " form"  # the holder of a pause that ends by itself is "ana form"


class RecordDesk:
    """Made for one centre; `run` never returns."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def commands(self) -> dict[str, Callable[[str, str], None]]:
        """For an agent in a conversation: command word -> what takes (agent, seconds or "form")."""
        return {
            "record": lambda agent, text: self.ask(self._call_of(agent), agent, True),
            "record-stop": lambda agent, text: self.ask(self._call_of(agent), agent, False),
            "record-pause": lambda agent, text: self.pause(self._call_of(agent), agent, text),
            "record-resume": lambda agent, text: self.resume(self._call_of(agent), agent, text),
            "record-key": lambda agent, text: self._toggle(self._call_of(agent), agent),
            "record-pause-key": lambda agent, text: self._toggle_pause(self._call_of(agent), agent),
        }

    def command(self, call_id: str, command: str, by: str, text: str = "") -> None:
        """`command` is start, stop, pause or resume; `by` an agent, or "supervisor"."""
        call = self._centre.calls.get(call_id)
        if call is None:
            raise AgentRefused(f"no call {call_id} is going on. List them with: callbox show calls")
        self._allow(call, by)
        match command:
            case "start" | "stop":
                self.ask(call, by, command == "start")
            case "pause":
                self.pause(call, by, text)
            case "resume":
                self.resume(call, by, text)
            case _:
                raise AgentRefused(f"{command!r}: recordings know start, stop, pause and resume.")

    def ask(self, call: Call, by: str, on: bool) -> None:
        """Record the call from now on, or no more."""
        rules = rule(call, self._centre)
        if rules.mode == "never":
            raise AgentRefused(f"call {call.id} is never recorded: {rules.why} says so.")
        if rules.mode == "always" and not on and not self._supervises(by):
            raise AgentRefused(f"call {call.id} is always recorded: {rules.why} says so. Pause it instead.")
        if call.story.record.asked is not on:
            call.note(RecordingAsked(call_id=call.id, on=on, by=by))
            self._arrange(call)

    def pause(self, call: Call, by: str, seconds: str = "") -> None:
        """Record silence until resumed; with `seconds` until those are over: a form is open and says so."""
        until_s = self._centre.clock.wall() + _seconds(seconds) if seconds else 0.0
        holder = by + FORM if seconds else by
        call.note(RecordingPaused(call_id=call.id, holder=holder, until_s=until_s))
        self._arrange(call)

    def resume(self, call: Call, by: str, text: str = "") -> None:
        """Record sound again, unless somebody else pauses it; "form" ends the pause with an end alone.

        A supervisor ends every pause.
        """
        pauses = call.story.record.pauses
        mine = list(pauses) if by == SUPERVISOR else [by + FORM] if text else [by, by + FORM]
        self._resumed(call, [holder for holder in mine if holder in pauses], "asked")

    async def run(self) -> None:
        """End pauses whose time is over, those from before a restart too."""
        while True:
            for call in list(self._centre.calls.values()):
                self._resumed(call, call.story.record.lapsed(self._centre.clock.wall()), "time")
            await asyncio.sleep(LOOK_SECONDS)

    def begin_again(self) -> None:
        """The disk has room again: record what should be recorded."""
        self._centre.media.recordings.again()
        for call in list(self._centre.calls.values()):
            self._arrange(call)

    # --- inside -------------------------------------------------------------------------------------

    def _toggle(self, call: Call, agent: str) -> None:
        self.ask(call, agent, not call.story.record.asked)

    def _toggle_pause(self, call: Call, agent: str) -> None:
        if call.story.record.pauses:
            self._resumed(call, list(call.story.record.pauses), "asked")
        else:
            self.pause(call, agent)

    def _resumed(self, call: Call, holders: list[str], why: str) -> None:
        for holder in holders:
            call.note(RecordingResumed(call_id=call.id, holder=holder, why=why))
        if holders:
            self._arrange(call)

    def _arrange(self, call: Call) -> None:
        talk = talk_of(call)
        if talk is not None:
            talk.arrange()

    def _call_of(self, agent: str) -> Call:
        talks = talks_of(agent, self._centre)
        if not talks:
            raise AgentRefused(f"agent {agent} speaks with nobody, so there is nothing to record.")
        return talks[0][0].call

    def _allow(self, call: Call, by: str) -> None:
        if not self._supervises(by) and by not in {party.agent for party in call.parties}:
            raise AgentRefused(f"agent {by} is not in call {call.id}, and no supervisor. Ask one of them.")

    def _supervises(self, by: str) -> bool:
        agent = self._centre.config.agents.get(by)
        return by == SUPERVISOR or (agent is not None and agent.role == "supervisor")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1.0 <= seconds <= MOST_SECONDS:  # NaN too
        raise AgentRefused(f"a pause of {text!r} seconds: give 1 to {MOST_SECONDS:g}, or nothing.")
    return seconds
