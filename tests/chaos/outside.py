"""The world around a real box in the chaos: callers, agents at their phones, text messages."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter

from appliance.api.control import BrainAway
from appliance.store import line_reads
from appliance.store.messages import Direction, MessageRow, MessageState
from benchmarks.rig.phone import Call, Phone
from drivers import wire
from tests.end_to_end.box import Box

CALL_EVERY_SECONDS, TEXT_EVERY_SECONDS, ANSWER_EVERY_SECONDS = 15.0, 15.0, 30.0  # a line, on average
KEYS = ("1", "1", "1", "1", "", "5")
SENDER, RECIPIENT = "+4917088", "+49305"
MOST_ROWS = 10_000
GONE = (wire.WireError, wire.WireLost, BrainAway, TimeoutError)  # a refusal, or a brain that dies or starts


async def callers(box: Box, line: str, dice: random.Random, counts: Counter[str]) -> None:
    """People call the line, press something or nothing, and leave when they like, for ever."""
    while True:
        await asyncio.sleep(dice.expovariate(1 / CALL_EVERY_SECONDS))
        number = dice.choice(["", f"+4917{dice.randrange(10**8)}"])
        stays = dice.uniform(0.1, 40)
        plan = {"tone_hz": 440, "loop": True, "hang_up_after_s": stays, "give_up_after_s": max(2.0, stays)}
        key, key_at = dice.choice(KEYS), dice.uniform(0.5, 3)
        with contextlib.suppress(wire.WireError):  # engaged, or out of reach
            await box.rings(line, key=key, key_at=key_at, number=number, **plan)
            counts["calls"] += 1


class Agent:
    """Somebody at a phone that answers by itself: talks a while, hangs up or lets the caller do it."""

    def __init__(self, phone: Phone, dice: random.Random, counts: Counter[str]) -> None:
        self._phone = phone
        self._dice = dice
        self._counts = counts

    async def work(self) -> None:
        """For ever."""
        while True:
            call = await self._phone.rang.get()
            self._counts["agents rung"] += 1
            await asyncio.sleep(self._dice.uniform(1, 15))
            if self._dice.random() < 0.5 and self._is_on(call):
                self._phone.hang_up()

    def _is_on(self, call: Call) -> bool:
        return call is self._phone.calls[-1] and not call.ended.is_set()


async def keep_ready(box: Box) -> None:
    """An agent who was paused because a phone did not answer comes back, for ever."""
    while True:
        await asyncio.sleep(3)
        with contextlib.suppress(*GONE):
            for agent in (await box.status()).get("agents", []):
                if agent["state"] in ("paused", "offline"):
                    await box.agent(agent["agent"], "ready")


class Texts:
    """Messages to and from all lines that have a SIM: none lost or told twice, none sent twice."""

    def __init__(self, box: Box, counts: Counter[str]) -> None:
        self._box = box
        self._counts = counts
        self._arrived: Counter[str] = Counter()
        self._tried: set[str] = set()
        self._taken: set[str] = set()

    async def arrive(self, line: str, dice: random.Random) -> None:
        """The network has messages for the line, for ever."""
        while True:
            await asyncio.sleep(dice.expovariate(1 / TEXT_EVERY_SECONDS))
            for _ in range(dice.choice((1, 1, 1, 4, 10))):
                text = f"in {len(self._arrived)} {line} " + "x" * dice.choice((5, 5, 300))
                self._arrived[text] += 1
                await self._box.network.request("sms", modem=line, number=SENDER, text=text)
                self._counts["messages in"] += 1

    async def answer(self, line: str, dice: random.Random) -> None:
        """Somebody sends over the line, for ever."""
        while True:
            await asyncio.sleep(dice.expovariate(1 / ANSWER_EVERY_SECONDS))
            text = f"out {len(self._tried)} {line} " + "y" * dice.choice((5, 5, 300))
            self._tried.add(text)
            with contextlib.suppress(*GONE):
                await self._box.request("sms_send", line=line, number=RECIPIENT, text=text)
                self._taken.add(text)
                self._counts["messages out"] += 1

    def open(self) -> str:
        """What is still on its way, "" when nothing is."""
        missing = len(self._arrived - self._kept())
        waiting = {MessageState.QUEUED, MessageState.SENDING}
        ours = [row for row in self._rows(Direction.OUT) if row.state in waiting]
        told = [f"{missing} messages not in yet"] if missing else []
        return ", ".join(told + ([f"{len(ours)} messages not out yet"] if ours else []))

    async def wrong(self) -> list[str]:
        """What is not as it must be, in words."""
        sent = (await self._box.network.request("sms-sent"))["sent"]
        network = Counter(one["text"] for one in sent if one["whole"])
        rows = self._rows(Direction.OUT)
        told = [f"lost: {text[:40]}" for text in self._arrived - self._kept()]
        told += [f"told {n + 1} times: {text[:40]}" for text, n in (self._kept() - self._arrived).items()]
        told += [f"sent {n} times: {text[:40]}" for text, n in network.items() if n > 1]
        told += [f"taken and forgotten: {text[:40]}" for text in self._taken - {row.text for row in rows}]
        for row in rows:
            times, sure = network[row.text], row.state in (MessageState.SENT, MessageState.DELIVERED)
            if (sure and times != 1) or (row.state is MessageState.FAILED and times):
                told.append(f"{row.state.value} ({row.why}), sent {times} times: {row.text[:40]}")
        return told

    def _kept(self) -> Counter[str]:
        return Counter(row.text for row in self._rows(Direction.IN))

    def _rows(self, direction: Direction) -> list[MessageRow]:
        return line_reads.messages(self._box.database, MOST_ROWS, direction)
