"""The brain of an emulated GSM modem: bytes in, bytes out, timers by a clock it is given. No I/O.

It knows the AT commands our driver and gammu use, carries one voice call, and misbehaves on request
(`faults.py`). The network it is registered in is whoever implements `Exchange`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from drivers.emulated.atface import AtFace, Later, Refused
from drivers.emulated.faults import HEALED_BY_RESET
from drivers.emulated.messages import Mailbox
from drivers.emulated.network import Exchange
from drivers.emulated.simcom import SIM7600, Family
from drivers.emulated.voicecall import CallState, VoiceCall

RING_SECONDS = 3.0  # SIM7600: RING is repeated about every 3 s
ANSWER_SECONDS = 0.05  # ATA's OK to VOICE CALL: BEGIN
NO_SIM, PIN_NEEDED, SIM_BUSY, WRONG_PIN, NOT_ALLOWED = 10, 11, 14, 16, 3


@dataclass
class Identity:
    """What makes one modem differ from the next."""

    imei: str = "867584030000017"
    imsi: str = "262070000000017"
    iccid: str = "89490200001000000017"
    number: str = "+4915900000017"
    operator: str = "Testnetz"
    pin: str = ""  # "" = the SIM asks for none
    pin_tries: int = 3
    rssi: int = 20  # AT+CSQ, 0..31; -113 + 2*rssi dBm


@dataclass
class Hooks:
    """What the modem's body does: bytes out of the AT port, voice on or off, a reset."""

    send: Callable[[bytes], None]
    pcm: Callable[[bool], None] = field(default=lambda on: None)
    reset: Callable[[], None] = field(default=lambda: None)


class Modem(AtFace):
    """One modem with its SIM. `feed` takes what the host writes; the network calls the verbs below it."""

    def __init__(
        self,
        name: str,
        *,
        later: Later,
        clock: Callable[[], float],
        hooks: Hooks,
        exchange: Exchange,
        identity: Identity | None = None,
        family: Family = SIM7600,
    ) -> None:
        super().__init__(name, hooks.send, later)
        self.identity = identity or Identity()
        self.family = family
        self.call: VoiceCall | None = None
        self._clock = clock
        self._hooks = hooks
        self._exchange = exchange
        self._settings = dict(self.family.settings)
        self._pin_open = not self.identity.pin
        self.mailbox = Mailbox(self, exchange, later=later, family=self.family)
        self._handlers = self._table()
        self._ring_timer: asyncio.TimerHandle | None = None
        self.boot()

    # --- the body ---------------------------------------------------------------------------------

    def boot(self) -> None:
        """Settings as after power-up; calls and rings are gone."""
        self.forget_input()
        self._settings = dict(self.family.settings)
        self._pcm_tried = False
        self.mailbox.boot()
        self._stop_ringing()
        if self.call is not None:
            self.call = None
            self._exchange.hung_up(self)

    def restarted(self) -> None:
        """A reset is over: say so on the AT port."""
        self._pin_open = not self.identity.pin
        self.boot()
        for line in self.family.boot:
            self.say(line)
        self.mailbox.restarted()

    # --- the network's verbs ------------------------------------------------------------------------

    def incoming(self, number: str) -> bool:
        """A call arrives, "" for a withheld number; False when the modem cannot take it."""
        if self.call is not None or not self.registered:
            return False
        self.call = VoiceCall(number, True, CallState.INCOMING)
        self._report_call()
        self._ring()
        return True

    def remote_alerts(self) -> None:
        """The dialled phone rings."""
        self._advance(CallState.ALERTING)

    def remote_answers(self) -> None:
        """The dialled phone was picked up."""
        self._begin()

    def remote_ends(self, why: str = "NO CARRIER") -> None:
        """The far end is gone; `why` is BUSY or NO ANSWER for a dialled call that came to nothing."""
        if self.call is None:
            return
        call, rang = self.call, self.call.state is CallState.INCOMING
        lines = [f"MISSED_CALL: 11:01AM {call.number}"] if rang else [self._end_line()]
        self._drop_call()
        if "F8" not in self.faults:
            call.state = CallState.ENDED
            self._report(call)
            for line in [*lines, *([] if rang else [why])]:
                self.say(line)

    @property
    def verbose_errors(self) -> bool:
        return self._settings["+CMEE"] != "0"

    @property
    def number(self) -> str:
        return self.identity.number

    @property
    def charset(self) -> str:
        return self._settings["+CSCS"].strip('"')

    @property
    def engaged(self) -> bool:
        return self.call is not None

    @property
    def registered(self) -> bool:
        return self.powered and not {"no-sim", "not-registered"} & self.faults

    @property
    def talking(self) -> bool:
        """Whether voice flows on the audio port."""
        return (
            self.call is not None
            and self.call.state is CallState.ACTIVE
            and self._settings[self.family.pcm_command].startswith("1")
        )

    # --- commands -------------------------------------------------------------------------------------

    def command(self, name: str, tail: str) -> Iterable[str | None]:
        if name in self._handlers:
            return self._handlers[name](tail)
        if name in self.family.settings or name in self.family.ranges:
            return self._setting(name, tail)
        if name in self.family.answers and tail != "=?":
            answer = self.family.answers[name].format(**vars(self.identity))
            return [answer] if answer else []
        if name in self.family.answers:
            return []
        raise Refused(0)

    def _table(self) -> dict[str, Callable[[str], Iterable[str | None]]]:
        return {
            "": lambda tail: [],
            "E": self._set_echo,
            "Z": lambda tail: [],
            "&F": lambda tail: [],
            "D": self._dial,
            "A": self._answer,
            "H": self._ath,
            "+CHUP": self._chup,
            "+CHLD": self._chld,
            "+CLCC": self._clcc,
            "+CPIN": self._cpin,
            "+SPIC": lambda tail: [f"+SPIC: {self.identity.pin_tries},10,0,10"],
            "+CSQ": self._csq,
            "+CREG": lambda tail: self._registration("+CREG", tail),
            "+CGREG": lambda tail: self._registration("+CGREG", tail),
            "+COPS": self._cops,
            "+CPCMREG": self._pcm,
            "+VTS": self._vts,
            **self.mailbox.commands(),
            "+CRESET": self._reset,
            "+CFUN": self._cfun,
        }

    def _setting(self, name: str, tail: str) -> list[str]:
        if tail == "=?":
            return [f"{name}: {self.family.ranges[name]}"] if name in self.family.ranges else []
        if tail == "?":
            return [f"{name}: {self._settings[name]}"]
        self._settings[name] = tail.removeprefix("=") or "0"
        return []

    def _set_echo(self, tail: str) -> list[str]:
        self.echo = tail == "1"
        return []

    def _cpin(self, tail: str) -> list[str]:
        if "no-sim" in self.faults:
            raise Refused(NO_SIM)
        if "F28" in self.faults:
            raise Refused(SIM_BUSY)
        if tail.startswith("="):
            return self._enter_pin(tail[1:].strip('"'))
        if self.identity.pin_tries == 0:
            return ["+CPIN: SIM PUK"]
        return ["+CPIN: READY" if self._pin_open else "+CPIN: SIM PIN"]

    def _enter_pin(self, pin: str) -> list[str]:
        if self._pin_open:
            raise Refused(NOT_ALLOWED)
        if pin != self.identity.pin:
            self.identity.pin_tries = max(0, self.identity.pin_tries - 1)
            raise Refused(WRONG_PIN)
        self._pin_open, self.identity.pin_tries = True, 3
        return []

    def _csq(self, tail: str) -> list[str]:
        return ["+CSQ: (0-31,99),(0-7,99)"] if tail == "=?" else [f"+CSQ: {self.identity.rssi},99"]

    def _registration(self, name: str, tail: str) -> list[str]:
        if tail != "?":
            return self._setting(name, tail)
        mode = self._settings[name]
        stat = 1 if self.registered else 3
        return [f"{name}: {mode},{stat}" + (',"1A2B","0C3D01",7' if mode == "2" else "")]

    def _cops(self, tail: str) -> list[str]:
        if tail == "=?":
            return [f'+COPS: (2,"{self.identity.operator}","Test","26207",7)']
        if tail != "?":
            if tail.startswith("=3,"):  # format of the answer only
                self._settings["+COPS"] = "0," + tail[3:]
            return []
        if not self.registered:
            return ["+COPS: 0"]
        shape = self._settings["+COPS"].partition(",")[2] or "0"
        return [f'+COPS: 0,{shape},"{"26207" if shape == "2" else self.identity.operator}",7']

    def _cfun(self, tail: str) -> list[str]:
        return self._reset(tail) if tail == "=1,1" else self._setting("+CFUN", tail)

    def _reset(self, tail: str) -> list[str]:
        self.faults -= HEALED_BY_RESET
        self._later(0.1, self._hooks.reset)
        return []

    # --- the call --------------------------------------------------------------------------------------

    def _dial(self, tail: str) -> list[str]:
        number = tail.rstrip(";").lstrip("TP ")  # gammu dials ATDT, tone or pulse is the same to GSM
        if not tail.endswith(";") or not number or not self.registered:
            self._later(0.05, lambda: self.say("NO CARRIER"))
            return []
        if self.call is not None:
            raise Refused(NOT_ALLOWED)
        if "F16" in self.faults:
            return self._reset(tail)
        self.call = call = VoiceCall(number, False, CallState.DIALING)
        self._later(0.01, self._report_call)
        self._later(0.02, lambda: self._exchange.dialled(self, number) if self.call is call else None)
        return []

    def _answer(self, tail: str) -> list[str]:
        if self.call is None or self.call.state is not CallState.INCOMING:
            raise Refused(NOT_ALLOWED)
        if "F16" in self.faults:
            return self._reset(tail)
        self._stop_ringing()
        self._later(ANSWER_SECONDS, self._answered)
        return []

    def _answered(self) -> None:
        if self.call is not None and self.call.state is CallState.INCOMING:
            self._begin()
            self._exchange.answered(self)

    def _ath(self, tail: str) -> list[str]:
        if self._settings["+CVHU"] == "0" and "F27" not in self.faults:
            self._hang_up()
        return []  # OK all the same: the trap of SIMCom manual 3.8

    def _chup(self, tail: str) -> Iterable[str | None]:
        if "F25" in self.faults:
            return [None]
        self._hang_up()
        return []

    def _chld(self, tail: str) -> list[str]:
        if tail[:2] in ("=1", "=0"):
            self._hang_up()
        return ["+CHLD: (0,1,1x,2,2x,3,4)"] if tail == "=?" else []

    def _hang_up(self) -> None:
        if self.call is None:
            return
        call, end = self.call, self._end_line()
        self._drop_call()
        self._exchange.hung_up(self)
        if "F8" not in self.faults:
            call.state = CallState.ENDED
            self._later(0.02, lambda: self._report(call))
            self._later(0.02, lambda: self.say(end))

    def _clcc(self, tail: str) -> list[str]:
        if tail:
            return self._setting("+CLCC", tail)
        return [self.call.clcc()] if self.call is not None else []

    def _pcm(self, tail: str) -> list[str]:
        if not tail.startswith("=1"):
            answer = self._setting(self.family.pcm_command, tail)
            self._hooks.pcm(self.talking)
            return answer
        first, self._pcm_tried = not self._pcm_tried, True
        if self.call is None or self.call.state is not CallState.ACTIVE:
            raise Refused()
        if "F13x" in self.faults or ("F13" in self.faults and first):
            raise Refused()
        self._settings[self.family.pcm_command] = "1"
        self._hooks.pcm(self.talking)
        return []

    def _vts(self, tail: str) -> list[str]:
        if tail == "=?":
            return [f"+VTS: {self.family.ranges['+VTS']}"]
        if self.call is None or self.call.state is not CallState.ACTIVE:
            raise Refused(NOT_ALLOWED)
        self._exchange.digits_sent(self, "".join(re.findall(r"[0-9*#A-D]", tail)))
        return []

    def _advance(self, state: CallState) -> None:
        if self.call is not None:
            self.call.state = state
            self._report_call()

    def _begin(self) -> None:
        if self.call is None:
            return
        self._stop_ringing()
        self.call.began = self._clock()
        self.say("VOICE CALL: BEGIN")
        self._advance(CallState.ACTIVE)
        self._hooks.pcm(self.talking)

    def _drop_call(self) -> None:
        self.call = None
        self._pcm_tried = False
        self._settings[self.family.pcm_command] = "0"
        self._stop_ringing()
        self._hooks.pcm(False)

    def _end_line(self) -> str:
        seconds = int(self._clock() - self.call.began) if self.call is not None and self.call.began else 0
        return f"VOICE CALL: END: {seconds:06d}"

    def _report_call(self) -> None:
        if self.call is not None:
            self._report(self.call)

    def _report(self, call: VoiceCall) -> None:
        if self._settings["+CLCC"] == "1" and "F7a" not in self.faults:
            self.say(call.clcc(hidden="F7c" in self.faults and call.inbound))

    def _ring(self) -> None:
        if self.call is None or self.call.state is not CallState.INCOMING:
            return
        ring = "+CRING: VOICE" if "F7d" in self.faults or self._settings["+CRC"] == "1" else "RING"
        tells = self._settings["+CLIP"] == "1" and "F7a" not in self.faults
        clip = self.call.clip(hidden="F7c" in self.faults) if tells else ""
        if "F7b" in self.faults:
            ring, clip = clip, ring
        said = [line for line in (ring, clip) if line and not (line == ring and "F7f" in self.faults)]
        if "F7e" in self.faults and clip:
            said.remove(clip)
            self._later(0.4, lambda: self.say(clip) if self.call is not None else None)
        self.say(*said)
        self._ring_timer = self._later(RING_SECONDS, self._ring)

    def _stop_ringing(self) -> None:
        if self._ring_timer is not None:
            self._ring_timer.cancel()
            self._ring_timer = None
