import enum
from typing import TypedDict

from dsp._native.progress_rx import ProgressPlan

WORKERS: int
MOST_FILES: int
MOST_ECHO_MS: int
CODINGS: dict[str, int]
MOST_INFO: int
RECORD_FORMATS: dict[str, int]

class EngineError(Exception): ...

class EventKind(enum.IntEnum):
    DIGIT = 0
    PLAYER_OVER = 1
    PORT_LOST = 2
    AUDIO_DEAD = 3
    AUDIO_ALIVE = 4
    RECORD_CLOSED = 5
    TONE_FOUND = 6
    TONE_ENDED = 7
    MODEM_CODE = 8
    SILENCE_FOUND = 9
    SILENCE_ENDED = 10
    VOICE = 11

def lock_memory() -> bool: ...

class Counters(TypedDict):
    ticks: int
    late_ticks: int
    late_max_ms: float
    late_histogram: list[int]
    busy_ms: float
    events_lost: int

class PortStatus(TypedDict):
    alive: bool
    fd: int
    underruns: int
    slips: int
    overruns: int
    realigns: int
    stopped_frames: int
    modem_underruns: int
    modem_overruns: int
    codes_untold: int
    erle_db: float
    bytes_in: int
    bytes_out: int
    samples_in: int
    samples_out: int
    ppm: float
    delay_ms: float
    level_dbm0: float
    peak: int
    clipped: int

class Engine:
    event_fd: int
    tick: int
    def __init__(self) -> None: ...
    def start(self, priority: int) -> bool: ...
    def close(self) -> None: ...
    def step(self, tick: int, woken_ns: int = 0) -> None: ...
    def poll(self, at_ns: int) -> None: ...
    def drain(self) -> None: ...
    def serial_open(
        self,
        fd: int,
        *,
        coding: str = "s16le",
        shielded: bool = False,
        echo_tail_ms: int = 0,
        silence_ticks: int = 0,
    ) -> int: ...
    def serial_swap(
        self,
        port: int,
        fd: int,
        *,
        coding: str = "s16le",
        shielded: bool = False,
        echo_tail_ms: int = 0,
        silence_ticks: int = 0,
    ) -> None: ...
    def serial_flow(self, port: int, on: bool) -> None: ...
    def slot_open(self, worker: int, slot: int) -> int: ...
    def slot_move(self, port: int, worker: int, slot: int) -> None: ...
    def port_close(self, port: int) -> None: ...
    def worker_attach(self, worker: int, fd: int) -> None: ...
    def worker_detach(self, worker: int) -> None: ...
    def connect(self, source: int, sink: int, gain: float) -> None: ...
    def disconnect(self, source: int, sink: int) -> None: ...
    def dtmf(self, port: int, on: bool) -> None: ...
    def progress(self, port: int, plan: ProgressPlan | None) -> None: ...
    def voice(self, port: int, on: bool) -> None: ...
    def play(self, to: int, gain: float, sounds: list[bytes], loop: bool) -> int: ...
    def tone(self, to: int, gain: float, spec: bytes, level_dbm0: float, alone: bool = False) -> int: ...
    def stop(self, player: int) -> None: ...
    def forget_player(self, player: int) -> None: ...
    def record(
        self,
        left: int,
        right: int,
        fd: int,
        format: str = "pcm16",
        *,
        info: bytes = b"",
        paused: bool = False,
        mask: bool = False,
    ) -> int: ...
    def record_pause(self, handle: int, on: bool) -> None: ...
    def record_end(self, handle: int, wait_ms: int) -> tuple[float, int, bool]: ...
    def recorded(self, handle: int) -> tuple[float, int]: ...
    def forget_recorder(self, handle: int) -> None: ...
    def events(self) -> list[tuple[int, int, int, int, int, int]]: ...
    def counters(self) -> Counters: ...
    def missed(self, worker: int) -> int: ...
    def port_status(self, port: int) -> PortStatus: ...
