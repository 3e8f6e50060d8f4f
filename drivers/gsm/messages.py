"""Text messages and USSD of a GSM modem: `drivers.messages.Messages` for one port, across its sessions.

Messages stay in the modem's memory until `forget` and are found there even when every report of them was
lost (F17, F18): a report only says where to look first.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields, number
from drivers.gsm.inbox import Inbox
from drivers.gsm.memory import Memories
from drivers.gsm.quirks import Dialect
from drivers.gsm.refusals import refusal
from drivers.gsm.ussd import Ussd
from drivers.messages import Arrival, UssdReply
from drivers.port import DriverError, Leg, LegEnded, LegState, PortLost, PortRefused, PortTimeout

log = logging.getLogger(__name__)

SEND_SECONDS = 60.0  # 27.005: the network's answer to AT+CMGS
CALM_SECONDS = 90.0  # a call is answered or gone by then
ON_ITS_WAY = (LegState.DIALING, LegState.RINGING)
SET_UP_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)  # between tries; "SIM busy" for 10-20 s is normal (F28)
CHECK_SECONDS = 55.0  # are the memories as full as we think; out of step with the pings
AGAIN_SECONDS = 5.0  # after a refusal
SILENT_SECONDS = 30.0  # after no answer: the port finds out whether the modem lives
SWEEP_CHECKS = 10  # every tenth check reads everything
#: Reports of messages by place, status reports stored too; else handed over; else not at all.
ROUTINGS = ("AT+CNMI=2,1,0,2,0", "AT+CNMI=2,1,0,1,0", "AT+CNMI=2,1,0,0,0", "AT+CNMI=1,1,0,0,0")
#: Beginnings of lines, without blanks, as firmwares differ in them.
USSD_REPORT = "+CUSD:"
ANNOUNCED = ("+CMTI:", "+CDSI:")
HANDED_OVER = ("+CMT:", "+CDS:")
FULL = ("^SMMEMFULL", '+QIND:"smsfull"', "+SMSFULL", "SMSFULL")


class GsmMessages:
    """One port's. `call` gives its leg: nothing of ours goes out between RING and ATA, or while we dial."""

    def __init__(self, name: str, dialect: Dialect, *, call: Callable[[], Leg | None]) -> None:
        self.name = name
        self._memory = dialect.message_memory
        self._call = call
        self._inbox = Inbox(name)
        self._ussd = Ussd(name, is_packed=dialect.ussd_packed)
        self._sending = asyncio.Lock()  # one message at a time
        self._session: tuple[Channel, Memories] | None = None  # set up for messages
        self._worker: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()  # there is something to read or to delete
        self._suspicious = False  # there may be something that was not announced
        self._not_ready = "the modem is not up yet"
        self._looked = asyncio.Event()  # in this session, everywhere

    # --- the contract ------------------------------------------------------------------------------------

    async def next_arrival(self) -> Arrival:
        """The next thing that came in; waits for one. Until `forget` it is given again after a restart."""
        return await self._inbox.given.get()

    async def forget(self, arrival: Arrival) -> bool:
        """Delete it from the modem, or acknowledge it; True when it is seen to be gone."""
        self._inbox.doom(arrival)
        try:
            channel, memories = self._ready()
            if await self._inbox.remove(memories, channel, arrival):
                return True
        except DriverError as error:
            log.info("port %s: message %s is deleted later: %s", self.name, arrival.slot, error)
        self._wanted.set()
        return False

    async def send(self, tpdu: str) -> int:
        """Send one SMS-SUBMIT (hex, without the service centre's address); gives the message reference.

        -1 when the modem has sent it and does not tell the reference. Raises MessageRefused, PortRefused,
        PortTimeout, PortLost.
        """
        async with self._sending:
            channel, _ = self._ready()
            await self._calm()
            try:
                command = f"AT+CMGS={len(tpdu) // 2}"
                lines = await channel.submit(command, "+CMGS:", "00" + tpdu, seconds=SEND_SECONDS)
            except CommandFailed as error:
                raise refusal(self.name, error) from error
        reference = number((fields(lines[-1]) or [""])[0]) if lines else None
        return -1 if reference is None else reference

    async def ussd(self, text: str) -> UssdReply:
        """Send a code ("*100#") or the answer to a question of the network, and wait for what it says."""
        channel, _ = self._ready()
        await self._calm()
        return await self._ussd.ask(channel, text)

    async def end_ussd(self) -> None:
        """Give up an open dialogue; harmless when there is none."""
        if self._ussd.is_open and self._session is not None:
            await self._ussd.end(self._session[0])

    # --- what the port tells ------------------------------------------------------------------------------

    @property
    def trouble(self) -> str:
        """Why no messages come in, and what to do; "" when all is well."""
        return self._inbox.trouble

    async def until_looked(self) -> None:
        """Wait until the modem is set up for messages and was looked through."""
        await self._looked.wait()

    def begin(self, channel: Channel) -> None:
        """A session is up: its modem is set up for messages and looked through."""
        self._worker = asyncio.create_task(self._serve(channel), name=f"messages {self.name}")
        self._worker.add_done_callback(self._ended)

    async def end(self, error: DriverError) -> None:
        """The session is over and its channel lost, for this reason."""
        self._session, self._not_ready = None, "the modem is not up"
        self._looked.clear()
        self._ussd.session_over(error)
        self._inbox.session_over()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.cancel()
            await asyncio.wait({worker})

    @staticmethod
    def hears(line: str) -> bool:
        """Whether a line that nobody asked for is about messages or USSD."""
        return line.replace(" ", "").startswith((USSD_REPORT, *ANNOUNCED, *HANDED_OVER, *FULL))

    def understand(self, line: str) -> None:
        """Such a line."""
        squeezed = line.replace(" ", "")
        if squeezed.startswith(USSD_REPORT):
            self._ussd.heard(line)
        elif squeezed.startswith(HANDED_OVER):
            self._inbox.hand_over(line)
            self._wanted.set()
        else:
            memory, at = (*fields(line), "", "")[:2]
            if squeezed.startswith(ANNOUNCED) and (index := number(at)) is not None:
                self._inbox.announce(memory, index)
            else:
                log.warning("port %s: the modem says: %s", self.name, line[:80])
                self._suspicious = True
            self._wanted.set()

    # --- one session --------------------------------------------------------------------------------------

    async def _serve(self, channel: Channel) -> None:
        """Ends by the session's end only."""
        memories = Memories(channel, self._memory, self._calm)
        try:
            await self._set_up(channel, memories)
            self._session, self._not_ready = (channel, memories), ""
            await self._watch(channel, memories)
        except PortLost as error:
            log.debug("%s", error)

    async def _set_up(self, channel: Channel, memories: Memories) -> None:
        for seconds in itertools.chain(SET_UP_SECONDS, itertools.repeat(SET_UP_SECONDS[-1])):
            try:
                await self._configure(channel, memories)
                return
            except PortLost:
                raise
            except DriverError as error:
                why = str(error).removeprefix(f"port {self.name}: ")
                if why != self._not_ready:
                    log.info("port %s: messages are not ready: %s", self.name, why)
                self._not_ready = why
                if isinstance(error, PortTimeout):
                    seconds = SILENT_SECONDS
            await asyncio.sleep(seconds)

    async def _configure(self, channel: Channel, memories: Memories) -> None:
        """PDU mode, plain USSD texts, acknowledgement of what is handed over, and where messages go."""
        await self._calm()
        await channel.command("AT+CMGF=0")
        for optional in ('AT+CSCS="IRA"', "AT+CSMS=1"):
            await self._try(channel, optional)
        await memories.set_up()
        for routing in ROUTINGS:
            if await self._try(channel, routing):
                break
        else:
            log.warning("port %s: the modem announces no messages; they are looked for", self.name)

    async def _try(self, channel: Channel, command: str) -> bool:
        await self._calm()
        try:
            await channel.command(command, "+CSMS:" if "CSMS" in command else None, may_be_empty=True)
        except CommandFailed as error:
            log.debug("%s", error)
            return False
        return True

    async def _watch(self, channel: Channel, memories: Memories) -> None:
        clock = asyncio.get_running_loop().time
        check_at, checks = clock(), 0
        while True:
            self._wanted.clear()
            try:
                await self._inbox.remove_doomed(memories, channel)
                await self._inbox.read_announced(memories)
                if self._suspicious or clock() >= check_at:
                    await self._check(
                        channel, memories, in_full=self._suspicious or checks % SWEEP_CHECKS == 0
                    )
                    check_at, checks = clock() + CHECK_SECONDS, checks + 1
                    self._suspicious = False
                    self._looked.set()
            except PortLost:
                raise
            except DriverError as error:
                log.info("port %s: messages are looked at again soon: %s", self.name, error)
                await asyncio.sleep(SILENT_SECONDS if isinstance(error, PortTimeout) else AGAIN_SECONDS)
                check_at = clock()
            await self._pause(min(check_at - clock(), AGAIN_SECONDS if self._inbox.unread else CHECK_SECONDS))

    async def _check(self, channel: Channel, memories: Memories, *, in_full: bool) -> None:
        """Find what was not announced; a modem that has started anew unseen is set up again (F17)."""
        rooms = await memories.rooms()
        if not rooms or rooms[-1].memory != memories.receiving:
            log.warning("port %s: the modem has lost its settings for messages", self.name)
            await self._configure(channel, memories)
            rooms = await memories.rooms()
        if self._inbox.suspects(memories, rooms) or in_full:
            await self._inbox.sweep(memories)
            self._inbox.suspects(memories, await memories.rooms())

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            pass

    async def _calm(self) -> None:
        """Wait until no call is on its way. Raises PortRefused when that takes too long."""
        try:
            async with asyncio.timeout(CALM_SECONDS):
                while (leg := self._call()) is not None and leg.state in ON_ITS_WAY:
                    with contextlib.suppress(LegEnded):
                        await leg.until(LegState.UP)
        except TimeoutError:
            raise PortRefused(
                f"port {self.name}: a call has been on its way for {CALM_SECONDS:g} s. Try again after it"
            ) from None

    def _ready(self) -> tuple[Channel, Memories]:
        if self._session is None:
            raise PortRefused(f"port {self.name}: messages are not ready: {self._not_ready}. Try again later")
        return self._session

    def _ended(self, worker: asyncio.Task[None]) -> None:
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            log.error("port %s: messages: a fault of the driver", self.name, exc_info=error)
