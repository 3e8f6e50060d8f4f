"""The udev rules that keep ModemManager's hands off our modems, made from the table of those we know.

`python -m drivers.discovery.udev systemd/70-callbox-modems.rules` writes them; a test fails while they are
out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from drivers.discovery.known import HABITS, KNOWN

HEAD = """\
# Modems that Callbox serves. Made by: python -m drivers.discovery.udev FILE; edit drivers/discovery/known.py.
# Before 77-mm-*.rules and 80-mm-candidate.rules of ModemManager, which reads what is set here.

ACTION=="remove", GOTO="callbox_end"
SUBSYSTEM!="tty|usb|usbmisc|net", GOTO="callbox_end"
"""
TAIL = """
GOTO="callbox_end"

LABEL="callbox_modem"
ENV{ID_MM_DEVICE_IGNORE}="1", ENV{ID_MM_PORT_IGNORE}="1"
SUBSYSTEM!="tty", GOTO="callbox_end"
GROUP="dialout", MODE="0660"
# /dev/callbox/1-1.2:1.4 is interface 4 of the modem at USB place 1-1.2
SUBSYSTEMS=="usb", ATTRS{bInterfaceNumber}=="?*", SYMLINK+="callbox/$id"

LABEL="callbox_end"
"""


def rules() -> str:
    """The text of the file: whole makers whose every product is a modem, single products of the others."""
    return HEAD + "".join(f"{line}\n" for line in _matches()) + TAIL


def _matches() -> Iterator[str]:
    for vendor in sorted(HABITS):
        yield f"\n# {HABITS[vendor][0].what}"
        yield f'SUBSYSTEMS=="usb", ATTRS{{idVendor}}=="{vendor}", GOTO="callbox_modem"'
    for id, layout in sorted(KNOWN.items()):
        vendor, _, product = id.partition(":")
        if vendor not in HABITS:
            match = f'ATTRS{{idVendor}}=="{vendor}", ATTRS{{idProduct}}=="{product}"'
            yield f'\n# {layout.what}\nSUBSYSTEMS=="usb", {match}, GOTO="callbox_modem"'


def main(arguments: list[str]) -> None:
    """Write the rules into each file named."""
    for name in arguments:
        Path(name).write_text(rules(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
