"""Commands of agents for the conversation they are in, from a screen or the console: as a phone's keys do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from appliance.acd.agent import AgentRefused
from appliance.calls.centre import Centre
from appliance.calls.party import Party
from appliance.calls.talk import Talk
from appliance.calls.transfer import consult, join_in, talks_of, transfer
from appliance.calls.wrap_ups import Rule, note_code
from appliance.dialplan.permit import DialRefused
from drivers.port import Leg


class TalkDesk:
    """All raise AgentRefused with what to do instead; what takes time goes on by itself."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def commands(self) -> dict[str, Callable[[str, str], None]]:
        """Command word -> what takes (agent, whom it is about)."""
        return {
            "transfer": self.transfer,
            "consult": self.consult,
            "complete": lambda agent, text: self.complete(agent),
            "conference": lambda agent, text: self.conference(agent),
            "back": lambda agent, text: self.back(agent),
            "hold": lambda agent, text: self.hold(agent, True),
            "resume": lambda agent, text: self.hold(agent, False),
            "hangup": lambda agent, text: self.hang_up(agent),
            "code": self.code,
        }

    def transfer(self, agent: str, to: str) -> None:
        """The other party goes on with an extension, a queue or a number."""
        talk, party = self._talk(agent)
        with _refusing():
            transfer(talk, party, to, _nobody)

    def consult(self, agent: str, to: str) -> None:
        """Ask somebody, while the other party hears music."""
        talk, party = self._talk(agent)
        with _refusing():
            consult(talk, party, to, _nobody)

    def complete(self, agent: str) -> None:
        """The other party goes on with whoever was asked."""
        talk, party = self._talk(agent)
        if len(talk.parties) != 3:
            raise AgentRefused(f"agent {agent}: nobody has been asked yet. Consult somebody first.")
        talk.leave(party, "transfer")

    def conference(self, agent: str, *, at: Leg | None = None) -> None:
        """All hear each other; `at` is the leg of the agent that wishes so, where it is a new one."""
        talk, party = self._talk(agent)
        join_in(talk, party, at=at)

    def back(self, agent: str) -> None:
        """Nobody is asked, rung or transferred to any more."""
        talk, party = self._talk(agent)
        if len(talk.parties) == 3 and party is not talk.parties[2]:
            talk.leave(talk.parties[2], "box")
        elif talk.errand is not None:
            talk.back()
        else:
            raise AgentRefused(f"agent {agent}: there is nobody to come back from.")

    def hold(self, agent: str, on: bool) -> None:
        """The others hear music, until it is taken back."""
        talk, party = self._talk(agent)
        party.holds = on
        talk.arrange()

    def hang_up(self, agent: str) -> None:
        """The agent's part in it is over."""
        talk, party = self._talk(agent)
        if party.lent is not None:
            talk.leave(party, "agent")
        else:
            self._centre.chore(party.leg.hangup(), f"hang up {party.leg.id}")

    def code(self, agent: str, code: str) -> None:
        """What the call is about, while talking or writing it up."""
        desk, talks = self._centre.desk, talks_of(agent, self._centre)
        if not talks or agent in desk.wrap_ups:
            desk.wrap_ups.code(agent, code)
        else:
            note_code(agent, code, talks[0][0].call.id, _rule(talks[0][0], agent), self._centre.bus)

    def _talk(self, agent: str) -> tuple[Talk, Party]:
        talks = talks_of(agent, self._centre)
        if not talks:
            raise AgentRefused(f"agent {agent} speaks with nobody, so there is nothing to do.")
        return talks[0]


def codes(agent: str, centre: Centre) -> list[str]:
    """What the agent's present call may be about, while talking or writing it up."""
    talks = talks_of(agent, centre)
    rule = centre.desk.wrap_ups.rule(agent) or (_rule(talks[0][0], agent) if talks else Rule())
    return list(rule.codes)


def _rule(talk: Talk, agent: str) -> Rule:
    queue = talk.call.story.queue
    return talk.centre.wrap_up(queue, agent) if queue else Rule()


def _nobody(code: int, reason: str, last: bool) -> None:
    """A screen sees by the call how it goes."""


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """What the dial plan refuses is refused to the agent."""
    try:
        yield
    except DialRefused as error:
        raise AgentRefused(str(error)) from error
