"""What a worker remembers of one leg, and the reading of SIP's addresses and codes; no pjsua2 here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from drivers.port import EndCause, LegState
from drivers.sip.account import Way
from drivers.sip.farewell import Farewell
from drivers.sip.silence import SilenceWatch

#: RFC 3261 section 21; a code that is not named here is a failure, not an answer.
CAUSES: dict[int, EndCause] = {
    486: EndCause.BUSY,  # Busy Here
    600: EndCause.BUSY,  # Busy Everywhere
    408: EndCause.NO_ANSWER,  # Request Timeout, ours too when nothing comes back at all
    480: EndCause.NO_ANSWER,  # Temporarily Unavailable: the phone gave up ringing
    487: EndCause.NO_ANSWER,  # Request Terminated
    403: EndCause.REJECTED,  # Forbidden
    404: EndCause.REJECTED,  # Not Found
    488: EndCause.REJECTED,  # Not Acceptable Here: no codec in common
    603: EndCause.REJECTED,  # Decline
}

#: What is handed on of an INVITE: the edge's words, and who calls as a trunk says it (RFC 3325, RFC 5806).
TOLD_HEADERS = (
    "X-Callbox-Phone",
    "X-Callbox-Agent",
    "X-Callbox-Trunk",
    "To",
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "Privacy",
    "Diversion",
)
#: What the edge, and it alone, writes into an INVITE: the phone and agent that authenticated, or the trunk.
PHONE_HEADER, AGENT_HEADER, TRUNK_HEADER = "X-Callbox-Phone", "X-Callbox-Agent", "X-Callbox-Trunk"


@dataclass
class LegRecord:
    """One leg as the brain is told of it.

    `slot` is -1 until the first stream, then kept to the end (place and leg, mailbox.h).
    """

    leg: str
    peer: str
    called: str
    inbound: bool
    label: str = ""
    state: LegState = LegState.DIALING
    slot: int = -1
    held: bool = False
    stream: int = 0  # which of the call's media is the sound
    watch: SilenceWatch = field(default_factory=SilenceWatch)
    answered: bool = False  # 200 OK is on its way, or was
    ended_by_us: bool = False
    told_up: bool = False
    call_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # of TOLD_HEADERS, those of an inbound leg
    account: str = ""  # the trunk it goes out by
    way: Way = Way()  # noqa: RUF009 - frozen
    early: bool = False  # there is sound, and was told so
    code: int = 0  # of a 3xx
    forwarded: str = ""  # its Contact
    invite: str = ""  # as it was sent, by us or to us
    farewell: Farewell | None = None  # what would end the leg at the phone without this worker

    def describe(self) -> dict[str, object]:
        """The row of this leg in the reply to `hello`."""
        return {
            "leg": self.leg,
            "state": self.state.value,
            "peer": self.peer,
            "called": self.called,
            "inbound": self.inbound,
            "label": self.label,
            "slot": self.slot,
            "held": self.held,
            "call_id": self.call_id,
            "headers": self.headers,
            "account": self.account,
        }


def cause_of(record: LegRecord, code: int) -> EndCause:
    """Why the leg ended, from the last status `code` of its INVITE or BYE."""
    if record.ended_by_us:
        return EndCause.LOCAL
    if record.state is LegState.UP or record.inbound:
        return EndCause.REMOTE
    return CAUSES.get(code, EndCause.FAILED)


def address(uri_host: str, user: str, name: str) -> str:
    """A From value; raises ValueError where a character would break the header (RFC 3261 section 25.1)."""
    if not re.fullmatch(r"[\w.!~*'()&=+$,;?/%-]*", user, re.ASCII):
        raise ValueError(f"from_user {user!r}: only letters, digits and -_.!~*'()&=+$,;?/% may stand in it")
    quoted = plain(name).replace("\\", "\\\\").replace('"', '\\"')
    uri = f"sip:{user or 'box'}@{uri_host}"
    return f'"{quoted}" <{uri}>' if name else f"<{uri}>"


def plain(text: str) -> str:
    """`text`; raises ValueError when a control character in it would begin another header."""
    if not text.isprintable():
        raise ValueError(f"{text!r} holds a control character, which no SIP header may")
    return text


def free_slot(taken: set[int], slots: int) -> int:
    """The lowest slot nobody has; raises ValueError when there is none."""
    for slot in range(slots):
        if slot not in taken:
            return slot
    raise ValueError(f"all {slots} slots are taken")
