"""What the sections of agents say of each other: called by `check.py`."""

from __future__ import annotations

from collections.abc import Iterator

from appliance.config.problem import Problem, closest, names
from appliance.config.schema import Config


def agent_problems(config: Config) -> Iterator[Problem]:
    """Coaches there are not, numbers nobody may dial, connections to nowhere, reasons twice."""
    for name, agent in config.agents.items():
        path = ("agents", name)
        if agent.coach and (agent.coach not in config.agents or agent.coach == name):
            others = [other for other in config.agents if other != name]
            yield Problem(
                path=(*path, "coach"),
                value=agent.coach,
                wrong="nobody coaches himself" if agent.coach == name else f"there is no agent {agent.coach}",
                allowed=names(others),
                closest=closest(agent.coach, others),
            )
        if agent.number and not agent.permission:
            wrong = "missing, the number in `phone` is dialled only as a permission allows"
            yield Problem(path=(*path, "permission"), wrong=wrong, allowed="a name from [permissions]")
        if agent.stay_connected and not agent.number:
            wrong = 'there is no number to dial in `phone`; an agent with a phone of the box dials "*17"'
            yield Problem(path=(*path, "stay_connected"), value=True, wrong=wrong, allowed="false")
    reasons = config.pause_reasons.names
    for place, reason in enumerate(reasons):
        if reason in reasons[:place]:
            path = ("pause_reasons", "names")
            yield Problem(path=path, value=reason, wrong="stands twice in this list, leave one out")
