"""`python -m tests.chaos.kills`: kill -9 of every process of a box at random moments, while callers come.

Nothing else goes wrong here, so more can be asked for than in the chaos: no place lost, no state that sticks,
no finished recording lost, and of the sound of a conversation at most a second for each death in it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from appliance.events import AgentOffered, CallArrived, CallEnded, CallQueued, Stamped
from appliance.store import read
from appliance.store.derive import CallRow
from benchmarks.rig.phone import Phone, keep_speaking
from drivers import wire
from dsp import wav
from tests.chaos.box_run import OUR_FAULTS
from tests.chaos.outside import GONE, Agent, keep_ready
from tests.end_to_end.edge_box import EdgeBox

LINES, AGENTS = 8, 3
KILL_EVERY_SECONDS = 2.0  # on average, and never before the one before is back
CALL_EVERY_SECONDS = 3.0  # a line, on average
REST_SECONDS = 60.0  # after the last death everything is at rest within
LOST_SECONDS = 1.0  # of sound, for each death in a conversation
SLACK_SECONDS = 0.3  # between the conversation's marks and its recording's


class Kills:
    """`await run()` gives what did not hold, in words."""

    def __init__(self, folder: Path, *, kills: int, seed: int, say: Callable[[str], object]) -> None:
        self._phones = [Phone(f"agent-{n + 1}") for n in range(AGENTS)]
        names = [phone.user for phone in self._phones]
        self._box = EdgeBox(folder, agents=names, lines=LINES, workers=2, wrap_up_seconds=1, start_seconds=60)
        text = self._box.config_file.read_text()
        for phone in self._phones:  # rung by address: they do not register
            text = text.replace('phone = ""\n', f'phone = "{phone.uri}"\n', 1)
        self._box.config_file.write_text(text)
        self._kills = kills
        self._seed = seed
        self._say = say
        self._deaths: list[float] = []  # wall clock
        self._counts: Counter[str] = Counter()
        self._wrong: list[str] = []

    async def run(self) -> list[str]:
        """Start the box, kill its processes one by one, let it come to rest, read what it wrote."""
        for phone in self._phones:
            await phone.open()
        try:
            async with self._box:
                await self._trouble()
                await self._rest()
                self._check()
        finally:
            for phone in self._phones:
                phone.close()
        return self._wrong

    def report(self) -> str:
        """What happened."""
        killed = ", ".join(f"{name} {count}" for name, count in Counter(self._box.killed).items())
        return f"killed {killed}\n" + ", ".join(f"{name} {n}" for name, n in sorted(self._counts.items()))

    async def _trouble(self) -> None:
        parts = [keep_ready(self._box), keep_speaking(self._phones)]
        parts += [Agent(phone, self._dice(phone.user), self._counts).work() for phone in self._phones]
        parts += [self._callers(line, self._dice(line)) for line in self._box.lines]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await self._kill_all(self._dice("kills"))
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    raise result

    async def _kill_all(self, dice: random.Random) -> None:
        names = [child.name for child in self._box.supervisor.children if child.name != "modems"]
        for number in range(self._kills):
            await asyncio.sleep(dice.expovariate(1 / KILL_EVERY_SECONDS))
            name = dice.choice(names)
            await self._box.until(lambda name=name: self._box.pid(name) > 0)
            self._deaths.append(time.time())
            old = self._box.kill(name)
            await self._box.until_back(name, old)
            if (number + 1) % 20 == 0:
                self._say(f"{number + 1} killed; {self._counts['calls']} calls")

    async def _callers(self, line: str, dice: random.Random) -> None:
        while True:
            await asyncio.sleep(dice.expovariate(1 / CALL_EVERY_SECONDS))
            stays = dice.uniform(1, 40)
            with contextlib.suppress(wire.WireError):  # engaged
                await self._box.rings(line, tone_hz=440, loop=True, hang_up_after_s=stays, give_up_after_s=20)
                self._counts["calls"] += 1

    async def _rest(self) -> None:
        """Callers leave, and nothing is left behind."""
        open_still, ended = "nothing was looked at", time.monotonic()
        while open_still and time.monotonic() - ended < REST_SECONDS:
            await asyncio.sleep(0.5)
            with contextlib.suppress(*GONE):
                open_still = await self._open()
        self._counts["seconds to rest"] = round(time.monotonic() - ended)
        if open_still:
            self._wrong.append(f"{REST_SECONDS:g} s after the last death: {open_still}")

    async def _open(self) -> str:
        for call in (await self._box.network.request("status"))["calls"]:
            await self._box.hangs_up(call["call"])
        seen = await self._box.status()
        if seen.get("breaches"):
            self._wrong.append(f"{seen['breaches']} invariants broken")
        busy = [f"{a['agent']} {a['state']}" for a in seen["agents"] if a["state"] not in ("ready", "paused")]
        busy += [f"{line['line']} {line['state']}" for line in seen["lines"] if line["state"] != "idle"]
        busy += [f"call {call['call']} {call['stage']}" for call in seen["calls"]]
        busy += [f"call {call_id} in the journal" for call_id, _ in read.open_calls(self._box.database)]
        return ", ".join(busy)

    # --- what was written ---------------------------------------------------------------------------------

    def _check(self) -> None:
        rows = read.calls(self._box.database, 1_000_000)
        self._counts["rows"] = len(rows)
        for row in rows:
            _, story = read.call_story(self._box.database, row.call_id)
            self._counts[f"outcome {row.outcome}"] += 1
            self._wrong += [f"call {row.call_id}: {words}" for words in (*_story(story), *self._sound(row))]
        log = self._box.log_file.read_text(errors="replace")
        self._wrong += [f'"{words}" is in the log' for words in OUR_FAULTS if words in log]
        if not self._counts["outcome answered"]:
            self._wrong.append("nobody was answered")

    def _sound(self, row: CallRow) -> list[str]:
        """What is wrong with the recordings of a conversation that was recorded from its beginning on."""
        if row.talk_ms is None or row.ended_ms is None or not row.recordings:
            return []
        heard = 0.0
        for recording in row.recordings:
            try:
                heard += wav.seconds(str(recording["path"]))
            except wav.WavError as error:
                return [f"a recording cannot be played: {error}"]
        self._counts["recordings"] += len(row.recordings)
        began = (row.connected_ms or 0) / 1000
        deaths = sum(began - 1 <= death <= row.ended_ms / 1000 for death in self._deaths)
        lost = row.talk_ms / 1000 - heard
        if lost > deaths * LOST_SECONDS + SLACK_SECONDS:
            return [f"{lost:.2f} s of {row.talk_ms / 1000:.1f} s are not recorded, with {deaths} deaths"]
        return []

    def _dice(self, name: str) -> random.Random:
        return random.Random(f"{self._seed}/{name}")


def _story(story: Sequence[Stamped]) -> list[str]:
    """What is wrong with what a call went through."""
    events = [stamped.event for stamped in story]
    wrong = []
    if (ends := sum(isinstance(event, CallEnded) for event in events)) != 1:
        wrong.append(f"{ends} ends")
    came = {round(stamped.mono_s, 3) for stamped in story if isinstance(stamped.event, CallArrived)}
    places = {round(event.place, 3) for event in events if isinstance(event, CallQueued)}
    if places - came:
        wrong.append(f"arrived at {came} and has the place {places}")
    offers: dict[str, int] = Counter(event.agent for event in events if isinstance(event, AgentOffered))
    if not places and offers:
        wrong.append("offered and never queued")
    return wrong


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="about three seconds each (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random (1)")
    return parser.parse_args()


async def main() -> int:
    """Exit code 1 when something did not hold."""
    given = options()

    def say(text: str) -> Any:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="callbox-kills-") as folder:
        kills = Kills(Path(folder), kills=given.kills, seed=given.seed, say=say)
        wrong = await kills.run()
    say(kills.report())
    say("\n".join(f"NOT HELD   {what}" for what in wrong) or "all held")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
