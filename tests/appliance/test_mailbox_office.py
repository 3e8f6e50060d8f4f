"""The lamps of a mailbox's owners follow its messages, and a phone that registers is told at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.lamps import Waiting
from appliance.edge.watch import EdgeWatch
from appliance.events import PhoneRegistered
from appliance.mailbox_office import MailboxOffice
from appliance.voicemail.mailboxes import Mailboxes
from appliance.voicemail_events import MessageDeleted, MessageHeard, MessageLeft

SITE: dict[str, Any] = {
    "agents": {"ana": {}, "ben": {}, "eva": {}},
    "voicemail": {"office": {"agents": ["ana", "ben"]}, "home": {"agents": ["ana"]}},
}


class Box:
    """Lamps over mailboxes; `told` is every change of an agent's."""

    def __init__(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        clock = Clock(mono=loop.time, wall=loop.time, boot="test")
        self.bus = Bus(clock)
        mailboxes = Mailboxes()
        self.bus.subscribe(mailboxes.apply)
        config = Config.model_validate(SITE)
        edge = EdgeWatch(config, folder, bus=self.bus, on_phones=lambda agent: None)
        self.office = MailboxOffice(config, mailboxes, edge, bus=self.bus, clock=clock, send_text=self._send)
        self.told: list[str] = []
        self.office.lamps.changed = self.told.append  # type: ignore[method-assign]
        self.office.start([])
        self.work = asyncio.create_task(self.office.run())

    @staticmethod
    async def _send(line: str, number: str, text: str) -> str:
        return ""


async def test_owners_are_told_of_every_change_and_others_of_none(tmp_path: Path) -> None:
    box = Box(tmp_path)
    await asyncio.sleep(0)
    box.bus.publish(MessageLeft(mailbox="office", message="m1", seconds=3, caller=""))
    box.bus.publish(MessageLeft(mailbox="home", message="m2", seconds=3, caller=""))
    assert box.told == ["ana", "ben", "ana"]
    assert (box.office.waiting("ana"), box.office.waiting("ben")) == (Waiting(2, 0), Waiting(1, 0))
    box.bus.publish(MessageHeard(mailbox="office", message="m1", by="ana"))
    assert (box.office.waiting("ana"), box.office.waiting("ben")) == (Waiting(1, 1), Waiting(0, 1))
    box.bus.publish(MessageDeleted(mailbox="office", message="m1", by="ana"))
    assert box.office.waiting("ben") == Waiting(0, 0)
    assert box.office.waiting("eva") == Waiting(0, 0)
    box.bus.publish(MessageLeft(mailbox="gone", message="m3", seconds=3, caller=""))
    assert box.told.count("eva") == 0
    box.work.cancel()


async def test_a_phone_that_registers_is_told(tmp_path: Path) -> None:
    box = Box(tmp_path)
    await asyncio.sleep(0)
    for agent in ("ben", "eva"):
        box.bus.publish(PhoneRegistered(agent=agent, phone="", source="udp:192.0.2.7:5060"))
    assert box.told == ["ben"]
    box.work.cancel()
