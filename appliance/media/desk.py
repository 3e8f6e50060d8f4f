"""What the brain has declared, by its own names, put into the engine: the ops of the engine's protocol.

Everything is idempotent: the same again changes nothing. The graph outlives whoever declared it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.media import asked, keys
from appliance.media.entries import PlayEntry, PortEntry, plain
from appliance.media.history import History
from appliance.media.prompts import PromptCache
from appliance.media.recorders import Recorders
from appliance.media.sound import SerialSound
from drivers.wire import Message, WireError
from dsp._native.engine import MOST_FILES, WORKERS, Engine, EngineError
from dsp._native.progress_rx import ProgressPlan
from dsp.progress import Cadence, plan
from dsp.tones import ToneError, spec
from dsp.wav import WavError

log = logging.getLogger(__name__)

TONE_DBM0 = -13.0  # a frequency: -10 dBm0 for the usual pair, the middle of ITU-T E.180's range

Reply = tuple[Message, Sequence[int]]


class Desk:
    """Answers requests; `answer` is a drivers.wire.Handler but for the peer."""

    def __init__(self, *, engine: Engine, prompts: PromptCache) -> None:
        self._engine = engine
        self._prompts = prompts
        self.workers: dict[str, int] = {}
        self.attached: set[str] = set()
        self.ports: dict[str, PortEntry] = {}
        self._histories: dict[str, History] = {}  # of serial ports
        self.edges: dict[tuple[str, str], float] = {}
        self.plays: dict[str, PlayEntry] = {}
        self.recorders = Recorders(engine, self._port)
        self._ops: dict[str, Callable[[Message, list[int]], Reply]] = {
            "worker.attach": self._worker_attach,
            "worker.detach": self._worker_detach,
            "port.serial": self._port_serial,
            "port.slot": self._port_slot,
            "port.flow": self._port_flow,
            "port.close": self._port_close,
            "connect": self._connect,
            "disconnect": self._disconnect,
            "play": self._play,
            "tone": self._tone,
            "stop": self._stop,
            **self.recorders.ops,
            "dtmf": self._dtmf,
            "progress": self._progress,
            "voice": self._voice,
            "state": lambda _message, _fds: (self.state(), ()),
            "counters": lambda _message, _fds: (self.counters(), ()),
            "fd": self._fd,
        }

    def answer(self, message: Message, fds: list[int]) -> Reply:
        """Do what the request says; raises WireError with the reason when it cannot be done."""
        op = self._ops.get(message["op"]) if isinstance(message["op"], str) else None
        if op is None:
            raise WireError(f"there is no op {message['op']!r}; there are hello, {', '.join(self._ops)}")
        try:
            return op(message, fds)
        except EngineError as error:
            raise WireError(f"{message['op']}: {error}") from error

    # --- what there is -------------------------------------------------------------------------------

    def state(self) -> Message:
        """Everything declared, as plain lists, so that a restarted brain can compare."""
        return {
            "workers": [{"worker": name, "attached": name in self.attached} for name in self.workers],
            "ports": [self._port_state(entry) for entry in self.ports.values()],
            "edges": [{"src": src, "dst": dst, "gain_db": gain} for (src, dst), gain in self.edges.items()],
            "plays": [plain(entry) for entry in self.plays.values()],
            "records": self.recorders.state(),
        }

    def _port_state(self, entry: PortEntry) -> Message:
        history = self._histories.get(entry.port)
        lately = history.plain(time.monotonic()) if history else {}
        return {**plain(entry), **lately, "alive": self._engine.port_status(entry.handle)["alive"]}

    def told(self, news: Message) -> None:
        """This was told to whoever is connected, if anybody is."""
        history = self._histories.get(news.get("port", ""))
        if history is not None:
            history.note(news, time.monotonic())

    def counters(self) -> Message:
        """Figures of the tick, of every port, and their sums."""
        ports = [self._port_counters(entry) for entry in self.ports.values()]
        return {
            **self._engine.counters(),
            **{
                name: sum(port[name] for port in ports)
                for name in ("underruns", "slips", "overruns", "realigns")
            },
            "ports": ports,
            "workers": [
                {"worker": name, "missed_ticks": self._engine.missed(i)} for name, i in self.workers.items()
            ],
        }

    def _port_counters(self, entry: PortEntry) -> Message:
        status = self._engine.port_status(entry.handle)
        figures = {name: value for name, value in status.items() if name != "fd"}
        return {
            "port": entry.port,
            **figures,
            "level_dbm0": round(status["level_dbm0"], 1),
            "erle_db": round(status["erle_db"], 1),
        }

    def port_name(self, handle: int) -> str | None:
        """The name of a port by its handle; None when it is no longer there."""
        return next((entry.port for entry in self.ports.values() if entry.handle == handle), None)

    def _port(self, message: Message, field: str) -> PortEntry:
        name = asked.text(message, field)
        if name not in self.ports:
            raise WireError(
                f"{message['op']}: there is no port {name!r}; declare it with port.serial or port.slot"
            )
        return self.ports[name]

    # --- workers and ports ------------------------------------------------------------------------------

    def _worker_attach(self, message: Message, fds: list[int]) -> Reply:
        name = asked.text(message, "worker")
        if len(fds) != 1:
            raise WireError(f"worker.attach: expected one descriptor with the request, got {len(fds)}")
        index = self.workers.get(name)
        if index is None:
            taken = set(self.workers.values())
            index = next((i for i in range(WORKERS) if i not in taken), None)
        if index is None:
            raise WireError(f"worker.attach: there are {WORKERS} workers already; detach one")
        self._engine.worker_attach(index, fds[0])
        self.workers[name] = index
        self.attached.add(name)
        log.info("worker %s: attached", name)
        return {}, ()

    def _worker_detach(self, message: Message, _fds: list[int]) -> Reply:
        name = asked.text(message, "worker")
        if name in self.attached:
            self._engine.worker_detach(self.workers[name])
            self.attached.remove(name)
            log.info("worker %s: detached", name)
        self._forget_worker(name)
        return {}, ()

    def _forget_worker(self, name: str) -> None:
        """A name is kept while it is attached or a port still waits for its return."""
        if name not in self.attached and not any(entry.worker == name for entry in self.ports.values()):
            self.workers.pop(name, None)

    def _port_serial(self, message: Message, fds: list[int]) -> Reply:
        name = asked.text(message, "port")
        entry = self.ports.get(name)
        if entry is not None and entry.kind != "serial":
            raise WireError(f"port.serial: {name} is a {entry.kind} port; close it first")
        sound = SerialSound.asked_for(message)
        listened = _listened("port.serial: progress_zone", sound.progress_zone)
        fd = asked.descriptor(message, fds)
        if entry is None:
            handle = self._engine.serial_open(fd, **sound.form())
            entry = self.ports[name] = PortEntry(port=name, kind="serial", handle=handle)
            self._histories[name] = History(time.monotonic())
        else:
            self._engine.serial_swap(entry.handle, fd, **sound.form())
        if sound.progress_zone or entry.progress_zone:  # the op `progress` stays as it was said otherwise
            self._engine.progress(entry.handle, listened)
            entry.progress = sound.progress_zone
        sound.note(entry)
        log.info("port %s: serial, %s", name, sound)
        return {}, ()

    def _port_flow(self, message: Message, _fds: list[int]) -> Reply:
        entry, on = self._port(message, "port"), asked.flag(message, "on")
        if entry.kind != "serial":
            raise WireError(
                f"port.flow: {entry.port} is a {entry.kind} port; only a modem can ask for a stop"
            )
        self._engine.serial_flow(entry.handle, on)
        log.info("port %s: the modem %s sound", entry.port, "goes on taking" if on else "takes no more")
        return {}, ()

    def _port_slot(self, message: Message, _fds: list[int]) -> Reply:
        name, worker = asked.text(message, "port"), asked.text(message, "worker")
        slot = asked.number(message, "slot")
        entry = self.ports.get(name)
        if worker not in self.workers:
            raise WireError(f"port.slot: there is no worker {worker!r}; attach it first")
        for other in self.ports.values():
            if other is not entry and (other.worker, other.slot) == (worker, slot):
                raise WireError(
                    f"port.slot: slot {slot} of {worker} is port {other.port}'s; close that first"
                )
        if entry is None:
            handle = self._engine.slot_open(self.workers[worker], slot)
            self.ports[name] = PortEntry(port=name, kind="slot", handle=handle, worker=worker, slot=slot)
            log.info("port %s: slot %d of %s", name, slot, worker)
        elif entry.kind != "slot":
            raise WireError(f"port.slot: {name} is a {entry.kind} port; close it first")
        elif (entry.worker, entry.slot) != (worker, slot):
            self._engine.slot_move(entry.handle, self.workers[worker], slot)
            entry.worker, entry.slot = worker, slot
            log.info("port %s: moved to slot %d of %s", name, slot, worker)
        return {}, ()

    def _port_close(self, message: Message, _fds: list[int]) -> Reply:
        name = asked.text(message, "port")
        entry = self.ports.pop(name, None)
        if entry is None:
            return {}, ()
        self._engine.port_close(entry.handle)
        self._histories.pop(name, None)
        self.edges = {ends: gain for ends, gain in self.edges.items() if name not in ends}
        for play in [play for play in self.plays.values() if play.to == name]:
            self._engine.stop(play.handle)
            del self.plays[play.play]
        self._forget_worker(entry.worker)
        log.info("port %s: closed", name)
        return {}, ()

    def _dtmf(self, message: Message, _fds: list[int]) -> Reply:
        entry = self._port(message, "port")
        entry.dtmf = asked.flag(message, "on")
        self._engine.dtmf(entry.handle, entry.dtmf)
        return {}, ()

    def _progress(self, message: Message, _fds: list[int]) -> Reply:
        entry = self._port(message, "port")
        zone, busy = str(message.get("zone", "")), str(message.get("busy", ""))
        wanted = f"{zone} {busy}".strip()
        if wanted == entry.progress:
            return {}, ()
        self._engine.progress(entry.handle, _listened("progress", zone, busy))
        entry.progress = wanted
        return {}, ()

    def _voice(self, message: Message, _fds: list[int]) -> Reply:
        entry = self._port(message, "port")
        entry.voice = asked.flag(message, "on")
        self._engine.voice(entry.handle, entry.voice)
        return {}, ()

    def _fd(self, message: Message, _fds: list[int]) -> Reply:
        entry = self._port(message, "port")
        fd = self._engine.port_status(entry.handle)["fd"]
        if fd < 0:
            raise WireError(f"fd: port {entry.port} has no descriptor: it is a slot, or it was lost")
        return {}, (fd,)

    # --- who hears whom ------------------------------------------------------------------------------------

    def _connect(self, message: Message, _fds: list[int]) -> Reply:
        src, dst, gain = self._port(message, "src"), self._port(message, "dst"), asked.gain_db(message)
        self._engine.connect(src.handle, dst.handle, 10 ** (gain / 20))
        self.edges[src.port, dst.port] = gain
        return {}, ()

    def _disconnect(self, message: Message, _fds: list[int]) -> Reply:
        ends = asked.text(message, "src"), asked.text(message, "dst")
        if self.edges.pop(ends, None) is not None:
            self._engine.disconnect(self.ports[ends[0]].handle, self.ports[ends[1]].handle)
        return {}, ()

    # --- plays ---------------------------------------------------------------------------

    def _play(self, message: Message, _fds: list[int]) -> Reply:
        play, to = asked.text(message, "play"), self._port(message, "to")
        files, gain = asked.files(message), asked.gain_db(message)
        loop = asked.flag(message, "loop", False)
        if len(files) > MOST_FILES:
            raise WireError(f"play: {len(files)} files at once; the most is {MOST_FILES}")
        try:
            sounds = [self._prompts.sound(Path(name)) for name in files]
        except (WavError, OSError) as error:
            raise WireError(f"play: {error}") from error
        handle = self._engine.play(to.handle, 10 ** (gain / 20), sounds, loop)
        self._put_play(PlayEntry(play=play, to=to.port, handle=handle, gain_db=gain, files=files, loop=loop))
        return {}, ()

    def _tone(self, message: Message, _fds: list[int]) -> Reply:
        play, to, gain = asked.text(message, "play"), self._port(message, "to"), asked.gain_db(message)
        digits = "digits" in message
        if digits:
            wanted = keys.spec(asked.digits(message, keys.MOST))
        elif "spec" in message:
            wanted = asked.text(message, "spec")
        else:
            wanted = _tone_of(str(message.get("zone", "us")), asked.text(message, "tone"))
        level = keys.LEVEL_DBM0 if digits else TONE_DBM0
        handle = self._engine.tone(to.handle, 10 ** (gain / 20), wanted.encode(), level, alone=digits)
        entry = PlayEntry(play=play, to=to.port, handle=handle, gain_db=gain, files=[], spec=wanted)
        entry.tone, entry.zone = str(message.get("tone", "")), str(message.get("zone", "us"))
        self._put_play(entry)
        return {}, ()

    def _put_play(self, entry: PlayEntry) -> None:
        before = self.plays.pop(entry.play, None)
        if before is not None:
            self._engine.stop(before.handle)
        self.plays[entry.play] = entry

    def _stop(self, message: Message, _fds: list[int]) -> Reply:
        entry = self.plays.pop(asked.text(message, "play"), None)
        if entry is not None:
            self._engine.stop(entry.handle)
        return {}, ()

    def player_over(self, handle: int, natural: bool) -> Message | None:
        """The engine is done with a player; the news to tell, if its play ended by itself."""
        self._engine.forget_player(handle)
        entry = next((entry for entry in self.plays.values() if entry.handle == handle), None)
        if entry is None:
            return None
        del self.plays[entry.play]
        return {"event": "played", "play": entry.play, "to": entry.to} if natural else None


def _listened(what: str, zone: str, busy: str = "") -> ProgressPlan | None:
    try:
        return plan(zone, Cadence.from_text(busy) if busy else None) if zone or busy else None
    except ToneError as error:
        raise WireError(f"{what}: {error}") from error


def _tone_of(zone: str, name: str) -> str:
    try:
        return spec(zone, name)
    except ToneError as error:
        raise WireError(f"tone: {error}") from error
