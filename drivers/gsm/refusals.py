"""Why a modem or its network will not take a message: the numbers of +CMS ERROR in words.

3GPP 27.005 3.2.5; those below 128 are the network's, 24.011 annex E-2.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from drivers.at.channel import CommandFailed
from drivers.port import MessageRefused


class Why(NamedTuple):
    """`todo` is what a person can do; `may_pass`: the same message may be taken later."""

    text: str
    may_pass: bool
    todo: str = ""


_NUMBER = "Correct the number"
_OPERATOR = "Ask the operator to allow messages for this SIM"
_SIM = "Check the SIM card"
_CENTRE = "Set the operator's service centre with AT+CSCA if this stays"

WHY: dict[int, Why] = {
    1: Why("the number is not assigned", False, _NUMBER),
    8: Why("the operator has barred messages of this SIM", False, _OPERATOR),
    10: Why("messages are barred for this SIM", False, _OPERATOR),
    21: Why("the network has rejected it", False, "Check the number, and the credit of a prepaid SIM"),
    27: Why("the far phone is out of service", True),
    28: Why("the network does not know the number", False, _NUMBER),
    29: Why("the network does not offer this", False, _OPERATOR),
    30: Why("the network does not know this SIM's number", False, _OPERATOR),
    38: Why("the network is out of order", True),
    41: Why("the network has a temporary failure", True),
    42: Why("the network is congested", True),
    47: Why("the network has no resources free", True),
    50: Why("messages are not part of this SIM's contract", False, _OPERATOR),
    69: Why("the network cannot do this", False, _OPERATOR),
    96: Why("the network misses something in it", False),
    111: Why("the network did not understand it", False),
    302: Why("the modem does not allow it now", True),
    303: Why("the modem cannot send messages", False, "Take another modem"),
    304: Why("the modem finds no sense in it", False),
    310: Why("no SIM", True, _SIM),
    311: Why("the SIM wants its PIN", True, "Put its pin into the configuration of the line"),
    313: Why("the SIM fails", True, _SIM),
    314: Why("the SIM is busy", True),
    315: Why("the SIM is the wrong one", False, _SIM),
    316: Why("the SIM wants its PUK", True, _SIM),
    320: Why("the modem's message memory fails", True),
    322: Why("the message memory is full", True),
    330: Why("the service centre is not known", True, _CENTRE),
    331: Why("no network", True, "Check aerial and signal"),
    332: Why("the network does not answer", True),
    500: Why("an unknown error", True),
}


def number_of(answer: str) -> int | None:
    """The number in `+CMS ERROR: 322`; None in other answers."""
    found = re.fullmatch(r"\+CMS ERROR: ?([0-9]{1,4})", answer)
    return int(found[1]) if found else None


def refusal(port: str, failed: CommandFailed) -> MessageRefused:
    """What AT+CMGS was answered with, for whoever wants to send."""
    code = number_of(failed.answer)
    why = WHY.get(code if code is not None else 500)
    if why is None:
        why = Why("an error that the standard does not name", True)
    todo = why.todo or ("It is worth another try" if why.may_pass else "Another try will not help")
    said = f'port {port}: the message was not taken: {why.text} (the modem said "{failed.answer}"). {todo}'
    return MessageRefused(said, may_pass=why.may_pass)
