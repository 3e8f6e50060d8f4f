"""The udev rules, as Debian's udev understands them, on a tree like /sys with emulated modems in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from drivers.discovery.known import HABITS, KNOWN
from drivers.discovery.sysfs import usb_devices
from drivers.discovery.udev import main, rules
from drivers.emulated.sysfs import LOOKS, UsbLook, UsbTree

FILE = Path(__file__).parents[2] / "systemd/70-callbox-modems.rules"
TTY = "ttyUSB0"
#: In a mount namespace of its own: the tree for /sys, fresh /dev and /run, our rules alone.
SCRIPT = f"""set -e
mount --bind "$1" /sys
mount -t tmpfs none /run
mount -t tmpfs none /dev
mount -t tmpfs none /etc/udev
mknod /dev/{TTY} c 188 0
touch /dev/null
mkdir -p /run/udev/rules.d
cp "$2" /run/udev/rules.d/
export SYSTEMD_DEVICE_VERIFY_SYSFS=0
udevadm test --action=add "$(readlink -f "/sys/$3")" 2>&1
ls -lR /dev
"""

NEEDS_UDEV = pytest.mark.skipif(
    shutil.which("udevadm") is None, reason="udevadm is missing: apt-get install udev"
)
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a tree over /sys")


def test_the_rules_are_up_to_date(tmp_path: Path) -> None:
    assert FILE.read_text() == rules(), f"run: python -m drivers.discovery.udev {FILE}"
    main([str(tmp_path / "rules")])
    assert (tmp_path / "rules").read_text() == rules()


def test_every_modem_of_the_table_is_in_them() -> None:
    for id in KNOWN:
        vendor, _, product = id.partition(":")
        whole = f'ATTRS{{idVendor}}=="{vendor}", GOTO' in rules()
        assert whole or f'=="{vendor}", ATTRS{{idProduct}}=="{product}", GOTO' in rules()
    assert not [vendor for vendor in HABITS if f'"{vendor}", GOTO' not in rules()]


@pytest.mark.slow
@NEEDS_UDEV
@NEEDS_ROOT
@pytest.mark.parametrize("family", LOOKS)
def test_modemmanager_leaves_our_modems_alone(tmp_path: Path, family: str) -> None:
    look = LOOKS[family]
    said = asked_of_udev(tmp_path, look, f"class/tty/{TTY.replace('USB0', look.tty[3:] + '0')}")
    assert "ID_MM_DEVICE_IGNORE=1" in said
    assert "ID_MM_PORT_IGNORE=1" in said
    assert "ID_MM_DEVICE_IGNORE=1" in asked_of_udev(tmp_path, look, "bus/usb/devices/1-1.2")


@pytest.mark.slow
@NEEDS_UDEV
@NEEDS_ROOT
def test_a_port_is_for_dialout_and_has_a_name_that_stays(tmp_path: Path) -> None:
    said = asked_of_udev(tmp_path, LOOKS["sim7600"], f"class/tty/{TTY}", numbered=True)
    assert "DEVLINKS=/dev/callbox/1-1.2:1.2" in said
    assert "1-1.2:1.2 -> ../ttyUSB0" in said
    assert any("crw-rw----" in line and "dialout" in line for line in said.splitlines() if TTY in line)


@pytest.mark.slow
@NEEDS_UDEV
@NEEDS_ROOT
def test_other_devices_are_not_touched(tmp_path: Path) -> None:
    arduino = UsbLook("2341", "0043", "Arduino", "Uno", at=0, audio=None)
    assert "IGNORE" not in asked_of_udev(tmp_path, arduino, f"class/tty/{TTY}")


def asked_of_udev(folder: Path, look: UsbLook, device: str, *, numbered: bool = False) -> str:
    """What udevadm says of a device of the tree; `numbered`: its tty has a node in /dev."""
    tree = UsbTree(folder / "sys")
    tree.plug("1-1.2", look, {look.at: Path("/dev") / TTY})
    assert len(usb_devices(folder / "sys")) == 1
    if numbered:
        uevent = (folder / "sys" / device / "uevent").resolve()
        uevent.write_text(f"MAJOR=188\nMINOR=0\n{uevent.read_text()}")
    said = subprocess.run(
        ["unshare", "--mount", "sh", "-c", SCRIPT, "sh", str(folder / "sys"), str(FILE), device],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=20,
    ).stdout
    assert "Invalid" not in said
    assert "DEVPATH=" in said, said
    return said
