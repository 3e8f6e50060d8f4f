"""The brain's own socket: the command line asks, the brain answers from snapshots. Local users only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol

from appliance.acd.agent import AgentRefused
from appliance.calls.agents import AgentDesk
from drivers import wire

SOCKET = "brain.sock"


class Requests(Protocol):
    """What some part of the box answers."""

    @property
    def ops(self) -> Collection[str]:
        """The requests it knows."""

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""


class Control:
    """Answers `status` (from `status`), `agent` (by `desk`), `line` (by `reset_line`, with its name), and
    what the parts of `also` answer.

    `reset_line` raises KeyError for a line there is not.
    """

    def __init__(
        self,
        folder: Path,
        *,
        desk: AgentDesk,
        also: Sequence[Requests],
        status: Callable[[], dict[str, Any]],
        reset_line: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._also = also
        self._status = status
        self._reset_line = reset_line
        self._server = wire.Server(folder / SOCKET, on_request=self._answer)

    def close(self) -> None:
        """Stop answering."""
        self._server.close()

    def _answer(
        self, peer: wire.Peer, message: wire.Message, fds: list[int]
    ) -> wire.Answer | Coroutine[Any, Any, wire.Answer]:
        wire.close_all(fds)
        op = message["op"]
        match op:
            case "status":
                return self._status(), ()
            case "agent":
                agent, command = str(message["agent"]), str(message["command"])
                return self._agent(agent, command, str(message.get("reason", ""))), ()
            case "line":
                return self._line(str(message["line"])), ()
        for part in self._also:
            if op in part.ops:
                return part.answer(message)
        known = ", ".join(sorted({"agent", "line", "status"}.union(*(part.ops for part in self._also))))
        raise wire.WireError(f"{op!r} is not known here. Known: {known}.")

    def _line(self, line: str) -> dict[str, Any]:
        try:
            self._reset_line(line)
        except KeyError:
            known = ", ".join(row["line"] for row in self._status()["lines"])
            raise wire.WireError(f"there is no line {line!r}. Lines: {known}.") from None
        return {"done": True}

    def _agent(self, agent: str, command: str, reason: str) -> dict[str, Any]:
        commands = self._desk.commands()
        if command not in commands:
            raise wire.WireError(f"agents know no command {command!r}. Known: {', '.join(sorted(commands))}.")
        try:
            commands[command](agent, reason)
        except AgentRefused as error:
            raise wire.WireError(str(error)) from error
        return {"done": True}


class BrainAway(Exception):
    """There is nobody to ask; the message says what to do."""


ANSWER_SECONDS = 5.0


class Asker:
    """A connection to one of our processes: `with Asker(socket) as box: await box.ask(...)`.

    Raises BrainAway when nobody answers, WireError when refused.
    """

    def __init__(self, socket: Path) -> None:
        try:
            self._peer = wire.Peer(wire.connect(socket))
        except OSError as error:
            raise BrainAway(
                f"no box answers at {socket} ({error.strerror}). "
                "Start it with `callbox run`, or name its state folder with --state."
            ) from error

    def __enter__(self) -> Asker:
        return self

    def __exit__(self, *_: object) -> None:
        self._peer.close()

    async def ask(self, op: str, *, within_seconds: float = ANSWER_SECONDS, **fields: Any) -> dict[str, Any]:
        """The reply's fields."""
        try:
            async with asyncio.timeout(within_seconds):
                reply = await self._peer.request(op, **fields)
        except (wire.WireLost, TimeoutError) as error:
            raise BrainAway(
                f"the box did not answer within {within_seconds:.0f} s. Ask again; its log may say why."
            ) from error
        del reply["id"]
        return reply


async def ask_once(
    socket: Path, op: str, *, within_seconds: float = ANSWER_SECONDS, **fields: Any
) -> dict[str, Any]:
    """Connect, ask, and leave; as `Asker`."""
    with Asker(socket) as box:
        return await box.ask(op, within_seconds=within_seconds, **fields)


def ask(socket: Path, op: str, *, within_seconds: float = ANSWER_SECONDS, **fields: Any) -> dict[str, Any]:
    """`ask_once` for a program that has no loop."""
    return asyncio.run(ask_once(socket, op, within_seconds=within_seconds, **fields))
