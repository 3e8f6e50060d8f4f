"""What a modem says of itself, its SIM and its network: asked at the start, shown in `status`."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields, number
from drivers.gsm.quirks import Dialect

log = logging.getLogger(__name__)

REGISTRATION = {  # 3GPP 27.007 7.2
    0: "not registered",
    1: "home",
    2: "searching",
    3: "denied",
    4: "unknown",
    5: "roaming",
    8: "emergency only",
}
REGISTERED = frozenset({"home", "roaming"})
FULL_PIN_TRIES = 3
SIM_BUSY = frozenset({"+CME ERROR: 14", "+CME ERROR: SIM busy"})
NO_SIM = frozenset({"+CME ERROR: 10", "+CME ERROR: SIM not inserted"})


@dataclass
class Facts:
    """Everything known about one modem; "" and None stand for "not known"."""

    model: str = ""
    imei: str = ""
    number: str = ""
    operator: str = ""
    registration: str = ""
    sim: str = ""
    signal_dbm: int | None = None

    async def identify(self, channel: Channel) -> None:
        """Model, IMEI and the SIM's own number."""
        self.model = (await _ask(channel, "AT+CGMM", "")).strip()
        self.imei = (await _ask(channel, "AT+CGSN", "")).strip()
        own = fields(await _ask(channel, "AT+CNUM", "+CNUM:"))
        self.number = own[1] if len(own) > 1 else ""

    async def refresh(self, channel: Channel) -> None:
        """Signal, registration and operator; it is also how an idle modem is asked whether it lives."""
        self.heard_signal((await channel.command("AT+CSQ", "+CSQ:"))[-1:])
        self.heard_registration(await _ask(channel, "AT+CREG?", "+CREG:"))
        operator = fields(await _ask(channel, "AT+COPS?", "+COPS:"))
        self.operator = operator[2] if len(operator) > 2 else ""

    def heard_signal(self, lines: list[str]) -> None:
        """`+CSQ: 20,99`: dBm = -113 + 2 * rssi, 99 is unknown."""
        rssi = number(fields(lines[0])[0]) if lines and fields(lines[0]) else None
        self.signal_dbm = -113 + 2 * rssi if rssi is not None and 0 <= rssi <= 31 else None

    def heard_registration(self, line: str) -> None:
        """`+CREG: 0,1` (asked: mode first) or `+CREG: 1[,"lac","ci"[,act]]` (by itself)."""
        values = fields(line)
        asked = len(values) > 1 and len(values[1]) == 1 and values[1].isdigit()
        stat = number(values[1] if asked else values[0]) if values else None
        if stat is not None:
            self.registration = REGISTRATION.get(stat, f"state {stat}")

    @property
    def registered(self) -> bool:
        return self.registration in REGISTERED


async def sim_trouble(name: str, channel: Channel, dialect: Dialect, pin: str, facts: Facts) -> str:
    """Open the SIM with `pin` if it asks for one. Gives "" when it is ready, else what is wrong with it.

    A PIN is entered only while all tries are left: a wrong one is thus tried once, even by a box that is
    restarted again and again, and the SIM never locks itself.
    """
    answer = await _cpin(channel)
    if answer == "+CPIN: SIM PIN" and pin:
        tries = number((fields(await _ask(channel, *dialect.pin_tries)) or [""])[0])
        if tries is None or tries < FULL_PIN_TRIES:
            facts.sim = "PIN wrong"
            return (
                f"port {name}: the SIM has {tries} PIN tries left, so a PIN was refused before and "
                "ours is not tried. Unlock the SIM in a telephone, then put the right pin into the "
                "configuration"
            )
        try:
            await channel.command(f'AT+CPIN="{pin}"')
        except CommandFailed as error:
            facts.sim = "PIN wrong"
            return (
                f'port {name}: the SIM refused the PIN of the configuration ("{error.answer}"); it is not '
                "tried again. Unlock the SIM in a telephone, then put the right pin into the configuration"
            )
        answer = await _cpin(channel)
    facts.sim = _SIM_STATE.get(answer, answer.removeprefix("+CPIN: ").lower())
    if answer == "+CPIN: READY":
        return ""
    said = f'port {name}: {facts.sim} (AT+CPIN? said "{answer}")'
    return f"{said}. {_TODO.get(answer, 'Check the SIM card')}; it is tried again by itself"


async def _cpin(channel: Channel) -> str:
    try:
        return (await channel.command("AT+CPIN?", "+CPIN:") or ["nothing"])[0]
    except CommandFailed as error:
        return error.answer


async def _ask(channel: Channel, command: str, prefix: str) -> str:
    """The last line of the answer, "" when the modem refuses to tell."""
    try:
        lines = await channel.command(command, prefix, may_be_empty=True)
    except CommandFailed as error:
        log.debug("%s", error)
        return ""
    return lines[-1] if lines else ""


_SIM_STATE = {
    "+CPIN: READY": "ready",
    "+CPIN: SIM PIN": "SIM wants its PIN",
    "+CPIN: SIM PUK": "SIM is locked, it wants its PUK",
    **dict.fromkeys(NO_SIM, "no SIM"),
    **dict.fromkeys(SIM_BUSY, "SIM is busy"),
}
_TODO = {
    "+CPIN: SIM PIN": "Put its pin into the configuration of the line",
    "+CPIN: SIM PUK": "Unlock it in a telephone with the PUK of the operator's letter",
    **dict.fromkeys(NO_SIM, "Insert a SIM"),
    **dict.fromkeys(SIM_BUSY, "This is normal for some seconds after power-up"),
}
