"""Who is at the serial ports of this machine: every modem is asked who it is, all of them at a time.

A port that somebody holds is left alone; a modem is left as it was found; nothing takes longer than about
eight seconds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.at.channel import Channel
from drivers.discovery import identity
from drivers.discovery.asking import SERIAL, Access, answering, conversation
from drivers.discovery.finding import Finding, Verdict
from drivers.discovery.known import Layout, layouts, possible, why_no_ports, why_unfit
from drivers.discovery.listening import listen
from drivers.discovery.sysfs import SYSFS, UsbDevice, by_id, usb_devices
from drivers.port import DriverError
from drivers.serialline import PortBusy

TALK_SECONDS = 5.0  # for all questions to one modem that is awake
LISTEN_SECONDS = 1.0

#: Is told of the progress: the name of a modem or port, and a few words.
Tell = Callable[[str, str], None]


@dataclass(frozen=True)
class Look:
    """How to look; `only` are paths of ports to look at, none for all modems on USB."""

    sysfs: Path = SYSFS
    only: Sequence[str] = ()
    listen_seconds: float = LISTEN_SECONDS
    tell: Tell = lambda name, text: None
    access: Access = SERIAL


async def probe(look: Look) -> list[Finding]:
    """What there is, in the order of USB places; ports named outright come last."""
    devices, ports = _wanted(usb_devices(look.sysfs), look.only)
    work = [_probe_device(look, device) for device in devices] + [_probe_port(look, port) for port in ports]
    return list(await asyncio.gather(*work))


def _wanted(devices: list[UsbDevice], only: Sequence[str]) -> tuple[list[UsbDevice], list[str]]:
    """Devices to look at, and ports that belong to no modem we know."""
    if not only:
        return [device for device in devices if layouts(device)], []
    of_port = {
        os.path.realpath(path): each for each in devices if layouts(each) for path in each.ports.values()
    }
    chosen = {device.place for path in only if (device := of_port.get(os.path.realpath(path)))}
    strange = [path for path in dict.fromkeys(only) if os.path.realpath(path) not in of_port]
    return [device for device in devices if device.place in chosen], strange


async def _probe_device(look: Look, device: UsbDevice) -> Finding:
    found = Finding(place=device.place, usb_id=device.id, what=layouts(device)[0].what)
    fitting = possible(device)
    if not fitting:
        found.verdict, found.trouble = Verdict.UNUSABLE, why_no_ports(device) or why_unfit(device)
        look.tell(found.name, f"{found.what}: {found.verdict.value}")
        return found
    _place(found, device, fitting[0])
    look.tell(found.name, f"{found.what}: asking {', '.join(_at_ports(device, fitting))}")
    try:
        layout = await answering(device.place, device, fitting, access=look.access)
        _place(found, device, layout)
        await _question(look, found, voice_modem=layout.audio is None)
    except PortBusy as error:
        found.verdict, found.trouble = Verdict.HELD, _without_name(error, device.place)
    except DriverError as error:
        found.trouble = _without_name(error, device.place)
    if found.verdict is Verdict.MODEM and found.audio:
        found.sound, found.sound_bytes_per_second = await listen(
            found.name, found.audio, look.listen_seconds, look.access
        )
    _tell_end(look, found)
    return found


async def _probe_port(look: Look, path: str) -> Finding:
    """A port that the table knows nothing of: whoever is there is asked."""
    found = Finding(at=path, what="serial port")
    look.tell(found.name, "asking")
    try:
        await _question(look, found, voice_modem=False)
    except PortBusy as error:
        found.verdict, found.trouble = Verdict.HELD, _without_name(error, found.name)
    except DriverError as error:
        found.trouble = _without_name(error, found.name)
    _tell_end(look, found)
    return found


async def _question(look: Look, found: Finding, *, voice_modem: bool) -> None:
    async with conversation(found.name, found.at, access=look.access, voice_modem=voice_modem) as channel:
        found.verdict = Verdict.MODEM
        try:
            async with asyncio.timeout(TALK_SECONDS):
                if not await _ask(channel, found, voice_modem):
                    found.verdict = Verdict.UNUSABLE
                    found.trouble = "answers AT, and has neither an IMEI nor a class for voice (V.253)"
        except TimeoutError:
            found.trouble = f"stopped answering within {TALK_SECONDS:g} s; plug it in again if it stays so"
    found.by_id = {port: name for port in (found.at, found.audio) if port and (name := by_id(port))}


async def _ask(channel: Channel, found: Finding, voice_modem: bool) -> bool:
    """Whether it is one of ours; an unknown one may be of either kind."""
    if not voice_modem and await identity.ask_gsm(channel, found):
        found.driver = found.driver or identity.driver_of(found.maker)
        return True
    if await identity.ask_voice_modem(channel, found):
        found.driver = "v253"
        return True
    return False


def _place(found: Finding, device: UsbDevice, layout: Layout) -> None:
    found.driver, found.what = layout.driver, layout.what
    found.at_interface, found.at = layout.at, device.ports[layout.at]
    found.audio_interface = layout.audio
    found.audio = "" if layout.audio is None else device.ports[layout.audio]


def _at_ports(device: UsbDevice, fitting: Iterable[Layout]) -> list[str]:
    return [device.ports[layout.at] for layout in fitting]


def _without_name(error: DriverError, name: str) -> str:
    return str(error).removeprefix(f"port {name}: ")


def _tell_end(look: Look, found: Finding) -> None:
    look.tell(found.name, f"{found.model or found.what}: {found.trouble or found.verdict.value}")
