"""The engine process, `callbox-media`: listens on a socket, does what the brain declares, tells its news.

The sound itself runs in a native thread (dsp/_native/media_core.h) that this file never holds up.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import signal
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from appliance.media.desk import Desk, Reply
from appliance.media.prompts import PromptCache
from appliance.media.sound import TICKS_A_SECOND
from drivers.wire import Message, Peer, Server, close_all
from dsp._native.engine import Engine, EventKind, lock_memory
from dsp.answering_machine import Sound
from dsp.dtmf import KEYS
from dsp.progress_plan import KINDS

log = logging.getLogger(__name__)

SOUNDS = (EventKind.DIGIT, EventKind.TONE_FOUND, EventKind.TONE_ENDED)  # have a place in time
VOICES = (Sound.QUIET, Sound.VOICE, Sound.TONE)  # as enum voice of dsp/_native/media_core.h counts them
PRIORITY = 50  # SCHED_FIFO of the tick; the SIP workers' threads have 40


class EngineProcess:
    """The desk behind a socket, and the engine's events sent to everyone connected."""

    def __init__(self, *, engine: Engine, desk: Desk, path: Path, realtime: bool) -> None:
        self._engine = engine
        self._desk = desk
        self._realtime = realtime
        self._loop = asyncio.get_running_loop()
        self._server = Server(path, on_request=self._answer)
        self._loop.add_reader(engine.event_fd, self._tell)

    def close(self) -> None:
        """Stop listening; the engine itself is closed by whoever made it."""
        self._loop.remove_reader(self._engine.event_fd)
        self._server.close()

    def _answer(self, _peer: Peer, message: Message, fds: list[int]) -> Reply:
        try:
            if message["op"] == "hello":
                return self._hello(), ()
            return self._desk.answer(message, fds)
        finally:
            close_all(fds)

    def _hello(self) -> Message:
        return {
            "version": _version(),
            "pid": os.getpid(),
            "rt": self._realtime,
            "state": self._desk.state(),
        }

    def _tell(self) -> None:
        try:
            os.read(self._engine.event_fd, 8)
        except BlockingIOError:
            return
        for kind, handle, value, tick, sample, end_sample in self._engine.events():
            news = self._news(EventKind(kind), handle, value)
            if news is not None and kind in SOUNDS:
                news |= {"tick": tick, "sample": sample, "end_sample": end_sample}
            if news is not None and kind == EventKind.MODEM_CODE:
                news["tick"] = tick
            if news is not None:
                self._desk.told(news)
                self._server.broadcast(news)

    def _news(self, kind: EventKind, handle: int, value: int) -> Message | None:
        if kind is EventKind.PLAYER_OVER:
            return self._desk.player_over(handle, value == 1)
        if kind is EventKind.RECORD_CLOSED:
            return self._desk.recorders.closed(handle, value)
        port = self._desk.port_name(handle)
        if port is None:
            return None
        if kind is EventKind.DIGIT:
            return {"event": "digit", "port": port, "digit": chr(value)}
        if kind in (EventKind.TONE_FOUND, EventKind.TONE_ENDED):
            return {"event": kind.name.lower(), "port": port, "tone": KINDS[value]}
        if kind is EventKind.VOICE:
            return {"event": "voice", "port": port, "sound": VOICES[value].value}
        if kind is EventKind.PORT_LOST:
            reason = lost_because(value)
            log.warning("port %s: lost: %s", port, reason)
            return {"event": "port_lost", "port": port, "reason": reason}
        if kind is EventKind.MODEM_CODE:
            log.debug("port %s: the modem says %r", port, "*" if chr(value) in KEYS else chr(value))
            return {"event": "modem_code", "port": port, "code": chr(value)}
        if kind in (EventKind.SILENCE_FOUND, EventKind.SILENCE_ENDED):
            return {"event": kind.name.lower(), "port": port, "seconds": value / TICKS_A_SECOND}
        name = "audio_dead" if kind is EventKind.AUDIO_DEAD else "audio_alive"
        log.info("port %s: %s", port, name)
        return {"event": name, "port": port, "seconds": value}


def lost_because(error: int) -> str:
    """What happened to a serial descriptor, for people; 0 = it was hung up."""
    if error == 0:
        return "the other side hung up"
    return f"{errno.errorcode.get(error, error)}: {os.strerror(error)}"


def _version() -> str:
    try:
        return version("callbox")
    except PackageNotFoundError:
        return "source tree"


async def serve(path: Path, *, priority: int) -> None:
    """Run the engine at `path` until SIGTERM or SIGINT; every file is closed on the way out."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    engine = Engine()
    try:
        desk = Desk(engine=engine, prompts=PromptCache())
        realtime = engine.start(priority)
        process = EngineProcess(engine=engine, desk=desk, path=path, realtime=realtime)
        if not lock_memory():
            log.info("engine: memory is not locked (no CAP_IPC_LOCK); paging may delay a tick")
        if priority and not realtime:
            log.warning("engine: no real-time priority. Allow it with CAP_SYS_NICE or LimitRTPRIO=")
        log.info("engine: listening on %s, pid %d, real-time %s", path, os.getpid(), realtime)
        try:
            await done.wait()
        finally:
            process.close()
    finally:
        engine.close()
    log.info("engine: ended")


def main(argv: Sequence[str] | None = None) -> None:
    """The program `callbox-media`."""
    parser = argparse.ArgumentParser(prog="callbox-media", description="The media engine of Callbox.")
    parser.add_argument("--socket", type=Path, required=True, help="where to listen for the brain")
    parser.add_argument(
        "--priority", type=int, default=PRIORITY, help="SCHED_FIFO of the tick, 0: none (default %(default)s)"
    )
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    options = parser.parse_args(argv)
    logging.basicConfig(
        level=options.log_level.upper(), format="%(asctime)s %(levelname)-7s %(name)s %(message)s"
    )
    asyncio.run(serve(options.socket, priority=options.priority))


if __name__ == "__main__":
    main()
