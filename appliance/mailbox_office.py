"""Mailboxes, lines and phones brought together: owners are told of messages, their lamps show how many.

Built by app.py.
"""

from __future__ import annotations

from collections.abc import Iterable

from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.lamps import Lamps, Waiting
from appliance.edge.watch import EdgeWatch
from appliance.events import PhoneRegistered, Stamped
from appliance.voicemail.desk import SendText, VoicemailDesk
from appliance.voicemail.mailboxes import Mailboxes
from appliance.voicemail_events import MessageDeleted, MessageHeard, MessageLeft


class MailboxOffice:
    """`start` with what the journal knows, before any caller comes; then `run` until cancelled."""

    def __init__(
        self,
        config: Config,
        mailboxes: Mailboxes,
        edge: EdgeWatch,
        *,
        bus: Bus,
        clock: Clock,
        send_text: SendText,
    ) -> None:
        self._boxes = config.voicemail
        self._mailboxes = mailboxes
        self._bus = bus
        self._desk = VoicemailDesk(config, mailboxes, bus=bus, clock=clock, send_text=send_text)
        self.lamps = Lamps(config, edge.rpc, devices=edge.registrations.devices, waiting=self.waiting)

    def start(self, before: Iterable[Stamped]) -> None:
        """Take up what was before, oldest first."""
        self._desk.start(before)

    async def run(self) -> None:
        """Tell people and lamps, for ever."""
        unsubscribe = self._bus.subscribe(self._hear)
        try:
            await self._desk.run()
        finally:
            unsubscribe()
            self.lamps.close()

    def waiting(self, agent: str) -> Waiting:
        """In all mailboxes of the agent's."""
        own = [name for name, box in self._boxes.items() if agent in box.agents]
        new = sum(self._mailboxes.new(name) for name in own)
        return Waiting(new, sum(self._mailboxes.count(name) for name in own) - new)

    def _hear(self, stamped: Stamped) -> None:
        event = stamped.event
        if isinstance(event, MessageLeft | MessageHeard | MessageDeleted) and event.mailbox in self._boxes:
            for agent in self._boxes[event.mailbox].agents:
                self.lamps.changed(agent)
        elif isinstance(event, PhoneRegistered) and self._owns(event.agent):
            self.lamps.changed(event.agent)

    def _owns(self, agent: str) -> bool:
        return any(agent in box.agents for box in self._boxes.values())
