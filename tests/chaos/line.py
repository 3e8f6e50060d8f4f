"""One line in the chaos: a port, the emulated modem behind it, callers, parties dialled, and a saboteur.

Everything is drawn from one seed. The box's part is the simplest there can be: answer, talk, hang up; dial,
talk, hang up. What must hold whatever happens is in `Line.check` and `Line.settle`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol

from drivers.emulated.network import Callee, NetCall, Network, NetworkError, Outcome, Plan, Station
from drivers.port import DriverError, Leg, LegEnded, LegState, Port, PortState
from tests.chaos.texts import Texts
from tests.drivers.wires import Wire

NUMBERS = {
    "+49301": Outcome.ANSWER,
    "+49302": Outcome.BUSY,
    "+49303": Outcome.NEVER,
    "+49304": Outcome.REJECT,
}
STUCK_SECONDS = 120.0  # a port may be busy so long without any call behind it, while things go wrong
HANG_UP_SECONDS = 90.0  # three commands without answer and a reset are less
MESSAGES_SECONDS = 900.0  # a message that nobody reported is found by the periodic look
DOUBT_SECONDS = 60.0  # questions from before may still go unanswered, and be acted on
HEAL_SECONDS = 180.0  # from the end of all trouble to an idle line: twice the ladder and a boot


class Rig(Protocol):
    """What the chaos needs of a bench (tests/drivers/gsm_bench.py and its kin)."""

    port: Port
    network: Network
    wire: Wire

    @property
    def modem(self) -> Station: ...
    def fault(self, name: str, on: bool = True) -> None: ...
    def unplug(self) -> None: ...
    def plug(self) -> None: ...
    def reborn(self) -> Port: ...


MakeTexts = Callable[[random.Random], Texts]


class Stuck(AssertionError):
    """Something did not end in its time."""


class Line:
    """Runs until cancelled; `counts` says what happened."""

    def __init__(
        self,
        name: str,
        rig: Rig,
        faults: Sequence[str],
        seed: int,
        *,
        texts: Callable[[random.Random], Texts] | None = None,
    ) -> None:
        self.name = name
        self.rig = rig
        self.counts: Counter[str] = Counter()
        self.legs: list[Leg] = []
        self._faults = faults
        self._dice = random.Random(f"{seed}/{name}")
        self._visits: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._serving: list[asyncio.Task[None]] = []
        self._texts = texts(self._dice) if texts is not None else None
        self._idle_since: float | None = None
        for number, outcome in NUMBERS.items():
            rig.network.callees[number] = Callee(outcome, after_s=self._dice.uniform(0, 5))

    async def open(self) -> None:
        """The first opening."""
        await self.rig.port.open()
        parts = [self._serve(self.rig.port)]
        if self._texts is not None and self.rig.port.messages is not None:
            parts += [self._texts.read(self.rig.port.messages), self._texts.write(self.rig.port.messages)]
        self._serving = [asyncio.create_task(part, name=self.name) for part in parts]

    async def run(self) -> None:
        """Callers, calls of ours, trouble and the look-out, until one of them fails or we are cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self._callers(), self._dialler(), self._saboteur(), self._look_out()):
                group.create_task(part)
            if self._texts is not None:
                group.create_task(self._texts.arrive())

    async def settle(self) -> None:
        """All trouble is over: callers leave, the line heals, no leg is left, and a call works in and out."""
        for fault in self._faults:
            self.rig.fault(fault, False)
        self.rig.plug()
        self.rig.wire = Wire()
        if not self._serving:  # we were cancelled in the middle of a restart
            await self._restart()
        for call in self._calls():
            self.rig.network.hang_up(call.id)
        try:
            async with asyncio.timeout(HEAL_SECONDS):
                if self._visits:
                    await asyncio.wait(self._visits)
                await asyncio.sleep(DOUBT_SECONDS)
                await self.rig.port.until_state(PortState.IDLE)
        except TimeoutError:
            raise Stuck(f"{self.name}: {self._state()} {HEAL_SECONDS:g} s after the last trouble") from None
        await self._texts_complete()
        assert self._failures == []
        assert [leg.id for leg in self.legs if leg.state is not LegState.ENDED] == []
        assert self._calls() == []
        before = self.counts["answered"]
        self.rig.network.place(self.rig.modem, "+4917099", Plan(hang_up_after_s=5))
        async with asyncio.timeout(60):
            await self.rig.port.until_state(PortState.BUSY)
            await self.rig.port.until_state(PortState.IDLE)
        assert self._calls() == []
        assert self.counts["answered"] == before + 1, f"{self.name}: {self._state()}"

    async def _texts_complete(self) -> None:
        if self._texts is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MESSAGES_SECONDS):
                while not self._texts.complete:  # noqa: ASYNC110 - the modem has no event for us
                    await asyncio.sleep(1)
        self._texts.check()

    async def close(self) -> None:
        """Nothing of ours is left; the modem keeps its call."""
        tasks = [*self._visits, *self._serving]
        self._serving = []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.rig.port.close()

    # --- the box ------------------------------------------------------------------------------------------

    async def _serve(self, port: Port) -> None:
        while True:
            self._start(self._visit(await port.next_ring()))

    async def _visit(self, leg: Leg) -> None:
        self.legs.append(leg)
        self.counts["rang"] += 1
        with contextlib.suppress(LegEnded, DriverError):
            async with leg.alive():
                await asyncio.sleep(self._dice.choice((0, 0, 1, 5)))
                await leg.answer()
                self.counts["answered"] += 1
                await asyncio.sleep(self._dice.uniform(0, 40))
        await self._hang_up(leg)

    async def _hang_up(self, leg: Leg) -> None:
        try:
            async with asyncio.timeout(HANG_UP_SECONDS):
                await leg.hangup()
        except TimeoutError:
            raise Stuck(f"{self.name}: a hang-up took over {HANG_UP_SECONDS:g} s; {self._state()}") from None
        assert leg.state is LegState.ENDED

    async def _dialler(self) -> None:
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / 40))
            with contextlib.suppress(DriverError):
                leg = await self.rig.port.dial(self._dice.choice(list(NUMBERS)))
                self._start(self._talk(leg))

    async def _talk(self, leg: Leg) -> None:
        self.legs.append(leg)
        self.counts["dialled"] += 1
        with contextlib.suppress(LegEnded, DriverError, TimeoutError):
            async with leg.alive(), asyncio.timeout(self._dice.uniform(1, 60)):
                await leg.until(LegState.UP)
                self.counts["connected"] += 1
                if self._dice.random() < 0.3:
                    await leg.send_digits("12#")
                await leg.ended()
        await self._hang_up(leg)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=self.name)
        self._visits.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._visits.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)

    # --- the world ----------------------------------------------------------------------------------------

    async def _callers(self) -> None:
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / 25))
            number = self._dice.choice(["", f"+4917{self._dice.randrange(10**8)}"])
            stays = self._dice.uniform(0.1, 60)
            plan = Plan(hang_up_after_s=stays, digits=[(1.0, "5")])
            with contextlib.suppress(NetworkError):
                self.rig.network.place(self.rig.modem, number, plan, give_up_after_s=stays)
                self.counts["called"] += 1

    async def _saboteur(self) -> None:
        deeds = [*self._faults] * 2 + ["unplug", "restart the brain"] * max(1, len(self._faults) // 8)
        while True:
            await asyncio.sleep(self._dice.expovariate(1 / 15))
            deed = self._dice.choice(deeds)
            self.counts[deed] += 1
            if deed == "restart the brain":
                await self._restart()
                continue
            with self._trouble(deed):
                await asyncio.sleep(self._dice.choice((0.1, 2, 10, 30)))

    @contextlib.contextmanager
    def _trouble(self, deed: str) -> Iterator[None]:
        if deed == "unplug":
            self.rig.unplug()
        else:
            self.rig.fault(deed)
        try:
            yield
        finally:
            if deed == "unplug":
                self.rig.plug()
            else:
                self.rig.fault(deed, False)

    async def _restart(self) -> None:
        """The brain dies: its legs are nobody's, calls that are up go on and are found again."""
        await self.close()
        self.legs.clear()
        self.rig.port = self.rig.reborn()
        await self.open()

    async def _look_out(self) -> None:
        """A port that is busy while nobody is there must find out."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            if self._calls() or self.rig.port.state is not PortState.BUSY:
                self._idle_since = None
            elif self._idle_since is None:
                self._idle_since = loop.time()
            elif loop.time() - self._idle_since > STUCK_SECONDS:
                raise Stuck(f"{self.name}: busy with nobody there for {STUCK_SECONDS:g} s; {self._state()}")

    def _calls(self) -> list[NetCall]:
        call = self.rig.network.call_of(self.rig.modem)
        return [call] if call is not None else []

    def _state(self) -> str:
        legs = [f"{leg.id} {leg.state.value}" for leg in self.legs if leg.state is not LegState.ENDED]
        return f"{self.rig.port.state.value} ({self.rig.port.reason}), legs {legs}, {dict(self.counts)}"
