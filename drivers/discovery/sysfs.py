"""What is plugged in, read from sysfs: USB devices by place, their serial ports by interface number.

Nothing is opened. A place ("1-1.2": bus 1, port 1 of the root hub, port 2 of the hub there) stays the same
when the kernel gives the ports other ttyUSB numbers, and when it comes back as something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SYSFS = Path("/sys")
DEV = Path("/dev")
MASS_STORAGE = "08"  # bInterfaceClass, USB-IF


@dataclass(frozen=True)
class UsbDevice:
    """One device: `id` is "vendor:product" in hex, `number` the kernel's, another one after every plugging.

    `ports` are the paths of its serial ports by USB interface number.
    """

    place: str
    id: str
    number: int
    maker: str = ""
    product: str = ""
    serial: str = ""
    storage: bool = False  # one of its interfaces is a mass storage
    ports: Mapping[int, str] = field(default_factory=dict)

    @property
    def vendor(self) -> str:
        return self.id.partition(":")[0]

    def __str__(self) -> str:
        name = " ".join(part for part in dict.fromkeys((self.maker, self.product)) if part)
        return f"{self.place} ({self.id}{', ' if name else ''}{name})"


def usb_devices(sysfs: Path = SYSFS) -> list[UsbDevice]:
    """Every USB device, in the order of its place; none where there is no USB at all."""
    found = [_device(folder) for folder in (sysfs / "bus/usb/devices").glob("*-*") if ":" not in folder.name]
    return sorted((device for device in found if device is not None), key=lambda each: _order(each.place))


def by_id(path: str, folder: Path = DEV / "serial/by-id") -> str:
    """The name of udev's that stands for the port `path` too, "" for none."""
    real = Path(path).resolve()
    links = sorted(folder.glob("*")) if folder.is_dir() else []
    return next((str(link) for link in links if link.resolve() == real), "")


def _device(folder: Path) -> UsbDevice | None:
    vendor, product = _text(folder / "idVendor"), _text(folder / "idProduct")
    number = _text(folder / "devnum")
    if not vendor or not product or not number.isdigit():
        return None  # unplugged while we looked
    interfaces = [
        each for each in sorted(folder.glob(f"{folder.name}:*")) if _text(each / "bInterfaceNumber")
    ]
    return UsbDevice(
        place=folder.name,
        id=f"{vendor}:{product}".lower(),
        number=int(number),
        maker=_text(folder / "manufacturer"),
        product=_text(folder / "product"),
        serial=_text(folder / "serial"),
        storage=any(_text(each / "bInterfaceClass") == MASS_STORAGE for each in interfaces),
        ports={
            int(_text(each / "bInterfaceNumber"), 16): path for each in interfaces for path in _ports(each)
        },
    )


def _ports(interface: Path) -> Iterator[str]:
    """usb-serial drivers put a folder ttyUSBn between the interface and its tty, cdc-acm does not."""
    for tty in (*interface.glob("tty/tty*"), *interface.glob("ttyUSB*/tty/tty*")):
        for line in _text(tty / "uevent").splitlines():
            name, _, value = line.partition("=")
            if name == "DEVNAME":
                yield str(DEV / value)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _order(place: str) -> tuple[int, ...]:
    return tuple(int(part) for part in place.replace("-", ".").split(".") if part.isdigit())
