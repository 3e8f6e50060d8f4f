"""The queues and agents of a configuration, and the rules of waiting, as the box has them, without phones."""

from __future__ import annotations

from collections.abc import Callable

from appliance.acd.distributor import Distributor
from appliance.calendars.calendars import Calendars
from appliance.calendars.zone import box_zone
from appliance.calls.expected import ExpectedWaits
from appliance.clock import Clock
from appliance.config.agents import Agent
from appliance.config.schema import Config, Queue
from appliance.queues import add_queues


class Floor:
    """What `calls/wait_rules.py` looks at; `wall` gives seconds since 1970."""

    def __init__(self, config: Config, acd: Distributor, wall: Callable[[], float]) -> None:
        self.acd = acd
        self.waits = ExpectedWaits(acd)
        self.calendars = Calendars(config.calendars, box_zone(config.box.zone))
        self.clock = Clock(wall=wall, boot="simulated")
        self._config = config
        add_queues(acd, config)

    def queue(self, name: str) -> Queue:
        """Settings of a queue."""
        return self._config.queues[name]


def alike(config: Config, agents: int) -> Config:
    """The same with so many agents without names or skills, who serve every queue."""
    names = [f"agent-{number:04}" for number in range(1, agents + 1)]
    queues = {
        name: queue.model_copy(update={"agents": names, "skills": {}, "relax": []})
        for name, queue in config.queues.items()
    }
    return config.model_copy(update={"queues": queues, "agents": dict.fromkeys(names, Agent())})
