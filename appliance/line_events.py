"""What happens on lines beside their callers: messages, the balance, health, alarms, calls that we dial.

`line` is the line's name, `sim` the IMSI of the card in it, "" while that is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.event import Event


@dataclass(frozen=True, kw_only=True)
class PartArrived(Event):
    """A modem had something for us; `arrival` is our id of it, `slot` and `pdu` are the modem's.

    `kind` is a `store.messages.PartKind` value. `sender` is the recipient of a report's message, `sent_at`
    the network's time in ISO 8601 (a report: when it was done), `message_class` -1 for none. `message` is
    what a report was found to be about, `why` what is wrong with a part nobody can read.
    """

    arrival: str
    line: str
    sim: str
    slot: str
    pdu: str
    kind: str
    sender: str = ""
    sent_at: str = ""
    text: str = ""
    reference: int = 0
    parts: int = 1
    part: int = 1
    message_class: int = -1
    message: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PartForgotten(Event):
    """The modem no longer has it, as far as it says."""

    arrival: str


@dataclass(frozen=True, kw_only=True)
class MessageReceived(Event):
    """A text message is whole, or will not become so (`complete` false): once for each message.

    `arrivals` are the parts it is made of, `sent_at` the network's time in ISO 8601, `message_class` 0 for
    a flash message, -1 for none.
    """

    message: str
    line: str
    sim: str
    sender: str
    text: str
    parts: int
    complete: bool
    message_class: int
    sent_at: str
    arrivals: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class MessageQueued(Event):
    """We are to send a message; `tpdus` are its parts, as the modem takes them."""

    message: str
    line: str
    sim: str
    number: str
    text: str
    tpdus: list[str]
    report: bool
    flash: bool


@dataclass(frozen=True, kw_only=True)
class PartChanged(Event):
    """A part of ours (from 1) is now in `state`, a `store.messages.PartState` value.

    `reference` is the network's for a part that is sent, else -1; `attempt` counts from 1 in "sending".
    """

    message: str
    part: int
    line: str
    sim: str
    state: str
    reference: int = -1
    attempt: int = 0
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class LineDialled(Event):
    """We dialled on a line."""

    line: str
    sim: str
    leg_id: str


@dataclass(frozen=True, kw_only=True)
class LineDialEnded(Event):
    """A call that we dialled is over; `seconds` from the answer to the end, 0 when nobody answered."""

    line: str
    sim: str
    leg_id: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class LineSampled(Event):
    """How a line was (`drivers.health.Health`); None and "" stand for "not known"."""

    line: str
    sim: str
    state: str
    signal_dbm: int | None
    registration: str
    operator: str
    technology: str
    temperature_c: float | None
    rung: str
    restarts: int
    heals: int


@dataclass(frozen=True, kw_only=True)
class BalanceTold(Event):
    """What the network said to the balance code; `amount` is None when the pattern did not fit."""

    line: str
    sim: str
    text: str
    amount: float | None


@dataclass(frozen=True, kw_only=True)
class AlarmRaised(Event):
    """A person should know of something; `name` with `object` stands once until it is cleared.

    `object` is a line's name, or what else it is about ("agent ana").
    """

    name: str
    object: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AlarmCleared(Event):
    """It is over; `text` is the last that was said of it."""

    name: str
    object: str
    text: str = ""
