"""The guard of the way out: who wants an outside line asks here first, and says what became of the call."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.dialplan.permit import Cause, DialRefused, Permit


class OutgoingCall:
    """A call that was permitted, from its first dial to its end."""

    def __init__(self, permit: Permit) -> None:
        self.permit = permit

    def answered(self, line: str) -> None:
        """The far end took it, on that line: minutes count from here."""

    async def must_end(self) -> str:
        """Returns when the call must be ended, with the reason in words; never while it may go on."""
        await asyncio.Event().wait()
        return ""


class Guard:
    """Deny by default: `ask` before every dial, `with call(permit)` around it."""

    def __init__(self, config: Config, *, bus: Bus, clock: Clock) -> None:
        self._config = config

    def is_emergency(self, dialled: str) -> bool:
        """To be asked before extensions are looked up: what is true here goes out whatever else it may be."""
        return False

    def ask(self, agent: str, dialled: str, *, call_id: str = "", cause: Cause = Cause.DIALLED) -> Permit:
        """May the agent dial that, as it was dialled on the phone (or stands in a Refer-To or Contact)?

        Counts as a try, whatever comes of it. Raises DialRefused. "" for the agent is nobody, a caller from
        outside, who may dial nothing at all.
        """
        raise DialRefused("outgoing calls: not built yet")

    @contextmanager
    def call(self, permit: Permit) -> Iterator[OutgoingCall]:
        """Held around dialling and talking. Raises DialRefused when a cap was reached since `ask`."""
        yield OutgoingCall(permit)

    async def start(self, alive: Collection[str]) -> None:
        """Take up counts and locks from the journal; calls with other ids than `alive` are over."""

    def resume(self, call_id: str) -> list[OutgoingCall]:
        """The outgoing calls of a call that outlived the brain; each to be entered as a context again."""
        return []
