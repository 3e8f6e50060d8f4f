"""What the command line and scripts ask of the emergency mode: switch it, ask for it, write into its log."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appliance.calls.centre import Centre
from appliance.calls.emergency import EmergencyRefused, switch_off, switch_on, take_note
from drivers import wire


class EmergencyRequests:
    """The requests by their op; refusals become those of the wire."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self.ops: Mapping[str, Callable[[wire.Message], None]] = {
            "emergency": lambda message: None,
            "emergency_on": self._on,
            "emergency_off": self._off,
            "emergency_note": self._note,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """What goes on after it, for every op. Raises WireError."""
        try:
            self.ops[message["op"]](message)
        except EmergencyRefused as error:
            raise wire.WireError(str(error)) from error
        incident = self._centre.emergencies.now
        return {"emergency": incident.plain() if incident else None}, ()

    def _on(self, message: wire.Message) -> None:
        drill = bool(message.get("drill", False))
        switch_on(self._centre, by=_by(message), reason=str(message.get("reason", "")), drill=drill)

    def _off(self, message: wire.Message) -> None:
        switch_off(self._centre, by=_by(message), reason=str(message.get("reason", "")))

    def _note(self, message: wire.Message) -> None:
        take_note(self._centre, by=_by(message), text=str(message.get("text", "")))


def _by(message: wire.Message) -> str:
    return str(message.get("by", "")) or "somebody at the box"
