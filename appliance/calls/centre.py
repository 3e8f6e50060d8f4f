"""What every stage of a call works with: the queues, the phones, the sound, the settings. Built by app.py."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from appliance.acd.distributor import Distributor
from appliance.bus import Bus
from appliance.calls.agents import AgentDesk
from appliance.calls.call import Call
from appliance.clock import Clock
from appliance.config.schema import Agent, Config, Queue
from appliance.media.graph import MediaGraph
from drivers.port import Leg

log = logging.getLogger(__name__)


class Phones(Protocol):
    """The way to the agents' phones (`drivers.sip.pool.SipPool`, or a scripted one in tests)."""

    async def dial(
        self,
        number: str,
        *,
        label: str = "",
        headers: Mapping[str, str] | None = None,
        from_user: str = "",
        from_name: str = "",
    ) -> Leg:
        """Ring a phone, which shows `from_name` and `from_user`; the leg is DIALING.

        Raises DriverError when no worker is there or all are full.
        """


@dataclass(slots=True, eq=False)
class Centre:
    """One call centre. `calls` are the visits going on, by id."""

    config: Config
    folder: Path  # relative prompt files are found here
    recordings: Path
    clock: Clock
    bus: Bus
    acd: Distributor
    media: MediaGraph
    phones: Phones
    desk: AgentDesk
    calls: dict[str, Call] = field(default_factory=dict)
    _chores: set[asyncio.Task[None]] = field(default_factory=set)

    def prompt(self, name: str) -> list[Path]:
        """The files of a prompt, none for an empty name."""
        return [self.folder / self.config.prompts[name]] if name else []

    def queue(self, name: str) -> Queue:
        """Settings of a queue; `agent:NAME` is the implied queue of one agent."""
        if name.startswith("agent:"):
            return Queue(agents=[name.removeprefix("agent:")])
        return self.config.queues[name]

    def agent(self, name: str) -> Agent:
        """Settings of an agent."""
        return self.config.agents[name]

    def chore(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Something that must be finished although nobody waits for it: a hang-up."""
        task = asyncio.create_task(work, name=name)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def chores_done(self, seconds: float) -> None:
        """Give what is still being finished this long."""
        if self._chores:
            await asyncio.wait(set(self._chores), timeout=seconds)
