"""How our processes speak: one small JSON object a SOCK_SEQPACKET packet, descriptors by SCM_RIGHTS.

A request carries `id` and `op`; its reply the same `id` and either its fields or `error`. A message with
`event` and no `id` is news and gets no reply. Either side may close at any time; nothing here retries.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

PACKET_BYTES = 1 << 18  # the largest message: the state of an engine with 120 ports is about 40 kB
DESCRIPTORS = 4  # most descriptors in one message

_ENCODER = json.JSONEncoder(separators=(",", ":"))  # made once: json.dumps makes one a message

Message = dict[str, Any]
Answer = tuple[Message, Sequence[int]]  # the reply's fields and descriptors to send
#: Takes a request and its descriptors (now ours to close), gives the answer; a coroutine for one that takes
#: its time, which is cancelled when the peer leaves.
Handler = Callable[["Peer", Message, list[int]], Answer | Coroutine[Any, Any, Answer]]


class WireError(Exception):
    """The other side refused a request; the message is its reason."""


class WireLost(Exception):
    """The other side is gone."""


class Peer:
    """One end of a connection, on the running loop.

    `on_request` answers requests (raise WireError to refuse one), `on_event` takes news, `on_close` is
    told once when the other side is gone.
    """

    def __init__(
        self,
        sock: socket.socket,
        *,
        on_request: Handler | None = None,
        on_event: Callable[[Message, list[int]], None] | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * PACKET_BYTES)
        self._sock = sock
        self._on_request = on_request
        self._on_event = on_event
        self._on_close = on_close
        self._waiting: dict[int, asyncio.Future[tuple[Message, list[int]]]] = {}
        self._outbox: list[tuple[bytes, list[int]]] = []
        self._packet = memoryview(bytearray(PACKET_BYTES))  # one for all: making it took 17 us a message
        self._last_id = 0
        self._answering: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self.closed = False
        self._waits = False  # for room in the socket
        self._loop.add_reader(sock, self._readable)

    async def request(self, op: str, *, fds: Sequence[int] = (), **fields: Any) -> Message:
        """Ask and wait for the reply's fields; raises WireError (refused) or WireLost (gone)."""
        reply, received = await self.request_fds(op, fds=fds, **fields)
        close_all(received)
        return reply

    async def request_fds(
        self, op: str, *, fds: Sequence[int] = (), **fields: Any
    ) -> tuple[Message, list[int]]:
        """As `request`, and hand over the descriptors that came with the reply; the caller closes them."""
        reply, received = await self.start(op, fds=fds, **fields)
        if "error" in reply:
            close_all(received)
            raise WireError(str(reply["error"]))
        return reply, received

    def start(
        self, op: str, *, fds: Sequence[int] = (), **fields: Any
    ) -> asyncio.Future[tuple[Message, list[int]]]:
        """Send a request now; the future is its raw reply (a refusal has `error`), or fails with WireLost."""
        self._last_id += 1
        number = self._last_id
        future: asyncio.Future[tuple[Message, list[int]]] = self._loop.create_future()
        self._waiting[number] = future
        future.add_done_callback(lambda _: self._waiting.pop(number, None))
        try:
            self.send({"id": number, "op": op, **fields}, fds)
        except WireLost as error:
            if not future.done():
                future.set_exception(error)
        return future

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send without waiting; kept in order when the socket is full. Raises WireLost when closed."""
        if self.closed:
            raise WireLost("the other process is gone")
        data = _ENCODER.encode(message).encode()
        if len(data) > PACKET_BYTES:
            raise WireError(f"a message of {len(data)} bytes is over the limit of {PACKET_BYTES}")
        self._outbox.append((data, [os.dup(fd) for fd in fds]))
        self._writable()

    def close(self) -> None:
        """Close now; waiting requests fail with WireLost, `on_close` is told."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        for _, fds in self._outbox:
            close_all(fds)
        self._outbox.clear()
        for task in self._answering:
            task.cancel()
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(WireLost("the other process is gone"))
        if self._on_close is not None:
            self._on_close()

    def _writable(self) -> None:
        while self._outbox and not self.closed:
            data, fds = self._outbox[0]
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            try:
                self._sock.sendmsg([data], rights)
            except BlockingIOError:
                self._loop.add_writer(self._sock, self._writable)
                self._waits = True
                return
            except OSError as error:
                log.debug("wire: send failed: %s", error)
                self.close()
                return
            self._outbox.pop(0)
            close_all(fds)
        if self._waits and not self.closed:
            self._loop.remove_writer(self._sock)
            self._waits = False

    def _readable(self) -> None:
        try:
            data, fds = _receive(self._sock, self._packet)
        except BlockingIOError:
            return
        except OSError as error:
            log.debug("wire: receive failed: %s", error)
            data, fds = b"", []
        if not data:
            close_all(fds)
            self.close()
            return
        try:
            message = json.loads(data)
            if not isinstance(message, dict):
                raise ValueError("not an object")
        except ValueError as error:
            log.warning("wire: a message that is not a JSON object was dropped: %s", error)
            close_all(fds)
            return
        self._take(message, fds)

    def _take(self, message: Message, fds: list[int]) -> None:
        if "op" in message:
            self._answer(message, fds)
        elif "id" in message:
            future = self._waiting.get(message["id"])
            if future is not None and not future.done():
                future.set_result((message, fds))
            else:
                close_all(fds)
        elif self._on_event is not None:
            self._on_event(message, fds)
        else:
            close_all(fds)

    def _answer(self, message: Message, fds: list[int]) -> None:
        with self._refusals(message):
            if self._on_request is None:
                raise WireError("this side answers no requests")
            answer = self._on_request(self, message, fds)
            if isinstance(answer, Coroutine):
                task = self._loop.create_task(self._answer_later(message, answer))
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
            else:
                self._reply(message, *answer)

    async def _answer_later(self, message: Message, answer: Coroutine[Any, Any, Answer]) -> None:
        with self._refusals(message):
            self._reply(message, *await answer)

    @contextlib.contextmanager
    def _refusals(self, message: Message) -> Iterator[None]:
        try:
            yield
        except WireError as error:
            self._reply(message, {"error": str(error)})
        except (KeyError, TypeError, ValueError) as error:
            self._reply(message, {"error": f"bad request {message.get('op')!r}: {error!r}"})

    def _reply(self, message: Message, fields: Message, fds: Sequence[int] = ()) -> None:
        if not self.closed:
            self.send({"id": message.get("id"), **fields}, fds)


class Server:
    """Listens at `path` and keeps the peers that came; a stale socket file is replaced."""

    def __init__(
        self,
        path: Path,
        *,
        on_request: Handler,
    ) -> None:
        self.path = path
        self.peers: list[Peer] = []
        self._on_request = on_request
        path.parent.mkdir(parents=True, exist_ok=True)
        not_yet = path.with_suffix(".new")  # renamed when it listens: who sees the file can connect
        not_yet.unlink(missing_ok=True)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with _Reach(not_yet) as reachable:
            self._sock.bind(reachable)
        not_yet.chmod(0o660)
        self._sock.listen(16)
        not_yet.rename(path)
        self._sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock, self._accept)

    def broadcast(self, message: Message) -> None:
        """Send news to everyone connected."""
        for peer in list(self.peers):
            peer.send(message)

    def close(self) -> None:
        """Stop listening, drop the peers, remove the file."""
        self._loop.remove_reader(self._sock)
        self._sock.close()
        for peer in list(self.peers):
            peer.close()
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        try:
            sock, _ = self._sock.accept()
        except OSError as error:
            log.warning("wire %s: accept failed: %s", self.path.name, error)
            return

        def gone() -> None:
            self.peers.remove(peer)

        peer = Peer(sock, on_request=self._on_request, on_close=gone)
        self.peers.append(peer)


def connect(path: Path) -> socket.socket:
    """Connect to a Server's `path`; raises OSError when nobody listens."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        with _Reach(path) as reachable:
            sock.connect(reachable)
    except OSError:
        sock.close()
        raise
    return sock


def close_all(fds: Iterable[int]) -> None:
    """Close descriptors that nobody wants."""
    for fd in fds:
        os.close(fd)


class _Reach:
    """A socket path within the 107 bytes that sun_path allows, by way of its folder's descriptor."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) < 100:
            return str(self._path)
        self._folder = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._folder}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        if self._folder >= 0:
            os.close(self._folder)


def _receive(sock: socket.socket, packet: memoryview) -> tuple[bytes, list[int]]:
    size = array.array("i").itemsize
    length, rights, _, _ = sock.recvmsg_into(
        [packet], socket.CMSG_SPACE(DESCRIPTORS * size), socket.MSG_CMSG_CLOEXEC
    )
    fds = array.array("i")
    for level, kind, content in rights:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % size])
    return bytes(packet[:length]), list(fds)
