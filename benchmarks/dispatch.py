"""How long until the next phone rings: from an agent getting free, and from a caller joining the queue.

A whole box with emulated modems and phones of two sockets. A phone "rings" when the INVITE reaches it. All
processes share CLOCK_MONOTONIC, so the journal (to 1 ms) and the phones compare directly.

  agent free     8 lines, 2 agents, so that callers always wait; each agent talks for 0.5 to 1.5 s and hangs
                 up, wrap-up 0 s. From the journal's AgentChanged "ready" to the next INVITE, and, stricter,
                 from the phone's own BYE.
  caller queued  4 lines, 8 agents, so that an agent is always ready. From CallQueued to the INVITE.

    python -m benchmarks.dispatch [--calls 50] [--json]
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks.rig.box import Box
from benchmarks.rig.phone import Phone
from benchmarks.rig.report import Report, options

LONGEST_SECONDS = 300.0
TALK_SECONDS = (0.5, 1.5)
JOURNAL_SECONDS = 1.0  # for its last events


class Traffic:
    """Callers on every line, again when it is free; agents who talk and hang up, `calls` times in all."""

    def __init__(self, box: Box, calls: int, *, again_after: Callable[[], float]) -> None:
        self.after_bye_ms: list[float] = []
        self._box = box
        self._left = calls
        self._done = asyncio.Event()
        self._again_after = again_after
        self._dice = random.Random(3)

    async def run(self) -> None:
        """Until all calls are answered and over."""
        jobs = [self._caller(line) for line in self._box.lines] + [self._agent(p) for p in self._box.phones]
        tasks = [asyncio.create_task(job) for job in jobs]
        over = asyncio.create_task(self._done.wait())
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await asyncio.wait([over, *tasks], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (over, *tasks):
                task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await asyncio.sleep(JOURNAL_SECONDS)

    async def _caller(self, line: str) -> None:
        while True:
            await self._box.rings(line)
            await self._box.line_free(line)
            await asyncio.sleep(self._again_after())

    async def _agent(self, phone: Phone) -> None:
        bye_at = 0.0
        while True:
            call = await phone.rang.get()
            if bye_at:
                self.after_bye_ms.append((call.invited_at - bye_at) * 1000)
            await call.answered.wait()
            await asyncio.sleep(self._dice.uniform(*TALK_SECONDS))
            bye_at = phone.hang_up()
            self._left -= 1
            if self._left == 0:
                self._done.set()


class Journal:
    """What the box wrote down, as (monotonic ms, kind, call, agent, now) in its order."""

    def __init__(self, path: Path) -> None:
        query = (
            "select mono_ms, kind, call_id, coalesce(json_extract(body, '$.agent'), ''), "
            "coalesce(json_extract(body, '$.now'), '') from event order by id"
        )
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            self.rows: list[tuple[int, str, str, str, str]] = database.execute(query).fetchall()

    def times(self, kind: str, agent: str, now: str = "") -> list[int]:
        """When such events of one agent were, in ms."""
        return [ms for ms, k, _, a, n in self.rows if (k, a) == (kind, agent) and (not now or n == now)]

    def queued(self, agent: str) -> list[int]:
        """When the callers who were offered to the agent had joined the queue, in the order of the offers."""
        joined = {call: ms for ms, kind, call, _, _ in self.rows if kind == "CallQueued"}
        return [joined[call] for _, kind, call, a, _ in self.rows if (kind, a) == ("AgentOffered", agent)]


def delays(before: list[int], rings: list[float]) -> list[float]:
    """From the last time before each ring to the ring, in ms."""
    found = []
    for ring in rings:
        earlier = [ms for ms in before if ms <= ring + 1]  # the journal rounds to 1 ms
        if earlier:
            found.append(max(0.0, ring - earlier[-1]))
    return found


async def agent_free(calls: int, report: Report) -> None:
    """Callers always wait."""
    async with Box(phones=2, lines=8) as box:
        traffic = Traffic(box, calls + len(box.phones), again_after=lambda: 0.0)
        await traffic.run()
        journal = Journal(box.database)
    found: dict[str, list[float]] = {"ready": [], "offered": [], "ringing": []}
    for phone in box.phones:
        rings = [call.invited_at * 1000 for call in phone.calls[1:]]
        found["ready"] += delays(journal.times("AgentChanged", phone.user, "ready"), rings)
        found["offered"] += delays(journal.times("AgentOffered", phone.user), rings)
        heard = journal.times("AgentRinging", phone.user)
        found["ringing"] += [
            max(0.0, min(later) - r) for r in rings if (later := [m for m in heard if m > r - 1])
        ]
    report.spread("agent ready -> next phone rings", found["ready"], "ms", p50=20, most=100)
    report.spread("phone's BYE sent -> next INVITE there", traffic.after_bye_ms, "ms", p50=20, most=100)
    report.spread("  of it: AgentOffered -> INVITE at the phone", found["offered"], "ms")
    report.spread("  after it: INVITE -> the brain knows that it rings", found["ringing"], "ms")


async def caller_queued(calls: int, report: Report) -> None:
    """An agent is always ready."""
    dice = random.Random(4)
    async with Box(phones=8, lines=4) as box:
        await Traffic(box, calls, again_after=lambda: dice.uniform(0.1, 1.0)).run()
        journal = Journal(box.database)
    waits = []
    for phone in box.phones:
        rings = [call.invited_at * 1000 for call in phone.calls]
        waits += [max(0.0, ring - ms) for ring, ms in zip(rings, journal.queued(phone.user), strict=False)]
    report.spread("caller queued -> phone rings", waits, "ms", p50=20)


def main() -> None:
    """Run both and print."""
    parser = options(__doc__)
    parser.add_argument("--calls", type=int, default=50, help="of each kind (default %(default)s)")
    chosen = parser.parse_args()
    report = Report("dispatch: until the next phone rings")
    asyncio.run(agent_free(chosen.calls, report))
    asyncio.run(caller_queued(chosen.calls, report))
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
