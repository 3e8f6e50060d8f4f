"""The emulated network's SMS centre: takes messages from modems, reports their fate, delivers others.

What a modem cannot take (out of reach, memory full) is kept and tried again, as real centres do.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from drivers.emulated.atface import Later
from drivers.sms import encode
from drivers.sms.octets import Malformed, encoded_address, encoded_time
from drivers.sms.pdu import HAS_HEADER, Submit, decode_submit
from drivers.sms.user_data import text_of

NUMBER = "+491770610000"
CENTRE = encoded_address(NUMBER)  # in a PDU it is counted in octets, with its type
RETRY_SECONDS = 30.0
KEPT = 1000  # sent messages that can be asked for
HANDOVER_SECONDS = 0.1  # from one delivery to the next
NO_MORE_WAIT, STATUS_REPORT = 0x04, 0x02  # bits of the first octet, 23.040 9.2.3
UNKNOWN_SUBSCRIBER, BAD_PDU = 28, 304  # +CMS ERROR


class NotTaken(Exception):
    """The centre refuses a message; `code` is what +CMS ERROR says."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Fate(enum.Enum):
    """What becomes of a message to a recipient; the value is the status a report gives (9.2.3.15)."""

    DELIVERED = 0x00
    TRYING = 0x30
    EXPIRED = 0x46
    REFUSED = -1  # the centre does not take it at all
    SILENT = -2  # it is delivered, and no report comes


@dataclass(frozen=True)
class Recipient:
    """A party that messages can be sent to."""

    fate: Fate = Fate.DELIVERED
    after_s: float = 1.0


class Station(Protocol):
    """A modem as the centre sees it."""

    name: str

    @property
    def number(self) -> str:
        """The subscriber's number."""

    def take(self, pdu: str) -> bool:
        """A message or a report arrives; False when it cannot be taken now."""


@dataclass
class Sent:
    """A message a modem has sent, whole when all its parts are there."""

    modem: str
    number: str
    parts: dict[int, Submit] = field(default_factory=dict)
    of: int = 1
    reference: int = 0  # of its parts, by whoever sent them

    @property
    def whole(self) -> bool:
        return len(self.parts) == self.of

    @property
    def text(self) -> str:
        return text_of([self.parts[number].user for number in sorted(self.parts)])


#: Takes ("sms-sent", {...plain values...}).
News = Callable[[str, dict[str, object]], None]


class SmsCentre:
    """One for the whole network."""

    def __init__(
        self, *, later: Later, clock: Callable[[], float], news: News = lambda name, values: None
    ) -> None:
        self.recipients: dict[str, Recipient] = {}
        self.default_recipient = Recipient()
        self.stations: dict[str, Station] = {}
        self.sent: list[Sent] = []
        self._later = later
        self._clock = clock
        self._news = news
        self._began = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=clock())
        self._last_stamp = self._began
        self._waiting: dict[str, list[str]] = {}  # PDUs by station, oldest first
        self._timers: dict[str, asyncio.TimerHandle] = {}  # when a station is served next
        self._references: dict[str, int] = {}

    def register(self, station: Station) -> None:
        """A modem that messages may come from and go to."""
        self.stations[station.name] = station

    def waiting(self, station: Station) -> int:
        """How many PDUs wait for a station."""
        return len(self._waiting.get(station.name, []))

    # --- to modems ------------------------------------------------------------------------------------

    def send(
        self, station: Station, sender: str, text: str, *, flash: bool = False, reference: int = 0
    ) -> int:
        """Somebody sends a text to a modem; gives the number of its parts."""
        parts = encode("1", text, report=False, flash=flash, reference=reference, most_parts=255)
        for part in parts:
            self._queue(station, self._deliver(sender, decode_submit(part.tpdu)))
        return len(parts)

    def send_pdu(self, station: Station, pdu: str) -> None:
        """Any PDU for a modem, with the centre's address in front."""
        self._queue(station, pdu)

    def room_again(self, station: Station) -> None:
        """The modem can take messages again: it was started, or something was deleted."""
        if self.waiting(station):
            self._serve_later(station, HANDOVER_SECONDS)

    # --- from modems ------------------------------------------------------------------------------------

    def submit(self, station: Station, tpdu: str) -> int:
        """A modem sends an SMS-SUBMIT; gives its reference. Raises NotTaken."""
        try:
            submit = decode_submit(tpdu)
        except Malformed:
            raise NotTaken(BAD_PDU) from None
        recipient = self.recipients.get(submit.recipient, self.default_recipient)
        if recipient.fate is Fate.REFUSED:
            raise NotTaken(UNKNOWN_SUBSCRIBER)
        reference = self._references.get(station.name, 0)
        self._references[station.name] = (reference + 1) % 256
        self._keep(station, submit)
        taken_at = self._stamp()
        self._later(
            recipient.after_s, lambda: self._passed_on(station, submit, recipient, reference, taken_at)
        )
        return reference

    def _keep(self, station: Station, submit: Submit) -> None:
        place = submit.user.place
        for sent in reversed(self.sent):
            ours = (sent.modem, sent.number) == (station.name, submit.recipient)
            same = (sent.of, sent.reference) == (place.parts, place.reference)
            if ours and same and place.part not in sent.parts:
                break
        else:
            sent = Sent(station.name, submit.recipient, of=place.parts, reference=place.reference)
            self.sent = [*self.sent[1 - KEPT :], sent]
        sent.parts[place.part] = submit
        if sent.whole:
            self._news("sms-sent", {"modem": sent.modem, "number": sent.number, "text": sent.text})

    def _passed_on(
        self, station: Station, submit: Submit, recipient: Recipient, reference: int, taken_at: datetime
    ) -> None:
        if recipient.fate is Fate.DELIVERED:
            for other in self.stations.values():
                if other.number == submit.recipient:
                    self._queue(other, self._deliver(station.number, submit))
        if submit.report and recipient.fate is not Fate.SILENT:
            times = encoded_time(taken_at) + encoded_time(self._stamp())
            report = bytes((STATUS_REPORT | NO_MORE_WAIT, reference)) + encoded_address(submit.recipient)
            self._queue(station, _pdu(report + times + bytes((recipient.fate.value,))))

    # --- inside -----------------------------------------------------------------------------------------

    def _deliver(self, sender: str, submit: Submit) -> str:
        first = NO_MORE_WAIT | (HAS_HEADER if submit.has_header else 0)
        head = bytes((first,)) + encoded_address(sender) + bytes((0, submit.dcs))
        return _pdu(head + encoded_time(self._stamp()) + bytes((submit.length,)) + submit.octets)

    def _stamp(self) -> datetime:
        """The time; no two messages have the same."""
        now = self._began + timedelta(seconds=int(self._clock()))
        self._last_stamp = max(now, self._last_stamp + timedelta(seconds=1))
        return self._last_stamp

    def _queue(self, station: Station, pdu: str) -> None:
        self._waiting.setdefault(station.name, []).append(pdu)
        if station.name not in self._timers:
            self._serve_later(station, 0.0)

    def _serve_later(self, station: Station, seconds: float) -> None:
        if station.name in self._timers:
            self._timers[station.name].cancel()
        self._timers[station.name] = self._later(seconds, lambda: self._serve(station))

    def _serve(self, station: Station) -> None:
        del self._timers[station.name]
        waiting = self._waiting.get(station.name)
        if not waiting:
            return
        taken = station.take(waiting[0])
        if taken:
            waiting.pop(0)
        if waiting:
            self._serve_later(station, HANDOVER_SECONDS if taken else RETRY_SECONDS)


def _pdu(tpdu: bytes) -> str:
    octets = len(CENTRE) - 1  # its own length octet counts digits, this one octets
    return (bytes((octets,)) + CENTRE[1:] + tpdu).hex().upper()
