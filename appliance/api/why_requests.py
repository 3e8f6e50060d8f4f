"""Why callers still wait, or whose phones are rung for them: the reasons of the distributor, live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from appliance.acd.distributor import Distributor
from appliance.acd.queue import Ticket
from drivers import wire

MOST_TOLD = 100  # callers; to explain one looks at every agent of the queue


class WhyRequests:
    """The one request."""

    def __init__(self, acd: Distributor, now: Callable[[], float]) -> None:
        self._acd = acd
        self._now = now
        self.ops: Mapping[str, Callable[[wire.Message], wire.Message]] = {"why": self._why}

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        return self.ops[message["op"]](message), ()

    def _why(self, message: wire.Message) -> wire.Message:
        """Of one call (`what` begins its id), of one queue, or of all; each queue by urgency."""
        what = str(message.get("what", ""))
        tickets = list(islice(self._meant(what), MOST_TOLD))
        if what and not tickets and what not in self._acd.queues:
            raise wire.WireError(
                f"nobody waits as {what!r}, and no queue is called so. List them: callbox why"
            )
        waiting = sum(len(queue) for queue in self._acd.queues.values())
        return {"waiting": waiting, "callers": [self._row(ticket) for ticket in tickets]}

    def _meant(self, what: str) -> Iterator[Ticket]:
        for name, queue in self._acd.queues.items():
            if what in ("", name):
                yield from queue
            else:
                yield from (ticket for ticket in queue if ticket.call_id.startswith(what))

    def _row(self, ticket: Ticket) -> dict[str, str | float]:
        return {
            "call": ticket.call_id,
            "queue": ticket.queue,
            "waited_seconds": round(self._now() - ticket.place, 1),
            "why": self._acd.explain(ticket.call_id),
        }
