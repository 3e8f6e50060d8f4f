"""Questions and commands to Kamailio: JSON-RPC 2.0 over its unix datagram socket, one datagram each way."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0  # it answers in a millisecond
MOST_AT_ONCE = 4  # a unix datagram socket takes ten or so that nobody has read (net.unix.max_dgram_qlen)
LARGEST_REPLY = 1 << 20


class EdgeError(Exception):
    """Kamailio did not do as it was told; the message says why."""


class EdgeAway(EdgeError):
    """Nobody there, or no answer in time."""


class EdgeRefused(EdgeError):
    """Kamailio answered with an error."""


class EdgeRpc:
    """Asks at `path`; some questions may be on their way at a time, the others wait for them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sock: socket.socket | None = None
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def ask(self, method: str, *params: str | int, within_seconds: float = ANSWER_SECONDS) -> Any:
        """The result of one call, as JSON gives it. Raises EdgeAway or EdgeRefused."""
        async with self._turns:
            return await self._ask(method, params, within_seconds)

    async def _ask(self, method: str, params: Sequence[str | int], within_seconds: float) -> Any:
        number = secrets.token_hex(12)  # nobody else on this machine can guess it and answer first
        question = {"jsonrpc": "2.0", "method": method, "params": params, "id": number}
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = reply
        try:
            self._send(json.dumps(question).encode())
            async with asyncio.timeout(within_seconds):
                return await reply
        except OSError as error:  # TimeoutError is one
            why = error.strerror or f"no answer to {method} in {within_seconds:g} s"
            raise EdgeAway(f"kamailio at {self._path}: {why}") from error
        finally:
            del self._waiting[number]

    def close(self) -> None:
        """Let go of the socket; who still waits is timed out."""
        if self._sock is not None:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()
            self._sock = None

    def _send(self, question: bytes) -> None:
        if self._sock is None:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            self._sock.bind("")  # a name without a file, chosen by the kernel: unix(7), autobind
            asyncio.get_running_loop().add_reader(self._sock, self._readable)
        self._sock.sendto(question, str(self._path))

    def _readable(self) -> None:
        assert self._sock is not None
        try:
            data = self._sock.recv(LARGEST_REPLY)
            found = json.loads(data.decode(errors="replace"), strict=False)
        except BlockingIOError:
            return
        except (OSError, ValueError, RecursionError) as error:
            log.warning("kamailio at %s: an answer that cannot be read: %s", self._path, error)
            return
        if not isinstance(found, dict):
            return
        reply = self._waiting.get(str(found.get("id")))
        if reply is None or reply.done():
            return
        if "error" in found:
            reply.set_exception(EdgeRefused(f"kamailio at {self._path}: {_said(found['error'])}"))
        else:
            reply.set_result(found.get("result"))


def _said(error: Any) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)
