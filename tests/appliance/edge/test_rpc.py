"""Questions to Kamailio: the right answer to each, and a clear word when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.edge.rpc import EdgeAway, EdgeRefused, EdgeRpc
from tests.appliance.edge.fake_kamailio import FakeKamailio, free_pair


def asked(folder: Path, work: Callable[[FakeKamailio, EdgeRpc], Awaitable[None]]) -> None:
    async def run() -> None:
        kamailio = FakeKamailio(folder / "kamailio.rpc", free_pair())
        rpc = EdgeRpc(kamailio.rpc)
        await kamailio.start()
        try:
            await work(kamailio, rpc)
        finally:
            rpc.close()
            await kamailio.stop()

    asyncio.run(run())


def test_each_question_gets_its_own_answer(tmp_path: Path) -> None:
    async def work(kamailio: FakeKamailio, rpc: EdgeRpc) -> None:
        kamailio.answer = lambda method, params: [method, *params]
        answers = await asyncio.gather(*(rpc.ask("ul.lookup", "location", n) for n in range(20)))
        assert answers == [["ul.lookup", "location", n] for n in range(20)]

    asked(tmp_path, work)


def test_a_refusal_tells_kamailios_reason(tmp_path: Path) -> None:
    async def work(kamailio: FakeKamailio, rpc: EdgeRpc) -> None:
        kamailio.answer = lambda method, params: RuntimeError("AOR not found")
        with pytest.raises(EdgeRefused, match=r"kamailio\.rpc: AOR not found"):
            await rpc.ask("ul.lookup", "location", "ana")

    asked(tmp_path, work)


def test_silence_ends_in_time_and_the_next_question_is_answered(tmp_path: Path) -> None:
    async def work(kamailio: FakeKamailio, rpc: EdgeRpc) -> None:
        kamailio.silent = True
        with pytest.raises(EdgeAway, match=r"no answer to ul\.dump in 0\.05 s"):
            await rpc.ask("ul.dump", within_seconds=0.05)
        kamailio.silent = False
        assert await rpc.ask("htable.dump", "devices") == kamailio.devices

    asked(tmp_path, work)


def test_nobody_there_is_said_at_once(tmp_path: Path) -> None:
    async def work(kamailio: FakeKamailio, rpc: EdgeRpc) -> None:
        kamailio.rpc.unlink()
        with pytest.raises(EdgeAway, match="No such file"):
            await rpc.ask("ul.dump")

    asked(tmp_path, work)


def test_an_answer_with_any_bytes_harms_nobody(tmp_path: Path) -> None:
    async def work(kamailio: FakeKamailio, rpc: EdgeRpc) -> None:
        await rpc.ask("ping")
        assert rpc._sock is not None
        ours = rpc._sock.getsockname()
        for junk in (b"", b"\xff" * 70_000, b"[1]", b'{"id":"guess","result":1}', b"[" * 50_000):
            kamailio._sock.sendto(junk, ours)
        assert await rpc.ask("htable.dump", "devices") == kamailio.devices

    asked(tmp_path, work)
