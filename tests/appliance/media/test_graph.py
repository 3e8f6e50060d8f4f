"""The brain's mirror of the engine: told at once, told again to a new engine, recognised by a new brain."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.media.graph import MediaGraph
from drivers import wire
from drivers.port import DriverError, Leg, LegState, SerialAudio, SlotAudio
from dsp import wav
from dsp.answering_machine import Sound

pytestmark = [pytest.mark.realtime, pytest.mark.alone]  # real sockets, no waiting


class FakeEngine:
    """Answers everything, remembers what it was asked; `state` is what it says it holds."""

    def __init__(self, path: Path, state: dict[str, Any] | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self.state = state or {}
        self.refuse: set[str] = set()
        self.server = wire.Server(path, on_request=self._answer)

    def _answer(
        self, peer: wire.Peer, message: wire.Message, fds: list[int]
    ) -> tuple[wire.Message, list[int]]:
        wire.close_all(fds)
        if message["op"] == "hello":
            return {"state": self.state}, []
        self.asked.append({key: value for key, value in message.items() if key != "id"})
        if message["op"] == "fd":
            return {}, [os.open("/dev/null", os.O_RDWR)]
        if message["op"] in self.refuse:
            raise wire.WireError("no")
        return {"seconds": 1.5, "dropped_frames": 0}, []

    def ops(self) -> list[str]:
        return [message["op"] for message in self.asked]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other end of a socket sets no event of ours
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def connected(path: Path) -> AsyncIterator[MediaGraph]:
    """A graph whose engine is there."""
    digits: list[tuple[str, str]] = []
    graph = MediaGraph(path, on_digit=lambda port, digit: digits.append((port, digit)))
    task = asyncio.create_task(graph.run())
    await asyncio.wait_for(graph.up.wait(), 5)
    try:
        yield graph
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await graph.close()


def a_leg(name: str = "phone-1") -> Leg:
    leg = Leg(id=name, port="sip", peer="sip:ana@127.0.0.1", state=LegState.UP)
    leg.audio = SlotAudio("sip-0", 3)
    return leg


async def test_what_is_held_is_told_and_what_is_let_go_is_taken_back(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "m.sock")
    async with connected(tmp_path / "m.sock") as graph:
        with graph.port(a_leg()) as port, graph.bridge(port, "gsm-1"):
            pass
        await until(lambda: len(engine.asked) == 7)
    assert engine.ops() == [
        "port.slot",
        "dtmf",
        "connect",
        "connect",
        "disconnect",
        "disconnect",
        "port.close",
    ]
    engine.server.close()


async def test_a_new_engine_is_told_everything_that_is_held_and_records_into_a_new_file(
    tmp_path: Path,
) -> None:
    path, told = tmp_path / "m.sock", []
    engine = FakeEngine(path)
    async with connected(path) as graph:
        with (
            graph.port(a_leg()) as port,
            graph.bridge(port, "gsm-1"),
            graph.playing("p", port, [Path("music.wav")], loop=True),
            graph.recording(
                "c1",
                folder=tmp_path,
                left="gsm-1",
                right=port,
                format="alaw",
                started=lambda name: told.append(("started", Path(name).name)),
                ended=lambda name, seconds, dropped, why: told.append(("ended", Path(name).name, seconds)),
            ),
        ):
            await until(lambda: "record" in engine.ops())
            wav.write(tmp_path / "c1.wav", bytes(32000), channels=2)
            engine.server.close()
            second = FakeEngine(path)
            await until(lambda: "record" in second.ops())
            assert sorted(second.ops()) == ["connect", "connect", "dtmf", "play", "port.slot", "record"]
            assert second.asked[-1]["path"].endswith("c1-2.wav")
            assert second.asked[-1]["format"] == "alaw"
        await until(lambda: len(told) == 4)
    assert told == [
        ("started", "c1.wav"),
        ("ended", "c1.wav", 1.0),
        ("started", "c1-2.wav"),
        ("ended", "c1-2.wav", 1.5),
    ]
    second.server.close()


async def test_a_new_engine_listens_for_voices_too_and_nobody_speaks_without_one(tmp_path: Path) -> None:
    path = tmp_path / "m.sock"
    engine = FakeEngine(path)
    async with connected(path) as graph:
        with graph.voices("gsm-1") as told:
            await until(lambda: bool(engine.asked))
            engine.server.broadcast({"event": "voice", "port": "gsm-1", "sound": "voice"})
            engine.server.broadcast({"event": "voice", "port": "gsm-2", "sound": "tone"})
            assert await told.get() is Sound.VOICE
            engine.server.close()
            assert await told.get() is Sound.QUIET
            second = FakeEngine(path)
            await until(lambda: bool(second.asked))
        await until(lambda: len(second.asked) == 2)
    assert engine.asked == [{"op": "voice", "port": "gsm-1", "on": True}]
    assert second.asked == [{"op": "voice", "port": "gsm-1", "on": on} for on in (True, False)]
    second.server.close()


async def test_a_new_brain_leaves_what_goes_on_and_takes_away_the_rest(tmp_path: Path) -> None:
    state = {
        "ports": [{"port": "phone-1"}, {"port": "old"}],
        "edges": [
            {"src": "phone-1", "dst": "gsm-1", "gain_db": 0.0},
            {"src": "old", "dst": "gsm-1", "gain_db": 0.0},
        ],
        "plays": [
            {"play": "c1/music", "to": "gsm-1", "files": ["music.wav"]},
            {"play": "stray", "to": "gsm-1"},
        ],
        "records": [{"record": "c1", "path": str(tmp_path / "c1.wav")}],
    }
    engine = FakeEngine(tmp_path / "m.sock", state)
    async with connected(tmp_path / "m.sock") as graph:
        with (
            graph.port(a_leg()) as port,
            graph.hears(port, "gsm-1"),
            graph.playing("c1/music", "gsm-1", [Path("music.wav")], loop=True),
            graph.recording(
                "c1",
                folder=tmp_path,
                left="gsm-1",
                right=port,
                path=tmp_path / "c1.wav",
                started=lambda name: pytest.fail("a second file"),
                ended=lambda name, seconds, dropped, why: None,
            ),
        ):
            graph.prune()
            await until(lambda: "port.close" in engine.ops())
            assert engine.ops() == ["port.slot", "dtmf", "stop", "disconnect", "port.close"]
            assert engine.asked[2]["play"] == "stray"
    engine.server.close()


async def test_a_prompt_that_is_refused_or_over_does_not_keep_its_listener(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "m.sock")
    engine.refuse = {"play"}
    async with connected(tmp_path / "m.sock") as graph, asyncio.timeout(5):
        with graph.playing("p1", "gsm-1", [Path("missing.wav")]) as refused:
            await refused.done.wait()
        engine.refuse = set()
        with graph.playing("p2", "gsm-1", [Path("hello.wav")]) as played:
            await until(lambda: engine.asked[-1].get("play") == "p2")
            engine.server.broadcast({"event": "played", "play": "p2"})
            await played.done.wait()
        assert engine.ops() == ["play", "play"]  # neither is stopped again, it is over
    engine.server.close()


def a_line(fd: int, **sound: Any) -> Leg:
    leg = Leg(id="fxo-1/1", port="fxo-1", peer="", state=LegState.UP)
    leg.audio = SerialAudio(fd, **sound)
    return leg


LINE: dict[str, Any] = {
    "coding": "ulaw",
    "shielded": True,
    "echo_tail_ms": 64,
    "progress_zone": "de",
    "silence_seconds": 30.0,
}


@pytest.mark.parametrize("held", [True, False])
async def test_a_line_is_declared_with_its_kind_of_sound_and_recognised_by_it(
    tmp_path: Path, held: bool
) -> None:
    engine = FakeEngine(tmp_path / "m.sock", {"ports": [{"port": "fxo-1", **LINE}]} if held else {})
    async with connected(tmp_path / "m.sock") as graph:
        with graph.port(a_line(0, **LINE)):
            await until(lambda: "dtmf" in engine.ops())
            assert engine.ops() == (["dtmf"] if held else ["port.serial", "dtmf"])
    if not held:
        assert {name: engine.asked[0][name] for name in LINE} == LINE
    engine.server.close()


async def test_a_line_that_is_held_with_another_kind_of_sound_is_declared_again(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "m.sock", {"ports": [{"port": "fxo-1", **LINE, "coding": "alaw"}]})
    async with connected(tmp_path / "m.sock") as graph:
        with graph.port(a_line(0, **LINE)):
            await until(lambda: "port.serial" in engine.ops())
    engine.server.close()


@pytest.mark.parametrize("earlier", [True, False])
async def test_a_driver_gets_the_sound_that_the_engine_has_of_its_port(tmp_path: Path, earlier: bool) -> None:
    engine = FakeEngine(tmp_path / "m.sock", {"ports": [{"port": "fxo-1", **LINE}]} if earlier else {})
    async with connected(tmp_path / "m.sock") as graph, contextlib.AsyncExitStack() as stack:
        if not earlier:
            stack.enter_context(graph.port(a_line(0, **LINE)))
        audio = await graph.held("fxo-1")
        assert audio is not None
        assert audio == SerialAudio(audio.fd, **LINE)
        os.close(audio.fd)
        assert await graph.held("fxo-2") is None
    engine.server.close()


async def test_a_released_port_is_closed_once_and_no_new_engine_is_told_of_it(tmp_path: Path) -> None:
    path = tmp_path / "m.sock"
    engine = FakeEngine(path)
    async with connected(path) as graph:
        with graph.port(a_line(0, **LINE)):
            await graph.release("fxo-1")
            assert engine.ops() == ["port.serial", "dtmf", "port.close"]
            engine.server.close()
            second = FakeEngine(path)
            await until(lambda: not graph.up.is_set())
            await until(graph.up.is_set)
        await graph.release("elsewhere")
        assert second.ops() == ["port.close"]
    second.server.close()


async def test_a_leg_that_is_over_leaves_the_port_of_the_next_one_alone(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "m.sock")
    async with connected(tmp_path / "m.sock") as graph:
        with contextlib.ExitStack() as first:
            first.enter_context(graph.port(a_line(0, **LINE)))
            await graph.release("fxo-1")
            with graph.port(a_line(1, **LINE)):
                first.close()
                await graph.release("elsewhere")
                assert engine.ops().count("port.close") == 2
    engine.server.close()


async def test_digits_are_pressed_32_at_a_time_and_waited_for(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "m.sock")
    async with connected(tmp_path / "m.sock") as graph, asyncio.timeout(5):
        pressing = asyncio.create_task(graph.digits("fxo-1", "1" * 33))
        for count in (1, 2):
            await until(lambda count=count: len(engine.asked) == count)
            assert not pressing.done()
            engine.server.broadcast({"event": "played", "play": "fxo-1/digits"})
        await pressing
    assert [(asked["op"], asked["to"], asked["digits"]) for asked in engine.asked] == [
        ("tone", "fxo-1", "1" * 32),
        ("tone", "fxo-1", "1"),
    ]
    engine.server.close()


async def test_digits_that_are_refused_or_cut_off_are_an_error_and_never_pressed_twice(
    tmp_path: Path,
) -> None:
    engine = FakeEngine(tmp_path / "m.sock")
    engine.refuse = {"tone"}
    async with connected(tmp_path / "m.sock") as graph, asyncio.timeout(5):
        with pytest.raises(DriverError, match=r"port fxo-1: not all of 2 digits were sent: no\. Send them"):
            await graph.digits("fxo-1", "12")
        engine.refuse = set()
        pressing = asyncio.create_task(graph.digits("fxo-1", "12"))
        await until(lambda: engine.ops() == ["tone", "tone"])
        engine.server.close()
        second = FakeEngine(tmp_path / "m.sock")
        with pytest.raises(DriverError, match="the media engine was away"):
            await pressing
        assert second.ops() == []
        second.server.close()


async def test_the_caller_who_leaves_ends_the_digits_and_a_modem_may_stop_the_sound(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path / "m.sock")
    async with connected(tmp_path / "m.sock") as graph:
        pressing = asyncio.create_task(graph.digits("fxo-1", "12"))
        await until(lambda: engine.ops() == ["tone"])
        pressing.cancel()
        graph.flow("gsm-1", False)
        await until(lambda: len(engine.asked) == 3)
        await asyncio.gather(pressing, return_exceptions=True)
    assert sorted(engine.ops()) == ["port.flow", "stop", "tone"]
    engine.server.close()


async def test_without_an_engine_nothing_waits_and_nothing_is_lost(tmp_path: Path) -> None:
    graph = MediaGraph(tmp_path / "nobody.sock", on_digit=lambda port, digit: None)
    with graph.port(a_leg()) as port, graph.bridge(port, "gsm-1"):
        assert not graph.connected
    assert await graph.held("gsm-1") is None
