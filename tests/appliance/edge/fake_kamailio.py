"""The far end of both wires: evapi's TCP server and the RPC socket, with what a test puts behind them."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.peers.baresip import free_port


def free_pair() -> int:
    """A port whose next one is free too."""
    while True:
        port = free_port(socket.SOCK_STREAM)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def hexed(text: str) -> str:
    return text.encode().hex()


def contact(
    address: str, *, expires: int | str = 300, agent: str = "baresip", sock: str = "udp"
) -> dict[str, Any]:
    """A contact as `ul.lookup` of Kamailio 5.6 shows it, without what nobody reads."""
    return {
        "Contact": {
            "Address": address,
            "Expires": expires,
            "User-Agent": agent,
            "Received": "[not set]",
            "Socket": f"{sock}:127.0.0.1:5060" if sock else "[not set]",
        }
    }


def locations(**agents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The results of `ul.lookup` for these agents."""
    return [{"AoR": name, "Contacts": rows} for name, rows in agents.items()]


class FakeKamailio:
    """Listens where the brain looks; `asked` are the questions, `answer` gives their results.

    `locations` are what agents have, `devices` the phones' names.
    """

    def __init__(self, rpc: Path, internal_port: int) -> None:
        self.rpc = rpc
        self.news_port = internal_port + 1
        self.locations = locations()
        self.asked: list[tuple[str, list[Any]]] = []
        self.devices: list[dict[str, Any]] = []
        self.answer: Callable[[str, list[Any]], Any] = self.usual
        self.silent = False
        self._writers: list[asyncio.StreamWriter] = []
        self.met = asyncio.Event()

    def usual(self, method: str, params: list[Any]) -> Any:
        """What Kamailio 5.6 answers."""
        if method == "htable.dump":
            return self.devices
        if method != "ul.lookup":
            return "done"
        found = [each for each in self.locations if each["AoR"] == params[1]]
        return found[0] if found else RuntimeError("AOR not found in location table")

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", self.news_port)
        self.rpc.parent.mkdir(parents=True, exist_ok=True)
        self.rpc.unlink(missing_ok=True)
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._sock.setblocking(False)
        self._sock.bind(str(self.rpc))
        asyncio.get_running_loop().add_reader(self._sock, self._asked)

    async def stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        self.met.clear()
        await self._server.wait_closed()

    def tell(self, **news: Any) -> None:
        """One news."""
        self.tell_bytes(json.dumps(news).encode() + b"\n")

    def tell_bytes(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.met.set()

    def _asked(self) -> None:
        data, sender = self._sock.recvfrom(65456)
        question = json.loads(data)
        self.asked.append((question["method"], question["params"]))
        if self.silent:
            return
        reply = {"jsonrpc": "2.0", "id": question["id"]}
        result = self.answer(question["method"], question["params"])
        if isinstance(result, Exception):
            reply["error"] = {"code": 500, "message": str(result)}
        else:
            reply["result"] = result
        self._sock.sendto(json.dumps(reply).encode(), sender)
