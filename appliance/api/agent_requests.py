"""What the command line asks of agents for others: forced states, queues, supervision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from appliance.acd.agent import AgentRefused
from appliance.api.snapshot import agent_row, supervisor_row
from appliance.calls.assign import assign
from appliance.calls.centre import Centre
from appliance.calls.supervise import Supervisors
from drivers import wire


class AgentRequests:
    """The requests by their op."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self.ops: Mapping[str, Callable[[wire.Message], dict[str, Any]]] = {
            "agents": self._agents,
            "force": self._force,
            "supervise": self._supervise,
            "queue_agent": self._queue_agent,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        try:
            return self.ops[message["op"]](message), ()
        except AgentRefused as error:
            raise wire.WireError(str(error)) from error

    def _agents(self, message: wire.Message) -> dict[str, Any]:
        centre = self._centre
        return {
            "agents": [agent_row(name, centre) for name in centre.acd.agents],
            "supervisors": [supervisor_row(each) for each in centre.supervisions.by_name.values()],
        }

    def _force(self, message: wire.Message) -> dict[str, Any]:
        agent, command, by = (str(message[name]) for name in ("agent", "command", "by"))
        reason, hold = str(message.get("reason", "")), bool(message.get("hold", False))
        self._centre.desk.force(agent, command, by, reason, hold=hold)
        return {"done": True}

    def _supervise(self, message: wire.Message) -> dict[str, Any]:
        whom, act, supervisor = (str(message[name]) for name in ("whom", "act", "supervisor"))
        if act == "stop":
            Supervisors(self._centre).stop(supervisor)
        else:
            Supervisors(self._centre).supervise(whom, act, supervisor)
        return {"done": True}

    def _queue_agent(self, message: wire.Message) -> dict[str, Any]:
        queue, agent, by = (str(message[name]) for name in ("queue", "agent", "by"))
        assign(queue, agent, bool(message["serves"]), by, self._centre)
        return {"done": True}
