"""Want 2: a registered phone's agent stays ready while brain or Kamailio is killed, and is rung after it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.events import AgentChanged
from appliance.store import models, opening
from tests.end_to_end.edge_box import EdgeBox
from tests.peers.baresip import Baresip, needs_baresip
from tests.peers.edge import needs_kamailio

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_kamailio,
    needs_baresip,
    pytest.mark.timeout(120),
]

SECRET = "onetwothree"
ON_DISK_SECONDS = 2.5  # Kamailio writes its locations every two


def changes(box: EdgeBox) -> list[str]:
    """What agents went through so far, by the journal."""
    with opening.reading(box.database) as db:
        assert db is not None
        rows = models.EventTable.select().order_by(models.EventTable.id).dicts().execute(db)
        events = [stamped.event for stamped in models.readable(rows)]
    return [f"{e.was} -> {e.now} {e.reason}".strip() for e in events if isinstance(e, AgentChanged)]


async def test_no_restart_changes_the_agent_of_a_registered_phone(tmp_path: Path) -> None:
    async with (
        EdgeBox(tmp_path, agents=["ana"], accounts={"ana-desk": ("ana", SECRET)}, wrap_up_seconds=0) as box,
        Baresip(
            tmp_path / "ana", user="ana-desk", registrar=f"127.0.0.1:{box.edge_port}", password=SECRET
        ) as phone,
    ):
        await box.until_status(lambda s: s["agents"][0]["state"] == "ready")
        await asyncio.sleep(ON_DISK_SECONDS)
        before = changes(box)
        for process in ("brain", "kamailio"):
            await box.until_back(process, box.kill(process))
            await box.until_status(lambda s: s.get("edge", {}).get("state") == "up")
            await asyncio.sleep(1)
        assert changes(box) == before
        box.kill("kamailio")
        caller = await box.rings(key_at=0.5)  # while it is away
        await phone.event("CALL_INCOMING", seconds=20)
        await phone.command("accept")
        await box.until_stage("talking")
        await box.hangs_up(caller)
        [row] = await box.until_over()
        assert [change for change in changes(box)[len(before) :] if "paused" in change] == []
    assert row["outcome"] == "answered"
