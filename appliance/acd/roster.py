"""The agents of all queues and their states: logged in, paused, hindered, resting, at work.

Who is READY stands in the queues; whom they get is the distributor's: every change ends in its `_match`.
"""

from __future__ import annotations

from collections.abc import Callable

from appliance.acd.agent import AWAY, Agent, AgentRefused, AgentState
from appliance.acd.dues import Dues
from appliance.acd.queue import Queue, Ticket
from appliance.events import AgentChanged, Event

UNKNOWN = "not known yet"  # the hindrance of an agent nobody has looked at since the brain started
REST = "rest"  # the hindrance of an agent who was busy for too long


class Roster:
    """`touched_agents` and `touched_tickets` are what changed since the last check; `checked` is called after
    every change, and looks at them.
    """

    def __init__(
        self,
        *,
        publish: Callable[[Event], object],
        now: Callable[[], float],
        wake: Callable[[float], object],
        checked: Callable[[], None],
    ) -> None:
        self.queues: dict[str, Queue] = {}
        self.agents: dict[str, Agent] = {}
        self.staffing = 0  # counts changes of who is there, and of who serves what
        self.dues = Dues(wake)
        self.touched_agents: dict[Agent, None] = {}  # in order
        self.touched_tickets: dict[Ticket, None] = {}
        self._publish = publish
        self._now = now
        self._checked = checked

    # --- what they ask for ------------------------------------------------------------------------

    def log_in(self, name: str) -> None:
        """OFFLINE -> READY; harmless when logged in. Raises AgentRefused for an unknown name."""
        agent = self._agent(name)
        if agent.state is AgentState.OFFLINE:
            agent.misses = 0
            self._free(agent)
            self._done()
        elif agent.afterwards and agent.afterwards[0] is AgentState.OFFLINE:
            agent.afterwards = None

    def log_out(self, name: str) -> None:
        """To OFFLINE, after the present call if there is one."""
        self._leave_work(self._agent(name), AgentState.OFFLINE, "")

    def pause(self, name: str, reason: str = "") -> None:
        """To PAUSED with a reason, after the present call if there is one."""
        agent = self._agent(name)
        if agent.state is AgentState.OFFLINE:
            raise AgentRefused(f"agent {name} is not logged in, so cannot pause. Log in first.")
        self._leave_work(agent, AgentState.PAUSED, reason)

    def resume(self, name: str) -> None:
        """PAUSED or WRAP_UP -> READY; a pause asked for during a call is forgotten."""
        agent = self._agent(name)
        agent.afterwards = None
        if agent.state in (AgentState.PAUSED, AgentState.WRAP_UP):
            agent.misses = 0
            if agent.state is AgentState.WRAP_UP:
                self._rest_if_tired(agent)
            self._free(agent)
            self._done()
        elif agent.state is AgentState.OFFLINE:
            raise AgentRefused(f"agent {name} is not logged in, so cannot become ready. Log in first.")

    # --- what happens to them ---------------------------------------------------------------------

    def hinder(self, name: str, reason: str, detail: str = "") -> None:
        """Something keeps the agent from being rung: PAUSED for it once free of work, without being asked.

        `reason` names it and is what `unhinder` takes; `detail` is for people and may change.
        """
        agent = self._agent(name)
        if agent.hindrances.get(reason) != detail:
            agent.hindrances[reason] = detail
            self._settle(agent)

    def unhinder(self, name: str, reason: str) -> None:
        """It is over; READY by itself when it was the last one and the agent wanted to be."""
        agent = self._agent(name)
        if agent.hindrances.pop(reason, None) is not None:
            self._settle(agent)

    def talk_ended(self, name: str, *, wrap_up: bool) -> None:
        """The conversation is over: WRAP_UP, or free at once."""
        agent = self._agent(name)
        if agent.state is not AgentState.TALKING:
            return
        agent.handled += 1
        if wrap_up:
            self._move(agent, AgentState.WRAP_UP, call_id=agent.call_id)
        else:
            self._work_over(agent)
        self._done()

    def nobody_spoke(self, name: str) -> None:
        """No conversation came of it: free at once, with the idle time of before."""
        agent = self._agent(name)
        if agent.state is AgentState.TALKING:
            agent.handled += 1
            self._after_call(agent, keep_idle=True)
            self._done()

    def wrap_up_ended(self, name: str) -> None:
        """WRAP_UP -> READY, or what was asked for meanwhile; nothing in any other state."""
        agent = self._agent(name)
        if agent.state is AgentState.WRAP_UP:
            self._work_over(agent)
            self._done()

    def remember(self, event: AgentChanged, at: float) -> None:
        """Work of before a restart, oldest first and before `restore`; `at` is monotonic seconds."""
        if event.agent in self.agents:
            self.agents[event.agent].remember(event.was, event.now, at)

    def restore(
        self,
        name: str,
        state: AgentState,
        *,
        since: float,
        reason: str = "",
        call_id: str = "",
        hindered: bool = False,
    ) -> None:
        """Put an agent where the journal left off, after a restart. The callers join after it.

        One who was hindered stays so by UNKNOWN, until whoever knows what is in the way now has said it.
        """
        agent = self._agent(name)
        self.staffing += 1
        self._unready(agent)
        agent.restore(state, since=since, reason=reason, call_id=call_id, hindered=hindered)
        if hindered:
            agent.hindrances[UNKNOWN] = reason
        if state is AgentState.READY:
            self._ready(agent)

    # --- inside -----------------------------------------------------------------------------------

    def _match(self) -> None:
        """Bring together what was touched."""
        raise NotImplementedError

    def _agent(self, name: str) -> Agent:
        try:
            return self.agents[name]
        except KeyError:
            known = ", ".join(sorted(self.agents)) or "none"
            raise AgentRefused(f"there is no agent {name!r} in any queue. Known agents: {known}.") from None

    def _leave_work(self, agent: Agent, state: AgentState, reason: str) -> None:
        if agent.state in (AgentState.OFFERED, AgentState.TALKING):
            agent.afterwards = (state, reason)
            return
        agent.afterwards = None
        if state is AgentState.PAUSED:
            self._pause(agent, reason or ("" if agent.hindered else agent.reason))
        elif agent.state is not state:
            self._move(agent, state, reason=reason)
        self._done()

    def _work_over(self, agent: Agent) -> None:
        """A caller was served: a rest, where there was too much work, else on."""
        self._rest_if_tired(agent)
        self._after_call(agent)

    def _rest_if_tired(self, agent: Agent) -> None:
        """By the rules of the agent's queues, the longest rest earned; it ends by itself."""
        now, rest, why = self._now(), 0.0, ""
        for rules in (self.queues[name].rules for name in agent.queues):
            if not rules.max_busy_share or rules.rest_seconds <= rest:
                continue
            share = agent.busy.seconds(now, rules.busy_window_seconds) / rules.busy_window_seconds
            if share > rules.max_busy_share:
                minutes = rules.busy_window_seconds / 60
                rest, why = rules.rest_seconds, f"busy {share:.0%} of the last {minutes:g} min"
        if rest:
            agent.hindrances[REST] = why
            self.dues.at(now + rest, lambda: self.unhinder(agent.name, REST))

    def _after_call(self, agent: Agent, *, keep_idle: bool = False) -> None:
        """The call lets go of the agent: what was asked for meanwhile, else READY."""
        state, reason = agent.afterwards or (AgentState.READY, "")
        agent.afterwards = None
        if state is AgentState.READY:
            self._free(agent, keep_idle=keep_idle)
        else:
            self._move(agent, state, reason=reason)

    def _settle(self, agent: Agent) -> None:
        """What is in the way has changed; one who has work is settled when it lets go."""
        if agent.state is AgentState.READY or agent.hindered:
            self._free(agent)
        self._done()

    def _pause(self, agent: Agent, reason: str, *, hindered: bool = False) -> None:
        """PAUSED, or PAUSED for another reason."""
        if agent.state is not AgentState.PAUSED:
            self._move(agent, AgentState.PAUSED, reason=reason, hindered=hindered)
        elif (agent.reason, agent.hindered) != (reason, hindered):
            agent.reason, agent.hindered = reason, hindered
            self._tell(agent, was=AgentState.PAUSED)

    def _free(self, agent: Agent, *, keep_idle: bool = False) -> None:
        """READY, or PAUSED by what is in the way."""
        if agent.hindrances:
            self._pause(agent, agent.hindrance, hindered=True)
            return
        if not keep_idle:
            agent.ready_since = self._now()
        self._move(agent, AgentState.READY)

    def _move(
        self, agent: Agent, state: AgentState, *, reason: str = "", call_id: str = "", hindered: bool = False
    ) -> None:
        was = agent.state
        if was is AgentState.READY:
            self._unready(agent)
        agent.move(state, now=self._now(), reason=reason, call_id=call_id, hindered=hindered)
        if state is AgentState.READY:
            self._ready(agent)
        self.touched_agents[agent] = None
        self.staffing += was in AWAY or state in AWAY
        self._tell(agent, was=was, call_id=call_id)

    def _ready(self, agent: Agent) -> None:
        for name in agent.queues:
            self.queues[name].add_ready(agent)

    def _unready(self, agent: Agent) -> None:
        for name in agent.queues:
            self.queues[name].remove_ready(agent)

    def _tell(self, agent: Agent, *, was: AgentState, call_id: str = "") -> None:
        self._publish(
            AgentChanged(
                call_id=call_id,
                agent=agent.name,
                was=was.value,
                now=agent.state.value,
                reason=agent.reason,
                hindered=agent.hindered,
            )
        )

    def _done(self) -> None:
        """A change is made: bring together whom it allows, and then all must be as the rules say."""
        self._match()
        self._checked()
        self.touched_agents.clear()
        self.touched_tickets.clear()
