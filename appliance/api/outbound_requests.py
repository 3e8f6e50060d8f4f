"""What the command line asks of the way out: how much is used, a dry run, letting calls out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.dialplan.explain import explain, state
from appliance.dialplan.guard import Guard, UnlockRefused
from appliance.dialplan.ledger import BOX
from appliance.dialplan.permit import ITSELF
from drivers import wire


class OutboundRequests:
    """The requests by their op; refusals become those of the wire."""

    def __init__(self, config: Config, guard: Guard, clock: Clock) -> None:
        self._config = config
        self._guard = guard
        self._clock = clock
        self.ops: Mapping[str, Callable[[wire.Message], wire.Message]] = {
            "outbound": self._state,
            "outbound_unlock": self._unlock,
            "outbound_explain": self._explain,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        return self.ops[message["op"]](message), ()

    def _state(self, message: wire.Message) -> wire.Message:
        return dict(state(self._config, self._guard))

    def _unlock(self, message: wire.Message) -> wire.Message:
        agent = str(message.get("agent", ""))
        self._known(agent)
        try:
            self._guard.unlock(agent, by=str(message.get("by", "")))
        except UnlockRefused as error:
            raise wire.WireError(str(error)) from error
        return {"done": True}

    def _explain(self, message: wire.Message) -> wire.Message:
        agent = str(message.get("agent", ""))
        self._known(agent)
        at = moment(str(message.get("at", "")), self._clock)
        return dict(explain(self._config, self._guard, str(message["dialled"]), agent, at))

    def _known(self, agent: str) -> None:
        if agent not in (BOX, ITSELF, *self._config.agents):
            known = ", ".join(self._config.agents) or "none"
            raise wire.WireError(f"there is no agent {agent!r}. Agents: {known}")


def moment(text: str, clock: Clock) -> datetime:
    """A time as "2026-11-22 18:30" in the box's zone, or "18:30" of today; "" is now. Raises WireError."""
    now = datetime.fromtimestamp(clock.wall())
    if not text:
        return now
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%H:%M"):
        try:
            at = datetime.strptime(text, form)
        except ValueError:
            continue
        return at if "%Y" in form else at.replace(year=now.year, month=now.month, day=now.day)
    raise wire.WireError(f'{text!r} is no time. Write it as "18:30" or "2026-11-22 18:30"')


async def explain_from_file(config: Config, database: Path, **fields: str) -> Mapping[str, Any]:
    """`outbound_explain` where no box answers: from the file and the journal. Changes nothing.

    Raises WireError.
    """
    clock = Clock()
    guard = Guard(config, bus=Bus(clock), clock=clock)  # nobody reads this bus
    guard.start(database)
    reply, _ = await OutboundRequests(config, guard, clock).answer({"op": "outbound_explain", **fields})
    return reply
