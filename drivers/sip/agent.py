"""The SIP user agent of a worker: the only place where Calls are made, kept and let go.

Its methods are called from the loop's thread, and so are the library's callbacks (`Library.poll`). A Call
lives from its INVITE to its DISCONNECTED callback, in `_calls` alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pjsua2 as pj

from drivers.port import LegState, PortRefused
from drivers.sip import farewell
from drivers.sip.account import Through, TrunkAccount, Use, Way
from drivers.sip.accounts import Accounts
from drivers.sip.call import SipCall
from drivers.sip.library import Library, call_param
from drivers.sip.record import TOLD_HEADERS, TRUNK_HEADER, LegRecord, address, cause_of, free_slot, plain
from drivers.sip.text import clean, header, headers, request_user, uri, user_of
from dsp._native.stream_audio import SLOTS, StreamAudio

log = logging.getLogger(__name__)

Tell = Callable[[dict[str, Any]], None]

USER_SAFE = "-_.!~*'()&=+$,"  # RFC 3261 25.1, what needs no escape in a user part
TO_HEADER = "X-Callbox-To"  # tells the edge what the user part of our INVITE is
FULL, FORBIDDEN = 503, 403
SPARE_CALLS = 1  # of the library's: it takes the call that is then refused with a code of ours


class UserAgent:
    """Legs by name; what happens to them is told by `tell` as the events of the worker protocol.

    `edge` is "127.0.0.1:5090", the first hop of calls through it and the only one whose calls are taken;
    "" where there is none. `public_address` is told to trunks for RTP.
    """

    def __init__(
        self,
        *,
        name: str,
        library: Library,
        audio: StreamAudio,
        max_legs: int,
        tell: Tell,
        edge: str = "",
        public_address: str = "",
    ) -> None:
        self.name = name
        self.max_legs = min(max_legs, SLOTS, audio.max_calls - SPARE_CALLS)
        self.legs: dict[str, LegRecord] = {}
        self._calls: dict[str, SipCall] = {}
        self._audio = audio
        self._tell = tell
        self._library = library
        self._edge = edge
        self._inbound = 0
        self._placed = 0
        self._epoch = f"{time.time_ns() // 1_000_000:x}"
        self.accounts = Accounts(
            library, edge=edge, public=public_address, max_calls=audio.max_calls, came_in=self.came_in
        )

    # --- what the brain asks ----------------------------------------------------------------------

    def dial(
        self,
        leg: str,
        to: str,
        *,
        from_user: str,
        from_name: str,
        label: str,
        headers: Mapping[str, str],
        account: str = "",
        through: Through = Through.DIRECT,
        srtp: Use = "off",
    ) -> str:
        """Send an INVITE to `to`, which `through` explains, and give its Call-ID.

        Raises PortRefused when the worker is full or the call cannot be sent.
        """
        if leg in self.legs:
            return self.legs[leg].call_id
        self._refuse_when_full()
        way = self.accounts.trunk(account) if account else self._phone_way(through, srtp)
        target, marks = self._target(to, through, way)
        param = call_param()
        param.txOption.localUri = address(way.domain or self.accounts.host, from_user, from_name)
        _add_headers(param.txOption, {**headers, **marks})
        record = LegRecord(
            leg=leg, peer=to, called=user_of(target), inbound=False, label=label, account=account, way=way
        )
        self.legs[leg] = record
        self._calls[leg] = SipCall(self, self.accounts.of(way), pj.PJSUA_INVALID_ID, leg)
        try:
            self._calls[leg].makeCall(target, param)
        except pj.Error as error:
            self._forget(leg)
            raise PortRefused(f"leg {leg}: no call to {to}: {error.reason}") from None
        record.call_id = record.call_id or header(record.invite, "Call-ID")
        return record.call_id

    def set_accounts(self, trunks: list[TrunkAccount]) -> None:
        """These trunks there are from now on."""
        self.accounts.told(trunks, used=[record.way for record in self.legs.values()])

    def ring(self, leg: str) -> None:
        """Say 180 again to an inbound leg (it was said when the leg came)."""
        if self._known(leg).state is LegState.RINGING:
            self._respond(leg, 180)

    def answer(self, leg: str) -> None:
        """Take an inbound leg; `up` is told when the phone has acknowledged."""
        record = self._known(leg)
        if record.inbound and not record.answered:
            record.answered = True
            self._respond(leg, 200)

    def progress(self, leg: str) -> None:
        """Let a caller hear us before the answer: 183 with our SDP, where the caller offered sound."""
        record = self._known(leg)
        if record.state is LegState.RINGING and record.inbound and not record.answered and not record.early:
            self._respond(leg, 183)

    def label(self, leg: str, label: str) -> None:
        """Keep `label` for the brain that comes next."""
        self._known(leg).label = label

    def notify(self, leg: str, code: int, reason: str, last: bool) -> None:
        """Tell the phone how the transfer it asked for goes (RFC 3515 2.4.4); raises PortRefused."""
        if self._known(leg).state is not LegState.UP:
            raise PortRefused(f"leg {leg}: it is not up, nobody there has asked for a transfer")
        param = pj.CallSendRequestParam()
        param.method = "NOTIFY"
        state = "terminated;reason=noresource" if last else "active;expires=60"
        _add_headers(param.txOption, {"Event": "refer", "Subscription-State": state})
        param.txOption.contentType = "message/sipfrag;version=2.0"
        param.txOption.msgBody = f"SIP/2.0 {code:03d} {plain(reason)}\r\n"
        try:
            self._calls[leg].sendRequest(param)
        except pj.Error as error:
            raise PortRefused(f"leg {leg}: NOTIFY was not sent: {error.reason}") from None

    def watch(self) -> None:
        """Once a second: tell whose packets have stopped coming, and whose come again."""
        now = time.monotonic()
        for leg, record in self.legs.items():
            if record.slot >= 0 and record.watch.listening:
                news = record.watch.seen(self._calls[leg].packets(record.stream), now)
                if news is not None:
                    self._tell({**news, "leg": leg})

    def hangup(self, leg: str, code: int) -> None:
        """BYE, CANCEL, or a refusal with `code`; harmless for a leg that has ended."""
        record = self.legs.get(leg)
        if record is None:
            return
        record.ended_by_us = True
        self._silence(record)
        param = pj.CallOpParam()
        param.statusCode = code if record.inbound and not record.answered else 0
        try:
            self._calls[leg].hangup(param)  # DISCONNECTED comes inside this line
        except pj.Error as error:
            log.warning("leg %s: the library would not hang up, the leg is given up: %s", leg, error.reason)
            self._forget(leg)
            self._tell({"event": "ended", "leg": leg, "cause": "local", "code": 0})

    def send_digits(self, leg: str, digits: str) -> None:
        """Send `digits` by RFC 4733, by INFO to one who takes none; PortRefused when the leg is not up."""
        if self._known(leg).state is not LegState.UP:
            raise PortRefused(f"leg {leg}: digits need a leg that is up")
        try:
            self._calls[leg].press(digits)
        except pj.Error as error:
            raise PortRefused(f"leg {leg}: digits {digits!r}: {error.reason}") from None

    def tell_farewells(self) -> None:
        """Tell again what would end each leg without us, to a brain that is new."""
        for record in self.legs.values():
            self._tell_farewell(record, record.farewell)

    def close(self) -> None:
        """End every leg and the account; the library may be closed after it."""
        for leg in list(self.legs):
            self.hangup(leg, 0)
        self.accounts.close()

    # --- what the library says, in its callbacks ---------------------------------------------------

    def came_in(self, call_id: int, source: str, message: str) -> None:
        """An INVITE: ring at once and tell."""
        self._inbound += 1
        leg = f"{self.name}.{self._epoch}.{self._inbound}"
        told = headers(message, TOLD_HEADERS)
        way = self.accounts.taker(told.get(TRUNK_HEADER, ""))
        call = SipCall(self, self.accounts.of(way), call_id, leg)
        info = call.getInfo()
        record = LegRecord(
            leg=leg,
            peer=clean(info.remoteUri),
            called=request_user(message) or user_of(info.localUri),
            inbound=True,
            state=LegState.RINGING,
            call_id=clean(info.callIdString),
            headers=told,
            way=way,
            invite=message,
        )
        self.legs[leg], self._calls[leg] = record, call
        if self._edge and source != self._edge:
            self.hangup(leg, FORBIDDEN)
        elif len(self.legs) > self.max_legs or self._calls_left() < 0:
            self.hangup(leg, FULL)
        else:
            self._respond(leg, 180)
            self._tell(
                {
                    "event": "incoming",
                    **record.describe(),
                    "contact": clean(info.remoteContact),
                    "source": source,
                }
            )

    def state_changed(self, leg: str, state: int, code: int) -> None:
        """The INVITE's dialogue moved on (PJSIP_INV_STATE_*)."""
        record = self.legs.get(leg)
        if record is None:
            return
        if state == pj.PJSIP_INV_STATE_EARLY and record.state is LegState.DIALING:
            record.state = LegState.RINGING
            self._tell({"event": "ringing", "leg": leg})
        elif state == pj.PJSIP_INV_STATE_CONFIRMED:
            record.state = LegState.UP
            self._tell_up(record)
        elif state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._silence(record)
            self._forget(leg)
            if record.forwarded:  # the library's own word for a call not sent on is 487
                code = record.code
            cause = cause_of(record, code)
            ended = {"event": "ended", "leg": leg, "cause": cause.name.lower(), "code": code}
            self._tell({**ended, "forwarded": record.forwarded} if record.forwarded else ended)

    def stream_made(self, leg: str, param: pj.OnStreamCreatedParam) -> None:
        """A stream exists, the first one or one made anew after a re-INVITE: the audio thread serves it."""
        record = self.legs[leg]
        record.stream = int(param.streamIdx)
        if record.slot < 0:
            self._placed += 1  # so that no frame meant for this leg reaches the next one in its place
            taken = {other.slot % SLOTS for other in self.legs.values() if other.slot >= 0}
            record.slot = free_slot(taken, SLOTS) + SLOTS * self._placed
        stream = int(param.stream)
        self._audio.keep_from_bridge(int(param.this), stream, int(param.pPort))
        param.destroyPort = True
        self._audio.attach(record.slot, stream)
        if record.state is not LegState.UP and not record.early and not record.answered:
            record.early = True
            self._tell({"event": "early", "leg": leg, "slot": record.slot})
        self._tell_up(record)

    def stream_gone(self, leg: str) -> None:
        """The stream is about to be destroyed."""
        record = self.legs.get(leg)
        if record is not None:
            self._silence(record)

    def media_changed(self, leg: str, direction: int) -> None:
        """The phone may hear us no more (hold), or again."""
        record = self.legs.get(leg)
        held = not direction & pj.PJMEDIA_DIR_ENCODING
        if record is not None:
            record.watch.begin(time.monotonic(), listening=bool(direction & pj.PJMEDIA_DIR_DECODING))
        if record is not None and record.told_up and held is not record.held:
            record.held = held
            self._tell({"event": "held", "leg": leg, "held": held})

    def message_sent(self, leg: str, message: str) -> None:
        """A request of ours went out, or a response to the INVITE that came in."""
        record = self.legs.get(leg)
        if record is None or record.state is LegState.UP:
            return
        if message.startswith("INVITE "):  # a second one answers a challenge
            record.invite = message
            record.call_id = header(message, "Call-ID")
            self._tell_farewell(record, farewell.cancel(message))
        elif record.inbound and message.startswith("SIP/2.0 2"):
            self._tell_farewell(record, farewell.bye_to_caller(record.invite, message))

    def answer_received(self, leg: str, code: int, message: str) -> None:
        """A response to our INVITE came in."""
        record = self.legs.get(leg)
        if record is None or record.inbound:
            return
        if 200 <= code < 300:
            self._tell_farewell(record, farewell.bye(record.invite, message))

    def redirected(self, leg: str, code: int, target: str) -> None:
        """A 3xx says to call another address; whether that may be called is the brain's to decide."""
        record = self.legs.get(leg)
        if record is not None:
            record.code, record.forwarded = code, clean(uri([target]) or "")

    def digit_heard(self, leg: str, digit: str) -> None:
        """RFC 4733, or a SIP INFO."""
        if leg in self.legs:
            self._tell({"event": "digit", "leg": leg, "digit": clean(digit)})

    # --- inside -------------------------------------------------------------------------------------

    def _known(self, leg: str) -> LegRecord:
        record = self.legs.get(leg)
        if record is None:
            raise PortRefused(f"leg {leg}: worker {self.name} has no such leg, it ended or never was")
        return record

    def _refuse_when_full(self) -> None:
        if len(self.legs) >= self.max_legs:
            raise PortRefused(f"worker {self.name}: all its {self.max_legs} legs are taken")
        if self._calls_left() <= 0:
            raise PortRefused(f"worker {self.name}: calls whose far ends do not answer have used it up; wait")

    def _calls_left(self) -> int:
        return self._audio.max_calls - SPARE_CALLS - self._library.calls_in_use()

    def _phone_way(self, through: Through, srtp: Use) -> Way:
        if through is Through.TRUNK:
            raise PortRefused("a call through a trunk needs the trunk's account")
        return self.accounts.phone(through_edge=through is not Through.DIRECT, srtp=srtp)

    def _target(self, to: str, through: Through, way: Way) -> tuple[str, dict[str, str]]:
        """The address to call, and what tells the edge how to understand it."""
        plain(to)
        if through in (Through.DIRECT, Through.EDGE):
            return to, {}
        marked = "agent" if through is Through.AGENT else f"trunk {way.trunk}"
        return f"sip:{quote(to, safe=USER_SAFE)}@{way.domain or self._edge}", {TO_HEADER: marked}

    def _respond(self, leg: str, code: int) -> None:
        try:
            self._calls[leg].answer(call_param(code))
        except pj.Error as error:  # the caller's CANCEL crossed ours: its own callback ends the leg
            log.debug("leg %s: %d could not be sent: %s", leg, code, error.reason)

    def _tell_up(self, record: LegRecord) -> None:
        if record.state is LegState.UP and record.slot >= 0 and not record.told_up:
            record.told_up = True
            self._tell({"event": "up", "leg": record.leg, "slot": record.slot})

    def _tell_farewell(self, record: LegRecord, last_word: farewell.Farewell | None) -> None:
        if last_word is not None:
            record.farewell = last_word
            self._tell({"event": "farewell", "leg": record.leg, "farewell": last_word.plain()})

    def _silence(self, record: LegRecord) -> None:
        if record.slot >= 0:
            self._audio.detach(record.slot)

    def _forget(self, leg: str) -> None:
        self.legs.pop(leg, None)
        self._calls.pop(leg, None)
        self.accounts.let_go(record.way for record in self.legs.values())


def _add_headers(option: pj.SipTxOption, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        line = pj.SipHeader()
        line.hName, line.hValue = plain(name), plain(value)
        option.headers.append(line)
