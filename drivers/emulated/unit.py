"""One emulated modem with its two ports on this machine: brain, ptys, audio, cable."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drivers.emulated.family import Family
from drivers.emulated.modem import Hooks, Identity, Modem
from drivers.emulated.network import Network
from drivers.emulated.pcm import PcmPump
from drivers.emulated.ptys import Pty
from drivers.emulated.simcom import SIM7600
from drivers.emulated.sysfs import UsbSocket

SETTABLE: Mapping[str, Callable[[Any], object]] = {"rssi": int, "pin": str, "pin_tries": int, "operator": str}
POWER_SECONDS = 0.1  # between looks at the switch of its USB port
BOOT_SECONDS = 3.0  # of the emulation; a real SIM7600 takes about 20 s to come back after AT+CRESET


class Unit:
    """A modem at `folder`/NAME-at and `folder`/NAME-audio, registered in `network`. Needs a running loop."""

    def __init__(
        self,
        name: str,
        folder: Path,
        network: Network,
        *,
        identity: Identity | None = None,
        drift_ppm: float = 0.0,
        jitter_ms: float = 0.0,
        boot_seconds: float = BOOT_SECONDS,
        usb: UsbSocket | None = None,
        family: Family = SIM7600,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.name = name
        self._network = network
        self._boot_seconds = boot_seconds
        self._usb = usb
        self._booting: asyncio.TimerHandle | None = None
        self._powered = True
        self.audio = Pty(folder / f"{name}-audio")
        self.at = Pty(folder / f"{name}-at", self._host_wrote)
        self.modem = Modem(
            name,
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self.at.write, pcm=self._voice, reset=self._reset),
            exchange=network,
            identity=identity,
            family=family,
        )
        self.pump = PcmPump(
            self.audio, drift_ppm=drift_ppm, jitter_ms=jitter_ms, faulty=self.modem.has_sound_fault
        )
        self.plug()
        self._watching = loop.call_later(POWER_SECONDS, self._watch_power) if usb is not None else None

    def plug(self) -> None:
        """Put the cable in: both ports are there, the modem says that it has started."""
        if self._booting is not None:
            self._booting.cancel()
            self._booting = None
        if not self.plugged:
            self.at.plug()
            self.audio.plug()
            if self._usb is not None:
                self._usb.plug(self.at.path, self.audio.path)
            self.modem.powered = True
            self.modem.restarted()

    def unplug(self) -> None:
        """Pull the cable (it is also the modem's power): calls end, both ports are gone."""
        self.pump.stop()
        self.modem.powered = False
        self.modem.boot()
        if self._usb is not None:
            self._usb.unplug()
        self.at.unplug()
        self.audio.unplug()

    def plug_as_storage(self) -> None:
        """The modem comes back as a CD drive, to be seen in the tree like /sys only (F15)."""
        self.unplug()
        if self._usb is not None:
            self._usb.plug_as_storage()

    @property
    def plugged(self) -> bool:
        return self.at.fd >= 0

    def close(self) -> None:
        """Take everything away."""
        self.unplug()
        for timer in (self._booting, self._watching):
            if timer is not None:
                timer.cancel()

    def fault(self, name: str, on: bool) -> None:
        """As Modem.fault; F15 works on the cable."""
        self.modem.fault(name, on and name != "F15")
        if name == "F15":
            (self.unplug if on else self.plug)()

    @property
    def where(self) -> str:
        """Its ports, for people."""
        return f"AT {self.at.path}  audio {self.audio.path}"

    def set(self, name: str, value: object) -> None:
        """A value of modem or SIM (SETTABLE); raises ValueError."""
        if name not in SETTABLE:
            raise ValueError(f"{name}: a GSM modem has {', '.join(SETTABLE)}")
        setattr(self.modem.identity, name, SETTABLE[name](value))

    def status(self) -> dict[str, object]:
        """Plain values for the control socket."""
        call = self._network.call_of(self.modem)
        return {
            "modem": self.name,
            "at": str(self.at.path),
            "audio": str(self.audio.path),
            "plugged": self.plugged,
            "talking": self.modem.talking,
            "call": call.id if call else None,
            "faults": sorted(self.modem.faults),
            "first_frame_at": self.pump.first_frame_at,
            **vars(self.pump.counters),
        }

    def _host_wrote(self, data: bytes) -> None:
        self.modem.feed(data)

    def _voice(self, on: bool) -> None:
        call = self._network.call_of(self.modem)
        if not on:
            self.pump.stop()
        elif not self.pump.running and call is not None:
            self.pump.start(call.voice)

    def _watch_power(self) -> None:
        """The hub's port is a file, and a file tells nobody."""
        loop = asyncio.get_running_loop()
        self._watching = loop.call_later(POWER_SECONDS, self._watch_power)
        if self._usb is None or self._usb.powered is self._powered:
            return
        self._powered = self._usb.powered
        if self._powered:
            self._booting = loop.call_later(self._boot_seconds, self.plug)
        else:
            if self._booting is not None:
                self._booting.cancel()
            self.unplug()

    def _reset(self) -> None:
        self.unplug()
        self._booting = asyncio.get_running_loop().call_later(self._boot_seconds, self.plug)
