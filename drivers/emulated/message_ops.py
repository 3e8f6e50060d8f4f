"""Remote control of messages and USSD: ops `sms`, `sms-fate`, `sms-sent` and `ussd` of the control socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.emulated.network import Network
from drivers.emulated.sms_centre import Fate, Recipient
from drivers.emulated.ussd import Menu
from drivers.port import MessageRefused
from drivers.wire import Message, WireError


class MessageOps:
    """What a program may ask of the network's SMS centre and USSD service."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def ops(self) -> dict[str, Callable[[Message], Message]]:
        """By name."""
        return {
            "sms": self._sms,
            "sms-fate": self._sms_fate,
            "sms-sent": self._sms_sent,
            "ussd": self._ussd,
        }

    def _sms(self, message: Message) -> Message:
        centre = self._network.sms
        station = centre.stations.get(str(message["modem"]))
        if station is None:
            raise WireError(f"no such modem has messages; there are {', '.join(centre.stations)}")
        number, text = str(message["number"]), str(message["text"])
        flash, parts = bool(message.get("flash", False)), 0
        try:
            for count in range(1, int(message.get("count", 1)) + 1):
                one = text.replace("{n}", str(count))
                parts += centre.send(station, number, one, flash=flash, reference=count % 256)
        except MessageRefused as error:
            raise WireError(str(error)) from error
        return {"parts": parts}

    def _sms_fate(self, message: Message) -> Message:
        names = {fate.name.lower(): fate for fate in Fate}
        fate = names.get(str(message.get("fate", "delivered")))
        if fate is None:
            raise WireError(f"there is no such fate; there are {', '.join(names)}")
        recipient = Recipient(fate, float(message.get("after_s", Recipient.after_s)))
        number = str(message.get("number", ""))
        if number:
            self._network.sms.recipients[number] = recipient
        else:
            self._network.sms.default_recipient = recipient
        return {}

    def _sms_sent(self, message: Message) -> Message:
        return {
            "sent": [
                {"modem": one.modem, "number": one.number, "text": one.text, "whole": one.whole}
                for one in self._network.sms.sent
            ]
        }

    def _ussd(self, message: Message) -> Message:
        self._network.ussd.codes[str(message["code"])] = _menu(message)
        return {}


def _menu(content: dict[str, Any]) -> Menu:
    """`{"text": ..., "choices": {"1": {"text": ...}}}`; raises KeyError, TypeError or ValueError."""
    answers = dict(content["choices"]) if "choices" in content else {}
    choices = {str(key): _menu(value) for key, value in answers.items()}
    return Menu(str(content["text"]), choices)
