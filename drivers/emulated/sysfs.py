"""A folder like /sys in which emulated modems are plugged in: what `drivers.discovery` finds them by.

As with a kernel, a modem that comes back has another device number and other tty numbers.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VENDOR_CLASS, COMMUNICATION_CLASS, STORAGE_CLASS = "ff", "02", "08"
PORTS_OF_A_HUB = 7
CONTROLLER = "devices/pci0000:00/0000:00:14.0/usb1"


@dataclass(frozen=True)
class UsbLook:
    """How one kind of modem shows itself; `at` and `audio` are interface numbers, `others` say nothing."""

    vendor: str
    product: str
    maker: str
    name: str
    at: int
    audio: int | None
    others: tuple[int, ...] = ()
    tty: str = "ttyUSB"


#: By the name of the emulated family.
LOOKS: Mapping[str, UsbLook] = {
    "sim7600": UsbLook(
        "1e0e", "9001", "SimTech, Incorporated", "SimTech, Incorporated", 2, 4, others=(0, 1, 3)
    ),
    "huawei": UsbLook("12d1", "1001", "HUAWEI Technology", "HUAWEI Mobile", 2, 1, others=(0,)),
    "quectel": UsbLook("2c7c", "0125", "Quectel", "EG25-G", 2, 1, others=(0, 3)),
    "v253": UsbLook("0572", "1340", "Conexant", "USB Modem", 0, None, tty="ttyACM"),
}


def place_of(number: int) -> str:
    """A socket for the modem of this number (from 1): hubs of seven ports at one controller."""
    hub, port = divmod(number - 1, PORTS_OF_A_HUB)
    return f"1-{hub + 1}.{port + 1}"


class UsbTree:
    """The folder; empty at first, whatever was there before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._device_numbers = itertools.count(2)  # 1 is the root hub
        self._tty_numbers = itertools.count()
        for part in ("devices", "bus", "class"):
            shutil.rmtree(root / part, ignore_errors=True)
        for part in ("bus/usb/devices", "bus/usb-serial", "class/tty"):
            (root / part).mkdir(parents=True)

    def plug(
        self, place: str, look: UsbLook, ports: Mapping[int, Path | None], *, serial: str = "", cls: str = ""
    ) -> None:
        """A device appears; `ports` are its interfaces, each with the pty that is its tty, or None."""
        self.unplug(place)
        device = self._device(place)
        values = {"idVendor": look.vendor, "idProduct": look.product, "manufacturer": look.maker}
        values |= {"product": look.name, "serial": serial, "devnum": str(next(self._device_numbers))}
        self._node(device, "bus/usb", {name: value for name, value in values.items() if value})
        own = COMMUNICATION_CLASS if look.tty == "ttyACM" else VENDOR_CLASS
        for number, pty in ports.items():
            interface = device / f"{place}:1.{number}"
            told = {"bInterfaceNumber": f"{number:02x}", "bInterfaceClass": cls or own}
            self._node(interface, "bus/usb", told)
            if pty is not None:
                self._tty(interface, look.tty, pty)
        _link(self.root / "bus/usb/devices" / place, device)  # complete before it can be found

    def switch(self, place: str) -> Path:
        """The file that takes the power of a hub's port away while it holds 1 (`disable`, Linux 6.0)."""
        hub, _, port = place.rpartition(".")
        folder = self.root / "bus/usb/devices" / f"{hub}:1.0" / f"{hub}-port{port}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "disable"
        file.write_text("0\n", encoding="utf-8")
        return file

    def unplug(self, place: str) -> None:
        """The device is gone; harmless when there is none."""
        (self.root / "bus/usb/devices" / place).unlink(missing_ok=True)
        device = self._device(place)
        for tty in (self.root / "class/tty").iterdir():
            if device in tty.resolve().parents:
                tty.unlink()
        shutil.rmtree(device, ignore_errors=True)

    def _device(self, place: str) -> Path:
        return self.root.resolve() / CONTROLLER / place.partition(".")[0] / place

    def _tty(self, interface: Path, kind: str, pty: Path) -> None:
        """usb-serial ports have a folder of their own under the interface, those of cdc-acm have not."""
        name = f"{kind}{next(self._tty_numbers)}"
        above = interface
        if kind == "ttyUSB":
            above = interface / name
            self._node(above, "bus/usb-serial", {})
        told = f"DEVNAME={os.path.relpath(os.path.realpath(pty), '/dev')}"
        self._node(above / "tty" / name, "class/tty", {"uevent": told})
        _link(self.root / "class/tty" / name, above / "tty" / name)

    def _node(self, folder: Path, subsystem: str, values: Mapping[str, str]) -> None:
        """A device as the kernel shows it, for udev too: its values, a uevent, its subsystem."""
        folder.mkdir(parents=True)
        for name, value in {"uevent": "", **values}.items():
            (folder / name).write_text(value + "\n", encoding="utf-8")
        _link(folder / "subsystem", self.root.resolve() / subsystem)


class UsbSocket:
    """Where one emulated modem is plugged in."""

    def __init__(self, tree: UsbTree, place: str, look: UsbLook, serial: str = "") -> None:
        self.place = place
        self._tree = tree
        self._look = look
        self._serial = serial
        self._switch = tree.switch(place)

    @property
    def powered(self) -> bool:
        """Whether the hub's port gives power; the box may have switched it off."""
        return not self._switch.read_text(encoding="utf-8").startswith("1")

    def plug(self, at: Path, audio: Path | None) -> None:
        """The modem comes up as a modem, with these ptys for ports."""
        ports: dict[int, Path | None] = {number: Path("/dev/null") for number in self._look.others}
        ports[self._look.at] = at
        if self._look.audio is not None:
            ports[self._look.audio] = audio
        self._tree.plug(self.place, self._look, dict(sorted(ports.items())), serial=self._serial)

    def plug_as_storage(self) -> None:
        """The modem comes up as a CD drive with its Windows driver, as sticks do when they are new."""
        self._tree.plug(self.place, self._look, {0: None}, cls=STORAGE_CLASS)

    def unplug(self) -> None:
        """It is gone."""
        self._tree.unplug(self.place)


def _link(link: Path, target: Path) -> None:
    """A relative one, as all in sysfs are."""
    link.symlink_to(os.path.relpath(target, link.parent.resolve()))
