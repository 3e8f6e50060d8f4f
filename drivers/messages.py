"""The contract for ports that carry text messages and USSD beside calls; `Port.messages` is one, or None.

A message is safe in the modem until `forget`: whoever takes it out of `next_arrival` keeps it first, on a
disk, and only then lets the modem forget it. Long messages come and go in parts; `drivers/sms/` joins and
splits them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Arrival:
    """Something that came in. `slot` and `pdu` together name it: the same again is the same message.

    `slot` is where the modem keeps it ("SM:3"), "" when it was handed over directly (+CMT); `pdu` is the
    whole PDU in hex, with the service centre's address, as the modem gave it.
    """

    slot: str
    pdu: str


@dataclass(frozen=True)
class TextPart(Arrival):
    """One part of a text message, the only one when `parts` is 1 (3GPP 23.040 SMS-DELIVER)."""

    sender: str  # a number as the network gave it, or letters ("MyBank")
    sent_at: datetime  # the service centre's time stamp, with its zone
    text: str  # of this part alone; joining is `drivers.sms.join`, which mends what a cut between parts broke
    reference: int = 0
    parts: int = 1
    part: int = 1  # from 1
    message_class: int | None = None  # 0 = flash: meant for the screen


@dataclass(frozen=True)
class StatusReport(Arrival):
    """What became of a message that we sent (SMS-STATUS-REPORT)."""

    recipient: str
    reference: int  # what `send` gave for the part
    fate: Fate
    status: int  # TP-ST, 3GPP 23.040 9.2.3.15
    done_at: datetime


@dataclass(frozen=True)
class Unreadable(Arrival):
    """A PDU that makes no sense; it is kept as it is, and `why` says what is wrong with it."""

    why: str


class Fate(enum.Enum):
    """What a status report says."""

    DELIVERED = "delivered"  # TP-ST 0x00-0x1F
    TRYING = "trying"  # 0x20-0x3F
    FAILED = "failed"  # 0x40 and above


class UssdState(enum.Enum):
    """<m> of +CUSD, 3GPP 27.007 7.15."""

    DONE = "done"
    ANSWER_WANTED = "answer wanted"
    ENDED = "ended by the network"
    OTHER_CLIENT = "another program answered"
    NOT_SUPPORTED = "not supported"
    TIMEOUT = "network timeout"


@dataclass(frozen=True)
class UssdReply:
    """What the network says; `text` may be "" except when an answer is wanted."""

    state: UssdState
    text: str


class Messages(Protocol):
    """What a port with messages does. It lives as long as the port, whatever its state."""

    async def next_arrival(self) -> Arrival:
        """The next thing that came in; waits for one. Until `forget` it is given again after a restart."""

    async def forget(self, arrival: Arrival) -> bool:
        """Delete it from the modem, or acknowledge it; True when it is seen to be gone.

        False: the modem could not do it now; the driver goes on trying, and gives it again if need be.
        """

    async def send(self, tpdu: str) -> int:
        """Send one SMS-SUBMIT (hex, without the service centre's address); gives the message reference.

        -1 when the modem has sent it and does not tell the reference. Raises MessageRefused (with the
        network's reason in words, and whether it may pass), another PortRefused (not now), PortTimeout,
        PortLost. After PortTimeout or PortLost nobody knows whether it was sent.
        """

    async def ussd(self, text: str) -> UssdReply:
        """Send a code ("*100#") or the answer to a question of the network, and wait for what it says.

        Raises PortRefused, PortTimeout or PortLost.
        """

    async def end_ussd(self) -> None:
        """Give up an open dialogue; harmless when there is none."""
