"""The chaos in real time: a whole box of real processes, sixteen emulated modems on ptys, minutes of trouble.

Then all trouble is taken away, and within HEAL_SECONDS everything must be as if nothing had been.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.events import CallEnded
from appliance.store import read
from benchmarks.rig.phone import Phone, keep_speaking
from drivers import wire
from tests.chaos.outside import GONE, Agent, Texts, callers, keep_ready
from tests.chaos.saboteur import LookOut, Saboteur
from tests.chaos.told import diary, left_by, table, warnings
from tests.end_to_end.box import Box

FAMILIES = ("sim7600", "huawei", "quectel")
CHIPS = ("cx93001", "usr5637", "v253", "cx93001")
FAR_ENDS = ("busy tone", "loop break", "dial tone", "polarity reversal")  # of the voice lines in turn
TOLD_BY_MODEM = frozenset({"loop break", "polarity reversal"})
UNTOLD = frozenset({"V2n", "noise"})  # with these a modem tells nothing that can be believed
OUR_FAULTS = ("Traceback (most recent call last)", "is not a move", "please report it")  # never in the log
AGENTS, WORKERS, MOST_CALLS = 6, 2, 100_000
START_SECONDS = 60.0
HEAL_SECONDS = 180.0  # from the end of all trouble to a quiet box
SERVE_SECONDS = 30.0  # then every line answers within


def kinds(lines: int) -> list[str]:
    """Three GSM lines of every four, families and chips in turn."""
    voice = lines // 4
    return [FAMILIES[n % len(FAMILIES)] for n in range(lines - voice)] + [CHIPS[n % 4] for n in range(voice)]


class Chaos:
    """`await run()` gives what did not hold, in words; `report()` and `log()` are for people."""

    def __init__(self, folder: Path, *, seconds: float, lines: int, seed: int, say: Callable[[str], object]):
        self._phones = [Phone(f"agent-{n + 1}") for n in range(AGENTS)]
        self._box = Box(
            folder,
            phones={phone.user: phone.uri for phone in self._phones},
            kinds=kinds(lines),
            workers=WORKERS,
            wrap_up_seconds=1,
            drift_ppm="80,-60,150,-100",
            start_seconds=START_SECONDS,
        )
        voice = [line for line in self._box.lines if line.startswith("fxo")]
        self._far_ends = {line: FAR_ENDS[n % len(FAR_ENDS)] for n, line in enumerate(voice)}
        self._seconds = seconds
        self._seed = seed
        self._say = say
        self._counts: Counter[str] = Counter()
        self._wrong: list[str] = []
        self._memory: dict[str, list[float]] = {}

    async def run(self) -> list[str]:
        """Start the box, trouble it, let it heal, look at everything."""
        for phone in self._phones:
            await phone.open()
        try:
            async with self._box as box:
                self._texts = Texts(box, self._counts)
                self._saboteur = Saboteur(box, self._seconds / 6)
                self._look_out = LookOut(box, self._saboteur)
                self._weigh()
                await self._trouble()
                await self._heal()
                await self._every_line_serves()
                await self._check()
                self._weigh()
        finally:
            for phone in self._phones:
                phone.close()
        return self._wrong

    def report(self) -> str:
        """What happened, as tables."""
        memory = [
            f"{name}: {' -> '.join(f'{mb:.0f} MB' for mb in values)}" for name, values in self._memory.items()
        ]
        counts = [f"{name}: {count}" for name, count in sorted(self._counts.items())]
        killed = [f"{name}: {count}" for name, count in Counter(self._box.killed).items()]
        return "\n".join(
            [
                table(self._saboteur.deeds),
                "",
                "counted    " + ", ".join(counts),
                "killed     " + ", ".join(killed),
                "memory     " + ", ".join(memory),
            ]
        )

    def log(self) -> str:
        """What each fault left in the box's log."""
        deeds = self._saboteur.deeds
        return left_by(deeds, warnings(self._log())) + "\n" + diary(deeds)

    # --- the parts of a run -----------------------------------------------------------------------------

    async def _trouble(self) -> None:
        for line, far_end in self._far_ends.items():
            await self._box.network.request("set", modem=line, far_end=far_end)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._seconds), asyncio.TaskGroup() as group:
                for part in self._parts():
                    group.create_task(part)
        await self._saboteur.end()
        self._say(f"{self._elapsed():4.0f} s: no more trouble")

    def _parts(self) -> list[Any]:
        self._began = time.monotonic()
        parts = [self._progress(), self._look_out.run(), keep_ready(self._box), keep_speaking(self._phones)]
        parts += [Agent(phone, self._dice(phone.user), self._counts).work() for phone in self._phones]
        parts.append(self._saboteur.kill(self._dice("kill")))
        for line in self._box.lines:
            parts.append(callers(self._box, line, self._dice(f"calls {line}"), self._counts))
            without = UNTOLD if self._far_ends.get(line) in TOLD_BY_MODEM else ()
            parts.append(self._saboteur.on_line(line, self._dice(f"faults {line}"), without))
            if line.startswith("gsm"):
                parts.append(self._texts.arrive(line, self._dice(f"in {line}")))
                parts.append(self._texts.answer(line, self._dice(f"out {line}")))
        return parts

    async def _heal(self) -> None:
        """Callers leave; everything comes to rest, in time."""
        watching = asyncio.create_task(self._look_out.run())
        ended = time.monotonic()
        open_still = "nothing was looked at"
        while open_still and time.monotonic() - ended < HEAL_SECONDS:
            await asyncio.sleep(0.5)
            with contextlib.suppress(*GONE):
                open_still = await self._open()
        watching.cancel()
        self._say(f"{self._elapsed():4.0f} s: {open_still or 'all is quiet'}")
        self._counts["seconds to heal"] = round(time.monotonic() - ended)
        if open_still:
            self._wrong.append(f"{HEAL_SECONDS:g} s after all trouble: {open_still}")

    async def _open(self) -> str:
        """What is not at rest, "" when all is."""
        outside = await self._box.network.request("status")
        for call in outside["calls"]:
            await self._box.hangs_up(call["call"])
        seen = await self._box.status()
        lines = seen.get("lines", [])
        told = [
            f"{line['line']} {line['state']} ({line['reason']})" for line in lines if line["state"] != "idle"
        ]
        told += [] if len(lines) == len(self._box.lines) and seen["engine"] else ["the box is not up"]
        told += [f"call on {call['modem']} outside" for call in outside["calls"]]
        told += [f"call on {call['line']} in stage {call['stage']}" for call in seen.get("calls", [])]
        told += [f"call {call} open in the journal" for call, _ in read.open_calls(self._box.database)]
        return ", ".join([*told, *filter(None, [self._texts.open()])])

    async def _every_line_serves(self) -> None:
        async def serve(line: str) -> None:
            before = len(read.calls(self._box.database, MOST_CALLS, line=line))
            try:
                async with asyncio.timeout(SERVE_SECONDS):
                    caller = await self._box.rings(line, key="")
                    while len(read.calls(self._box.database, MOST_CALLS, line=line)) == before:  # noqa: ASYNC110
                        await asyncio.sleep(0.5)
                    await self._box.hangs_up(caller)
            except (TimeoutError, wire.WireError) as error:
                self._wrong.append(f"{line} serves no call any more ({error or 'it did not answer'})")

        await asyncio.gather(*(serve(line) for line in self._box.lines))
        with contextlib.suppress(TimeoutError):
            await self._box.until(lambda: not read.open_calls(self._box.database), SERVE_SECONDS)

    async def _check(self) -> None:
        rows = read.calls(self._box.database, MOST_CALLS)
        self._counts["calls in the journal"] = len(rows)
        self._counts.update(f"outcome {row.outcome}" for row in rows)
        for row in rows:
            _, story = read.call_story(self._box.database, row.call_id)
            ends = sum(isinstance(stamped.event, CallEnded) for stamped in story)
            if not row.outcome or ends != 1:
                self._wrong.append(f"call {row.call_id} has outcome {row.outcome!r} and {ends} ends")
        self._wrong += await self._texts.wrong()
        self._wrong += sorted(self._look_out.stuck)
        if self._look_out.breaches:
            self._wrong.append(f"{self._look_out.breaches} invariants broken")
        self._wrong += [f"{name} died by itself" for name in self._box.died_alone()]
        for words in OUR_FAULTS:
            if times := self._log().count(words):
                self._wrong.append(f'"{words}" is {times} times in the log')

    # --- small things -----------------------------------------------------------------------------------

    async def _progress(self) -> None:
        while True:
            await asyncio.sleep(10)
            states = ", ".join(f"{count} {state}" for state, count in sorted(self._look_out.states.items()))
            done = ", ".join(f"{count} {name}" for name, count in sorted(self._counts.items()))
            faults, kills = len(self._saboteur.deeds), len(self._box.killed)
            self._say(f"{self._elapsed():4.0f} s: lines {states}; {done}; {faults} faults, {kills} kills")

    def _weigh(self) -> None:
        for name in ("brain", "media"):
            self._memory.setdefault(name, []).append(rss_mb(self._box.pid(name)))

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _dice(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}/{name}")

    def _log(self) -> str:
        return self._box.log_file.read_text(errors="replace")


def rss_mb(pid: int) -> float:
    """Resident memory of a process in MB (1024 kB); 0 for one that is down."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0
