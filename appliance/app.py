"""The brain, `callboxd`: builds every object once and wires them; the only file that knows everything."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from appliance.acd.distributor import Distributor
from appliance.acd.invariants import breaches_near
from appliance.acd.timer import LoopTimer
from appliance.agent_phones import AgentPhones
from appliance.api.agent_requests import AgentRequests
from appliance.api.agent_view import AgentView
from appliance.api.call_back_requests import CallBackRequests
from appliance.api.control import Control
from appliance.api.emergency_requests import EmergencyRequests
from appliance.api.line_requests import LineRequests
from appliance.api.outbound_requests import OutboundRequests
from appliance.api.phone_requests import PhoneRequests
from appliance.api.snapshot import snapshot
from appliance.api.voicemail_requests import VoicemailRequests
from appliance.api.why_requests import WhyRequests
from appliance.bus import Bus
from appliance.calendars.calendars import Calendars
from appliance.calendars.zone import box_zone
from appliance.calls.agents import AgentDesk
from appliance.calls.agents_restored import remember_agents, restore_agents
from appliance.calls.alerting import Alerting
from appliance.calls.centre import Centre
from appliance.calls.emergency_contact import watch_contact
from appliance.calls.flow_outside import Outside
from appliance.calls.panic import Panic
from appliance.calls.reception import Reception
from appliance.calls.recovery import stories, wrap_ups
from appliance.calls.talk_desk import TalkDesk
from appliance.clock import Clock
from appliance.config.line_base import LineBase
from appliance.config.load import ConfigError, format_problems, load
from appliance.config.schema import Config
from appliance.dialplan.alarms import OutboundAlarms, alarm_objects
from appliance.dialplan.guard import Guard
from appliance.edge.orphans import end_calls_of
from appliance.edge.programs import installed
from appliance.edge.rpc import EdgeError
from appliance.emergency_events import EVENTS as EMERGENCY_EVENTS
from appliance.events import (
    BoxStarted,
    BoxStopped,
    Event,
    InvariantBroken,
    LineChanged,
    ProcessBack,
    ProcessLost,
    Stamped,
)
from appliance.faults import say_if_it_failed
from appliance.lines.desk import LineDesk
from appliance.lines.line import Books
from appliance.mailbox_office import MailboxOffice
from appliance.media.graph import MediaGraph
from appliance.queues import add_queues
from appliance.recording_office import RecordingOffice
from appliance.recordings.keeper import OBJECT
from appliance.say.spoken import recorded_prompts
from appliance.store.figure_reads import legs_between
from appliance.store.journal import Journal
from appliance.store.kinds import events_of
from appliance.store.opening import StoreError
from appliance.store.read import AgentLast, agents_last, open_calls
from appliance.trunk_lines import TrunkLines
from appliance.voicemail.desk import EVENTS as VOICEMAIL_EVENTS
from appliance.voicemail.mailboxes import Mailboxes
from drivers.discovery.modems import Modems
from drivers.discovery.sysfs import SYSFS
from drivers.port import AudioNews, Port, PortState
from drivers.registry import make_port
from drivers.sip.pool import SipPool

log = logging.getLogger(__name__)

ENGINE_WAIT_SECONDS = 2.0
LEARNT_MS = 86_400_000  # calls so old still tell how long callers wait


class Brain:
    """One call centre, alive."""

    def __init__(self, config: Config, *, folder: Path, state: Path, sysfs: Path = SYSFS) -> None:
        self.config = config
        self.state = state
        self.clock = Clock()
        self.bus = Bus(self.clock)
        self.broken = 0
        self.bus.subscribe(self._count_broken)
        run = state / "run"
        self.database = state / "callbox.db"
        self.journal = Journal(self.database)
        timer = LoopTimer(self.clock.mono, lambda: self.acd.advance())
        self.acd = Distributor(
            publish=self.bus.publish,
            now=self.clock.mono,
            checked=self._check,
            wake=timer.wake,
            expected=lambda queue, agent: self.centre.waits.of_agent(queue, agent),
        )
        self.desk = AgentDesk(self.acd, self.bus, config.pause_reasons)
        self.media = MediaGraph(
            run / "media.sock",
            on_digit=lambda port, digit: self.centre.heard(port, digit),
            on_engine=lambda up: self._process("media", up),
            on_audio=self._audio,
        )
        self.phones = SipPool(
            sockets=[run / f"sip-{number}.sock" for number in range(config.sip.workers)],
            on_worker_up=self._worker_up,
            on_worker_lost=self._worker_lost,
        )
        self.agent_phones = AgentPhones(
            config,
            state,
            acd=self.acd,
            pool=self.phones,
            bus=self.bus,
            clock=self.clock,
            place_of=self.desk.facts.place_of,
        )
        self.trunks = TrunkLines(config, pool=self.phones, edge=self.agent_phones.edge)
        self.modems = Modems(sysfs)
        self.lines = {name: self._line(name) for name, line in config.lines.items() if line.enabled}
        books = Books(self.bus, self.clock, self.journal)
        self.line_desk = LineDesk(config, self.lines, books, others=[*alarm_objects(config), OBJECT])
        self.guard = Guard(config, bus=self.bus, clock=self.clock)
        alarms = self.line_desk.alarms
        self.outbound_alarms = OutboundAlarms(config, self.guard, self.clock, alarms.set)
        self.centre = Centre(
            config=config,
            folder=folder,
            recordings=state / config.recording.folder,
            clock=self.clock,
            bus=self.bus,
            acd=self.acd,
            media=self.media,
            phones=self.phones,
            desk=self.desk,
            guard=self.guard,
            tariffs=self.line_desk,
            lines=self.lines,
            prompts=recorded_prompts(config, folder),
            calendars=Calendars(config.calendars, box_zone(config.box.zone)),
            registered=self.agent_phones.registered,
            mailboxes=Mailboxes(state / "voicemail"),
        )
        self.mailboxes = MailboxOffice(
            config,
            self.centre.mailboxes,
            self.agent_phones.edge,
            bus=self.bus,
            clock=self.clock,
            send_text=self.line_desk.send_text,
        )
        self.alerting = Alerting(self.centre, self.line_desk.send_text)
        self.centre.outside = Outside(config, self.database, self.line_desk.send_text)
        self.centre.check_pin = self.agent_phones.sign_ins.check_pin
        self.desk.add(TalkDesk(self.centre).commands())
        panic = Panic(self.centre, alarm=alarms.set, send_text=self.line_desk.send_text)
        self.desk.add(panic.commands())
        self.recording = RecordingOffice(self.centre, self.journal, self.line_desk)
        self.control = Control(
            run,
            desk=self.desk,
            also=[
                AgentRequests(self.centre),
                CallBackRequests(self.centre),
                WhyRequests(self.acd, self.clock.mono),
                LineRequests(self.line_desk),
                OutboundRequests(config, self.guard, self.clock),
                PhoneRequests(config, self.agent_phones),
                self.recording.requests,
                VoicemailRequests(self.centre.mailboxes, self.bus),
                EmergencyRequests(self.centre),
            ],
            status=self._status,
            reset_line=self._reset_line,
        )
        add_queues(self.acd, config)

    def _line(self, name: str) -> Port:
        if name in self.trunks.ports:
            return self.trunks.ports[name]
        line = self.config.lines[name]
        options = line.model_dump(exclude=set(LineBase.model_fields) | {"driver"})
        port = make_port(line.driver, name, options, self.modems)
        port.audio_holder = self.media
        return port

    async def run(self) -> None:
        """Serve until cancelled."""
        interrupted, last = self._remembered()
        self.bus.subscribe(self.journal.append)
        tasks = [asyncio.create_task(self.media.run(), name="media")]
        self.bus.subscribe(self.outbound_alarms.hear)
        tasks.append(asyncio.create_task(self.line_desk.run(), name="lines"))
        tasks.append(asyncio.create_task(self._watch_outbound(), name="outbound alarms"))
        tasks.append(asyncio.create_task(self.recording.run(), name="recordings"))
        tasks += [asyncio.create_task(self._report(n, p), name=f"report {n}") for n, p in self.lines.items()]
        try:
            await self._engine_there()
            going_on = stories(interrupted)
            remember_agents(self.database, self.centre)
            await self._learn_waits()
            self.guard.start(self.database, ["", *(story.call_id for story in going_on)])  # "": agents' legs
            self.mailboxes.start(await self._past(VOICEMAIL_EVENTS, "what is in mailboxes"))
            tasks.append(asyncio.create_task(self.mailboxes.run(), name="mailboxes"))
            self.alerting.start(await self._past(EMERGENCY_EVENTS, "whether there is an emergency"))
            tasks.append(asyncio.create_task(self.alerting.run(), name="alerts"))
            tasks.append(asyncio.create_task(watch_contact(self.centre), name="emergency contact"))
            wrapping, begins = wrap_ups(interrupted), self.agent_phones.wait_for_phone
            restore_agents(last, going_on, wrapping, self.centre, begins=begins)
            tasks.append(asyncio.create_task(self.agent_phones.run(), name="agents' phones"))
            tasks.append(asyncio.create_task(self.trunks.run(), name="trunks"))
            if self.config.edge.start != "no" and installed().kamailio:
                tasks.append(asyncio.create_task(self._web(), name="web"))
            for task in tasks:
                task.add_done_callback(say_if_it_failed)
            self.bus.publish(BoxStarted(recovered=len(going_on)))
            await Reception(self.centre, self.lines, self.phones).run(going_on)
        finally:
            self.desk.close()
            self.centre.outside.close()
            self.control.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.media.close()
            self.bus.publish(BoxStopped())
            self.journal.close()

    async def _web(self) -> None:
        """The page and the phones' settings. Its libraries take a quarter of a second to load, which callers
        and agents found up after a restart need not wait for.
        """
        web = await asyncio.to_thread(importlib.import_module, "appliance.web.server")
        certificates = await asyncio.to_thread(importlib.import_module, "appliance.edge.certificates")
        server = web.WebServer(
            self.config,
            folder=self.centre.folder,
            state=self.state,
            clock=self.clock,
            view=AgentView(self.centre),
            accounts=self.agent_phones.accounts,
            sign_ins=self.agent_phones.sign_ins,
        )
        places = (self.config, self.centre.folder, self.state)
        watch = certificates.CertificateWatch(*places, reload=self._new_certificate)
        await asyncio.gather(server.run(), watch.run())

    async def _new_certificate(self) -> None:
        try:
            await self.agent_phones.edge.rpc.ask("tls.reload")
        except EdgeError as error:
            log.warning("edge: the new certificate is served from Kamailio's next start on: %s", error)

    async def _engine_there(self) -> None:
        """Lines found up must get their audio back from the engine, so give it a moment to answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENGINE_WAIT_SECONDS):
                await self.media.up.wait()

    async def _past(self, kinds: tuple[type[Event], ...], what: str) -> list[Stamped]:
        """What the journal knows of it, oldest first."""
        try:
            return await asyncio.to_thread(events_of, self.database, kinds)
        except StoreError as error:
            log.error("the journal cannot be read, so %s is not known from before: %s", what, error)
            return []

    async def _learn_waits(self) -> None:
        """What the last day tells of how long callers wait."""
        now_ms = round(self.clock.wall() * 1000)
        try:
            legs = await asyncio.to_thread(
                legs_between, self.database, now_ms - LEARNT_MS, now_ms, by="ended"
            )
        except StoreError as error:
            log.warning("expected waits begin anew, those of before cannot be read: %s", error)
            return
        self.centre.waits.learn(legs)

    async def _watch_outbound(self) -> None:
        await self.line_desk.ready.wait()  # the board of alarms knows what stood before
        await self.outbound_alarms.watch()

    def _remembered(self) -> tuple[list[tuple[str, list[Stamped]]], dict[str, AgentLast]]:
        """What the journal knows of the life before; a box that cannot read it serves all the same."""
        try:
            return open_calls(self.database), agents_last(self.database)
        except StoreError as error:
            log.error("the journal cannot be read, so nothing is taken up from before: %s", error)
            return [], {}

    def _status(self) -> dict[str, Any]:
        seen = snapshot(self.centre, self.lines, self.phones, self.line_desk)
        edge = self.agent_phones.edge.status()
        return {**seen, "edge": edge, "breaches": self.broken, "pid": os.getpid()}

    def _reset_line(self, name: str) -> None:
        """Close the line's ports and open them again; a caller on it is found there and begins anew."""
        port = self.lines[name]

        async def again() -> None:
            await port.close()
            await port.open()

        self.centre.chore(again(), f"reset {name}")

    # --- what the others tell ---------------------------------------------------------------------

    def _audio(self, line: str, news: AudioNews, value: str) -> None:
        if line in self.lines:
            self.lines[line].audio_news(news, value)

    async def _worker_up(self, name: str, memory: int) -> None:
        self.media.attach_worker(name, memory)
        self.agent_phones.worker(name, True)
        self._process(name, True)

    async def _worker_lost(self, name: str) -> None:
        self.media.detach_worker(name)
        self.agent_phones.worker(name, False)
        self._process(name, False)
        port = self.config.sip.port + int(name.removeprefix("sip-"))
        self.centre.chore(end_calls_of(port, self.agent_phones.edge.rpc), f"calls of {name}")

    def _process(self, name: str, up: bool) -> None:
        self.bus.publish(ProcessBack(process=name) if up else ProcessLost(process=name))

    async def _report(self, name: str, port: Port) -> None:
        """Publish every change of a line's state."""
        while True:
            state = port.state
            self.bus.publish(LineChanged(line=name, state=state.value, reason=port.reason))
            await port.until_state(*(other for other in PortState if other is not state))

    def _count_broken(self, stamped: Stamped) -> None:
        self.broken += isinstance(stamped.event, InvariantBroken)

    def _check(self, acd: Distributor) -> None:
        for rule, seen in breaches_near(acd):
            log.error("invariant broken: %s: %s", rule, seen, stack_info=True)
            self.bus.publish(InvariantBroken(rule=rule, seen=seen))


def main(argv: list[str] | None = None) -> int:
    """The `callboxd` program."""
    parser = argparse.ArgumentParser(
        prog="callboxd", description="The brain of the box; `callbox run` starts it."
    )
    parser.add_argument("--config", type=Path, required=True, help="configuration file")
    parser.add_argument("--state", type=Path, required=True, help="folder for database, recordings, sockets")
    parser.add_argument("--sysfs", type=Path, default=SYSFS, help="where modems are looked for (/sys)")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    options = parser.parse_args(argv)
    logging.basicConfig(level=options.log_level, format="%(asctime)s brain %(levelname)s %(message)s")
    try:
        loaded = load(options.config)
    except ConfigError as error:
        sys.stderr.write(format_problems(error.problems) + "\n")
        return 1
    asyncio.run(_serve(loaded.config, loaded.folder, options.state, options.sysfs))
    return 0


async def _serve(config: Config, folder: Path, state: Path, sysfs: Path) -> None:
    (state / "run").mkdir(parents=True, exist_ok=True)
    brain = Brain(config, folder=folder, state=state, sysfs=sysfs)
    serving = asyncio.create_task(brain.run(), name="brain")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


if __name__ == "__main__":
    raise SystemExit(main())
