"""The emulator by remote control: a JSON socket (`drivers.wire`) to place calls, press keys, break things.

The ops and events are listed in drivers/emulated/README.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from drivers.emulated.faults import FAULTS
from drivers.emulated.message_ops import MessageOps
from drivers.emulated.network import (
    GIVE_UP_SECONDS,
    Callee,
    Network,
    NetworkError,
    Outcome,
    Plan,
    Sound,
    Station,
)
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.emulated.voice import BadSpeech
from drivers.wire import Message, Peer, Server, WireError


class Controlled(Protocol):
    """A unit, GSM or voice modem, as remote control uses it."""

    @property
    def modem(self) -> Station: ...
    def plug(self) -> None: ...
    def plug_as_storage(self) -> None: ...
    def unplug(self) -> None: ...
    def fault(self, name: str, on: bool) -> None: ...
    def set(self, name: str, value: object) -> None: ...
    def status(self) -> dict[str, object]: ...


class Control:
    """Answers the ops above for `units` (by name) and tells every peer the network's news."""

    def __init__(self, path: Path, units: Mapping[str, Controlled], network: Network) -> None:
        self._units = units
        self._network = network
        self._ops: dict[str, Callable[[Message], Message]] = {
            "status": self._status,
            "call": self._call,
            "hangup": self._hangup,
            "digits": self._digits,
            "callee": self._callee,
            "fault": self._fault,
            "unplug": self._unplug,
            "plug": self._plug,
            "set": self._set,
            **MessageOps(network).ops(),
        }
        self._server = Server(path, on_request=self._answer)

    def news(self, name: str, values: dict[str, object]) -> None:
        """Tell everyone connected."""
        self._server.broadcast({"event": name, **values})

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _answer(self, peer: Peer, message: Message, fds: list[int]) -> tuple[Message, list[int]]:
        op = self._ops.get(message["op"])
        if op is None:
            raise WireError(f"there is no op {message['op']!r}; there are {', '.join(self._ops)}")
        try:
            return op(message), []
        except (NetworkError, BadSpeech) as error:
            raise WireError(str(error)) from error

    def _unit(self, message: Message) -> Controlled:
        try:
            return self._units[message["modem"]]
        except KeyError:
            raise WireError(f"there is no such modem; there are {', '.join(self._units)}") from None

    def _status(self, message: Message) -> Message:
        calls = [
            {
                "call": call.id,
                "modem": call.modem.name,
                "number": call.number,
                "inbound": call.inbound,
                "answered": call.answered_at is not None,
                "heard_seconds": round(call.voice.heard_seconds, 2),
            }
            for call in self._network.calls.values()
        ]
        return {
            "pid": os.getpid(),
            "modems": [unit.status() for unit in self._units.values()],
            "calls": calls,
            "faults": {**FAULTS, **VOICE_FAULTS},
        }

    def _call(self, message: Message) -> Message:
        give_up = float(message.get("give_up_after_s", GIVE_UP_SECONDS))
        call = self._network.place(
            self._unit(message).modem,
            str(message.get("number", "")),
            _plan(message),
            give_up_after_s=give_up,
        )
        return {"call": call.id}

    def _hangup(self, message: Message) -> Message:
        self._network.hang_up(str(message["call"]))
        return {}

    def _digits(self, message: Message) -> Message:
        self._network.press(str(message["call"]), str(message["digits"]))
        return {}

    def _callee(self, message: Message) -> Message:
        callee = Callee(
            Outcome(message.get("outcome", "answer")), float(message.get("after_s", 1.0)), _plan(message)
        )
        number = str(message.get("number", ""))
        if number:
            self._network.callees[number] = callee
        else:
            self._network.default_callee = callee
        return {}

    def _fault(self, message: Message) -> Message:
        self._unit(message).fault(str(message["fault"]), bool(message.get("on", True)))
        return {}

    def _unplug(self, message: Message) -> Message:
        self._unit(message).unplug()
        return {}

    def _plug(self, message: Message) -> Message:
        unit = self._unit(message)
        (unit.plug_as_storage if message.get("storage", False) else unit.plug)()
        return {}

    def _set(self, message: Message) -> Message:
        unit = self._unit(message)
        for name, value in message.items():
            if name not in ("id", "op", "modem"):
                unit.set(name, value)
        return {}


def _plan(message: Message) -> Plan:
    """A plan from a request's fields; raises ValueError or TypeError for bad ones."""
    record = message.get("record")
    after = message.get("hang_up_after_s")
    return Plan(
        sound=Sound(
            str(message.get("wav", "")), float(message.get("tone_hz", 0.0)), bool(message.get("loop", False))
        ),
        digits=[(float(at_s), str(digits)) for at_s, digits in message.get("digits", [])],
        hang_up_after_s=None if after is None else float(after),
        record=Path(record) if record else None,
    )
