"""Wants 1 and 12, end to end: two desk phones ring for one caller, until one is answered."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.box import Box
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(60)]


class RingAllBox(Box):
    """The queue rings everybody."""

    def _write_config(self, *arguments: Any) -> None:
        super()._write_config(*arguments)
        text = self.config_file.read_text()
        self.config_file.write_text(text.replace("[queues.sales]", '[queues.sales]\nchoice = "ring-all"'))


async def test_two_phones_ring_and_the_one_that_is_answered_has_the_caller(tmp_path: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as ana,
        Baresip(tmp_path / "ben", user="ben", say="sine:880") as ben,
        RingAllBox(tmp_path, phones={"ana": ana.uri, "ben": ben.uri}, lines=1, wrap_up_seconds=0) as box,
    ):
        caller = await box.rings(loop=True)
        await asyncio.gather(ana.event("CALL_INCOMING"), ben.event("CALL_INCOMING"))
        await ben.command("accept")
        await ana.event("CALL_CLOSED")
        await box.until_stage("talking")
        status = await box.status()
        states = {agent["agent"]: agent["state"] for agent in status["agents"]}
        assert states == {"ana": "ready", "ben": "talking"}
        await box.hangs_up(caller)
        [row] = await box.until_over()
        assert (row["agent"], row["outcome"]) == ("ben", "answered")
        with closing(sqlite3.connect(f"file:{box.database}?mode=ro", uri=True)) as db:
            ends = db.execute("select body from event where kind = 'OfferEnded' order by id").fetchall()
    told = [(end["agent"], end["result"]) for end in (json.loads(body) for (body,) in ends)]
    assert told == [("ana", "answered by another"), ("ben", "answered")]
