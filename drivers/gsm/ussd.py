"""USSD of one modem: a code or an answer goes out, what the network says comes back as +CUSD.

3GPP 27.007 7.15. One question at a time; what the network says unasked is logged and dropped.
"""

from __future__ import annotations

import asyncio
import logging
import re

from drivers.at.channel import Channel, CommandFailed
from drivers.messages import UssdReply, UssdState
from drivers.port import DriverError, PortRefused, PortTimeout
from drivers.sms import ussd

log = logging.getLogger(__name__)

REPLY_SECONDS = 45.0  # operators answer within some 10 s, roaming within 30 s
MOST_CHARACTERS = 160
_REPORT = re.compile(r'\+CUSD: ?(\d)\s*(?:, ?"?(.*))?', re.DOTALL)
_STRING = re.compile(r'(.*)"(?:, ?(\d{1,3}))?', re.DOTALL)  # what stands behind its first quote
STATES = dict(enumerate(UssdState))  # the order of the enumeration is that of <m>


class Ussd:
    """One modem's, across sessions. `is_packed`: it wants the default alphabet as packed septets in hex."""

    def __init__(self, name: str, *, is_packed: bool) -> None:
        self.name = name
        self._is_packed = is_packed
        self._asking = asyncio.Lock()  # guards _reply: one question at a time
        self._reply: asyncio.Future[UssdReply] | None = None
        self._unheard: asyncio.Event | None = None  # an answer is due that nobody waits for any more
        self._open = False  # the network waits for an answer

    async def ask(self, channel: Channel, text: str) -> UssdReply:
        """Raises PortRefused, PortTimeout (nothing is open then), PortLost."""
        string = self._string(text)
        async with self._asking:
            await self._let_pass(channel)
            self._reply = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(REPLY_SECONDS):
                    await channel.command(f'AT+CUSD=1,"{string}",{ussd.DEFAULT_DCS}', seconds=REPLY_SECONDS)
                    reply = await self._reply
            except CommandFailed as error:
                raise PortRefused(
                    f'port {self.name}: the modem or its network refuses USSD (it said "{error.answer}"). '
                    "Check the code and that the line has a network"
                ) from error
            except TimeoutError:
                await self.end(channel)
                raise PortTimeout(
                    f"port {self.name}: the network has not answered the USSD code within "
                    f"{REPLY_SECONDS:g} s. Check the code with the operator, or try again later"
                ) from None
            except asyncio.CancelledError:
                self._unheard = asyncio.Event()
                raise
            finally:
                self._reply = None
            self._open = reply.state is UssdState.ANSWER_WANTED
            return reply

    async def _let_pass(self, channel: Channel) -> None:
        """Whoever asked before went away: that answer is not the next one's."""
        if self._unheard is None:
            return
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                await self._unheard.wait()
        except TimeoutError:
            pass
        self._unheard = None
        await self.end(channel)

    async def end(self, channel: Channel) -> None:
        """Give up what is open; a modem that refuses has nothing open."""
        self._open = False
        try:
            await channel.command("AT+CUSD=2")
        except (CommandFailed, PortTimeout) as error:
            log.debug("%s", error)

    @property
    def is_open(self) -> bool:
        """Whether the network waits for an answer."""
        return self._open

    def session_over(self, error: DriverError) -> None:
        """The modem is gone, and a dialogue with it."""
        self._open, self._unheard = False, None
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)

    def heard(self, report: str) -> None:
        """A +CUSD line."""
        reply = self.read(report)
        if reply is None:
            log.warning("port %s: a USSD report that makes no sense: %s", self.name, report[:80])
        elif self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)
        elif self._unheard is not None:
            self._unheard.set()
        elif reply.text:
            log.info("port %s: the network says unasked by USSD: %s", self.name, reply.text)

    def read(self, report: str) -> UssdReply | None:
        """`+CUSD: <m>[,"<str>"[,<dcs>]]`; None for nonsense."""
        found = _REPORT.fullmatch(report)
        if found is None:
            return None
        string = _STRING.fullmatch(found[2] or "")
        text, dcs = (string[1], string[2]) if string else (found[2] or "", None)
        shown = ussd.decode(text, int(dcs) if dcs else ussd.DEFAULT_DCS, is_packed=self._is_packed)
        return UssdReply(STATES.get(int(found[1]), UssdState.DONE), shown)

    def _string(self, text: str) -> str:
        """As AT+CUSD wants it. Raises PortRefused for a text that cannot be sent."""
        if (
            not 0 < len(text) <= MOST_CHARACTERS
            or not text.isascii()
            or not text.isprintable()
            or '"' in text
        ):
            raise PortRefused(
                f"port {self.name}: {text!r} cannot be sent by USSD; 1 to {MOST_CHARACTERS} plain characters "
                'without " can'
            )
        try:
            return ussd.packed(text) if self._is_packed else text
        except ValueError as error:
            raise PortRefused(f"port {self.name}: {error}. Leave them out") from None
