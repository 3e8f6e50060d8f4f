"""What the command line asks of lines beside calls; each answer may take its time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict
from typing import Any

from appliance.lines.desk import LineDesk
from appliance.lines.line import LineRefused
from appliance.store.messages import MessageRow
from appliance.store.opening import StoreError
from drivers import wire
from drivers.messages import UssdReply

MOST_WAIT_SECONDS = 600.0

Work = Callable[[wire.Message], Coroutine[Any, Any, wire.Message]]


class LineRequests:
    """The requests by their op; refusals of lines and of the database become those of the wire."""

    def __init__(self, desk: LineDesk) -> None:
        self._desk = desk
        self.ops: Mapping[str, Work] = {
            "sms_send": self._send,
            "sms_retry": self._retry,
            "ussd": self._ussd,
            "ussd_answer": self._ussd_answer,
            "ussd_end": self._ussd_end,
            "balance": self._balance,
            "limits": self._limits,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        await self._desk.ready.wait()
        try:
            return await self.ops[message["op"]](message), ()
        except (LineRefused, StoreError) as error:
            raise wire.WireError(str(error)) from error

    async def _send(self, message: wire.Message) -> wire.Message:
        row = await self._desk.outbox.send(
            self._desk.line(str(message.get("line", ""))),
            str(message["number"]),
            str(message["text"]),
            report=bool(message.get("report", True)),
            flash=bool(message.get("flash", False)),
        )
        return await self._settled(row, message)

    async def _retry(self, message: wire.Message) -> wire.Message:
        return await self._settled(await self._desk.outbox.retry(str(message["message"])), message)

    async def _settled(self, row: MessageRow, message: wire.Message) -> wire.Message:
        seconds = min(float(message.get("wait_seconds", 0.0)), MOST_WAIT_SECONDS)
        return {"message": plain_message(await self._desk.outbox.settled(row, seconds))}

    async def _ussd(self, message: wire.Message) -> wire.Message:
        line = self._desk.line(str(message["line"]))
        return _plain_reply(await self._desk.ussd.begin(line, str(message["text"])))

    async def _ussd_answer(self, message: wire.Message) -> wire.Message:
        line = self._desk.line(str(message["line"]))
        return _plain_reply(await self._desk.ussd.answer(line, str(message["text"])))

    async def _ussd_end(self, message: wire.Message) -> wire.Message:
        await self._desk.ussd.end(self._desk.line(str(message["line"])))
        return {"done": True}

    async def _balance(self, message: wire.Message) -> wire.Message:
        told = await self._desk.balance.ask(self._desk.line(str(message["line"])))
        return {"amount": told.amount, "text": told.text}

    async def _limits(self, message: wire.Message) -> wire.Message:
        rows = [limit for line in self._desk.lines.values() for limit in await self._desk.limits.of(line)]
        return {"limits": [limit.plain() for limit in rows]}


def plain_message(row: MessageRow) -> dict[str, Any]:
    """The row as values for JSON, with `why`."""
    parts = [{**asdict(part), "state": part.state.value} for part in row.out_parts]
    return {
        **asdict(row),
        "direction": row.direction.value,
        "state": row.state.value,
        "why": row.why,
        "out_parts": parts,
    }


def _plain_reply(reply: UssdReply) -> wire.Message:
    return {"state": reply.state.value, "text": reply.text}
