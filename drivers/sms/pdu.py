"""PDUs that come from a modem: SMS-DELIVER and SMS-STATUS-REPORT, and the SMS-SUBMIT of a store.

3GPP 23.040 9.2.2. `decode` never raises: what makes no sense is `Unreadable`, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from drivers.messages import Arrival, Fate, StatusReport, TextPart, Unreadable
from drivers.sms.octets import Malformed, Octets
from drivers.sms.user_data import UserData, coding, parsed, text_of

KIND = 0x03  # TP-MTI
DELIVER, SUBMIT, STATUS_REPORT = 0, 1, 2  # 3 is reserved and read as DELIVER (9.2.3.1)
HAS_HEADER = 0x40  # TP-UDHI
WANTS_REPORT = 0x20  # TP-SRR
VALIDITY_OCTETS = {0x00: 0, 0x08: 7, 0x10: 1, 0x18: 7}  # TP-VPF: none, enhanced, relative, absolute
_TRYING, _FAILED = 0x20, 0x40  # TP-ST from here on


@dataclass(frozen=True)
class Deliver:
    """An SMS-DELIVER taken apart."""

    sender: str
    sent_at: datetime
    message_class: int | None
    user: UserData


@dataclass(frozen=True)
class Submit:
    """An SMS-SUBMIT taken apart; `octets` and `length` are its user data as they stand."""

    recipient: str
    dcs: int
    report: bool
    has_header: bool
    validity: bytes
    length: int
    octets: bytes
    user: UserData

    @property
    def text(self) -> str:
        return text_of([self.user])


def decode(slot: str, pdu: str) -> Arrival:
    """What a PDU in hex, with the service centre's address in front, says. Never raises."""
    try:
        octets, first = _message(pdu)
        if first & KIND == STATUS_REPORT:
            return _status_report(slot, pdu, octets)
        deliver = _deliver(octets, first)
    except Malformed as error:
        return Unreadable(slot, pdu, str(error))
    place = deliver.user.place
    return TextPart(
        slot=slot,
        pdu=pdu,
        sender=deliver.sender,
        sent_at=deliver.sent_at,
        text=text_of([deliver.user]),
        reference=place.reference,
        parts=place.parts,
        part=place.part,
        message_class=deliver.message_class,
    )


def decode_deliver(pdu: str) -> Deliver:
    """An SMS-DELIVER in hex, with the service centre's address in front; raises Malformed."""
    return _deliver(*_message(pdu))


def decode_submit(tpdu: str) -> Submit:
    """An SMS-SUBMIT in hex, without the service centre's address; raises Malformed."""
    octets = Octets(_from_hex(tpdu))
    first = octets.octet("its first octet")
    if first & KIND != SUBMIT:
        raise Malformed(f"its first octet is {first:02X}, which is no SMS-SUBMIT")
    octets.octet("the message reference")
    recipient = octets.address("the recipient's number")
    octets.octet("the protocol identifier")
    dcs = octets.octet("the data coding")
    validity = octets.take(VALIDITY_OCTETS[first & 0x18], "the validity period")
    length = octets.octet("the length of the text")
    data = octets.rest()
    return Submit(
        recipient=recipient,
        dcs=dcs,
        report=bool(first & WANTS_REPORT),
        has_header=bool(first & HAS_HEADER),
        validity=validity,
        length=length,
        octets=data,
        user=_user_data(data, length, dcs, first),
    )


def _message(pdu: str) -> tuple[Octets, int]:
    """What follows the service centre's address and the first octet, and that octet."""
    octets = Octets(_from_hex(pdu))
    octets.take(octets.octet("the service centre's address"), "the service centre's address")
    return octets, octets.octet("its first octet")


def _from_hex(pdu: str) -> bytes:
    try:
        return bytes.fromhex(pdu)
    except ValueError:
        raise Malformed("it is not written in hex") from None


def _deliver(octets: Octets, first: int) -> Deliver:
    if first & KIND == SUBMIT:
        raise Malformed("it is a message of our own (SMS-SUBMIT), which no network sends")
    sender = octets.address("the sender's number")
    octets.octet("the protocol identifier")
    dcs = octets.octet("the data coding")
    sent_at = octets.time("the time stamp")
    length = octets.octet("the length of the text")
    user = _user_data(octets.rest(), length, dcs, first)
    return Deliver(sender, sent_at, coding(dcs).message_class, user)


def _user_data(octets: bytes, length: int, dcs: int, first: int) -> UserData:
    if coding(dcs).compressed:
        raise Malformed("its text is compressed (3GPP 23.042), which is not understood here")
    return parsed(octets, length, alphabet=coding(dcs).alphabet, has_header=bool(first & HAS_HEADER))


def _status_report(slot: str, pdu: str, octets: Octets) -> StatusReport:
    reference = octets.octet("the message reference")
    recipient = octets.address("the recipient's number")
    octets.time("the time stamp")
    done_at = octets.time("the time of discharge")
    status = octets.octet("the status")
    fate = Fate.DELIVERED if status < _TRYING else Fate.TRYING if status < _FAILED else Fate.FAILED
    return StatusReport(slot, pdu, recipient, reference, fate, status, done_at)
