"""How processes speak: requests, news, descriptors, and every way in which the other side may be odd."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from drivers.wire import PACKET_BYTES, Answer, Message, Peer, Server, WireError, WireLost, connect

pytestmark = pytest.mark.realtime  # real sockets, no waiting


def echo(peer: Peer, message: Message, fds: list[int]) -> tuple[Message, Sequence[int]]:
    """Gives back what it got, the descriptors too."""
    if message["op"] == "refuse":
        raise WireError("not today")
    return {"said": message.get("say")}, fds


async def test_a_request_gets_its_own_reply(tmp_path: Path) -> None:
    server = Server(tmp_path / "s.sock", on_request=echo)
    peer = Peer(connect(server.path))
    replies = await asyncio.gather(*(peer.request("echo", say=n) for n in range(50)))
    assert [reply["said"] for reply in replies] == list(range(50))
    peer.close()
    server.close()


async def test_descriptors_cross_and_are_no_ones_else(tmp_path: Path) -> None:
    server = Server(tmp_path / "s.sock", on_request=echo)
    peer = Peer(connect(server.path))
    ours, theirs = os.pipe()
    _, fds = await peer.request_fds("echo", fds=[theirs])
    os.write(fds[0], b"hello")
    assert os.read(ours, 10) == b"hello"
    for fd in (ours, theirs, *fds):
        os.close(fd)
    peer.close()
    server.close()


async def test_a_refusal_says_why_and_a_bad_request_is_refused(tmp_path: Path) -> None:
    def picky(peer: Peer, message: Message, fds: list[int]) -> tuple[Message, Sequence[int]]:
        return {"port": message["port"]}, ()

    server = Server(tmp_path / "s.sock", on_request=picky)
    peer = Peer(connect(server.path))
    with pytest.raises(WireError, match="bad request 'connect': KeyError"):
        await peer.request("connect")
    assert (await peer.request("connect", port="a"))["port"] == "a"
    peer.close()
    server.close()


async def test_who_waits_when_the_other_side_goes_is_told(tmp_path: Path) -> None:
    def never(peer: Peer, message: Message, fds: list[int]) -> tuple[Message, Sequence[int]]:
        peer.close()
        return {}, ()

    server = Server(tmp_path / "s.sock", on_request=never)
    gone = asyncio.Event()
    peer = Peer(connect(server.path), on_close=gone.set)
    with pytest.raises(WireLost):
        await peer.request("anything")
    await asyncio.wait_for(gone.wait(), 1)
    with pytest.raises(WireLost):
        await peer.request("more")
    server.close()


async def test_what_is_no_json_object_is_dropped_and_the_connection_lives(tmp_path: Path) -> None:
    server = Server(tmp_path / "s.sock", on_request=echo)
    sock = connect(server.path)
    for rubbish in (b"\xff\xfe", b"[1, 2]", b"{", b'"text"', b"{}"):
        sock.send(rubbish)
    peer = Peer(sock)
    assert (await peer.request("echo", say="still here"))["said"] == "still here"
    peer.close()
    server.close()


async def test_a_message_over_the_limit_is_refused_here(tmp_path: Path) -> None:
    server = Server(tmp_path / "s.sock", on_request=echo)
    peer = Peer(connect(server.path))
    with pytest.raises(WireError, match="over the limit"):
        await peer.request("echo", say="x" * PACKET_BYTES)
    peer.close()
    server.close()


async def test_more_than_the_socket_holds_arrives_in_order(tmp_path: Path) -> None:
    heard: list[int] = []
    done = asyncio.Event()

    def hear(message: Message, fds: list[int]) -> None:
        heard.append(message["n"])
        if len(heard) == 500:
            done.set()

    server = Server(tmp_path / "s.sock", on_request=echo)
    peer = Peer(connect(server.path), on_event=hear)
    await peer.request("echo")
    for n in range(500):
        server.broadcast({"event": "much", "n": n, "ballast": "x" * 10_000})
    await asyncio.wait_for(done.wait(), 10)
    assert heard == list(range(500))
    peer.close()
    server.close()


async def test_a_socket_file_that_is_there_can_be_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    listen = socket.socket.listen

    def watched(sock: socket.socket, backlog: int) -> None:
        seen.append((tmp_path / "s.sock").exists())
        listen(sock, backlog)

    monkeypatch.setattr(socket.socket, "listen", watched)
    server = Server(tmp_path / "s.sock", on_request=echo)
    assert seen == [False]
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o660
    server.close()
    assert os.listdir(tmp_path) == []


async def test_a_path_longer_than_a_socket_address_works_and_a_stale_file_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("deep" * 20)
    folder.mkdir(parents=True)
    (folder / "s.sock").write_text("stale")
    server = Server(folder / "s.sock", on_request=echo)
    peer = Peer(connect(server.path))
    assert (await peer.request("echo", say="far"))["said"] == "far"
    peer.close()
    server.close()


async def test_an_answer_may_take_its_time_and_others_go_first(tmp_path: Path) -> None:
    async def later(message: Message) -> tuple[Message, Sequence[int]]:
        await asyncio.sleep(0.02)
        return echo(peer, message, [])

    def slow(peer: Peer, message: Message, fds: list[int]) -> Answer | Coroutine[Any, Any, Answer]:
        return later(message) if message.get("slow") else echo(peer, message, fds)

    server = Server(tmp_path / "s.sock", on_request=slow)
    peer = Peer(connect(server.path))
    slow_one = asyncio.create_task(peer.request("echo", say=1, slow=True))
    assert (await peer.request("echo", say=2))["said"] == 2
    assert not slow_one.done()
    assert (await slow_one)["said"] == 1
    with pytest.raises(WireError, match="not today"):
        await peer.request("refuse", slow=True)
    peer.close()
    server.close()


async def test_a_slow_answer_is_cancelled_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def for_ever() -> tuple[Message, Sequence[int]]:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        return {}, ()

    server = Server(tmp_path / "s.sock", on_request=lambda peer, message, fds: for_ever())
    peer = Peer(connect(server.path))
    waiting = peer.start("wait")
    await asyncio.sleep(0.05)
    peer.close()
    async with asyncio.timeout(2):
        await ended.wait()
    with pytest.raises(WireLost):
        await waiting
    server.close()
