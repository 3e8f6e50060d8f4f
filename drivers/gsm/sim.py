"""The SIM of a modem: whether it is ready, its PIN, and what keeps a line from having one."""

from __future__ import annotations

import enum
from typing import NoReturn

from drivers.at.channel import Channel, CommandFailed
from drivers.at.parser import fields, number
from drivers.gsm.facts import ask
from drivers.gsm.quirks import Dialect
from drivers.port import PortRefused

FULL_PIN_TRIES = 3
STANDARD_PIN_TRIES = ("AT+CPINR", "+CPINR:")  # 3GPP 27.007 8.65: +CPINR: SIM PIN,3,3


class SimState(enum.Enum):
    """What +CPIN? says, and what came of our PIN."""

    UNKNOWN = "not known"
    READY = "ready"
    BUSY = "SIM is busy"
    MISSING = "no SIM"
    ILL = "SIM does not work"
    PIN_WANTED = "SIM wants its PIN"
    PIN_WRONG = "PIN wrong"
    PIN_RISKY = "PIN not tried"
    PUK = "SIM is locked, it wants its PUK"
    LOCKED = "modem is locked to another network"


#: States that only a person can end; the others a reset may.
FOR_A_PERSON = frozenset(SimState) - {
    SimState.UNKNOWN,
    SimState.READY,
    SimState.BUSY,
    SimState.MISSING,
    SimState.ILL,
}

_SAID = {  # 3GPP 27.007 8.3 and 9.2
    "+CPIN: READY": SimState.READY,
    "+CPIN: SIM PIN2": SimState.READY,  # it concerns no calls
    "+CPIN: SIM PUK2": SimState.READY,
    "+CPIN: SIM PIN": SimState.PIN_WANTED,
    "+CPIN: SIM PUK": SimState.PUK,
    "+CME ERROR: 10": SimState.MISSING,
    "+CME ERROR: SIM not inserted": SimState.MISSING,
    "+CME ERROR: 11": SimState.PIN_WANTED,
    "+CME ERROR: 12": SimState.PUK,
    "+CME ERROR: 14": SimState.BUSY,
    "+CME ERROR: SIM busy": SimState.BUSY,
}
_TODO = {
    SimState.PIN_WANTED: "Put its pin into the configuration of the line",
    SimState.PUK: "Unlock it in a telephone with the PUK of the operator's letter",
    SimState.MISSING: "Insert a SIM",
    SimState.LOCKED: "Have the modem unlocked, or insert a SIM of its network",
    SimState.BUSY: "This is normal for some seconds after power-up",
}


class SimTrouble(PortRefused):
    """The SIM is not ready; `state` says how."""

    def __init__(self, message: str, state: SimState) -> None:
        super().__init__(message)
        self.state = state


class Sim:
    """The SIM behind one modem. `open` is the only thing that ever enters a PIN.

    It is entered only while the modem says that all three tries are left, and never again by this process
    once it was refused: a wrong PIN is thus tried once, however often box and modem are restarted, and the
    SIM never locks itself. A modem that cannot tell the tries left does not get the PIN at all.
    """

    def __init__(self, name: str, dialect: Dialect, pin: str) -> None:
        self.state = SimState.UNKNOWN
        self._name = name
        self._dialect = dialect
        self._pin = pin
        self._refused = ""  # what the modem said to our PIN

    async def open(self, channel: Channel) -> None:
        """Make the SIM ready; raises SimTrouble."""
        said = await _cpin(channel)
        if _state(said) is SimState.PIN_WANTED and self._pin:
            await self._enter(channel)
            said = await _cpin(channel)
        self.state = _state(said)
        if self.state in (SimState.READY, SimState.MISSING):
            self._refused = ""  # whatever comes now is another SIM, or another PIN
        if self.state is not SimState.READY:
            todo = _TODO.get(self.state, "Check the SIM card")
            self._raise(f'{self.state.value} (AT+CPIN? said "{said}"). {todo}; it is tried again by itself')

    async def _enter(self, channel: Channel) -> None:
        if self._refused:
            self._raise_wrong()
        tries = await self._tries(channel)
        if tries is None or tries > FULL_PIN_TRIES:
            self.state = SimState.PIN_RISKY
            self._raise(
                "the SIM wants its PIN, and this modem does not tell how many tries are left, so ours is "
                "not tried. Switch the SIM's PIN off in a telephone"
            )
        if tries < FULL_PIN_TRIES:
            self.state = SimState.PIN_WRONG
            self._raise(
                f"the SIM has {tries} PIN tries left, so a PIN was refused before and ours is not tried. "
                "Unlock the SIM in a telephone, then put the right pin into the configuration"
            )
        try:
            await channel.command(f'AT+CPIN="{self._pin}"')
        except CommandFailed as error:
            self._refused = error.answer
            self._raise_wrong()

    async def _tries(self, channel: Channel) -> int | None:
        """How many are left: in the family's own way, else in the standard's."""
        (command, prefix), (standard, standard_prefix) = self._dialect.pin_tries, STANDARD_PIN_TRIES
        own = fields(await ask(channel, command, prefix))
        if len(own) > 3 and number(own[0]) is None:  # ^CPIN: SIM PIN,<of this code>,<PUK>,<PIN>,...
            return number(own[3])
        tries = next((value for value in map(number, own) if value is not None), None)
        if tries is None:
            tries = number((fields(await ask(channel, standard, standard_prefix))[1:2] or [""])[0])
        return tries

    def _raise_wrong(self) -> NoReturn:
        self.state = SimState.PIN_WRONG
        self._raise(
            f'the SIM refused the PIN of the configuration ("{self._refused}"); it is not tried again. '
            "Unlock the SIM in a telephone, then put the right pin into the configuration"
        )

    def _raise(self, message: str) -> NoReturn:
        raise SimTrouble(f"port {self._name}: {message}", self.state)


def _state(said: str) -> SimState:
    return _SAID.get(said, SimState.LOCKED if said.startswith("+CPIN: PH-") else SimState.ILL)


async def _cpin(channel: Channel) -> str:
    try:
        return (await channel.command("AT+CPIN?", "+CPIN:"))[0]
    except CommandFailed as error:
        return error.answer
