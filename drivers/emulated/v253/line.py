"""An analogue line at its exchange: loop, bell, tones, the far end's sound, echo and noise. No I/O.

The modem takes and drops the loop and passes sound, a 20 ms frame each way at a time; the network says
who calls and who answers. Digits are understood by their sound, as an exchange does.
"""

from __future__ import annotations

import array
import asyncio
import enum
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from drivers.emulated.atface import Later
from drivers.emulated.network import Exchange, NetCall, Station
from drivers.emulated.pcm import FRAME_BYTES, SILENCE
from dsp import tones
from dsp.caller_id_message import CallerId, Reason, When
from dsp.caller_id_sender import alert
from dsp.comfort_noise import Generator, Noise
from dsp.dtmf import Receiver

FRAME_SAMPLES = FRAME_BYTES // 2
CALLER_ID_SECONDS = (
    1.6  # from the end of the first ring to the end of its message, GR-30: 0.5 s and about 1 s
)
FIRST_RING_SECONDS = 1.5  # where caller ID comes before the first ring (SIN 227)
BEFORE_RING = frozenset({"uk"})
DIAL_TONE_SECONDS = 0.3  # from off hook
ECHO_TAPS = (0, 0, 0, 0, 46, 41, 0, -17)  # /64 of the sum below: a hybrid's short, bent answer


class LineState(enum.Enum):
    """What the exchange does on a line."""

    IDLE = "idle"  # on hook
    RINGING = "ringing"
    DIAL_TONE = "dial tone"
    COLLECTING = "collecting digits"
    ROUTING = "routing"  # dialled, nothing heard yet
    RINGBACK = "ringback"
    TALKING = "talking"
    OVER = "over"  # the far end is gone, we are still off hook


class FarEnd(enum.Enum):
    """What a far end that hangs up looks like on the line."""

    BUSY = "busy tone"
    CONGESTION = "congestion tone"
    DIAL = "dial tone"
    LOOP = "loop break"
    POLARITY = "polarity reversal"  # which also tells of an answer
    SILENCE = "silence"


@dataclass(frozen=True)
class Zone:
    """A country's exchange: the texts of its tones and its bell (on, off, ... in seconds)."""

    name: str
    tones: dict[str, str]
    ring_seconds: tuple[float, ...]


def read_zone(name: str) -> Zone:
    """From config/tones; raises dsp.tones.ToneError for a zone that is not there."""
    texts = {tone: tones.spec(name, tone) for tone in ("dial", "busy", "ringback", "congestion")}
    told = tomllib.loads((tones.FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Zone(name, texts, tuple(ms / 1000 for ms in told["ring_ms"]))


@dataclass
class LineOptions:
    """How one line is. May be changed while it works; the zone only between calls."""

    zone: Zone = field(default_factory=lambda: read_zone("us"))
    far_end: FarEnd = FarEnd.BUSY
    echo_loss_db: float | None = 12.0  # of what the modem says, None = no echo
    noise_dbm0: float | None = None
    caller_name: str = ""  # "" = the exchange sends none
    digit_pause_seconds: float = 4.0  # without a digit the number is complete
    now: Callable[[], datetime] = datetime.now  # the exchange's clock
    seed: int = 1


class CopperExchange(Exchange, Protocol):
    """The network, as a line needs it: it also says whose sound a call has."""

    def call_of(self, modem: Station) -> NetCall | None: ...


class Loop(Protocol):
    """Who hangs on the line, the modem: what the exchange does to it."""

    def bell(self, on: bool) -> None: ...
    def bell_over(self) -> None: ...
    def caller_id(self, caller: CallerId) -> None: ...
    def loop_break(self) -> None: ...
    def polarity(self) -> None: ...
    def knocked(self, caller: CallerId) -> None: ...


class Line:
    """One line between a `station` (the modem, as the network knows it) and its exchange."""

    def __init__(
        self, station: Station, loop: Loop, exchange: CopperExchange, *, later: Later, options: LineOptions
    ) -> None:
        self.state = LineState.IDLE
        self.tone = ""  # what the exchange plays: dial, busy, ringback, congestion
        self.options = options
        self.digits_heard = ""  # since the line was taken
        self._station = station
        self._loop = loop
        self._exchange = exchange
        self._later = later
        self._timers: list[asyncio.TimerHandle] = []
        self._caller = CallerId()
        self._player: tones.Tone | None = None
        self._extra = b""  # sound over everything else: the tone of a waiting call
        self._keys = Receiver()
        self._quiet_frames = 0  # since the last digit
        self._echo_past = bytes(2 * len(ECHO_TAPS))
        self._noise: Generator | None = None

    @property
    def taken(self) -> bool:
        return self.state not in (LineState.IDLE, LineState.RINGING)

    # --- the network's side ---------------------------------------------------------------------------

    def incoming(self, number: str) -> bool:
        """A call arrives ("" withheld, "O" not known); False when the line is not free."""
        if self.state is not LineState.IDLE:
            return False
        self.state = LineState.RINGING
        self._caller = self._message(number)
        first = self.options.zone.name in BEFORE_RING
        if first:
            self._at(CALLER_ID_SECONDS - 0.5, lambda: self._loop.caller_id(self._caller))
        self._at(FIRST_RING_SECONDS if first else 0.0, lambda: self._ring(0, tell=not first))
        return True

    def alerts(self) -> None:
        """The dialled phone rings."""
        if self.state is LineState.ROUTING:
            self.state = LineState.RINGBACK
            self._play("ringback")

    def answers(self) -> None:
        """The dialled phone was picked up."""
        if self.state in (LineState.ROUTING, LineState.RINGBACK):
            self._talk()
            if self.options.far_end is FarEnd.POLARITY:
                self._loop.polarity()

    def ends(self, why: str) -> None:
        """The far end is gone, or a dialled call came to nothing."""
        if self.state is LineState.RINGING:
            self._rest()
            self._loop.bell_over()
        elif self.state is LineState.TALKING:
            self.state = LineState.OVER
            self._far_end_left()
        elif self.taken:
            self.state = LineState.OVER
            self._play("busy" if why == "BUSY" else "congestion")

    def knock(self, number: str) -> None:
        """A second caller: the alert tone in the call, and who it is."""
        if self.state is LineState.TALKING:
            self._extra = alert()
            self._loop.knocked(self._message(number))

    # --- the modem's side -----------------------------------------------------------------------------

    def take(self) -> None:
        """Off hook."""
        if self.state is LineState.RINGING:
            self._cancel()
            self._talk()
            self._exchange.answered(self._station)
        elif self.state is LineState.IDLE:
            self.state, self.digits_heard = LineState.DIAL_TONE, ""
            self._play("")
            self._at(DIAL_TONE_SECONDS, self._dial_tone)

    def drop(self) -> None:
        """On hook."""
        if self.taken:
            self._rest()
            self._exchange.hung_up(self._station)

    def flash(self) -> None:
        """A short break of the loop: told to the network as the digit "!"."""
        if self.state is LineState.TALKING:
            self._exchange.digits_sent(self._station, "!")

    def pulse(self, digit: str) -> None:
        """A digit by breaks of the loop."""
        if self.taken:
            self._digit(digit)

    def pass_frame(self, said: bytes) -> tuple[bytes, bytes]:
        """20 ms: `said` by the modem; returns what the far side sounds, and that with echo and noise."""
        self._listen(said)
        far = self._far(said)
        if self._extra:
            far, self._extra = self._extra[:FRAME_BYTES].ljust(FRAME_BYTES, b"\0"), self._extra[FRAME_BYTES:]
        return far, self._impair(far, said)

    # --- inside ---------------------------------------------------------------------------------------

    def _message(self, number: str) -> CallerId:
        now = self.options.now()
        reason = {"": Reason.PRIVATE, "O": Reason.UNAVAILABLE}.get(number)
        return CallerId(
            number="" if reason else number,
            reason=reason,
            name=self.options.caller_name,
            when=When(now.month, now.day, now.hour, now.minute),
        )

    def _ring(self, step: int, *, tell: bool) -> None:
        """One phase of the bell after the other; the first burst's end starts the caller ID."""
        cadence = self.options.zone.ring_seconds
        on = step % 2 == 0
        self._loop.bell(on)
        pause = cadence[step % len(cadence)]
        if not on and tell and pause > CALLER_ID_SECONDS:
            tell = False
            self._at(CALLER_ID_SECONDS, lambda: self._loop.caller_id(self._caller))
        self._at(pause, lambda: self._ring(step + 1, tell=tell))

    def _dial_tone(self) -> None:
        if self.state is LineState.DIAL_TONE:
            self._play("dial")

    def _listen(self, said: bytes) -> None:
        """The exchange's (or, in a call, the far end's) ear for digits."""
        for key in self._keys.feed(said):
            self._digit(key.digit)
        self._quiet_frames += 1
        if (
            self.state is LineState.COLLECTING
            and self._quiet_frames * 0.02 >= self.options.digit_pause_seconds
        ):
            self.state = LineState.ROUTING
            self._exchange.dialled(self._station, self.digits_heard)

    def _digit(self, digit: str) -> None:
        self._quiet_frames = 0
        if self.state is LineState.TALKING:
            self._exchange.digits_sent(self._station, digit)
        elif self.state in (LineState.DIAL_TONE, LineState.COLLECTING):
            self.state = LineState.COLLECTING
            self.digits_heard += digit
            self._play("")

    def _far(self, said: bytes) -> bytes:
        if self.state is LineState.TALKING:
            call = self._exchange.call_of(self._station)
            if call is not None:
                call.voice.hear(said)
                return call.voice.say()
        return self._player.fill(FRAME_SAMPLES) if self._player is not None else SILENCE

    def _impair(self, far: bytes, said: bytes) -> bytes:
        loss, noise = self.options.echo_loss_db, self.options.noise_dbm0
        if loss is not None:
            past, self._echo_past = self._echo_past, said[-2 * len(ECHO_TAPS) :]
            if said != SILENCE or past.strip(b"\0"):
                far = _with_echo(far, past + said, loss)
        if noise is not None:
            if self._noise is None:
                self._noise = Generator(Noise(noise), self.options.seed)
            self._noise.change(Noise(noise))
            noisy = zip(array.array("h", far), array.array("h", self._noise.fill(FRAME_SAMPLES)), strict=True)
            far = _frame([heard + hiss for heard, hiss in noisy])
        return far

    def _talk(self) -> None:
        self.state = LineState.TALKING
        self._play("")

    def _far_end_left(self) -> None:
        style = self.options.far_end
        self._play({FarEnd.BUSY: "busy", FarEnd.CONGESTION: "congestion", FarEnd.DIAL: "dial"}.get(style, ""))
        if style is FarEnd.LOOP:
            self._loop.loop_break()
        elif style is FarEnd.POLARITY:
            self._loop.polarity()

    def _rest(self) -> None:
        self._cancel()
        self.state = LineState.IDLE
        self._play("")
        self._extra = b""
        self._keys = Receiver()

    def _play(self, name: str) -> None:
        self.tone = name
        self._player = tones.Tone(self.options.zone.tones[name]) if name else None

    def _at(self, seconds: float, then: Callable[[], None]) -> None:
        self._timers = [timer for timer in self._timers if not timer.cancelled()]
        self._timers.append(self._later(seconds, then))

    def _cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()


def _with_echo(far: bytes, said: bytes, loss_db: float) -> bytes:
    """A frame and what comes back of ours; `said` begins with the last samples before the frame."""
    gain = 10 ** (-loss_db / 20) * 1024 / 64
    samples, length = array.array("h", said), len(ECHO_TAPS)
    (a, f), (b, g), (c, h) = ((n, round(tap * gain)) for n, tap in enumerate(ECHO_TAPS) if tap)
    parts = zip(
        array.array("h", far),
        samples[length - a :],
        samples[length - b :],
        samples[length - c :],
        strict=False,  # those delayed less are longer
    )
    return _frame([u + (f * x + g * y + h * z >> 10) for u, x, y, z in parts])


def _frame(samples: list[int]) -> bytes:
    """Samples that may be too loud."""
    try:
        return array.array("h", samples).tobytes()
    except OverflowError:
        return array.array("h", [max(-32768, min(32767, sample)) for sample in samples]).tobytes()
