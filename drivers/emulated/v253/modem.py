"""The brain of an emulated V.253 voice modem on an analogue line: bytes in, bytes out. No I/O.

Its tables are in `chips.py`, its line in `line.py`, its streams in `stream.py`, what takes it a while in
`acts.py`, its commands in `commands.py`. `feed` takes what the host writes; the network calls its verbs.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.emulated.atface import Later
from drivers.emulated.pcm import FRAME_SECONDS, LATEST_SECONDS, SILENCE
from drivers.emulated.v253.acts import Act
from drivers.emulated.v253.atline import AtLine
from drivers.emulated.v253.caller_id import caller_event, caller_lines
from drivers.emulated.v253.chips import CX93001, Chip
from drivers.emulated.v253.commands import Commands
from drivers.emulated.v253.dle import code
from drivers.emulated.v253.ear import Ear
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.emulated.v253.line import CopperExchange, Line, LineOptions, LineState
from drivers.emulated.v253.ringing import Ringing
from drivers.emulated.v253.stream import Kind, Order, Stream, StreamCounters
from dsp.caller_id_message import CallerId

KNOCK_SECONDS = 2.0  # V5w
KNOCKER = "5550199"
NOISE_CODES = "bdqsvVrRwTaceflLJtK$YQS"
NOISE_CODES_PER_FRAME = 0.1
ABORT_SECONDS = 0.125  # after a command line, before a character aborts it: V.250 5.6.1


@dataclass
class Hooks:
    """What the modem's body does: bytes out, and whether the host is held back (flow control)."""

    send: Callable[[bytes], None]
    hold: Callable[[bool], None] = field(default=lambda on: None)


class VoiceModem:
    """One modem with its line; a `Station` of the network."""

    def __init__(
        self,
        name: str,
        *,
        later: Later,
        clock: Callable[[], float],
        hooks: Hooks,
        exchange: CopperExchange,
        chip: Chip = CX93001,
        line: LineOptions | None = None,
        drift_ppm: float = 0.0,
        jitter_ms: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.name = name
        self.chip = chip
        self.powered = True
        self.faults: set[str] = set()
        self.counters = StreamCounters()
        self.skipped_frames = 0  # our own loop was too late
        self.stream: Stream | None = None
        self.at = AtLine(self._say, no_dial_tone=chip.no_dial_tone)
        self.line = Line(self, self, exchange, later=later, options=line or LineOptions())
        self.commands = Commands(self)
        self._ringing = Ringing(self.at, self.commands, later=later, clock=clock, send=self._say)
        self._later = later
        self._clock = clock
        self._hooks = hooks
        self._random = random.Random(seed)
        self._period = FRAME_SECONDS / (1 + drift_ppm * 1e-6)
        self._jitter = jitter_ms / 1000
        self._act: Act | None = None
        self._act_frame = SILENCE  # what it plays next
        self._act_ends: Callable[[str], None] = lambda result: None
        self._act_aborts = False
        self._ear = Ear(chip)
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._held = False
        self._host_at = clock()
        self._pending_codes = ""
        self._typed = bytearray()
        self._line_at = 0.0
        self.caller: CallerId | None = None  # of the last call
        self.boot()

    # --- the body -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """As after power-up: on hook, settings of the factory."""
        self.stream = None
        self._end_act()
        self.on_hook()
        self.at.reset()
        self.commands.reset()
        self._hold()

    def restarted(self) -> None:
        """Power is back. A voice modem says nothing of it."""
        self.boot()

    def fault(self, name: str, on: bool = True) -> None:
        """Switch a fault of `faults.py` on or off; raises ValueError for a name that is none."""
        if name not in VOICE_FAULTS:
            raise ValueError(f"{name} is no fault of a voice modem; there are {', '.join(VOICE_FAULTS)}")
        (self.faults.add if on else self.faults.discard)(name)
        self.at.always_echo = "echo" in self.faults
        if name == "V4" and on:
            self.commands.set_class("8")
            self.off_hook()
            self.start_stream(Kind.DUPLEX)

    # --- the network's verbs ----------------------------------------------------------------------------

    def incoming(self, number: str) -> bool:
        """A call arrives, "" for a withheld number; False when the line is not free or cut."""
        if not self.powered or "line-cut" in self.faults:
            return False
        self._ringing.new_call()
        self.caller = None
        return self.line.incoming(number)

    def remote_alerts(self) -> None:
        """The dialled phone rings."""
        self.line.alerts()

    def remote_answers(self) -> None:
        """The dialled phone was picked up."""
        self.line.answers()

    def remote_ends(self, why: str = "NO CARRIER") -> None:
        """The far end is gone; on an analogue line that is a tone, a break, or nothing at all."""
        self.line.ends(why)

    @property
    def engaged(self) -> bool:
        return self.line.state is not LineState.IDLE

    @property
    def talking(self) -> bool:
        """Whether voice flows between host and line."""
        return self.stream is not None and self.line.state is LineState.TALKING

    # --- the host -----------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Bytes the host wrote."""
        self._host_at = self._clock()
        while data and self.powered:
            if self.stream is not None:
                order, data = self.stream.host(data)
                if order is not None:
                    self._obey(order)
            else:
                self._type(data[0])
                data = data[1:]
        self._hold()

    def overrun(self) -> None:
        """The host does not read: sound for it was lost."""
        self.counters.overruns += 1
        self._pending_codes += "o" if "o" not in self._pending_codes else ""

    def _type(self, byte: int) -> None:
        if self._act is not None:
            if not self._act_aborts:
                self._typed.append(byte)  # waits for the end of +VTS
            elif self._clock() - self._line_at >= ABORT_SECONDS:
                self._abort_act()
            return
        body = self.at.type(byte)
        if body is not None and "silent" not in self.faults:
            self._line_at = self._clock()
            self.commands.line(body)

    def _say(self, data: bytes) -> None:
        if self.powered:
            self._hooks.send(data)

    def _hold(self) -> None:
        """V.250 6.2.12 +IFC, or what USB does by itself: the host waits while there is no room."""
        waits = self.chip.flow or self.commands.values["+IFC"].partition(",")[2] not in ("", "0")
        held = waits and self.stream is not None and self.stream.full
        if held is not self._held:
            self._held = held
            self._hooks.hold(held)

    # --- streams --------------------------------------------------------------------------------------------

    def start_stream(self, kind: Kind) -> None:
        """After CONNECT."""
        self.stream = Stream(
            kind,
            self.commands.codec,
            self.counters,
            leaves=self.chip.leaves_duplex,
            bytes_per_second=self.chip.bytes_per_second,
        )
        self._ear.stream_begins()
        self._run()

    def _obey(self, order: Order) -> None:
        assert self.stream is not None
        if order in (Order.DTMF_OFF, Order.DTMF_ON):
            self._ear.tells_digits = order is Order.DTMF_ON
        elif "silent-leave" not in self.faults and (order is Order.LEAVE or self.stream.played):
            self.end_stream()

    def deafen(self, deaf: bool) -> None:
        """V1d: whether digits are not noticed."""
        self._ear.deaf = deaf

    def end_stream(self) -> None:
        """Back to commands."""
        assert self.stream is not None
        kind, self.stream = self.stream.kind, None
        if kind.value in self.chip.etx_after:
            self._say(code("\x03"))
        self.at.result("OK")
        self._hold()

    # --- the hook -------------------------------------------------------------------------------------------

    @property
    def is_off_hook(self) -> bool:
        return self.line.taken

    def off_hook(self) -> None:
        """Take the line."""
        self._ringing.stop()
        if {"V5l", "line-cut"} & self.faults:
            return
        rang = self.line.state is LineState.RINGING
        self.line.take()
        self._ear.line_taken()
        if rang and "V5r" in self.faults:
            self._later(0.1, self._ringing.ring)
        if "V5w" in self.faults:
            self._later(KNOCK_SECONDS, lambda: self.line.knock(KNOCKER))
        self._run()

    def on_hook(self) -> None:
        """Drop the line."""
        self._ringing.stop()
        if self.line.taken and "V6" in self.faults:
            self.commands.values["+VCID"] = "0"
        self.line.drop()

    # --- what the exchange does (Loop) ------------------------------------------------------------------

    def bell(self, on: bool) -> None:
        self._ringing.bell(on)

    def bell_over(self) -> None:
        self._ringing.stop()

    def caller_id(self, caller: CallerId) -> None:
        if self.commands.values["+VCID"] == "0" or "V5c" in self.faults or not self.commands.hears_caller_id:
            return
        self.caller = caller
        self.tell_caller(as_hex=self.commands.values["+VCID"] == "2" or "V5m" in self.faults)

    def tell_caller(self, *, as_hex: bool) -> None:
        """Caller ID to the host, by the settings."""
        if self.caller is None:
            return
        lines = caller_lines(self.chip, self.caller, as_hex=as_hex)
        if self.stream is not None or (self.commands.voice and self.chip.caller_id_event):
            self._say(caller_event(lines))
        else:
            for line in lines:
                self.at.information(line)

    def loop_break(self) -> None:
        self._line_event("l")

    def polarity(self) -> None:
        self._line_event("L")

    def knocked(self, caller: CallerId) -> None:
        self.event("w")
        self.caller = caller
        self.tell_caller(as_hex=False)

    def _line_event(self, character: str) -> None:
        if "V2n" not in self.faults:
            self.event(character)

    def event(self, character: str) -> None:
        """A code for the host, in voice mode."""
        if self.commands.voice:
            self._say(code(character))

    # --- acts ------------------------------------------------------------------------------------------

    def perform(self, act: Act, ends: Callable[[str], None], *, aborts: bool) -> None:
        """Do something for a while; `aborts`: a character of the host ends it (V.250 6.3.1)."""
        self._act_frame = next(act)
        self._act, self._act_ends, self._act_aborts = act, ends, aborts
        self._run()

    def _abort_act(self) -> None:
        ends = self._act_ends
        self._end_act()
        self.on_hook()
        ends("NO CARRIER")

    def _end_act(self) -> None:
        if self._act is not None:
            self._act.close()
            self._act = None
        self._typed.clear()

    # --- the modem's clock ---------------------------------------------------------------------------------

    def _run(self) -> None:
        if self._timer is None:
            self._due = self._clock() + self._period
            self._timer = self._later(self._period, self._tick)

    def _tick(self) -> None:
        now = self._clock()
        if now - self._due > LATEST_SECONDS:
            late = int((now - self._due) / self._period)
            self.skipped_frames += late
            self._due += late * self._period
        while self._due <= now + 1e-9:
            self._frame()
            self._due += self._period
        self._timer = None
        if self.line.taken or self._act is not None or self.stream is not None:
            jitter = self._random.random() * self._jitter if self._jitter else 0.0
            self._timer = self._later(max(0.0, self._due + jitter - now), self._tick)

    def _frame(self) -> None:
        said, codes = SILENCE, ""
        if self._act is not None:
            said = self._act_frame
        elif self.stream is not None and self.stream.kind is not Kind.RECORD:
            said, codes = self.stream.speak()
        far, heard = self.line.pass_frame(said)
        if self._act is not None:
            self._step_act()
        codes += self._pending_codes + self._ear.listen(far, said, self.line, self.faults)
        self._pending_codes = ""
        if "noise" in self.faults and self._random.random() < NOISE_CODES_PER_FRAME:
            codes += self._random.choice(NOISE_CODES)
        if self.stream is not None:
            self._flow(heard, codes)
        elif self._act is None or not self._act_aborts:  # dialling gives a result, not codes
            for character in codes:
                self.event(character)
        self._watch_idle()

    def _step_act(self) -> None:
        assert self._act is not None
        try:
            self._act_frame = self._act.send(self.line.tone)
        except StopIteration as done:
            self._act = None
            self._act_ends(done.value)
            typed, self._typed = bytes(self._typed), bytearray()
            self.feed(typed)

    def _flow(self, heard: bytes, codes: str) -> None:
        """A frame of the stream to the host, and whether the stream ends."""
        assert self.stream is not None
        data = b"".join(code(character) for character in codes)
        if self.stream.hears and "dead-audio" not in self.faults:
            storm = self.stream.storms or ("V3" in self.faults and self.stream.kind is Kind.DUPLEX)
            data = self.stream.hear(heard, storm=storm, pairs="V4s" in self.faults) + data
        for piece in self._pieces(data):
            self._say(piece)
        self._hold()
        if self.stream.ending and self.stream.played:
            self.end_stream()
        elif self._ear.silence_over(self.commands.silence_seconds, heard, self.stream):
            self.event("q" if self._ear.voice_heard else "s")
            if self.chip.silence_ends:
                self.end_stream()

    def _pieces(self, data: bytes) -> list[bytes]:
        cut = data.find(b"\x10") + 1
        return [data[:cut], data[cut:]] if "V4c" in self.faults and cut else [data] if data else []

    def _watch_idle(self) -> None:
        """+VIT: the line is dropped when the host says nothing so long (V.253 10.2.5)."""
        seconds = int(self.commands.values["+VIT"] or 0)
        if seconds and self.commands.voice and self._act is None and self._clock() - self._host_at > seconds:
            if self.stream is not None:
                self.end_stream()
            self.commands.set_class("0")
