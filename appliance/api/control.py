"""The brain's own socket: the command line asks, the brain answers from snapshots. Local users only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from appliance.acd.agent import AgentRefused
from appliance.calls.agents import AgentDesk
from drivers import wire

SOCKET = "brain.sock"


class Control:
    """Answers `status` (from `status`), `agent` (by `desk`) and `line` (by `reset_line`, with its name).

    `reset_line` raises KeyError for a line there is not.
    """

    def __init__(
        self,
        folder: Path,
        *,
        desk: AgentDesk,
        status: Callable[[], dict[str, Any]],
        reset_line: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._status = status
        self._reset_line = reset_line
        self._server = wire.Server(folder / SOCKET, on_request=self._answer)

    def close(self) -> None:
        """Stop answering."""
        self._server.close()

    def _answer(
        self, peer: wire.Peer, message: wire.Message, fds: list[int]
    ) -> tuple[wire.Message, Sequence[int]]:
        wire.close_all(fds)
        match message["op"]:
            case "status":
                return self._status(), ()
            case "agent":
                agent, command = str(message["agent"]), str(message["command"])
                return self._agent(agent, command, str(message.get("reason", ""))), ()
            case "line":
                return self._line(str(message["line"])), ()
        raise wire.WireError(f"{message['op']!r} is not known here. Known: agent, line, status.")

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


async def ask_once(socket: Path, op: str, **fields: Any) -> dict[str, Any]:
    """Connect to one of our processes, ask, and leave; the reply's fields.

    Raises BrainAway when nobody answers, WireError when refused.
    """
    try:
        peer = wire.Peer(wire.connect(socket))
    except OSError as error:
        raise BrainAway(
            f"no box answers at {socket} ({error.strerror}). "
            "Start it with `callbox run`, or name its state folder with --state."
        ) from error
    try:
        async with asyncio.timeout(5):
            reply = await peer.request(op, **fields)
            del reply["id"]
            return reply
    except (wire.WireLost, TimeoutError) as error:
        raise BrainAway("the box did not answer within 5 s. Ask again; its log may say why.") from error
    finally:
        peer.close()


def ask(socket: Path, op: str, **fields: Any) -> dict[str, Any]:
    """`ask_once` for a program that has no loop."""
    return asyncio.run(ask_once(socket, op, **fields))
