"""The commands of a voice modem and its parameters: what the letters mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from drivers.emulated.v253.acts import (
    Act,
    BadTone,
    DialSettings,
    answer_data,
    dial,
    parse_tones,
    sound_tones,
    wait,
)
from drivers.emulated.v253.atline import LETTERS, AtLine, Command, split
from drivers.emulated.v253.chips import Chip, Codec, allows
from drivers.emulated.v253.line import Line, LineState
from drivers.emulated.v253.stream import Kind

#: +VLS: number -> what the analogue sources are, V.253 table 21. T is the telephone line: off hook.
DEVICES = {
    "0": "",
    "1": "T",
    "2": "L",
    "3": "LT",
    "4": "S",
    "5": "ST",
    "6": "M",
    "7": "MST",
    "13": "MST",
}
OFF_HOOK = frozenset(number for number, label in DEVICES.items() if "T" in label)
COUNTRIES = {"us": "B5", "uk": "B4", "de": "42", "fr": "3D", "nl": "7B", "se": "A5", "es": "A0", "it": "59"}
VLS_LATE_SECONDS = 2.0  # V5s


class Refused(Exception):
    """A command is answered by ERROR."""


@dataclass(frozen=True)
class Reply:
    """What a command is answered by; `pending`: the result comes later, `silent`: never."""

    lines: tuple[str, ...] = ()
    result: str = "OK"
    pending: bool = False
    stream: Kind | None = None  # CONNECT, and then voice


OK = Reply()
PENDING = Reply(pending=True)


class Body(Protocol):
    """The modem, as its commands use it."""

    chip: Chip
    at: AtLine
    line: Line
    faults: set[str]

    def off_hook(self) -> None: ...
    def on_hook(self) -> None: ...
    def start_stream(self, kind: Kind) -> None: ...
    def perform(self, act: Act, ends: Callable[[str], None], *, aborts: bool) -> None: ...
    def tell_caller(self, *, as_hex: bool) -> None: ...
    def deafen(self, deaf: bool) -> None: ...


class Commands:
    """Executes command lines; `values` are the parameters as they are set."""

    def __init__(self, modem: Body) -> None:
        self._modem = modem
        self._todo: Iterator[Command | None] = iter(())
        self._device = "0"
        self.values: dict[str, str] = {}
        self.codec: Codec = modem.chip.codecs[0]
        self._named: dict[str, Callable[[str], Reply]] = {
            "A": self._answer,
            "D": self._dial,
            "H": self._hang_up,
            "I": self._identify,
            "O": lambda tail: Reply(result="NO CARRIER"),
            "Z": self._reset_all,
            "&F": self._factory,
            "+FCLASS": self._class,
            "+VLS": self._vls,
            "+VSM": self._vsm,
            "+VTS": self._vts,
            "+VTX": lambda tail: self._stream(Kind.PLAY, tail),
            "+VRX": lambda tail: self._stream(Kind.RECORD, tail),
            "+VTR": lambda tail: self._stream(Kind.DUPLEX, tail),
            "+VRID": self._vrid,
            "+GMI": lambda tail: Reply((modem.chip.maker,)),
            "+GMM": lambda tail: Reply((modem.chip.model,)),
            "+GMR": lambda tail: Reply((modem.chip.revision,)),
            "+FMI": lambda tail: Reply((modem.chip.maker,)),
        }
        self.reset()

    def reset(self) -> None:
        """Parameters of the factory; the hook is not touched."""
        chip = self._modem.chip
        self._todo = iter(())
        self._device = "0"
        self.values = dict(chip.defaults)
        self.codec = next(codec for codec in chip.codecs if codec.id == chip.codec_id)

    @property
    def voice(self) -> bool:
        return self.values["+FCLASS"] == "8"

    @property
    def silence_seconds(self) -> float:
        """+VSD: 0 = silence is not watched."""
        sensitivity, _, tenths = self.values["+VSD"].partition(",")
        return int(tenths or 0) / 10 if sensitivity != "0" else 0.0

    @property
    def hears_caller_id(self) -> bool:
        """Bell 202 between the rings is always heard; a British line must be told of (+GCI or +VCDT)."""
        british = self._modem.line.options.zone.name == "uk"
        return not british or self.values["+GCI"] == "B4" or self.values.get("+VCDT") == "1"

    def line(self, body: str) -> None:
        """A command line without its AT."""
        self._todo = split(body)
        self._go_on("OK")

    def set_class(self, value: str) -> None:
        """+FCLASS: leaving voice mode drops the line unless +VNH says otherwise."""
        if self.voice and value != "8" and self.values["+VNH"] == "0":
            self._device = "0"
            self._modem.on_hook()
        self.values["+FCLASS"] = value

    def answer_by_itself(self) -> None:
        """S0: as ATA."""
        self._go_on_with(Command("A", ""))

    # --- a line of commands ------------------------------------------------------------------------------

    def _go_on(self, result: str) -> None:
        """The rest of the line, after a command with this result."""
        for command in self._todo:
            if result not in ("OK", "VCON"):
                break
            if not self._go_on_with(command, last=False):
                return
        else:
            self._modem.at.result(result)
            return
        self._modem.at.result(result)

    def _go_on_with(self, command: Command | None, *, last: bool = True) -> bool:
        """One command; False when nothing more is to be done now."""
        at = self._modem.at
        try:
            if command is None:
                raise Refused
            reply = self._execute(command)
        except (Refused, BadTone):
            at.result("ERROR")
            return False
        for text in reply.lines:
            at.information(text)
        if reply.stream is not None:
            at.result("CONNECT")
            self._modem.start_stream(reply.stream)
            return False
        if reply.pending:
            return False
        if last or reply.result != "OK":
            at.result(reply.result)
            return False
        return True

    def _execute(self, command: Command) -> Reply:
        name, tail = command.name, command.tail
        if name in self._named:
            return self._named[name](tail)
        if name.startswith("S"):
            lines = self._modem.at.register(int(name[1:]), tail)
            if lines is None:
                raise Refused
            return Reply(tuple(lines))
        if name in self._modem.chip.ranges:
            return self._parameter(name, tail)
        if name.startswith(("+", "#", "*", "%", "\\", "-", "^", "$")):
            raise Refused
        return self._letter(name, tail)

    def _letter(self, name: str, tail: str) -> Reply:
        if name in LETTERS:
            self._modem.at.letters[name] = int(tail or 0)
        elif name not in (
            "&W",
            "&G",
            "&J",
            "&P",
            "&R",
            "&S",
            "&Y",
            "N",
            "P",
            "T",
            "W",
            "Y",
            "&T",
            "&H",
            "&I",
        ):
            raise Refused
        return OK

    def _parameter(self, name: str, tail: str) -> Reply:
        if tail == "=?":
            return Reply((f"{'+GCI: ' if name == '+GCI' else ''}{self._modem.chip.ranges[name]}",))
        if tail == "?":
            return Reply((f"{'+GCI: ' if name == '+GCI' else ''}{self.values[name]}",))
        value = tail[1:].upper()
        if not tail.startswith("=") or not allows(self._modem.chip.ranges[name], value):
            raise Refused
        self.values[name] = _merge(self.values[name], value)
        return OK

    # --- basic commands ----------------------------------------------------------------------------------

    def _identify(self, tail: str) -> Reply:
        return Reply(self._modem.chip.ati.get(tail, ()))

    def _factory(self, tail: str) -> Reply:
        self.set_class("0")
        todo = self._todo
        self.reset()
        self._todo = todo
        self._modem.at.letters = dict(LETTERS)
        return OK

    def _reset_all(self, tail: str) -> Reply:
        self._modem.on_hook()
        return self._factory("")

    def _hang_up(self, tail: str) -> Reply:
        if tail == "1":
            self._modem.off_hook()
            return OK
        if "silent-h" in self._modem.faults:
            return PENDING
        self._device = "0"
        self._modem.on_hook()
        return OK

    def _answer(self, tail: str) -> Reply:
        self._modem.off_hook()
        if self.voice:
            self._device = "1"
            return Reply(result="VCON" if self._modem.chip.dialled == "VCON" else "OK")
        self._modem.perform(answer_data(self._modem.at.registers[7]), self._act_over, aborts=True)
        return PENDING

    def _dial(self, number: str) -> Reply:
        if not self._modem.line.taken:
            self._modem.off_hook()
        if not self._modem.line.taken or self._foreign:
            self._modem.perform(wait(5.0), lambda tone: self._dialled("NO DIALTONE"), aborts=True)
            return PENDING
        if self.voice:
            self._device = "1"
        act = dial(number, self._modem.line, self._dial_settings())
        self._modem.perform(act, self._dialled, aborts=True)
        return PENDING

    def _dial_settings(self) -> DialSettings:
        result_set = self._modem.at.letters["X"]
        return DialSettings(
            voice=self.voice,
            wants_dial_tone=result_set in (2, 4) and self._modem.line.state is LineState.DIAL_TONE,
            tells_busy=result_set in (3, 4),
            answered=self._modem.chip.dialled,
            ringback_gone_seconds=int(self.values["+VRA"] or 0) / 10,
            never_rang_seconds=float(self.values["+VRN"] or 0),
            give_up_seconds=self._modem.at.registers[7],
            comma_seconds=self._modem.at.registers[8],
        )

    def _dialled(self, result: str) -> None:
        if result not in ("OK", "VCON"):
            self._device = "0"
            self._modem.on_hook()
        self._act_over(result)

    def _act_over(self, result: str) -> None:
        if result == "NO CARRIER":
            self._modem.on_hook()
        self._go_on(result)

    # --- voice commands -----------------------------------------------------------------------------------

    def _class(self, tail: str) -> Reply:
        if tail in ("?", "=?"):
            return self._parameter("+FCLASS", tail)
        if not allows(self._modem.chip.ranges["+FCLASS"], tail[1:]):
            raise Refused
        self.set_class(tail[1:])
        return OK

    def _vls(self, tail: str) -> Reply:
        if tail == "=?":
            return Reply(tuple(f'{n},"{label}",00000000,00000000,00000000' for n, label in DEVICES.items()))
        if tail == "?":
            return Reply((self._device,))
        number = tail[1:].partition(",")[0]
        if not self.voice or number not in DEVICES:
            raise Refused
        if "silent-vls" in self._modem.faults:
            return PENDING
        self._device = number
        self._modem.deafen(False)
        if number not in OFF_HOOK:
            self._modem.on_hook()
        elif not self._modem.line.taken:
            return self._take_line()
        return OK

    def _take_line(self) -> Reply:
        if self._foreign:
            return OK
        if "V5s" in self._modem.faults:
            self._modem.perform(wait(VLS_LATE_SECONDS), self._taken_late, aborts=False)
            return PENDING
        self._modem.off_hook()
        return OK

    def _taken_late(self, tone: str) -> None:
        self._modem.off_hook()
        self._act_over("OK")

    @property
    def _foreign(self) -> bool:
        """The fault "gci": a modem set to another country than the line's does not understand it."""
        country = COUNTRIES.get(self._modem.line.options.zone.name)
        return "gci" in self._modem.faults and self.values["+GCI"] != country

    def _vsm(self, tail: str) -> Reply:
        if tail == "=?":
            return Reply(tuple(codec.line for codec in self._modem.chip.codecs))
        if tail == "?":
            return Reply((f"{self.codec.id},8000,0,0",))
        number, _, rest = tail[1:].partition(",")
        chosen = [codec for codec in self._modem.chip.codecs if str(codec.id) == number and codec.form]
        if not chosen or rest.partition(",")[0] not in ("", "8000"):
            raise Refused
        self.codec = chosen[0]
        return OK

    def _vts(self, tail: str) -> Reply:
        if tail == "=?":
            return Reply(("(0,200-3200),(0,200-3200),(0-500)",))
        if not self.voice or not tail.startswith("="):
            raise Refused
        hundredths = int(self.values["+VTD"] or 0)
        items = parse_tones(tail[1:], hundredths, all_three=self._modem.chip.three_tone_fields)
        self._modem.deafen("V1d" in self._modem.faults)
        self._modem.perform(sound_tones(items, self._modem.line), self._act_over, aborts=False)
        return PENDING

    def _stream(self, kind: Kind, tail: str) -> Reply:
        """+VTX, +VRX, +VTR: no test form on a CX93001, whatever it can (measured)."""
        refused = kind is Kind.DUPLEX and (not self._modem.chip.duplex or "refuse-vtr" in self._modem.faults)
        if tail or not self.voice or refused or self.codec.form is None:
            raise Refused
        if kind is Kind.DUPLEX and "silent-vtr" in self._modem.faults:
            return PENDING
        return Reply(stream=kind)

    def _vrid(self, tail: str) -> Reply:
        self._modem.tell_caller(as_hex=tail == "=1")
        return OK


def _merge(old: str, new: str) -> str:
    """A setting with some fields left out keeps those: "128,50" with ",0" is "128,0"."""
    before, after = old.split(","), new.split(",")
    after += before[len(after) :]
    return ",".join(given or kept for given, kept in zip(after, [*before, *after], strict=False))
