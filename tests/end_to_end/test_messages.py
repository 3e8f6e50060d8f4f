"""Text messages and USSD through the whole box: real processes, a modem that talks back, kill -9 between."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from appliance.store import line_reads
from appliance.store.messages import Direction, MessageRow, MessageState
from tests.end_to_end.box import Box

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(90)]

NOBODY = {"ana": "sip:ana@127.0.0.1:5999"}  # no phone: nobody calls here
TO = "+15550777"


def centre(folder: Path, **more: Any) -> Box:
    return Box(folder, phones=NOBODY, ready=False, **more)


async def callbox(box: Box, *words: str) -> tuple[int, str]:
    """What the command prints, and its exit code."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance", *words, "--state", str(box.state)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await program.communicate()
    assert program.returncode is not None
    return program.returncode, said.decode()


def received(box: Box) -> list[MessageRow]:
    return line_reads.messages(box.database, limit=1000, direction=Direction.IN)


def out(box: Box) -> list[MessageRow]:
    return line_reads.messages(box.database, limit=1000, direction=Direction.OUT)


def is_on_its_way(row: MessageRow) -> bool:
    return row.state in (MessageState.QUEUED, MessageState.SENDING)


async def sent(box: Box) -> list[dict[str, Any]]:
    """What the network has from our modems."""
    return list((await box.network.request("sms-sent"))["sent"])


async def test_messages_come_in_and_go_out_and_are_listed(tmp_path: Path) -> None:
    async with centre(tmp_path) as box:
        long = "A message that is too long for one part, with an euro sign €. " * 5
        await box.network.request("sms", modem="gsm-1", number="+15550123", text="hello box")
        await box.network.request("sms", modem="gsm-1", number="+15550123", text=long)
        await box.until(lambda: len(received(box)) == 2, 20)
        code, said = await callbox(box, "sms", "send", TO, "hello world", "--wait", "20")
        assert (code, "delivered" in said) == (0, True), said
        [out] = await sent(box)
        code, said = await callbox(box, "sms", "list", "--json")
        listed = json.loads(said)
    assert [row.text for row in received(box)] == [long, "hello box"]
    assert (out["number"], out["text"]) == (TO, "hello world")
    assert [(row["direction"], row["state"]) for row in listed] == [
        ("out", "delivered"),
        ("in", "received"),
        ("in", "received"),
    ]
    assert [part for part in line_reads.open_parts(box.database) if not part.event.message] == []


async def test_the_network_is_asked_and_answered(tmp_path: Path) -> None:
    async with centre(tmp_path) as box:
        menu = {"text": "1 Balance", "choices": {"1": {"text": "You have 12.30 EUR"}}}
        await box.network.request("ussd", code="*100#", **menu)
        code, said = await callbox(box, "ussd", "gsm-1", "*100#", "--answer", "1", "--json")
        words = [json.loads(line) for line in said.splitlines()]
        assert (code, [each["text"] for each in words]) == (0, ["1 Balance", "You have 12.30 EUR"])
        code, said = await callbox(box, "ussd", "gsm-1", "*999#")
        assert code == 1
        assert said.startswith("callbox: ")


async def test_the_brain_is_killed_again_and_again_while_messages_come_and_go(tmp_path: Path) -> None:
    """None is lost, none is told twice, none goes out twice; what nobody can know is said to be unsure."""
    dice, wanted, ours = random.Random(4), Counter[str](), []
    async with centre(tmp_path) as box:
        for number in range(6):
            texts = [f"in {number}.{n} " + "x" * dice.choice([5, 200]) for n in range(8)]
            for text in texts:
                await box.network.request("sms", modem="gsm-1", number="+15550123", text=text)
            wanted.update(texts)
            ours.append(f"out {number} " + "y" * dice.choice([5, 300]))
            await box.request("sms_send", line="gsm-1", number=TO, text=ours[-1])
            await asyncio.sleep(dice.uniform(0.0, 2.5))
            old = box.kill("brain")
            await box.until_back("brain", old)
            await box.until_status(lambda status: True)
        await box.until(lambda: len(received(box)) >= wanted.total(), 40)
        await box.until(lambda: len(out(box)) == len(ours) and not any(map(is_on_its_way, out(box))), 40)
        rows = out(box)
        network = Counter(each["text"] for each in await sent(box) if each["whole"])
    assert Counter(row.text for row in received(box)) == wanted
    assert {row.text for row in rows} == set(ours)
    assert max(network.values(), default=0) <= 1
    for row in rows:
        assert row.state in (MessageState.SENT, MessageState.DELIVERED, MessageState.UNSURE), row
        assert network[row.text] == 1 or row.state is MessageState.UNSURE
