"""What a modem says of itself and its network: asked at the start and now and then, shown in `status`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from drivers.at.channel import NOTHING, Channel, CommandFailed
from drivers.at.parser import fields, number
from drivers.port import PortTimeout

log = logging.getLogger(__name__)

REGISTRATION = {  # 3GPP 27.007 7.2
    0: "not registered",
    1: "home",
    2: "searching",
    3: "denied",
    4: "unknown",
    5: "roaming",
    6: "home, messages only",
    7: "roaming, messages only",
    8: "emergency only",
    9: "home, CSFB not preferred",
    10: "roaming, CSFB not preferred",
}
REGISTERED = frozenset({"home", "roaming", "home, CSFB not preferred", "roaming, CSFB not preferred"})
TECHNOLOGY = {  # <AcT>, 3GPP 27.007 7.3
    0: "GSM",
    1: "GSM compact",
    2: "UTRAN",
    3: "GSM/EGPRS",
    4: "UTRAN/HSDPA",
    5: "UTRAN/HSUPA",
    6: "UTRAN/HSPA",
    7: "E-UTRAN",
}
NO_NETWORK_SECONDS = 180.0  # a modem that changes cells or operators is back sooner
#: A question, the beginning of its answer.
Question = tuple[str, str]
ICCID: Sequence[Question] = (
    ("AT+CICCID", "+ICCID:"),  # SIMCom
    ("AT+QCCID", "+QCCID:"),  # Quectel
    ("AT^ICCID?", "^ICCID:"),  # Huawei
    ("AT+CCID", "+CCID:"),
)
TEMPERATURE: Sequence[Question] = (
    ("AT+CPMUTEMP", "+CPMUTEMP:"),  # SIMCom: degrees
    ("AT+QTEMP", "+QTEMP:"),  # Quectel: degrees of two or three places in the module
    ("AT^CHIPTEMP?", "^CHIPTEMP:"),  # Huawei: tenths of a degree, 65535 = no such sensor
)


@dataclass
class Facts:
    """Everything known about one modem; "" and None stand for "not known"."""

    model: str = ""
    imei: str = ""
    firmware: str = ""
    number: str = ""
    imsi: str = ""
    iccid: str = ""
    operator: str = ""
    technology: str = ""
    registration: str = ""
    signal_dbm: int | None = None
    temperature_c: float | None = None
    _offline_since: float | None = None
    _answered: dict[str, Question | None] = field(default_factory=dict)  # by what is asked for

    async def identify(self, channel: Channel) -> None:
        """Model, IMEI, firmware, and the SIM's own numbers."""
        self.model = (await ask(channel, "AT+CGMM", "")).strip()
        self.imei = (await ask(channel, "AT+CGSN", "")).strip()
        self.firmware = (await ask(channel, "AT+CGMR", "")).removeprefix("+CGMR:").strip()
        self.imsi = (await ask(channel, "AT+CIMI", "")).strip()
        own = fields(await ask(channel, "AT+CNUM", "+CNUM:"))
        self.number = own[1] if len(own) > 1 else ""
        self.iccid = (fields(await self._first(channel, "iccid", ICCID)) or [""])[0]

    async def ping(self, channel: Channel) -> None:
        """The signal; it is also how an idle modem is asked whether it lives. Raises as Channel.command.

        An OK alone is no answer: it may be made of noise.
        """
        try:
            self.heard_signal((await channel.command("AT+CSQ", "+CSQ:"))[-1:])
        except CommandFailed as error:
            if error.answer != NOTHING:
                raise
            raise PortTimeout(
                f"port {channel.name}: AT+CSQ was answered without a value; the modem may hang"
            ) from error

    async def refresh(self, channel: Channel, may_go_on: Callable[[], bool] = lambda: True) -> None:
        """Operator and temperature, one by one, while nobody has need of the modem."""
        for question in (self._ask_operator, self._ask_temperature):
            if may_go_on():
                await question(channel)

    async def ask_registration(self, channel: Channel) -> None:
        """In the circuit-switched network; a modem on LTE alone is registered there (VoLTE)."""
        self.heard_registration(await ask(channel, "AT+CREG?", "+CREG:"))
        if not self.registered:
            packet = _registration(await ask(channel, "AT+CEREG?", "+CEREG:"))
            self._registration_is(packet if packet in REGISTERED else self.registration)

    async def _ask_operator(self, channel: Channel) -> None:
        values = fields(await ask(channel, "AT+COPS?", "+COPS:"))
        self.operator = values[2] if len(values) > 2 else ""
        act = number(values[3]) if len(values) > 3 else None
        self.technology = "" if act is None else TECHNOLOGY.get(act, f"technology {act}")

    async def _ask_temperature(self, channel: Channel) -> None:
        said = await self._first(channel, "temperature", TEMPERATURE)
        values = [value for value in map(number, fields(said)) if value is not None and value != 65535]
        tenths = said.startswith("^CHIPTEMP:")
        self.temperature_c = None
        if values:
            self.temperature_c = values[0] / 10 if tenths else float(max(values))

    async def _first(self, channel: Channel, what: str, questions: Sequence[Question]) -> str:
        """The first answer there is, of the question that had one before if there was one.

        What is refused is not asked again; nor is any of it when a question had no answer at all, for it may
        have been the one that this modem cannot bear (as in F21).
        """
        if what in self._answered:
            known = self._answered[what]
            return await ask(channel, *known) if known is not None else ""
        self._answered[what] = None
        for question in questions:
            if answer := await ask(channel, *question):
                self._answered[what] = question
                return answer
        return ""

    def heard_signal(self, lines: list[str]) -> None:
        """`+CSQ: 20,99`: dBm = -113 + 2 * rssi, 99 is unknown."""
        rssi = number(fields(lines[0])[0]) if lines and fields(lines[0]) else None
        self.signal_dbm = -113 + 2 * rssi if rssi is not None and 0 <= rssi <= 31 else None

    def heard_registration(self, line: str) -> None:
        """A line of +CREG, asked for or not."""
        self._registration_is(_registration(line) or self.registration)

    def _registration_is(self, registration: str) -> None:
        self.registration = registration
        if self.registered:
            self._offline_since = None
        elif self._offline_since is None:
            self._offline_since = _now()

    def offline(self) -> str:
        """What to say of a network that has not been there for long, "" when it has."""
        seconds = 0.0 if self._offline_since is None else _now() - self._offline_since
        if seconds < NO_NETWORK_SECONDS:
            return ""
        return (
            f"no network for {seconds / 60:.0f} minutes ({self.registration or 'unknown'}). Check the "
            "antenna and the SIM's contract"
        )

    def status(self) -> dict[str, object]:
        """Plain values for `show lines`."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}

    def measured(self) -> dict[str, Any]:
        """Those fields of a Health that come from here."""
        return {
            "signal_dbm": self.signal_dbm,
            "registration": self.registration,
            "operator": self.operator,
            "technology": self.technology,
            "temperature_c": self.temperature_c,
        }

    @property
    def registered(self) -> bool:
        return self.registration in REGISTERED


def _registration(line: str) -> str:
    """`+CREG: 0,1` (asked: mode first) or `+CREG: 1[,"lac","ci"[,act]]` (by itself)."""
    values = fields(line)
    asked = len(values) > 1 and len(values[1]) == 1 and values[1].isdigit()
    stat = number(values[1] if asked else values[0]) if values else None
    return "" if stat is None else REGISTRATION.get(stat, f"state {stat}")


def _now() -> float:
    return asyncio.get_running_loop().time()


async def ask(channel: Channel, command: str, prefix: str) -> str:
    """The last line of the answer, "" when the modem refuses to tell."""
    try:
        lines = await channel.command(command, prefix, may_be_empty=True)
    except CommandFailed as error:
        log.debug("%s", error)
        return ""
    return lines[-1] if lines else ""
