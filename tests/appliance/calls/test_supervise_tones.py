"""Want 14: the matrix of who hears whom, by tones through the real engine: every pair, mode and place.

Four phones of one worker each say a tone of their own; what reaches each is measured, not what was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from appliance.acd.agent import AgentState
from appliance.agent_events import CallAttended
from appliance.calls.supervise import Supervisors
from appliance.calls.supervision import Mode
from appliance.media.graph import MediaGraph
from drivers.port import LegState, SlotAudio
from tests.appliance.calls.rig import Caller, Rig, ScriptedPhone
from tests.appliance.calls.test_supervise import AGENTS
from tests.appliance.calls.test_supervision import TABLES, WHO
from tests.appliance.media.process_rig import RATE, started, tone
from tests.dsp.engine_rig import TICK_NS, Page

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone]

HERTZ = {"caller": 500, "agent": 900, "third": 1300, "sup": 1700}  # 50 Hz apart from no multiple of another
SLOTS = {name: slot for slot, name in enumerate(WHO)}
QUEUES = {"sales": {"agents": ["ana"], "ring_seconds": 20}}
SETTLE_SECONDS, LOOK_SECONDS = 0.3, 0.2
HEARD = 3000  # of 8000; the rest of the four is below a tenth of it


class Worker:
    """Four slots, each says its tone on the grid and keeps the last second of what it heard."""

    def __init__(self) -> None:
        self.page = Page()
        self._sounds = {name: tone(hertz, 1.0) for name, hertz in HERTZ.items()}
        self._heard: dict[str, list[np.ndarray]] = {name: [] for name in WHO}

    async def run(self) -> None:
        while True:
            now = time.monotonic_ns()
            tick = now // TICK_NS + 1
            await asyncio.sleep((tick * TICK_NS - now) / 1e9)
            start = tick % 50 * 160
            for name, slot in SLOTS.items():
                self.page.say(slot, tick, self._sounds[name][start : start + 160])
            self.page.map["done"] = tick & 0xFFFFFFFF
            await asyncio.sleep(0.008)
            for name, slot in SLOTS.items():
                frame = self.page.heard(slot, tick)
                if frame is not None:
                    self._heard[name] = [*self._heard[name][-50:], frame]

    async def matrix(self) -> tuple[str, ...]:
        """Rows speak, columns hear, as in TABLES; once everything has settled."""
        await asyncio.sleep(SETTLE_SECONDS)
        for name in WHO:
            self._heard[name] = []
        await asyncio.sleep(LOOK_SECONDS)
        heard = {name: np.concatenate([np.zeros(160, "<i2"), *self._heard[name]]) for name in WHO}
        return tuple("".join(str(int(_strength(heard[to], HERTZ[by]) > HEARD)) for to in WHO) for by in WHO)


def _strength(samples: np.ndarray, hertz: int) -> float:
    """Amplitude of one frequency over the middle of the samples, a whole number of its periods."""
    middle = samples[-(len(samples) // 160 - 1) // 5 * 5 * 160 or -160 :].astype(float)
    return float(2 * abs(np.mean(middle * np.exp(-2j * np.pi * hertz / RATE * np.arange(len(middle))))))


class Studio:
    """A centre whose phones sound through a real engine: caller, ana, ben as the third, sue supervises."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "media.sock"
        self.engine = started(self.socket)
        self.worker = Worker()
        self.rig = Rig(folder, agents=AGENTS, queues=QUEUES)
        self.graph = self.rig.centre.media = MediaGraph(self.socket, on_digit=lambda port, digit: None)
        self.tasks = [asyncio.create_task(self.graph.run()), asyncio.create_task(self.worker.run())]
        self.rig.phones.behave = self._answers

    def _answers(self, leg: ScriptedPhone) -> None:
        who = {"ana": "agent", "ben": "third", "sue": "sup"}[leg.peer.partition(":")[2].partition("@")[0]]
        leg.audio = SlotAudio("sip-1", SLOTS[who])
        asyncio.get_running_loop().call_later(0.05, leg.moved, LegState.UP)

    async def conversation(self) -> Caller:
        """A caller who speaks with ana."""
        await self.graph.up.wait()
        self.graph.attach_worker("sip-1", self.worker.page.fd)
        self.rig.acd.log_in("ana")
        leg = ScriptedPhone(id="caller", peer="+15550123", state=LegState.RINGING)
        leg.audio = SlotAudio("sip-1", SLOTS["caller"])
        caller = Caller(self.rig, "+15550123", leg=leg)
        await caller.presses("1", after=0.3)
        await asyncio.sleep(0.3)
        assert caller.stage == "talking"
        return caller

    async def close(self) -> None:
        for call in list(self.rig.centre.calls.values()):
            for party in call.parties:
                party.leg.moved(LegState.ENDED)
        await asyncio.sleep(0.3)
        await self.rig.centre.stop(1)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.graph.detach_worker("sip-1")
        await self.graph.close()
        self.engine.kill()
        self.engine.wait()


@contextlib.asynccontextmanager
async def studio(folder: Path) -> AsyncIterator[Studio]:
    made = Studio(folder)
    try:
        yield made
    finally:
        await made.close()


async def test_every_pair_is_heard_as_the_tables_say_in_every_mode_and_place(tmp_path: Path) -> None:
    async with studio(tmp_path) as it:
        await it.conversation()
        supervisors, desk, ana = Supervisors(it.rig.centre), it.rig.desk, it.rig.phones.rung[0]
        desk.consult("ana", "22")
        await asyncio.sleep(0.3)
        supervisors.supervise("ana", "listen", "sue")
        await asyncio.sleep(0.3)

        async def seen(place: str) -> None:
            for mode in Mode:
                supervisors.supervise("ana", mode.value, "sue")
                await asyncio.sleep(0.5 if mode is Mode.BARGE else 0)  # the beep
                assert (place, mode, await it.worker.matrix()) == (place, mode, TABLES[place][mode])

        await seen("asking the third, the caller hears music")
        desk.conference("ana")
        await seen("conference")
        desk.hold("ana", True)
        await seen("held by the agent's command")
        desk.hold("ana", False)
        ana.held_by_far_end(True)
        await seen("held by the agent's phone")
        ana.held_by_far_end(False)
        it.rig.phones.rung[-1].held_by_far_end(True)
        await seen("the supervisor's phone holds")


async def test_two_with_a_supervisor_also_in_a_transfer_and_after_taking_over(tmp_path: Path) -> None:
    async with studio(tmp_path) as it:
        caller = await it.conversation()
        supervisors = Supervisors(it.rig.centre)
        supervisors.supervise("ana", "listen", "sue")
        await asyncio.sleep(0.3)
        assert await it.worker.matrix() == ("0101", "1001", "0000", "0000")
        supervisors.supervise("ana", "whisper", "sue")
        assert await it.worker.matrix() == ("0101", "1001", "0000", "0100")
        it.rig.phones.behave = lambda leg: None  # ben's phone rings on
        it.rig.desk.transfer("ana", "22")
        assert await it.worker.matrix() == ("0000", "0001", "0000", "0100")
        it.rig.desk.back("ana")
        assert await it.worker.matrix() == ("0101", "1001", "0000", "0100")
        supervisors.supervise("ana", "takeover", "sue")
        assert await it.worker.matrix() == ("0001", "0000", "0000", "1000")
        assert it.rig.acd.agents["ana"].state is AgentState.WRAP_UP
        assert [event.call_id for event in it.rig.events(CallAttended)] == [caller.call.id] * 2


async def test_the_matrix_is_the_same_after_a_new_engine_and_a_new_brain(tmp_path: Path) -> None:
    async with studio(tmp_path) as it:
        await it.conversation()
        Supervisors(it.rig.centre).supervise("ana", "whisper", "sue")
        await asyncio.sleep(0.3)
        wanted = ("0101", "1001", "0000", "0100")
        assert await it.worker.matrix() == wanted
        it.engine.kill()
        it.engine.wait()
        it.engine = started(it.socket)
        await asyncio.sleep(0.5)
        assert await it.worker.matrix() == wanted
        before = it.graph
        it.tasks.pop(0).cancel()  # the brain is killed where it stands
        await before.close()
        assert await it.worker.matrix() == wanted
        with contextlib.ExitStack() as held:
            graph = MediaGraph(it.socket, on_digit=lambda port, digit: None)
            it.tasks.insert(0, asyncio.create_task(graph.run()))
            await graph.up.wait()
            graph.attach_worker("sip-1", it.worker.page.fd)
            legs = [party.leg for call in it.rig.centre.calls.values() for party in call.parties]
            legs.append(it.rig.centre.supervisions.by_name["sue"].party.leg)
            for leg in legs:
                held.enter_context(graph.port(leg))
            for edge in before._edges:
                held.enter_context(graph.hears(*edge))
            graph.prune()
            assert await it.worker.matrix() == wanted
            graph.detach_worker("sip-1")
            await graph.close()
