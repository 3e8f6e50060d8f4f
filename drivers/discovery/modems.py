"""Where a line's modem is now: by its IMEI or its USB place, asked anew at each opening.

The kernel numbers ttyUSB ports in the order in which they come, so a modem that drops off the bus and comes
back has others (F15). Its place stays, and its IMEI stays when it is moved to another socket too.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from drivers.discovery.asking import SERIAL, Access, answering, ask_imei
from drivers.discovery.known import layouts, possible, why_no_ports, why_unfit
from drivers.discovery.sysfs import SYSFS, UsbDevice, usb_devices
from drivers.port import DriverError, PortRefused
from drivers.serialline import PortBusy

ASK_AGAIN_SECONDS = 5.0  # a modem that gave no IMEI (starting up, or another's) is left in peace so long


@dataclass(frozen=True)
class Ports:
    """Paths of a modem's ports; `audio` is "" where the voice goes over the command port."""

    at: str
    audio: str = ""
    place: str = ""  # on USB, where it was found there


class WrongDevice(PortRefused):
    """What is plugged in and what the configuration says do not go together: work for a person."""


#: Tells a line's ports; raises PortRefused with what is wrong and what there is instead.
Where = Callable[[], Awaitable[Ports]]
#: Asks a port for an IMEI: name, path.
AskImei = Callable[[str, str], Awaitable[str]]


def fixed(at: str, audio: str = "") -> Where:
    """Ports that the configuration names outright."""

    async def where() -> Ports:
        return Ports(at, audio)

    return where


@dataclass(frozen=True)
class _Asked:
    """A question for an IMEI that had no answer."""

    when: float  # loop time
    said: str
    is_others: bool  # the port is somebody else's


class Modems:
    """All modems plugged in, for the lines that look for theirs; one for all lines of a box."""

    def __init__(self, sysfs: Path = SYSFS, *, access: Access = SERIAL) -> None:
        self._sysfs = sysfs
        self._access = access
        self._asking = asyncio.Lock()  # guards the fields below: one round of questions at a time
        self._imeis: dict[tuple[str, int], str] = {}  # place and number: as long as it stays plugged in
        self._last_place: dict[str, str] = {}  # by IMEI
        self._in_vain: dict[tuple[str, int], _Asked] = {}
        self._claimed: dict[str, str] = {}  # place or real path -> line: never asked

    def at_ports(self, name: str, at: str, audio: str = "") -> Where:
        """The ports of line `name`, given by path."""
        self._claimed[os.path.realpath(at)] = name
        return fixed(at, audio)

    def at_place(self, name: str, driver: str, place: str) -> Where:
        """The ports of the modem of line `name` at a USB place ("1-1.2")."""
        self._claimed[place] = name

        async def where() -> Ports:
            devices = usb_devices(self._sysfs)
            device = next((each for each in devices if each.place == place), None)
            if device is None:
                raise PortRefused(
                    f"port {name}: nothing is plugged in at USB {place}. {self._there(devices)}. Plug the "
                    "modem in there or correct `usb`; it is tried again by itself"
                )
            return await self._ports(name, driver, device)

        return where

    def with_imei(self, name: str, driver: str, imei: str) -> Where:
        """The ports of the modem of line `name` that has this IMEI, wherever it is plugged in."""

        async def where() -> Ports:
            devices = usb_devices(self._sysfs)
            async with self._asking:
                device = await self._find(name, imei, [each for each in devices if layouts(each)])
            if device is None:
                others = any(asked.is_others for asked in self._in_vain.values())
                raise (PortBusy if others else PortRefused)(
                    f"port {name}: no modem with IMEI {imei} is found. {self._there(devices)}. Plug it in "
                    "or correct `imei`; it is tried again by itself"
                )
            return await self._ports(name, driver, device)

        return where

    # --- by IMEI ----------------------------------------------------------------------------------------

    async def _find(self, name: str, imei: str, devices: list[UsbDevice]) -> UsbDevice | None:
        """Known from before; else at the place where it was last; else all who are not known are asked."""
        present = {_key(each) for each in devices}
        self._imeis = {key: known for key, known in self._imeis.items() if key in present}
        self._in_vain = {key: asked for key, asked in self._in_vain.items() if key in present}
        last = self._last_place.get(imei)
        for some in ([], [each for each in devices if each.place == last], devices):
            await asyncio.gather(*(self._learn(name, each) for each in some if self._may_ask(each)))
            for each in devices:
                if self._imeis.get(_key(each)) == imei:
                    self._last_place[imei] = each.place
                    return each
        return None

    def _may_ask(self, device: UsbDevice) -> bool:
        if _key(device) in self._imeis or self._line_of(device):
            return False
        asked = self._in_vain.get(_key(device))
        return asked is None or asyncio.get_running_loop().time() - asked.when >= ASK_AGAIN_SECONDS

    async def _learn(self, name: str, device: UsbDevice) -> None:
        """The device's IMEI into `_imeis`, or why not into `_in_vain`."""
        trouble, others = why_no_ports(device) or "tells no IMEI", False
        for layout in possible(device):
            try:
                imei = await ask_imei(name, device.ports[layout.at], access=self._access)
            except DriverError as error:
                trouble = str(error).removeprefix(f"port {name}: ")
                others = others or isinstance(error, PortBusy)
                continue
            if imei:
                self._imeis[_key(device)] = imei
                return
        self._in_vain[_key(device)] = _Asked(asyncio.get_running_loop().time(), trouble, others)

    # --- from a device to its ports ----------------------------------------------------------------------

    async def _ports(self, name: str, driver: str, device: UsbDevice) -> Ports:
        if (trouble := why_no_ports(device)) or not layouts(device):
            trouble = trouble or "is no modem that is known. Name its ports: `port` and `audio_port`"
            raise (PortRefused if layouts(device) else WrongDevice)(
                f"port {name}: the device at USB {device} {trouble}"
            )
        suited = [layout for layout in layouts(device) if layout.driver == driver]
        if not suited:
            other = layouts(device)[0]
            raise WrongDevice(
                f"port {name}: the device at USB {device} is a {other.what}. Take the driver {other.driver} "
                f"for it, or name another modem; {driver} cannot serve it"
            )
        fitting = [layout for layout in possible(device) if layout in suited]
        if not fitting:
            raise PortRefused(f"port {name}: the device at USB {device} {why_unfit(device)}")
        layout = fitting[0]
        if len(fitting) > 1:
            layout = await answering(name, device, fitting, access=self._access)
        audio = "" if layout.audio is None else device.ports[layout.audio]
        return Ports(device.ports[layout.at], audio, device.place)

    def _there(self, devices: Iterable[UsbDevice]) -> str:
        """The modems that are plugged in, in words."""
        told = [f"{each}: {self._about(each)}" for each in devices if layouts(each)]
        return "There: " + "; ".join(told) if told else "No modem at all is plugged in"

    def _about(self, device: UsbDevice) -> str:
        imei = self._imeis.get(_key(device))
        line = self._line_of(device)
        if imei:
            return f"IMEI {imei}" + f", of line {line}" * bool(line)
        if line:
            return f"of line {line}"
        asked = self._in_vain.get(_key(device))
        return asked.said if asked is not None else "not asked for its IMEI"

    def _line_of(self, device: UsbDevice) -> str:
        owned = [self._claimed.get(os.path.realpath(path)) for path in device.ports.values()]
        return self._claimed.get(device.place) or next(filter(None, owned), None) or ""


def _key(device: UsbDevice) -> tuple[str, int]:
    return device.place, device.number
