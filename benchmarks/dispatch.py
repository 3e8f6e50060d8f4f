"""How long until the next phone rings: from an agent getting free, and from a caller joining the queue.

A whole box with emulated modems and phones of two sockets. A phone "rings" when the INVITE reaches it. All
processes share CLOCK_MONOTONIC, so the journal (to 1 ms) and the phones compare directly.

  agent free     12 lines, 2 agents, so that callers always wait; each agent talks for 0.5 to 1.5 s and hangs
                 up, wrap-up 0 s. From the journal's AgentChanged "ready" to the next INVITE, and, stricter,
                 from the phone's own BYE.
  caller queued  4 lines, 8 agents, so that an agent is always ready. From CallQueued to the INVITE.
  under load     60 lines, 50 agents who talk for 3 to 6 s, so that callers wait and an agent is free ten
                 times a second. From the moment both are free, agent ready and caller queued, to the
                 offer in the journal and to the INVITE.

    python -m benchmarks.dispatch [--calls 50] [--load-calls 600] [--json]
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig.box import Box
from benchmarks.rig.phone import Phone
from benchmarks.rig.report import Report, options, percentile

LONGEST_SECONDS = 300.0
TALK_SECONDS = (0.5, 1.5)
LOAD_TALK_SECONDS = (3.0, 6.0)
JOURNAL_SECONDS = 1.0  # for its last events


class Traffic:
    """Callers on every line, again when it is free; agents who talk and hang up, `calls` times in all."""

    def __init__(
        self,
        box: Box,
        calls: int,
        *,
        again_after: Callable[[], float],
        talk_seconds: tuple[float, float] = TALK_SECONDS,
    ) -> None:
        self._box = box
        self._talk_seconds = talk_seconds
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
        while True:
            call = await phone.rang.get()
            await call.answered.wait()
            await asyncio.sleep(self._dice.uniform(*self._talk_seconds))
            phone.hang_up()
            self._left -= 1
            if self._left == 0:
                self._done.set()


@dataclass(frozen=True)
class Ring:
    """One ring of a phone and what led to it, in monotonic ms; `bye` is the phone's own, 0 at its first."""

    bye: float
    ready: float
    queued: float
    offered: float
    invite: float
    known: float  # the brain heard that it rings


def rings(database: Path, phones: list[Phone]) -> list[Ring]:
    """Every ring of every phone: the offers of the journal and the phone's INVITEs are in the same order."""
    query = (
        "select mono_ms, kind, call_id, coalesce(json_extract(body, '$.agent'), ''), "
        "coalesce(json_extract(body, '$.now'), '') from event order by id"
    )
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        rows: list[tuple[int, str, str, str, str]] = opened.execute(query).fetchall()
    queued = {call: ms for ms, kind, call, _, _ in rows if kind == "CallQueued"}
    known = {call: ms for ms, kind, call, _, _ in rows if kind == "AgentRinging"}
    found = []
    for phone in phones:
        ready, offers = 0.0, []
        for ms, kind, call_id, agent, now in rows:
            if agent == phone.user and kind == "AgentChanged" and now == "ready":
                ready = ms
            elif agent == phone.user and kind == "AgentOffered":
                offers.append((ready, ms, call_id))
        byes = [0.0, *(call.bye_at * 1000 for call in phone.calls)]
        for bye, call, (ready, offered, id) in zip(byes, phone.calls, offers, strict=False):
            if id in known:  # else the box was stopped in between
                found.append(Ring(bye, ready, queued[id], offered, call.invited_at * 1000, known[id]))
    return found


async def agent_free(calls: int, report: Report) -> None:
    """Callers always wait; the few rings for one who came later than the agent are left out."""
    async with Box(phones=2, lines=12) as box:
        await Traffic(box, calls + len(box.phones), again_after=lambda: 0.5).run()
        found = [ring for ring in rings(box.database, box.phones) if ring.bye]
    waited = [ring for ring in found if ring.queued < ring.ready]
    report.spread(
        "agent ready -> next phone rings", [r.invite - r.ready for r in waited], "ms", p50=20, most=100
    )
    report.spread(
        "phone's BYE sent -> next INVITE there", [r.invite - r.bye for r in waited], "ms", p50=20, most=100
    )
    report.spread(
        "  of it: AgentOffered -> INVITE at the phone", [r.invite - r.offered for r in waited], "ms"
    )
    report.spread(
        "  then: INVITE -> the brain knows that it rings", [r.known - r.invite for r in waited], "ms"
    )
    report.figure("  left out, nobody waited", len(found) - len(waited))


async def caller_queued(calls: int, report: Report) -> None:
    """An agent is always ready."""
    dice = random.Random(4)
    async with Box(phones=8, lines=4) as box:
        await Traffic(box, calls, again_after=lambda: dice.uniform(0.5, 1.5)).run()
        found = rings(box.database, box.phones)
    waits = [ring.invite - ring.queued for ring in found if ring.ready <= ring.queued]
    report.spread("caller queued -> phone rings", waits, "ms", p50=20)


async def under_load(calls: int, report: Report) -> None:
    """The centre that the box is made for, as busy as it can be."""
    async with Box(phones=50, lines=60) as box:
        traffic = Traffic(box, calls, again_after=lambda: 0.5, talk_seconds=LOAD_TALK_SECONDS)
        await traffic.run()
        found = [ring for ring in rings(box.database, box.phones) if ring.bye]
    offers = [ring.offered - max(ring.ready, ring.queued) for ring in found]
    invites = [ring.invite - max(ring.ready, ring.queued) for ring in found]
    report.figure(
        f"under load: both free -> offer, p99 of {len(offers)}", percentile(offers, 99), "ms", most=50
    )
    report.figure("  -> INVITE at the phone, p50", round(percentile(invites, 50), 2), "ms")
    report.figure("  -> INVITE at the phone, p99", round(percentile(invites, 99), 2), "ms", most=50)


def main() -> None:
    """Run all and print."""
    parser = options(__doc__)
    parser.add_argument("--calls", type=int, default=50, help="of each kind (default %(default)s)")
    parser.add_argument("--load-calls", type=int, default=600, help="under load (default %(default)s)")
    chosen = parser.parse_args()
    report = Report("dispatch: until the next phone rings")
    asyncio.run(agent_free(chosen.calls, report))
    asyncio.run(caller_queued(chosen.calls, report))
    asyncio.run(under_load(chosen.load_calls, report))
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
