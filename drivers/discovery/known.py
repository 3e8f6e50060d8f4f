"""Which USB interface of which modem takes commands and which carries the voice.

Sources: the discovery tables of chan_dongle, chan_quectel and ModemManager's port types (facts, no code),
and the vendors' guides; see `Layout.sure`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers.discovery.sysfs import UsbDevice


@dataclass(frozen=True)
class Layout:
    """Interface numbers of one device, and the driver that serves it.

    `audio` is None where the voice goes over the command port (V.253). One that is not `sure` is the
    vendor's habit: it holds when a modem answers at `at`.
    """

    driver: str
    what: str
    at: int
    audio: int | None
    sure: bool = True


def _huawei(what: str, at: int) -> Layout:
    return Layout("huawei", f"Huawei {what}", at, at - 1)  # so in every table there is


SIM7600 = Layout("sim7600", "SIMCom SIM7500/SIM7600", 2, 4)
QUECTEL = Layout("quectel", "Quectel", 2, 1)  # AT+QPCMV=1,0 puts the voice on the NMEA port
V253 = Layout("v253", "V.253 voice modem", 0, None)  # CDC-ACM: the port hangs on the control interface

KNOWN: Mapping[str, Layout] = {
    "12d1:1001": _huawei("E1550, E169, E173 and kin", 2),
    "12d1:140c": _huawei("E17xx", 3),
    "12d1:1436": _huawei("E1750", 4),
    "12d1:14ac": _huawei("E153", 4),
    "12d1:1506": _huawei("E171, E3xx", 3),
    "1e0e:9001": SIM7600,
    "2c7c:0121": replace(QUECTEL, what="Quectel EC21/EG21"),
    "2c7c:0125": replace(QUECTEL, what="Quectel EC20/EC25/EG25"),
    "05c6:9003": replace(QUECTEL, what="Quectel UC20"),
    "05c6:9215": replace(QUECTEL, what="Quectel EC20"),
    "0572:1329": replace(V253, what="Conexant CX930xx"),
    "0572:1340": replace(V253, what="Conexant CX930xx"),
    "0baf:0303": replace(V253, what="USR 5637"),
}
#: Habits of makers whose every product is a modem, for products that are not known; the first that answers.
HABITS: Mapping[str, tuple[Layout, ...]] = {
    "12d1": tuple(replace(_huawei("modem", at), sure=False) for at in (4, 3, 2)),
    "1e0e": (
        replace(SIM7600, what="SIMCom modem", sure=False),
        Layout("sim7600", "SIMCom modem with RNDIS", 4, 6, sure=False),  # two interfaces of network first
    ),
    "2c7c": (replace(QUECTEL, sure=False),),
    "0572": (replace(V253, what="Conexant modem", sure=False),),
}


def layouts(device: UsbDevice) -> tuple[Layout, ...]:
    """What the device may be, best first: one when its id is known, none when it is no modem of ours."""
    known = KNOWN.get(device.id)
    if known is not None:
        return (known,)
    return HABITS.get(device.vendor, ())


def possible(device: UsbDevice) -> list[Layout]:
    """The layouts whose ports are all there."""
    return [
        layout
        for layout in layouts(device)
        if layout.at in device.ports and (layout.audio is None or layout.audio in device.ports)
    ]


def why_no_ports(device: UsbDevice) -> str:
    """What keeps a modem from having serial ports, and what to do; "" when it has some."""
    if device.ports:
        return ""
    if device.storage:
        return (
            f"shows itself as a CD drive (mass storage, {device.id}) and not as a modem. Install "
            "usb-modeswitch and plug it in again; for a stick that can, AT^U2DIAG=0 keeps it a modem for good"
        )
    vendor, _, product = device.id.partition(":")
    return (
        f"has no serial ports (USB id {device.id}): it is in a mode for network only, or the kernel does "
        f"not know it. Try: modprobe option; echo {vendor} {product} > "
        "/sys/bus/usb-serial/drivers/option1/new_id"
    )


def why_unfit(device: UsbDevice) -> str:
    """What is wrong with the serial ports of a modem for which no layout is possible."""
    wanted = " or ".join(
        f"{layout.at} (commands) and {layout.audio} (voice)" for layout in layouts(device)
    ).replace(" and None (voice)", "")
    there = ", ".join(map(str, sorted(device.ports)))
    return (
        f"has serial ports at USB interfaces {there}, and needs {wanted}. "
        "It is still starting, or in another mode (AT+CUSBPIDSWITCH=9001,1,1 for a SIM7600)"
    )
