"""USSD of the emulated network: menus by code, and AT+CUSD of a modem (3GPP 27.007 7.15)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from drivers.emulated.atface import Later, Refused
from drivers.emulated.host import Host
from drivers.sms import gsm7, ussd

ANSWER_SECONDS = 0.5
DONE, WANTED, ENDED, NOT_SUPPORTED = 0, 1, 2, 4  # <m>
UCS2 = 72  # <dcs>
NO_NETWORK = 30


@dataclass(frozen=True)
class Menu:
    """What the network says, and what it says to each answer; without choices it is over."""

    text: str
    choices: dict[str, Menu] = field(default_factory=dict)


def default_codes() -> dict[str, Menu]:
    """A prepaid operator's codes."""
    offers = Menu("1. Minutes\n2. Data", {"1": Menu("100 minutes booked."), "2": Menu("1 GB booked.")})
    return {
        "*100#": Menu("Your balance is 12.34 EUR. Valid until 31.12.2027."),
        "*101#": Menu("1. Balance\n2. Offers\n0. Exit", {"1": Menu("12.34 EUR"), "2": offers, "0": Menu("")}),
        "*102#": Menu("Ваш баланс 12.34 р."),
    }


class UssdService:
    """The network's side. A dialogue belongs to a modem by name."""

    def __init__(self) -> None:
        self.codes = default_codes()
        self._open: dict[str, Menu] = {}

    def ask(self, modem: str, text: str) -> tuple[int, str]:
        """A code, or the answer to the last question; gives <m> and what is said."""
        menu = self._open.pop(modem, None)
        found = menu.choices.get(text) if menu is not None else self.codes.get(text)
        if found is None:
            return (ENDED, "") if menu is not None else (NOT_SUPPORTED, "")
        if found.choices:
            self._open[modem] = found
        return (WANTED if found.choices else DONE), found.text

    def end(self, modem: str) -> None:
        """The dialogue is given up."""
        self._open.pop(modem, None)


class UssdFace:
    """AT+CUSD of one modem."""

    def __init__(self, host: Host, service: UssdService, *, later: Later, is_packed: bool) -> None:
        self._host = host
        self._service = service
        self._later = later
        self._is_packed = is_packed  # the default alphabet is packed septets in hex, both ways
        self._shown = False

    def boot(self) -> None:
        """As after power-up."""
        self._shown = False
        self._service.end(self._host.name)

    def command(self, tail: str) -> Iterable[str | None]:
        """AT+CUSD."""
        if tail == "=?":
            return ["+CUSD: (0-2)"]
        if tail == "?":
            return [f"+CUSD: {int(self._shown)}"]
        asked = re.fullmatch(r'=([012])(?:, *"?([^"]*)"?(?:, *(\d+))?)?', tail)
        if asked is None:
            raise Refused(50)
        if asked[1] == "2":
            self._service.end(self._host.name)
            return []
        self._shown = asked[1] == "1"
        if asked[2]:
            if not self._host.registered:
                raise Refused(NO_NETWORK)
            if "ussd-mute" not in self._host.faults:
                text = self._heard(asked[2])
                self._later(ANSWER_SECONDS, lambda: self._say(*self._service.ask(self._host.name, text)))
        return []

    def _heard(self, string: str) -> str:
        if self._is_packed:
            octets = bytes.fromhex(string)
            return gsm7.decoded(gsm7.unpack(octets, len(octets) * 8 // 7)).rstrip("\r")
        return ussd.decode(string) if self._host.charset == "UCS2" else string

    def _say(self, state: int, text: str) -> None:
        if not self._shown:
            return
        if not text:
            self._host.say(f"+CUSD: {state}")
        elif gsm7.encoded(text) is None:
            self._host.say(f'+CUSD: {state},"{text.encode("utf-16-be").hex().upper()}",{UCS2}')
        else:
            self._host.say(f'+CUSD: {state},"{self._written(text)}",{ussd.DEFAULT_DCS}')

    def _written(self, text: str) -> str:
        if self._is_packed:
            return ussd.packed(text)
        return text.encode("utf-16-be").hex().upper() if self._host.charset == "UCS2" else text
