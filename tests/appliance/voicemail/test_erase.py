"""Who wants to be forgotten leaves no voice in a mailbox either."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from appliance.api.record_requests import RecordRequests
from appliance.bus import Bus
from appliance.clock import Clock
from appliance.events import CallArrived, CallEnded
from appliance.store.journal import Journal
from appliance.store.kinds import events_of
from appliance.voicemail.mailboxes import Mailboxes
from appliance.voicemail_events import MessageDeleted, MessageLeft


class NoKeeper:
    async def remove(self, rows: Any, why: str) -> None:
        assert rows == []


@pytest.mark.realtime
async def test_an_erased_customer_has_no_messages_left(tmp_path: Path) -> None:
    bus, mailboxes, journal = Bus(Clock()), Mailboxes(tmp_path), Journal(tmp_path / "callbox.db")
    bus.subscribe(mailboxes.apply)
    bus.subscribe(journal.append)
    for call, number in (("c1", "+491701234567"), ("c2", "+491707654321")):
        bus.publish(CallArrived(call_id=call, line="gsm-1", leg_id="x", caller=number))
        left = {"mailbox": "office", "message": f"{call}-1", "seconds": 3.0, "caller": number}
        bus.publish(MessageLeft(call_id=call, paths=[str(tmp_path / f"{call}.wav")], **cast(Any, left)))
        bus.publish(CallEnded(call_id=call, outcome="voicemail", by="caller"))
    requests = RecordRequests(
        cast(Any, None),
        cast(Any, NoKeeper()),
        bus=bus,
        journal=journal,
        mailboxes=mailboxes,
        going_on=set,
    )
    wish = {"op": "recordings_erase", "number": "+491701234567"}
    told, _ = await requests.answer({**wish, "dry_run": True})
    assert (told["recordings"], len(mailboxes.messages())) == (1, 2)
    await requests.answer(wish)
    assert [message.call_id for message in mailboxes.messages()] == ["c2"]
    journal.close()
    gone = await asyncio.to_thread(events_of, tmp_path / "callbox.db", [MessageDeleted, MessageLeft])
    assert not any("1701234567" in str(stamped.event) for stamped in gone)
    assert any(isinstance(stamped.event, MessageDeleted) for stamped in gone)
