"""`callbox callbacks`: what is open, and ending it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.api.call_back_requests import CallBackRequests
from drivers.wire import WireError
from tests.appliance.calls.test_call_back import GERMAN, asks, box, outcomes


async def test_open_call_backs_are_listed_and_cancelled_by_number_or_id(tmp_path: Path) -> None:
    rig = await box(tmp_path)
    requests = CallBackRequests(rig.centre)
    await asks(rig)
    await asyncio.sleep(100)
    listed, _ = await requests.answer({"op": "call_backs"})
    [row] = listed["call_backs"]
    assert (row["number"], row["queue"], row["stage"], row["position"]) == (GERMAN, "sales", "waiting", 1)
    assert 100 < row["waited_seconds"] < 110
    assert row["expires_seconds"] == pytest.approx(86_300, abs=2)
    done, _ = await requests.answer({"op": "call_back_cancel", "call": GERMAN, "by": "eva"})
    assert done["call_backs"] == [row["call"]]
    await asyncio.sleep(1)
    assert outcomes(rig) == ["call-back", "cancelled"]
    with pytest.raises(WireError, match="callbox callbacks"):
        await requests.answer({"op": "call_back_cancel", "call": row["call"]})
