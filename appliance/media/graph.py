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
from pathlib import Path
from typing import Any

from appliance.media.held import Play, Recording, by_id, port_id, same_sound, wav_seconds
from drivers import wire
from drivers.port import Audio, AudioNews, Leg, SerialAudio

log = logging.getLogger(__name__)

RELEASE_SECONDS = 1.0  # the engine answers within a millisecond
RETRY_SECONDS = 0.05  # an engine is back within 1 s, most of which is its own start

#: Events of the engine about the sound of a port: what they are, and the field that holds their value.
AUDIO_NEWS = {
    "audio_dead": (AudioNews.DEAD, "seconds"),
    "audio_alive": (AudioNews.ALIVE, "seconds"),
    "port_lost": (AudioNews.LOST, "reason"),
    "modem_code": (AudioNews.CODE, "code"),
    "tone_found": (AudioNews.TONE, "tone"),
    "tone_ended": (AudioNews.TONE_OVER, "tone"),
    "silence_found": (AudioNews.SILENCE, "seconds"),
    "silence_ended": (AudioNews.SILENCE_OVER, "seconds"),
}


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
        self._socket = socket
        self._on_digit = on_digit
        self._on_engine = on_engine
        self._on_audio = on_audio
        self.up = asyncio.Event()  # set while an engine is listening
        self._peer: wire.Peer | None = None
        self._held: dict[str, Any] = {}  # the state of the engine when we met it, until `prune`
        self._workers: dict[str, int] = {}
        self._ports: dict[str, Audio] = {}
        self._dtmf: set[str] = set()
        self._edges: dict[tuple[str, str], float] = {}
        self._plays: dict[str, Play] = {}
        self._records: dict[str, Recording] = {}

    # --- the connection ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep connected for ever: a replaced engine is found within RETRY_SECONDS and told everything."""
        while True:
            lost = asyncio.Event()
            if await self._connect(lost.set):
                self.up.set()
                self._on_engine(True)
                await lost.wait()
                self._peer = None
                self.up.clear()
                self._on_engine(False)
            await asyncio.sleep(RETRY_SECONDS)

    async def _connect(self, on_close: Callable[[], None]) -> bool:
        try:
            sock = wire.connect(self._socket)
        except OSError:
            return False
        peer = wire.Peer(sock, on_event=self._event, on_close=on_close)
        try:
            hello = await peer.request("hello")
        except (wire.WireError, wire.WireLost) as error:
            log.warning("media: the engine does not say hello: %s", error)
            peer.close()
            return False
        self._peer, self._held = peer, by_id(hello.get("state", {}))
        self._declare_all()
        return True

    @property
    def connected(self) -> bool:
        """Whether an engine is listening."""
        return self.up.is_set()

    async def close(self) -> None:
        """Leave the engine as it is."""
        if self._peer is not None:
            self._peer.close()

    async def descriptor(self, port: str) -> int | None:
        """A duplicate of the serial descriptor the engine holds for `port`, or None; the caller owns it."""
        if self._peer is None or port not in self._held.get("ports", {}):
            return None
        with contextlib.suppress(wire.WireError, wire.WireLost):
            _, fds = await self._peer.request_fds("fd", port=port)
            if fds:
                return fds[0]
        return None

    async def release(self, port: str) -> None:
        """Let the engine close its duplicate of the port's descriptor; at once when there is no engine."""
        self._held.get("ports", {}).pop(port, None)
        if self._peer is not None:
            with contextlib.suppress(wire.WireError, wire.WireLost, TimeoutError):
                async with asyncio.timeout(RELEASE_SECONDS):
                    await self._peer.request("port.close", port=port)

    def prune(self) -> None:
        """Take away what the engine held from an earlier brain and nobody has claimed since."""
        held, self._held = self._held, {}
        for record in held.get("records", {}).keys() - self._records.keys():
            self._tell("record.stop", record=record)
        for play in held.get("plays", {}).keys() - self._plays.keys():
            self._tell("stop", play=play)
        for src, dst in held.get("edges", {}).keys() - self._edges.keys():
            self._tell("disconnect", src=src, dst=dst)
        for port in held.get("ports", {}).keys() - self._ports.keys():
            self._tell("port.close", port=port)

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
                self._tell("worker.detach", worker=name)

    @contextlib.contextmanager
    def port(self, leg: Leg) -> Iterator[str]:
        """The leg's audio as a port of the graph; without audio (a scripted line) there is silence."""
        port = port_id(leg)
        if leg.audio is None:
            yield port
            return
        self._ports[port] = leg.audio
        self._declare_port(port)
        if leg.digits_in_audio:
            self._dtmf.add(port)
            self._tell("dtmf", port=port, on=True)
        try:
            yield port
        finally:
            del self._ports[port]
            self._dtmf.discard(port)
            self._tell("port.close", port=port)

    @contextlib.contextmanager
    def hears(self, src: str, dst: str, gain_db: float = 0.0) -> Iterator[None]:
        """`dst` hears `src`."""
        self._edges[src, dst] = gain_db
        self._declare_edge(src, dst)
        try:
            yield
        finally:
            del self._edges[src, dst]
            self._tell("disconnect", src=src, dst=dst)

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
        self._plays[id] = play
        self._declare_play(play)
        try:
            yield play
        finally:
            self.stop(play)

    @contextlib.contextmanager
    def tone(self, id: str, to: str, name: str, zone: str) -> Iterator[Play]:
        """A tone of a country's plan (`dsp.tones`) heard at `to` while the body runs."""
        play = Play(id, {"op": "tone", "to": to, "tone": name, "zone": zone})
        self._plays[id] = play
        self._declare_play(play)
        try:
            yield play
        finally:
            self.stop(play)

    def stop(self, play: Play) -> None:
        """Silence a play before its block ends; harmless when it is over."""
        if self._plays.get(play.id) is play:
            del self._plays[play.id]
            self._tell("stop", play=play.id)
            play.done.set()

    @contextlib.contextmanager
    def recording(
        self,
        id: str,
        *,
        folder: Path,
        left: str,
        right: str,
        path: Path | None = None,
        format: str = "pcm16",
        started: Callable[[str], None],
        ended: Callable[[str, float, int], None],
    ) -> Iterator[Recording]:
        """A stereo file of two ports while the body runs; a new file after an engine's death.

        `path` is the file that was being written when the brain died, if there was one; `format` is pcm16,
        alaw or ulaw.
        """
        record = Recording(id, folder, left, right, started, ended, path, format)
        self._records[id] = record
        self._declare_record(record)
        try:
            yield record
        finally:
            del self._records[id]
            self._stop_record(record)

    # --- telling the engine ---------------------------------------------------------------------------

    def _tell(
        self,
        op: str,
        *,
        fds: Sequence[int] = (),
        then: Callable[[Mapping[str, Any]], None] | None = None,
        **f: Any,
    ) -> None:
        """Send now, never wait; a refusal is logged, an engine that is away is told all when it is back."""
        if self._peer is None or self._peer.closed:
            return

        def answered(future: asyncio.Future[tuple[wire.Message, list[int]]]) -> None:
            if future.cancelled() or future.exception() is not None:
                return
            reply, received = future.result()
            wire.close_all(received)
            if "error" in reply:
                log.warning("media: the engine refused %s: %s", op, reply["error"])
            if then is not None:
                then(reply)

        self._peer.start(op, fds=fds, **f).add_done_callback(answered)

    def _declare_all(self) -> None:
        for name in self._workers:
            self._declare_worker(name)
        for port in self._ports:
            self._declare_port(port)
        for port in self._dtmf:
            self._tell("dtmf", port=port, on=True)
        for src, dst in self._edges:
            self._declare_edge(src, dst)
        for play in self._plays.values():
            self._declare_play(play)
        for record in self._records.values():
            self._declare_record(record)

    def _declare_worker(self, name: str) -> None:
        self._tell("worker.attach", worker=name, fds=[self._workers[name]])

    def _declare_port(self, port: str) -> None:
        audio = self._ports[port]
        if not isinstance(audio, SerialAudio):
            self._tell("port.slot", port=port, worker=audio.worker, slot=audio.slot)
        elif port not in self._held.get("ports", {}):
            self._tell(
                "port.serial",
                port=port,
                coding=audio.coding,
                shielded=audio.shielded,
                echo_tail_ms=audio.echo_tail_ms,
                progress_zone=audio.progress_zone,
                silence_seconds=audio.silence_seconds,
                fds=[audio.fd],
            )

    def _declare_edge(self, src: str, dst: str) -> None:
        gain_db = self._edges[src, dst]
        if self._held.get("edges", {}).get((src, dst)) != gain_db:
            self._tell("connect", src=src, dst=dst, gain_db=gain_db)

    def _declare_play(self, play: Play) -> None:
        held = self._held.get("plays", {}).get(play.id)
        if held is not None and same_sound(held, play.fields):
            return
        fields = {key: value for key, value in play.fields.items() if key != "op"}
        self._tell(
            play.fields["op"], play=play.id, then=lambda reply: self._play_answered(play, reply), **fields
        )

    def _play_answered(self, play: Play, reply: Mapping[str, Any]) -> None:
        if "error" in reply and self._plays.get(play.id) is play:
            del self._plays[play.id]
            play.done.set()

    def _declare_record(self, record: Recording) -> None:
        held = self._held.get("records", {}).get(record.id)
        if not self._peer:
            return  # begun when there is an engine
        if held is not None:
            record.path = Path(held["path"])
            return
        if record.path is not None:  # the engine died: what it wrote ends here
            record.ended(str(record.path), wav_seconds(record.path), 0)
        record.folder.mkdir(parents=True, exist_ok=True)
        record.path = record.next_path()
        record.started(str(record.path))
        self._tell(
            "record",
            record=record.id,
            path=str(record.path),
            left=record.left,
            right=record.right,
            format=record.format,
        )

    def _stop_record(self, record: Recording) -> None:
        path = record.path
        if path is None:
            return
        if self._peer is None or self._peer.closed:
            record.ended(str(path), wav_seconds(path), 0)
            return

        def closed(reply: Mapping[str, Any]) -> None:
            seconds = reply.get("seconds")
            record.ended(
                str(path),
                float(seconds) if seconds is not None else wav_seconds(path),
                int(reply.get("dropped_frames", 0)),
            )

        self._tell("record.stop", record=record.id, then=closed)

    # --- hearing from the engine ------------------------------------------------------------------------

    def _event(self, message: wire.Message, fds: list[int]) -> None:
        wire.close_all(fds)
        match message.get("event"):
            case "digit":
                self._on_digit(str(message["port"]), str(message["digit"]))
            case "played":
                play = self._plays.pop(str(message["play"]), None)
                if play is not None:
                    play.done.set()
            case "record_failed":
                log.error(
                    "recording %s stopped: %s. Make room on the disk; the call goes on.",
                    message.get("record"),
                    message.get("reason"),
                )
            case str(name) if name in AUDIO_NEWS:
                news, field = AUDIO_NEWS[name]
                if news in (AudioNews.DEAD, AudioNews.LOST):
                    log.warning("media: %s: %s", message.get("port"), name.replace("_", " "))
                self._on_audio(str(message.get("port")), news, str(message.get(field, "")))
