"""Who hears whom: the brain's mirror of what the media engine holds.

Everything taken is a `with` block and is told to the engine at once, without waiting: leaving a block never
awaits, so a caller's cancellation cannot lose anything. When the engine is replaced, all that is held is
declared again; when the brain was replaced, what the engine already holds is recognised by its id and left
running. Nothing here touches a sample.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.media import history, keys
from appliance.media.held import (
    ENGINE_AWAY,
    Play,
    by_id,
    port_id,
    same_port,
    same_sound,
    serial_audio,
    sound_fields,
)
from appliance.media.link import ANSWER_SECONDS, EngineLink
from appliance.media.recordings import Recordings
from drivers import wire
from drivers.port import Audio, AudioNews, DriverError, Leg, SerialAudio
from dsp.answering_machine import Sound

log = logging.getLogger(__name__)

#: The engine's events about the sound of a port; of a port that is lost it keeps no history.
AUDIO_NEWS = {**history.AUDIO_NEWS, "port_lost": (AudioNews.LOST, "reason")}


class MediaGraph:
    """Client of the engine at `socket`.

    `on_digit(port, digit)` gets DTMF found in the audio, `on_engine(up)` the engine's coming and going,
    `on_audio(port, news, value)` what is found in the sound of a serial port.
    """

    def __init__(
        self,
        socket: Path,
        *,
        on_digit: Callable[[str, str], None],
        on_engine: Callable[[bool], None] = lambda up: None,
        on_audio: Callable[[str, AudioNews, str], None] = lambda port, news, value: None,
    ) -> None:
        self._link = EngineLink(socket, on_met=self._met, on_up=self._up, on_event=self._event)
        self._on_digit = on_digit
        self._on_engine = on_engine
        self._on_audio = on_audio
        self._held: dict[str, Any] = {}  # the state of the engine when we met it, until `prune`
        self._workers: dict[str, int] = {}
        self._ports: dict[str, Audio] = {}
        self._dtmf: set[str] = set()
        self._voices: dict[str, asyncio.Queue[Sound]] = {}
        self._edges: dict[tuple[str, str], float] = {}
        self._plays: dict[str, Play] = {}
        self.recordings = Recordings(link=lambda: self._link, held=lambda: self._held.get("records", {}))
        self.recording = self.recordings.recording

    # --- the connection ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep connected for ever: a replaced engine is found within RETRY_SECONDS and told everything."""
        await self._link.run()

    def _met(self, state: Mapping[str, Any]) -> None:
        self._held = by_id(state)
        self._declare_all()

    def _up(self, up: bool) -> None:
        for told in self._voices.values():  # who speaks while there is no engine is not heard
            told.put_nowait(Sound.QUIET)
        self._on_engine(up)

    @property
    def up(self) -> asyncio.Event:
        """Set while an engine is listening."""
        return self._link.up

    @property
    def connected(self) -> bool:
        """Whether an engine is listening."""
        return self._link.up.is_set()

    async def close(self) -> None:
        """Leave the engine as it is."""
        self._link.close()

    async def held(self, port: str) -> SerialAudio | None:
        """The sound of a serial port that the engine has, from an earlier brain or from us; None for none.

        Its `fd` is a duplicate that the caller owns.
        """
        earlier, audio = self._held.get("ports", {}).get(port), self._ports.get(port)
        if earlier is None and not isinstance(audio, SerialAudio):
            return None
        fd = await self._link.descriptor(port)
        if fd is None:
            return None
        return replace(audio, fd=fd) if isinstance(audio, SerialAudio) else serial_audio(earlier, fd)

    async def release(self, port: str) -> None:
        """Let the engine close its duplicate of the port's descriptor; at once when there is no engine.

        A new engine is not told of the port any more.
        """
        self._held.get("ports", {}).pop(port, None)
        self._forget_port(port)
        await self._link.ask("port.close", port=port)

    def prune(self) -> None:
        """Take away what the engine held from an earlier brain and nobody has claimed since."""
        held, self._held = self._held, {}
        for record in held.get("records", {}).keys() - self.recordings.held.keys():
            self._link.tell("record.stop", record=record)
        for play in held.get("plays", {}).keys() - self._plays.keys():
            self._link.tell("stop", play=play)
        for src, dst in held.get("edges", {}).keys() - self._edges.keys():
            self._link.tell("disconnect", src=src, dst=dst)
        for port in held.get("ports", {}).keys() - self._ports.keys():
            self._link.tell("port.close", port=port)

    # --- what a call asks for -----------------------------------------------------------------------

    def attach_worker(self, name: str, memory: int) -> None:
        """A SIP worker is there with its shared memory; the descriptor is duplicated."""
        self.detach_worker(name, tell=False)
        self._workers[name] = os.dup(memory)
        self._declare_worker(name)

    def detach_worker(self, name: str, *, tell: bool = True) -> None:
        """A SIP worker is gone."""
        memory = self._workers.pop(name, None)
        if memory is not None:
            os.close(memory)
            if tell:
                self._link.tell("worker.detach", worker=name)

    @contextlib.contextmanager
    def port(self, leg: Leg) -> Iterator[str]:
        """The leg's audio as a port of the graph; without audio (a scripted line) there is silence."""
        port, audio = port_id(leg), leg.audio
        if audio is None:
            yield port
            return
        self._ports[port] = audio
        self._declare_port(port)
        if leg.digits_in_audio:
            self._dtmf.add(port)
            self._link.tell("dtmf", port=port, on=True)
        try:
            yield port
        finally:
            if self._ports.get(port) is audio:  # else it was released, or is the next leg's already
                self._forget_port(port)
                self._link.tell("port.close", port=port)

    def _forget_port(self, port: str) -> None:
        self._ports.pop(port, None)
        self._dtmf.discard(port)

    @contextlib.contextmanager
    def voices(self, port: str) -> Iterator[asyncio.Queue[Sound]]:
        """What is heard of a port while the body runs, told when it changes: quiet at first."""
        told = self._voices[port] = asyncio.Queue()
        self._link.tell("voice", port=port, on=True)
        try:
            yield told
        finally:
            del self._voices[port]
            self._link.tell("voice", port=port, on=False)

    @contextlib.contextmanager
    def hears(self, src: str, dst: str, gain_db: float = 0.0) -> Iterator[None]:
        """`dst` hears `src`."""
        self._edges[src, dst] = gain_db
        self._declare_edge(src, dst)
        try:
            yield
        finally:
            del self._edges[src, dst]
            self._link.tell("disconnect", src=src, dst=dst)

    @contextlib.contextmanager
    def bridge(self, one: str, other: str) -> Iterator[None]:
        """Both hear each other."""
        with self.hears(one, other), self.hears(other, one):
            yield

    @contextlib.contextmanager
    def playing(
        self, id: str, to: str, files: Sequence[Path], *, loop: bool = False, gain_db: float = 0.0
    ) -> Iterator[Play]:
        """Files heard at `to` while the body runs; `Play.done` is set at their natural end."""
        names = [str(path) for path in files]
        play = Play(id, {"op": "play", "to": to, "files": names, "loop": loop, "gain_db": gain_db})
        if not files:
            play.done.set()
            yield play
            return
        with self._sounding(play):
            yield play

    def tone(self, id: str, to: str, name: str, zone: str) -> contextlib.AbstractContextManager[Play]:
        """A tone of a country's plan (`dsp.tones`) heard at `to` while the body runs."""
        return self._sounding(Play(id, {"op": "tone", "to": to, "tone": name, "zone": zone}))

    def signal(self, id: str, to: str, spec: str) -> contextlib.AbstractContextManager[Play]:
        """A tone written as in `config/tones`, heard at `to` while the body runs: a beep."""
        return self._sounding(Play(id, {"op": "tone", "to": to, "spec": spec}))

    def pressing(self, id: str, to: str, digits: str) -> contextlib.AbstractContextManager[Play]:
        """Keys (1 to `keys.MOST`) pressed at `to` while the body runs, and nothing else heard there.

        `Play.done` is set when all were pressed, and when they never will be: then `Play.refused` says why.
        An engine that dies over it leaves the rest out, because digits said twice are worse.
        """
        return self._sounding(Play(id, {"op": "tone", "to": to, "digits": digits}))

    @contextlib.contextmanager
    def _sounding(self, play: Play) -> Iterator[Play]:
        self._plays[play.id] = play
        self._declare_play(play)
        try:
            yield play
        finally:
            self.stop(play)

    async def digits(self, port: str, digits: str) -> None:
        """Press keys at `port`, one after another; raises DriverError when not all could be."""
        for first in range(0, len(digits), keys.MOST):
            piece = digits[first : first + keys.MOST]
            with self.pressing(f"{port}/digits", port, piece) as play:
                await self._pressed(play, piece)

    async def _pressed(self, play: Play, digits: str) -> None:
        """Wait for the end of the keys; raises DriverError."""
        try:
            async with asyncio.timeout(keys.seconds(digits) + ANSWER_SECONDS):
                await play.done.wait()
        except TimeoutError:
            play.refused = "the engine does not answer"
        if play.refused:
            raise DriverError(
                f"port {play.fields['to']}: not all of {len(digits)} digits were sent: {play.refused}. "
                "Send them again when the call is heard"
            )

    def flow(self, port: str, on: bool) -> None:
        """The modem of `port` asks for a stop of the sound, or to go on."""
        self._link.tell("port.flow", port=port, on=on)

    def stop(self, play: Play) -> None:
        """Silence a play before its block ends; harmless when it is over."""
        if self._plays.get(play.id) is play:
            del self._plays[play.id]
            self._link.tell("stop", play=play.id)
            play.done.set()

    # --- telling the engine ---------------------------------------------------------------------------

    def _declare_all(self) -> None:
        for name in self._workers:
            self._declare_worker(name)
        for port in self._ports:
            self._declare_port(port)
        for port in self._dtmf:
            self._link.tell("dtmf", port=port, on=True)
        for port in self._voices:
            self._link.tell("voice", port=port, on=True)
        for src, dst in self._edges:
            self._declare_edge(src, dst)
        for play in list(self._plays.values()):
            self._declare_again(play)
        self.recordings.declare_all()

    def _declare_worker(self, name: str) -> None:
        self._link.tell("worker.attach", worker=name, fds=[self._workers[name]])

    def _declare_port(self, port: str) -> None:
        audio = self._ports[port]
        if not isinstance(audio, SerialAudio):
            self._link.tell("port.slot", port=port, worker=audio.worker, slot=audio.slot)
        elif not same_port(self._held.get("ports", {}).get(port), audio):
            self._link.tell("port.serial", port=port, fds=[audio.fd], **sound_fields(audio))

    def _declare_edge(self, src: str, dst: str) -> None:
        gain_db = self._edges[src, dst]
        if self._held.get("edges", {}).get((src, dst)) != gain_db:
            self._link.tell("connect", src=src, dst=dst, gain_db=gain_db)

    def _declare_again(self, play: Play) -> None:
        if "digits" in play.fields:
            self._end_play(play, ENGINE_AWAY)
        else:
            self._declare_play(play)

    def _declare_play(self, play: Play) -> None:
        held = self._held.get("plays", {}).get(play.id)
        if held is not None and same_sound(held, play.fields):
            return
        fields = {key: value for key, value in play.fields.items() if key != "op"}
        self._link.tell(
            play.fields["op"], play=play.id, then=lambda reply: self._play_answered(play, reply), **fields
        )

    def _play_answered(self, play: Play, reply: Mapping[str, Any]) -> None:
        if "error" in reply:
            self._end_play(play, str(reply["error"]))

    def _end_play(self, play: Play, why: str) -> None:
        if self._plays.get(play.id) is play:
            del self._plays[play.id]
            play.refused = why
            play.done.set()

    # --- hearing from the engine ------------------------------------------------------------------------

    def _event(self, message: wire.Message, fds: list[int]) -> None:
        wire.close_all(fds)
        match message.get("event"):
            case "digit":
                self._on_digit(str(message["port"]), str(message["digit"]))
            case "voice":
                told = self._voices.get(str(message["port"]))
                if told is not None:
                    told.put_nowait(Sound(str(message["sound"])))
            case "played":
                play = self._plays.pop(str(message["play"]), None)
                if play is not None:
                    play.done.set()
            case "record_failed":
                self.recordings.failed(message)
            case str(name) if name in AUDIO_NEWS:
                news, field = AUDIO_NEWS[name]
                if news in (AudioNews.DEAD, AudioNews.LOST):
                    log.warning("port %s: %s", message.get("port"), name.replace("_", " "))
                self._on_audio(str(message.get("port")), news, str(message.get(field, "")))
