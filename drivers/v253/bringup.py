"""A voice modem made ready: whatever it was left in, it ends on hook, known, and with our settings."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from drivers.at.channel import Channel, CommandFailed
from drivers.port import PortRefused
from drivers.v253.coding import Method, choose, methods
from drivers.v253.country import CALLER_ID_TYPE, GCI, law
from drivers.v253.facts import Facts, identify
from drivers.v253.hook import Hook
from drivers.v253.quirks import INIT, Chip
from drivers.v253.settings import Settings
from drivers.v253.stream import Stream

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """A modem made ready. `trouble`: what a technician should know of it, "" when all is well."""

    chip: Chip
    hook: Hook
    trouble: str


async def bring_up(stream: Stream, settings: Settings, facts: Facts, *, rtscts: bool) -> Ready:
    """Raises PortRefused for a modem that will not do, PortTimeout, PortLost."""
    channel = stream.channel
    await stream.wake("ATE0V1")
    await _tried(channel, "AT&F")
    await channel.command("ATE0V1Q0")
    chip, facts.model = await identify(channel)
    facts.chip, facts.country = chip.name, settings.country
    for command in (*INIT, *chip.init, *(["AT+IFC=2,2"] if rtscts else [])):
        await _tried(channel, command)
    trouble = await _set_country(stream.name, channel, chip, settings.country)
    hook = Hook(stream, chip, await _method(stream.name, channel, settings), settings)
    facts.coding = hook.method.coding.value
    await hook.on_hook()
    log.info("port %s: %s (%s), %s", stream.name, facts.model or "a modem", chip.name, facts.coding)
    return Ready(chip, hook, trouble)


async def _tried(channel: Channel, command: str) -> bool:
    try:
        await channel.command(command)
    except CommandFailed as error:
        log.debug("%s", error)
        return False
    return True


async def _set_country(name: str, channel: Channel, chip: Chip, country: str) -> str:
    """+GCI; what is wrong with it, "" when the modem is set to the country."""
    if chip.caller_id_type:
        await _tried(channel, chip.caller_id_type.format(CALLER_ID_TYPE.get(country, 1)))
    code = GCI[country]
    if await _tried(channel, chip.country.format(code)):
        return ""
    try:
        now = " ".join(await channel.command("AT+GCI?", "", may_be_empty=True))
    except CommandFailed:
        now = "not told"
    if code in now.upper().replace("+GCI", ""):
        return ""
    now = now.partition(": ")[2] or now
    trouble = (
        f"the modem refuses the country {country} (AT+GCI={code}; it is set to {now}). "
        "Without dial tone or off-hook, use a modem made for the country, or another country in the line's "
        "options"
    )
    log.warning("port %s: %s", name, trouble)
    return trouble


async def _method(name: str, channel: Channel, settings: Settings) -> Method:
    """How sound is coded, by the modem's own words."""
    try:
        await channel.command("AT+FCLASS=8")
        offered = await channel.command("AT+VSM=?", "", may_be_empty=True)
    except CommandFailed as error:
        raise PortRefused(
            f'port {name}: no voice modem as V.253 has them (the modem said "{error.answer}"). Data and fax '
            "modems and those with #-commands cannot carry calls; use another modem"
        ) from error
    method = choose(methods(offered), law(settings.country), settings.coding)
    if method is None:
        wanted = f" {settings.coding.value}" if settings.coding else " mu-law, A-law or 8 bit linear"
        said = "; ".join(offered)[:200]
        raise PortRefused(
            f"port {name}: the modem offers no{wanted} at 8000 Hz (AT+VSM=? said {said!r}). "
            "Leave the option coding out, or use another modem"
        )
    return method
