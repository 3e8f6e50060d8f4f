"""USB devices and their serial ports, read from a tree like /sys."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from drivers.discovery.known import HABITS, KNOWN, layouts, possible, why_no_ports
from drivers.discovery.sysfs import UsbDevice, by_id, usb_devices
from drivers.emulated.sysfs import LOOKS, UsbTree, place_of


def test_ports_are_told_by_interface_number_whatever_their_names(tmp_path: Path) -> None:
    tree = UsbTree(tmp_path)
    tree.plug(
        "1-1.10", LOOKS["sim7600"], {0: Path("/dev/a"), 2: Path("/dev/c"), 4: Path("/dev/b")}, serial="1"
    )
    tree.plug("1-1.9", LOOKS["v253"], {0: Path("/dev/ttyACM0"), 1: None})
    modem, stick = usb_devices(tmp_path)
    assert (modem.place, modem.id, dict(modem.ports)) == ("1-1.9", "0572:1340", {0: "/dev/ttyACM0"})
    assert (stick.place, stick.vendor, stick.serial) == ("1-1.10", "1e0e", "1")
    assert dict(stick.ports) == {0: "/dev/a", 2: "/dev/c", 4: "/dev/b"}
    assert str(modem) == "1-1.9 (0572:1340, Conexant USB Modem)"


def test_a_device_that_comes_back_has_another_number(tmp_path: Path) -> None:
    tree = UsbTree(tmp_path)
    tree.plug("1-1", LOOKS["sim7600"], {2: Path("/dev/a")})
    (before,) = usb_devices(tmp_path)
    tree.plug("1-1", LOOKS["sim7600"], {2: Path("/dev/a")})
    (after,) = usb_devices(tmp_path)
    assert before.number != after.number


def test_hubs_and_devices_half_gone_are_no_harm(tmp_path: Path) -> None:
    tree = UsbTree(tmp_path)
    tree.plug("1-1.1", LOOKS["sim7600"], {2: Path("/dev/a")})
    tree.plug("1-1.2", LOOKS["sim7600"], {2: Path("/dev/b")})
    devices = tmp_path / "bus/usb/devices"
    for name in ("usb1", "1-0:1.0", "1-1"):  # a root hub, its interface, a hub
        (devices / name).mkdir()
    (devices / "1-1/idVendor").write_text("05e3\n")
    shutil.rmtree((devices / "1-1.2").resolve())
    assert [device.place for device in usb_devices(tmp_path)] == ["1-1.1"]


def test_a_machine_without_usb_has_no_devices(tmp_path: Path) -> None:
    assert usb_devices(tmp_path) == []


def test_a_name_of_udevs_is_found_for_a_port(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB2").touch()
    (tmp_path / "by-id").mkdir()
    (tmp_path / "by-id/usb-SimTech-if02-port0").symlink_to("../ttyUSB2")
    assert by_id(str(tmp_path / "ttyUSB2"), tmp_path / "by-id").endswith("/usb-SimTech-if02-port0")
    assert by_id(str(tmp_path / "ttyUSB3"), tmp_path / "by-id") == ""
    assert by_id("/dev/ttyUSB2", tmp_path / "nothing") == ""


@pytest.mark.parametrize("family", LOOKS)
def test_an_emulated_modem_looks_as_the_table_says(family: str) -> None:
    look = LOOKS[family]
    (layout,) = layouts(UsbDevice("1-1", f"{look.vendor}:{look.product}", 2))
    assert (layout.driver, layout.at, layout.audio) == (family, look.at, look.audio)


def test_interface_numbers_are_those_of_the_field_reports() -> None:
    at_and_audio = {id: (layout.at, layout.audio) for id, layout in KNOWN.items() if id[:4] == "12d1"}
    assert at_and_audio == {
        "12d1:1001": (2, 1),
        "12d1:140c": (3, 2),
        "12d1:14ac": (4, 3),
        "12d1:1436": (4, 3),
        "12d1:1506": (3, 2),
    }
    assert (KNOWN["1e0e:9001"].at, KNOWN["1e0e:9001"].audio) == (2, 4)
    assert (KNOWN["2c7c:0125"].at, KNOWN["2c7c:0125"].audio) == (2, 1)


def test_habits_are_never_taken_for_sure() -> None:
    assert all(not layout.sure for habit in HABITS.values() for layout in habit)
    assert all(layout.sure for layout in KNOWN.values())


def test_of_habits_those_are_possible_whose_ports_are_there() -> None:
    stick = UsbDevice("1-1", "12d1:ffff", 2, ports={0: "/dev/a", 2: "/dev/b", 3: "/dev/c"})
    assert [(layout.at, layout.audio) for layout in possible(stick)] == [(3, 2)]
    assert layouts(UsbDevice("1-1", "046d:c31c", 2)) == ()


def test_a_modem_without_ports_is_explained() -> None:
    assert "usb-modeswitch" in why_no_ports(UsbDevice("1-1", "12d1:1446", 2, storage=True))
    assert "modprobe option" in why_no_ports(UsbDevice("1-1", "12d1:14dc", 2))
    assert why_no_ports(UsbDevice("1-1", "12d1:1001", 2, storage=True, ports={0: "/dev/a"})) == ""


def test_sockets_are_all_different() -> None:
    places = [place_of(number) for number in range(1, 65)]
    assert (places[0], places[6], places[7]) == ("1-1.1", "1-1.7", "1-2.1")
    assert len(set(places)) == 64
