"""An emulated modem without its calls: settings, SIM, network, chatter. `modem.py` adds the calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from drivers.emulated.atface import AtFace, Later, Refused
from drivers.emulated.family import Family
from drivers.emulated.faults import HEALED_BY_RESET
from drivers.emulated.messages import Mailbox
from drivers.emulated.network import Exchange

CHATTER_SECONDS = 7.0  # from one line of chatter to the next
NO_SIM, PIN_NEEDED, SIM_BUSY, WRONG_PIN, NOT_ALLOWED, VENDORS_OWN = 10, 11, 14, 16, 3, 258


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


class Subscriber(AtFace):
    """One modem with its SIM in a network."""

    def __init__(
        self,
        name: str,
        *,
        later: Later,
        hooks: Hooks,
        exchange: Exchange,
        identity: Identity | None,
        family: Family,
    ) -> None:
        super().__init__(name, hooks.send, later)
        self.identity = identity or Identity()
        self.family = family
        self.double_cr = family.double_cr
        self._settings = dict(family.settings)
        self._hooks = hooks
        self._exchange = exchange
        self._pin_open = not self.identity.pin
        self.mailbox = Mailbox(self, exchange, later=later, family=family)
        self._handlers = self._table()
        self._chatter_timer: asyncio.TimerHandle | None = None
        self._chatted = 0

    def boot(self) -> None:
        """Settings as after power-up."""
        self.forget_input()
        self._settings = dict(self.family.settings)
        self.mailbox.boot()
        self.fault("F26", "F26" in self.faults)
        if self._chatter_timer is not None:
            self._chatter_timer.cancel()
            self._chatter_timer = None
        if self.family.chatter and self.powered:
            self._chatter_timer = self._later(CHATTER_SECONDS, self._chat)

    def restarted(self) -> None:
        """A reset is over: say so on the AT port."""
        self._pin_open = not self.identity.pin
        self.boot()
        self.report(*self.family.boot)
        self.mailbox.restarted()

    def fault(self, name: str, on: bool = True) -> None:
        """F26 is a setting where the family has one, so that the host can undo it."""
        super().fault(name, on)
        route = self.family.route
        if name == "F26" and route is not None:
            self._settings[route.setting] = route.elsewhere if on else self.family.settings[route.setting]

    def report(self, *lines: str) -> None:
        """Lines nobody asked for, in one piece; they may go to another port."""
        route = self.family.route
        if self._settings[route.setting] in route.here if route is not None else "F26" not in self.faults:
            self.say(*lines)

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
    def registered(self) -> bool:
        return self.powered and not {"no-sim", "not-registered"} & self.faults

    # --- commands -------------------------------------------------------------------------------------

    def command(self, name: str, tail: str) -> Iterable[str | None]:
        if name == "+CCWA" and "F21" in self.faults and tail.startswith("="):
            self.fault("F11")
            return [None]
        if name in self._handlers:
            return self._handlers[name](tail)
        if name in self._settings or name in self.family.ranges:
            return self.setting(name, tail)
        if name in self.family.answers and tail != "=?":
            answer = self.family.answers[name].format(**vars(self.identity))
            return [answer] if answer else []
        if name in self.family.answers:
            return []
        raise Refused(words=self.family.unknown)

    def setting(self, name: str, tail: str) -> list[str]:
        """A value that is kept and told, and does nothing more."""
        if tail == "=?":
            return [f"{name}: {self.family.ranges[name]}"] if name in self.family.ranges else []
        if tail == "?":
            return [f"{name}: {self._settings[name]}"]
        value, route = tail.removeprefix("=") or "0", self.family.route
        if route is not None and name == route.setting and value not in (*route.here, route.elsewhere):
            raise Refused()
        self._settings[name] = value
        return []

    def _table(self) -> dict[str, Callable[[str], Iterable[str | None]]]:
        command, answer = self.family.pin_tries
        return {
            "": lambda tail: [],
            "E": self._set_echo,
            "Z": lambda tail: [],
            "&F": lambda tail: [],
            "+CPIN": self._cpin,
            command: lambda tail: [answer.format(tries=self.identity.pin_tries)],
            "+CSQ": self._csq,
            "+CREG": lambda tail: self._registration("+CREG", tail),
            "+CGREG": lambda tail: self._registration("+CGREG", tail),
            "+COPS": self._cops,
            **self.mailbox.commands(),
            "+CRESET": self._reset,
            "+CFUN": self._cfun,
            "^CVOICE": self._cvoice,
        }

    def _set_echo(self, tail: str) -> list[str]:
        self.echo = tail == "1"
        return []

    def _cvoice(self, tail: str) -> list[str]:
        if "^CVOICE" not in self.family.answers or "F22a" in self.faults:
            raise Refused(words=self.family.unknown)
        return [self.family.answers["^CVOICE"]] if tail == "?" else []

    def _cpin(self, tail: str) -> list[str]:
        for fault, code in (("no-sim", NO_SIM), ("F28", SIM_BUSY), ("F28a", VENDORS_OWN)):
            if fault in self.faults:
                raise Refused(code)
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
            return self.setting(name, tail)
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
        return self._reset(tail) if tail == "=1,1" else self.setting("+CFUN", tail)

    def _reset(self, tail: str) -> list[str]:
        self.faults -= HEALED_BY_RESET
        self._later(0.1, self._hooks.reset)
        return []

    def _chat(self) -> None:
        self._chatted += 1
        self.report(self.family.chatter[self._chatted % len(self.family.chatter)])
        self._chatter_timer = self._later(CHATTER_SECONDS, self._chat)
