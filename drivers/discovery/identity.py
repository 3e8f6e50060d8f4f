"""What a modem says of itself. Everything that is changed to ask it is put back; no PIN is entered."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields
from drivers.discovery.asking import IMEI
from drivers.discovery.finding import Finding
from drivers.gsm.facts import Facts
from drivers.port import DriverError
from drivers.v253.country import GCI

RESTORE_SECONDS = 1.0
QUIRK_OF_MAKER = {"HUAWEI": "huawei", "SIMCOM": "sim7600", "QUECTEL": "quectel"}  # in AT+CGMI's answer
SIM = {
    "READY": "ready",
    "SIM PIN": "wants its PIN: put `pin` into the configuration of the line",
    "SIM PUK": "is locked: unlock it in a telephone with the PUK of the operator's letter",
    "+CME ERROR: 10": "missing: insert one",
    "+CME ERROR: 13": "does not work: take it out, clean it, or take another",
    "+CME ERROR: 14": "is busy, as for some seconds after power-up",
}


async def ask_gsm(channel: Channel, found: Finding) -> bool:
    """Fill in what the modem tells; False when it does not know the question for an IMEI, so is no GSM modem.

    Raises PortTimeout and PortLost; what was learned until then stands.
    """
    imei = IMEI.search(await ask(channel, "AT+CGSN"))
    if imei is None:
        return False
    found.imei = imei[0]
    found.maker = await ask(channel, "AT+CGMI")
    found.model = await ask(channel, "AT+CGMM")
    found.firmware = (await ask(channel, "AT+CGMR")).removeprefix("+CGMR:").strip()
    async with _for_a_while(channel, "AT+CMEE", r": *([0-2])", "1", prefix="+CMEE:"):
        found.sim = await _sim(channel)
    await _network(channel, found)
    return True


async def ask_voice_modem(channel: Channel, found: Finding) -> bool:
    """The same of a V.253 modem; False when it has no class for voice."""
    if "8" not in re.findall(r"[0-9.]+", await ask(channel, "AT+FCLASS=?")):
        return False
    found.maker = await ask(channel, "AT+GMI") or await ask(channel, "AT+FMI?")
    found.model = _bare(await ask(channel, "AT+GMM") or await ask(channel, "AT+FMM?"))
    found.firmware = _bare(await ask(channel, "AT+GMR") or await ask(channel, "AT+FMR?"))
    found.chip = await ask(channel, "ATI3")
    code = _bare(await ask(channel, "AT+GCI?"))
    found.country = next((zone for zone, known in GCI.items() if known == code), "")
    async with _for_a_while(channel, "AT+FCLASS", r"([0-9.]+)", "8"):
        found.codings = _codings(await ask(channel, "AT+VSM=?", "\n"))
    return True


def _bare(text: str) -> str:
    """Without the name of the command that some put in front."""
    return re.sub(r"^\+[A-Z]+: *", "", text)


def _codings(text: str) -> list[str]:
    """Of each line of +VSM=? the number and the name: `131 Mu-Law`."""
    lines = re.findall(r'^(?:\+VSM: *)?\(?([0-9]+)\)?[,;] *"?([^",;]+)', text, re.MULTILINE)
    return [f"{number} {name.strip()}" for number, name in lines]


async def ask(channel: Channel, command: str, between: str = " ", *, prefix: str = "") -> str:
    """The answer's lines put together, "" when the modem refuses."""
    try:
        return between.join(await channel.command(command, prefix, may_be_empty=True)).strip()
    except CommandFailed:
        return ""


def driver_of(maker: str) -> str:
    """The driver for a modem of this maker, "" for none."""
    return next((driver for word, driver in QUIRK_OF_MAKER.items() if word in maker.upper()), "")


async def _sim(channel: Channel) -> str:
    try:
        said = " ".join(await channel.command("AT+CPIN?", "+CPIN:")).removeprefix("+CPIN:").strip()
    except CommandFailed as error:
        said = error.answer
    return SIM.get(said, said)


async def _network(channel: Channel, found: Finding) -> None:
    facts = Facts()
    facts.heard_signal([await ask(channel, "AT+CSQ", prefix="+CSQ:")])
    facts.heard_registration(await ask(channel, "AT+CREG?", prefix="+CREG:"))
    found.signal_dbm, found.registration = facts.signal_dbm, facts.registration
    names = _for_a_while(channel, "AT+COPS", r": *[0-9],([0-2])", "3,0", prefix="+COPS:")  # not numbers
    async with names:
        operator = fields(await ask(channel, "AT+COPS?", prefix="+COPS:"))
    found.operator = operator[2] if len(operator) > 2 else ""
    own = fields(await ask(channel, "AT+CNUM", prefix="+CNUM:"))
    found.number = own[1] if len(own) > 1 else ""
    found.in_call = "+CLCC:" in await ask(channel, "AT+CLCC", prefix="+CLCC:")


@asynccontextmanager
async def _for_a_while(
    channel: Channel, command: str, pattern: str, wanted: str, *, prefix: str = ""
) -> AsyncIterator[None]:
    """Set a value, and what it was before afterwards; nothing is set when that is not told."""
    was = re.search(pattern, await ask(channel, f"{command}?", prefix=prefix))
    if was is None or was[1] == wanted[-1]:
        yield
        return
    await ask(channel, f"{command}={wanted}")
    try:
        yield
    finally:
        with contextlib.suppress(DriverError, TimeoutError):  # one that stopped answering is not waited for
            async with asyncio.timeout(RESTORE_SECONDS):
                await ask(channel, f"{command}={wanted[:-1]}{was[1]}")
