"""Dialogues by USSD, one at a time on a line, never beside a call."""

from __future__ import annotations

import asyncio
import enum
import logging
import re
from collections.abc import Awaitable

from appliance.lines.line import Line, LineRefused
from drivers.messages import UssdReply, UssdState
from drivers.port import DriverError, PortState

log = logging.getLogger(__name__)

CODE = re.compile(r"[0-9*#+]{1,182}")  # what a dialogue may begin with; an answer may be any text
REPLY_SECONDS = 120.0  # the driver has its own, shorter limit; this one is for a driver that fails
ANSWER_SECONDS = 60.0  # for a person to answer; networks wait about as long


class Talk(enum.Enum):
    """Where the dialogue of a line stands."""

    NONE = "none"
    ASKING = "asking"  # the network is to say something
    OPEN = "open"  # somebody is to answer the network


TROUBLE = {
    UssdState.OTHER_CLIENT: "another program answered in our place. See what else uses the modem",
    UssdState.NOT_SUPPORTED: "the network does not know this code. Ask the operator for the right one",
    UssdState.TIMEOUT: "the network did not answer in time. Try again later",
}


class Ussd:
    """The dialogues of all lines."""

    def __init__(self) -> None:
        self._talks: dict[str, Talk] = {}
        self._given_up: dict[str, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def begin(self, line: Line, code: str) -> UssdReply:
        """Send a code ("*100#") and wait for the network's words.

        When it wants an answer, `answer` or `end` must follow. Raises LineRefused.
        """
        if not CODE.fullmatch(code):
            raise LineRefused(f"{code!r} is no code for a network; digits, * and # are, as in *100#")
        if self._talk(line) is not Talk.NONE:
            raise LineRefused(f"line {line.name} is in another dialogue with its network. Try again shortly")
        messages = line.messages()
        if line.port.state is not PortState.IDLE:
            why = f" ({line.port.reason})" if line.port.reason else ""
            busy = "busy with a call" if line.port.state is PortState.BUSY else line.port.state.value
            raise LineRefused(
                f"line {line.name} is {busy}{why}, so its network is not asked. Try again later"
            )
        log.info("line %s: asks its network by USSD", line.name)  # a code may hold a voucher's number
        return await self._say(line, messages.ussd(code))

    async def answer(self, line: Line, text: str) -> UssdReply:
        """Answer the network's question. Raises LineRefused."""
        if self._talk(line) is not Talk.OPEN:
            raise LineRefused(f"line {line.name}: the dialogue is over. Begin it again with its code")
        return await self._say(line, line.messages().ussd(text))

    async def end(self, line: Line) -> None:
        """Give the dialogue up; harmless when there is none."""
        if self._talk(line) is Talk.OPEN:
            self._to(line, Talk.NONE)
            await self._close(line)

    async def _say(self, line: Line, asked: Awaitable[UssdReply]) -> UssdReply:
        self._to(line, Talk.ASKING)
        said: UssdReply | None = None
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                said = await asked
        except TimeoutError as error:
            raise LineRefused(
                f"line {line.name}: the network said nothing in {REPLY_SECONDS:.0f} s. Try again later"
            ) from error
        except DriverError as error:
            raise LineRefused(str(error)) from error
        finally:
            wanted = said is not None and said.state is UssdState.ANSWER_WANTED
            self._to(line, Talk.OPEN if wanted else Talk.NONE)
            if said is None:  # nobody knows what the network waits for
                self._end_soon(line)
        if said.state in TROUBLE:
            raise LineRefused(f"line {line.name}: {TROUBLE[said.state]}")
        return said

    def _talk(self, line: Line) -> Talk:
        return self._talks.get(line.name, Talk.NONE)

    def _to(self, line: Line, talk: Talk) -> None:
        log.debug("line %s: dialogue %s -> %s", line.name, self._talk(line).value, talk.value)
        self._talks[line.name] = talk
        waiting = self._given_up.pop(line.name, None)
        if waiting is not None:
            waiting.cancel()
        if talk is Talk.OPEN:
            loop = asyncio.get_running_loop()
            self._given_up[line.name] = loop.call_later(ANSWER_SECONDS, self._end_soon, line)

    def _end_soon(self, line: Line) -> None:
        self._to(line, Talk.NONE)
        task = asyncio.create_task(self._close(line), name=f"end of a dialogue on {line.name}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _close(self, line: Line) -> None:
        try:
            await line.messages().end_ussd()
        except DriverError as error:
            log.info("line %s: the dialogue may still be open: %s", line.name, error)
