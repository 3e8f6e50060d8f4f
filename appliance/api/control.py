"""The brain's own socket: the command line asks, the brain answers from snapshots. Local users only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.acd.agent import AgentRefused
from appliance.calls.agents import AgentDesk
from drivers import wire

SOCKET = "brain.sock"


class Control:
    """Answers `status`, `agent` and whatever else `answers` offers (name -> function without arguments)."""

    def __init__(
        self, folder: Path, desk: AgentDesk, answers: Mapping[str, Callable[[], dict[str, Any]]]
    ) -> None:
        self._desk = desk
        self._answers = answers
        self._server = wire.Server(folder / SOCKET, on_request=self._answer)

    def close(self) -> None:
        """Stop answering."""
        self._server.close()

    def _answer(
        self, peer: wire.Peer, message: wire.Message, fds: list[int]
    ) -> tuple[wire.Message, Sequence[int]]:
        wire.close_all(fds)
        op = str(message["op"])
        if op == "agent":
            return self._agent(
                str(message["agent"]), str(message["command"]), str(message.get("reason", ""))
            ), ()
        if op in self._answers:
            return self._answers[op](), ()
        raise wire.WireError(f"{op!r} is not known here. Known: agent, {', '.join(sorted(self._answers))}.")

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


def ask(socket: Path, op: str, **fields: Any) -> dict[str, Any]:
    """Ask one of our processes once, from a program that has no loop.

    Raises BrainAway when nobody answers, WireError when refused.
    """

    async def once() -> dict[str, Any]:
        try:
            peer = wire.Peer(wire.connect(socket))
        except OSError as error:
            raise BrainAway(
                f"no box answers at {socket} ({error.strerror}). "
                "Start it with `callbox run`, or name its state folder with --state."
            ) from error
        try:
            async with asyncio.timeout(5):
                return await peer.request(op, **fields)
        except (wire.WireLost, TimeoutError) as error:
            raise BrainAway(
                "the box did not answer within 5 s. Ask again; `callbox show log` may say why."
            ) from error
        finally:
            peer.close()

    return asyncio.run(once())
