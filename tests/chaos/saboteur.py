"""What goes wrong around a real box in the chaos: faults of modems, cables, kill -9; and how lines heal."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from drivers.emulated.faults import FAULTS
from drivers.emulated.v253.faults import VOICE_FAULTS
from tests.end_to_end.box import Box

FAULT_EVERY_SECONDS, KILL_EVERY_SECONDS = 12.0, 15.0  # on average: of a line, of the box
FAULT_SECONDS = (0.2, 2.0, 10.0, 30.0)
CABLE, KILL = "unplug", "kill -9"
STUCK_SECONDS = 120.0  # a line may be busy so long without any call behind it, while things go wrong
MEANING = {**FAULTS, **VOICE_FAULTS, CABLE: "the cable is pulled", KILL: "the process is killed"}


@dataclass
class Deed:
    """One thing that was done; wall clock. `heals` are seconds a line took to come back from FAULT."""

    name: str
    object: str
    began: float
    ended: float = 0.0
    heals: list[float] = field(default_factory=list)


class Saboteur:
    """`on_line` for every line and `kill` are run until cancelled; `end` takes everything back."""

    def __init__(self, box: Box, most_seconds: float) -> None:
        self.deeds: list[Deed] = []
        self._box = box
        self._seconds = [seconds for seconds in FAULT_SECONDS if seconds <= most_seconds]

    async def on_line(self, line: str, dice: random.Random, without: Iterable[str] = ()) -> None:
        """One fault after another, but for some."""
        faults = VOICE_FAULTS if line.startswith("fxo") else FAULTS
        names = [*sorted(faults.keys() - {"F15", *without}), *[CABLE] * 3]
        while True:
            await asyncio.sleep(dice.expovariate(1 / FAULT_EVERY_SECONDS))
            deed = Deed(dice.choice(names), line, time.time())
            self.deeds.append(deed)
            await self._switch(deed, True)
            await asyncio.sleep(dice.choice(self._seconds))
            deed.ended = time.time()
            await self._switch(deed, False)

    async def kill(self, dice: random.Random) -> None:
        """One process after another; never one that is down already."""
        names = [child.name for child in self._box.supervisor.children if child.name != "modems"]
        while True:
            await asyncio.sleep(dice.expovariate(1 / KILL_EVERY_SECONDS))
            name = dice.choice(names)
            if self._box.pid(name):
                self._box.kill(name)
                self.deeds.append(Deed(KILL, name, time.time(), time.time()))

    async def end(self) -> None:
        """No fault is on and every cable is in."""
        for deed in self.deeds:
            if not deed.ended:
                deed.ended = time.time()
                await self._switch(deed, False)

    async def _switch(self, deed: Deed, on: bool) -> None:
        if deed.name == CABLE:
            await self._box.network.request("unplug" if on else "plug", modem=deed.object)
        elif deed.name != KILL:
            await self._box.network.request("fault", modem=deed.object, fault=deed.name, on=on)

    def last(self, line: str) -> Deed | None:
        """What was done to the line last."""
        return next((deed for deed in reversed(self.deeds) if deed.object == line), None)


class LookOut:
    """Watches the lines once a second; `stuck` says in words what did not end, `breaches` the most seen."""

    def __init__(self, box: Box, saboteur: Saboteur) -> None:
        self.stuck: set[str] = set()
        self.breaches = 0
        self.states: Counter[str] = Counter()
        self._box = box
        self._saboteur = saboteur
        self._down: dict[str, float] = {}
        self._alone: dict[str, float] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                self._look(await self._box.status(), await self._box.network.request("status"))
            await asyncio.sleep(1)

    def _look(self, seen: dict[str, Any], outside: dict[str, Any]) -> None:
        if not seen:
            return
        self.breaches = max(self.breaches, seen["breaches"])
        self.states = Counter(line["state"] for line in seen["lines"])
        engaged = {call["modem"] for call in outside["calls"]}
        now = time.time()
        for line in seen["lines"]:
            self._heals(line["line"], line["state"], now)
            if line["state"] != "busy" or line["line"] in engaged:
                self._alone.pop(line["line"], None)
            elif now - self._alone.setdefault(line["line"], now) > STUCK_SECONDS:
                self.stuck.add(f"{line['line']} was busy with nobody there for {STUCK_SECONDS:g} s")

    def _heals(self, line: str, state: str, now: float) -> None:
        """From the end of what was done, or the fault if that came later, until the line works."""
        if state == "fault":
            self._down.setdefault(line, now)
        elif state in ("idle", "busy") and line in self._down:
            since = self._down.pop(line)
            deed = self._saboteur.last(line)
            if deed is not None:
                deed.heals.append(now - max(since, deed.ended))
