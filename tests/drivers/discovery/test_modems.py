"""Want 17: lines find their modem by IMEI or place, whatever the kernel calls its ports."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.discovery.holders import Holder
from drivers.discovery.modems import ASK_AGAIN_SECONDS, Modems, Ports, WrongDevice
from drivers.emulated.modem import Identity
from drivers.emulated.sysfs import LOOKS, STORAGE_CLASS, UsbLook
from drivers.port import PortRefused, PortTimeout
from drivers.serialline import PortBusy
from tests.drivers.discovery.rig import IMEI, Behind, Rig

HUAWEI_NEW = UsbLook("12d1", "1c05", "HUAWEI", "E173", at=3, audio=2, others=(0, 1, 4))


def modems(rig: Rig) -> Modems:
    return Modems(rig.sysfs, access=rig.access)


async def test_a_place_gives_the_ports_by_interface_number(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug("1-1.2", Behind())
    where = modems(rig).at_place("gsm-1", "sim7600", "1-1.2")
    assert await where() == Ports("/dev/ttyR2", "/dev/ttyR4", "1-1.2")
    assert rig.opened == 0


async def test_f15_a_modem_with_other_numbers_is_found_at_its_place(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug("1-1.2", Behind())
    where = modems(rig).at_place("gsm-1", "sim7600", "1-1.2")
    before = await where()
    rig.tree.unplug("1-1.2")
    with pytest.raises(PortRefused, match=r"nothing is plugged in at USB 1-1\.2\. No modem at all"):
        await where()
    rig.plug("1-1.1", Behind())
    rig.plug("1-1.2", Behind())
    after = await where()
    assert after != before
    assert after == Ports("/dev/ttyR12", "/dev/ttyR14", "1-1.2")


async def test_f15_a_modem_that_came_back_as_a_cd_drive_is_told_in_words(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.tree.plug("1-1.2", LOOKS["huawei"], {0: None}, cls=STORAGE_CLASS)
    where = modems(rig).at_place("gsm-1", "huawei", "1-1.2")
    with pytest.raises(PortRefused, match=r"CD drive \(mass storage, 12d1:1001\).*usb-modeswitch"):
        await where()


async def test_a_modem_in_network_mode_is_told_in_words(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.tree.plug("1-1.2", LOOKS["quectel"], {0: None, 1: None})
    with pytest.raises(PortRefused, match=r"no serial ports.*echo 2c7c 0125 >"):
        await modems(rig).at_place("gsm-1", "quectel", "1-1.2")()


async def test_a_modem_of_which_a_port_is_missing_is_told_with_what_there_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.tree.plug("1-1.2", LOOKS["sim7600"], {0: Path("/dev/ttyR0"), 2: Path("/dev/ttyR1")})
    with pytest.raises(PortRefused, match=r"ports at USB interfaces 0, 2, and needs 2 \(commands\) and 4"):
        await modems(rig).at_place("gsm-1", "sim7600", "1-1.2")()


@pytest.mark.parametrize(
    ("look", "said"),
    [
        (LOOKS["huawei"], "is a Huawei E1550, E169, E173 and kin. Take the driver huawei for it"),
        (UsbLook("046d", "c31c", "Logitech", "Keyboard", 0, 1), "is no modem that is known"),
    ],
)
async def test_a_line_whose_driver_does_not_fit_is_work_for_a_person(
    tmp_path: Path, look: UsbLook, said: str
) -> None:
    rig = Rig(tmp_path)
    rig.plug("1-1.2", Behind(), look)
    with pytest.raises(WrongDevice, match=said):
        await modems(rig).at_place("gsm-1", "sim7600", "1-1.2")()


async def test_an_unknown_product_is_taken_as_its_maker_does_and_where_it_answers(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    _, behind = rig.modem()
    path = rig.plug("1-1.2", behind, HUAWEI_NEW)
    found = await modems(rig).at_place("gsm-1", "huawei", "1-1.2")()
    assert (found.at, found.audio) == (path, "/dev/ttyR2")
    assert rig.open_now == 0


async def test_an_unknown_product_at_which_nobody_answers_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug("1-1.2", Behind(), HUAWEI_NEW)
    with pytest.raises(PortTimeout, match="answers nothing"):
        await modems(rig).at_place("gsm-1", "huawei", "1-1.2")()


async def test_an_imei_is_found_wherever_it_is_plugged_in_and_each_modem_asked_once(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in (1, 2, 3):
        rig.plug_modem(f"1-1.{number}", number)
    finder = modems(rig)
    wheres = [finder.with_imei(f"gsm-{number}", "sim7600", IMEI.format(number)) for number in (3, 1, 2)]
    assert [found.place for found in await asyncio.gather(*(where() for where in wheres))] == [
        "1-1.3",
        "1-1.1",
        "1-1.2",
    ]
    assert (rig.opened, rig.open_now) == (3, 0)
    await wheres[0]()
    assert rig.opened == 3


async def test_f15_after_a_replug_only_the_place_where_the_modem_was_is_asked(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in (1, 2, 3):
        rig.plug_modem(f"1-1.{number}", number)
    where = modems(rig).with_imei("gsm-2", "sim7600", IMEI.format(2))
    before = await where()
    rig.tree.unplug("1-1.2")
    with pytest.raises(
        PortRefused, match=r"no modem with IMEI 867584030000002 is found\. There: 1-1\.1.*IMEI"
    ):
        await where()
    assert rig.opened == 3
    rig.plug_modem("1-1.2", 2)
    assert (await where()).at != before.at
    assert rig.opened == 4


async def test_a_modem_moved_to_another_socket_keeps_its_line(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.1", 1)
    where = modems(rig).with_imei("gsm-1", "sim7600", IMEI.format(1))
    await where()
    rig.plug_modem("1-1.1", 2)
    rig.plug_modem("2-4", 1)
    assert (await where()).place == "2-4"


async def test_f23_modems_of_others_are_left_alone_and_named(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug_modem("1-1.1", 1)
    rig.plug_modem("1-1.2", 2)
    rig.held["/dev/ttyR2"] = Holder(812, "ModemManager")
    rig.busy.add("/dev/ttyR7")
    with pytest.raises(PortBusy) as refused:
        await modems(rig).with_imei("gsm-1", "sim7600", IMEI.format(1))()
    assert "/dev/ttyR2 is held by process 812 (ModemManager)" in str(refused.value)
    assert "/dev/ttyR7 is busy" in str(refused.value)
    assert rig.opened == 0


async def test_modems_of_other_lines_are_never_asked(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    for number in (1, 2, 3):
        rig.plug_modem(f"1-1.{number}", number)
    finder = modems(rig)
    finder.at_place("gsm-1", "sim7600", "1-1.1")
    finder.at_ports("gsm-2", "/dev/ttyR7", "/dev/ttyR9")
    assert (await finder.with_imei("gsm-3", "sim7600", IMEI.format(3))()).place == "1-1.3"
    assert rig.opened == 1
    with pytest.raises(PortRefused, match=r"1-1\.1 .*: of line gsm-1; 1-1\.2 .*: of line gsm-2; 1-1\.3"):
        await finder.with_imei("gsm-4", "sim7600", IMEI.format(4))()


async def test_a_silent_modem_is_asked_again_after_a_while_not_at_every_try(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    modem = rig.plug_modem("1-1.1", 1)
    modem.fault("F11")
    where = modems(rig).with_imei("gsm-1", "sim7600", IMEI.format(1))
    for _ in range(3):
        with pytest.raises(PortRefused, match="hangs"):
            await where()
    assert rig.opened == 1
    modem.fault("F11", False)
    await asyncio.sleep(ASK_AGAIN_SECONDS)
    assert (await where()).place == "1-1.1"
    assert rig.open_now == 0


async def test_a_modem_without_an_imei_is_no_obstacle(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    _, behind = rig.modem(Identity(imei=""))
    rig.plug("1-1.1", behind)
    rig.plug_modem("1-1.2", 2)
    assert (await modems(rig).with_imei("gsm-1", "sim7600", IMEI.format(2))()).place == "1-1.2"


async def test_a_line_closed_while_it_looks_leaves_no_port_open(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.plug("1-1.1", Behind())
    looking = asyncio.ensure_future(modems(rig).with_imei("gsm-1", "sim7600", IMEI.format(1))())
    await asyncio.sleep(0.1)
    assert rig.open_now == 1
    looking.cancel()
    await asyncio.wait({looking})
    assert rig.open_now == 0
