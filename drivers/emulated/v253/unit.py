"""One emulated voice modem on this machine: brain, its one pty, cable. Needs a running loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from drivers.emulated.network import Network
from drivers.emulated.ptys import Pty
from drivers.emulated.sysfs import UsbSocket
from drivers.emulated.v253.chips import CX93001, Chip
from drivers.emulated.v253.line import FarEnd, LineOptions
from drivers.emulated.v253.modem import Hooks, VoiceModem

SETTABLE = ("far_end", "echo_loss_db", "noise_dbm0", "caller_name")


class VoiceUnit:
    """A modem at `folder`/NAME on a line of `network`."""

    def __init__(
        self,
        name: str,
        folder: Path,
        network: Network,
        *,
        chip: Chip = CX93001,
        line: LineOptions | None = None,
        drift_ppm: float = 0.0,
        jitter_ms: float = 0.0,
        usb: UsbSocket | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self.port = Pty(folder / name, self._host_wrote)
        self._network = network
        self._usb = usb
        self.modem = VoiceModem(
            name,
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self._send, hold=self.port.hold),
            exchange=network,
            chip=chip,
            line=line,
            drift_ppm=drift_ppm,
            jitter_ms=jitter_ms,
        )
        self.plug()

    @property
    def where(self) -> str:
        """Its port, for people."""
        return f"port {self.port.path} ({self.modem.chip.name})"

    @property
    def plugged(self) -> bool:
        return self.port.fd >= 0

    def plug(self) -> None:
        """Put the cable in."""
        if not self.plugged:
            self.port.plug()
            if self._usb is not None:
                self._usb.plug(self.port.path, None)
            self.modem.powered = True
            self.modem.boot()

    def unplug(self) -> None:
        """Pull the cable (it is also the modem's power): the line is dropped, the port is gone."""
        self.modem.boot()
        self.modem.powered = False
        if self._usb is not None:
            self._usb.unplug()
        self.port.unplug()

    def plug_as_storage(self) -> None:
        """As `plug`: a voice modem brings no drive."""
        self.plug()

    def close(self) -> None:
        """Take everything away."""
        self.unplug()

    def fault(self, name: str, on: bool) -> None:
        """As VoiceModem.fault; F15 works on the cable."""
        self.modem.fault(name, on and name != "F15")
        if name == "F15":
            (self.unplug if on else self.plug)()

    def set(self, name: str, value: object) -> None:
        """A value of the line (SETTABLE), or `code`: the modem tells that code now; raises ValueError."""
        options = self.modem.line.options
        if name == "far_end":
            options.far_end = FarEnd(value)
        elif name in ("echo_loss_db", "noise_dbm0"):
            setattr(options, name, None if value is None else float(str(value)))
        elif name == "caller_name":
            options.caller_name = str(value)
        elif name == "code" and len(str(value)) == 1:
            self.modem.event(str(value))
        else:
            raise ValueError(f"{name}: a voice modem has {', '.join(SETTABLE)}, and code (one character)")

    def status(self) -> dict[str, object]:
        """Plain values for the control socket."""
        call = self._network.call_of(self.modem)
        return {
            "modem": self.name,
            "port": str(self.port.path),
            "chip": self.modem.chip.name,
            "plugged": self.plugged,
            "talking": self.modem.talking,
            "line": self.modem.line.state.value,
            "stream": self.modem.stream.kind.value if self.modem.stream else "",
            "call": call.id if call else None,
            "faults": sorted(self.modem.faults),
            "skipped_frames": self.modem.skipped_frames,
            "dropped_bytes": self.port.dropped_bytes,
            **vars(self.modem.counters),
        }

    def _send(self, data: bytes) -> None:
        dropped = self.port.dropped_bytes
        self.port.write(data)
        if self.port.dropped_bytes > dropped:
            self.modem.overrun()

    def _host_wrote(self, data: bytes) -> None:
        self.modem.feed(data)
