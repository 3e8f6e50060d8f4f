"""One call of the library's: its callbacks, carried to whoever keeps it."""

from __future__ import annotations

import contextlib
from typing import Protocol

import pjsua2 as pj

from drivers.sip.accounts import Account

FORBIDDEN = 403


class Listener(Protocol):
    """Who keeps the calls; told in the library's callbacks, so nothing here may raise or take long."""

    def state_changed(self, leg: str, state: int, code: int) -> None:
        """The INVITE's dialogue moved on (PJSIP_INV_STATE_*)."""

    def stream_made(self, leg: str, param: pj.OnStreamCreatedParam) -> None:
        """A stream exists, the first one or one made anew after a re-INVITE."""

    def stream_gone(self, leg: str) -> None:
        """The stream is about to be destroyed."""

    def media_changed(self, leg: str, direction: int) -> None:
        """PJMEDIA_DIR_*: which ways sound goes from now on."""

    def message_sent(self, leg: str, message: str) -> None:
        """An INVITE of ours went out, or a response to the one that came in."""

    def answer_received(self, leg: str, code: int, message: str) -> None:
        """A response to our INVITE came in."""

    def redirected(self, leg: str, code: int, target: str) -> None:
        """A 3xx says to call another address."""

    def digit_heard(self, leg: str, digit: str) -> None:
        """RFC 4733, or a SIP INFO."""


class SipCall(pj.Call):  # type: ignore[misc]
    """Carries the library's callbacks to `listener` under the leg's name; keeps nothing."""

    def __init__(self, listener: Listener, account: Account, call_id: int, leg: str) -> None:
        super().__init__(account, call_id)
        self._listener = listener
        self._leg = leg
        self._digits = ""  # that go by INFO, the first one is on its way

    def press(self, digits: str) -> None:
        """Send `digits` by RFC 4733, by INFO to one who takes none; raises pj.Error."""
        try:
            self.dialDtmf(digits)
        except pj.Error:  # no telephone-event in the far end's SDP
            waits, self._digits = bool(self._digits), self._digits + digits
            if not waits:
                self._send_info()

    def _send_info(self) -> None:
        """The first of the digits that wait; the next when it is answered, or they might change places."""
        param = pj.CallSendDtmfParam()
        param.method, param.digits = pj.PJSUA_DTMF_METHOD_SIP_INFO, self._digits[:1]
        try:
            self.sendDtmf(param)
        except pj.Error:
            self._digits = ""
            raise

    def _info_answered(self) -> None:
        self._digits = self._digits[1:]
        if self._digits:
            with contextlib.suppress(pj.Error):  # the call ends just now
                self._send_info()

    def packets(self, stream: int) -> int:
        """RTP packets that came for this stream, 0 without it."""
        try:
            return int(self.getStreamStat(stream).rtcp.rxStat.pkt)
        except pj.Error:
            return 0

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        self._listener.state_changed(self._leg, info.state, info.lastStatusCode)

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:
        change = prm.e.body.tsxState
        if change.tsx.method == "INFO" and change.tsx.role == pj.PJSIP_ROLE_UAC:
            done = pj.PJSIP_TSX_STATE_COMPLETED
            if change.prevState < done <= change.tsx.state:
                self._info_answered()
        if change.tsx.method != "INVITE":
            return
        if change.type == pj.PJSIP_EVENT_TX_MSG:
            self._listener.message_sent(self._leg, change.src.tdata.wholeMsg)
        elif change.type == pj.PJSIP_EVENT_RX_MSG:
            self._listener.answer_received(self._leg, change.tsx.statusCode, change.src.rdata.wholeMsg)

    def onStreamCreated(self, prm: pj.OnStreamCreatedParam) -> None:
        self._listener.stream_made(self._leg, prm)

    def onStreamDestroyed(self, prm: pj.OnStreamDestroyedParam) -> None:
        self._listener.stream_gone(self._leg)

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        info = self.getInfo()  # kept: `media` points into it
        audio = [media for media in info.media if media.type == pj.PJMEDIA_TYPE_AUDIO]
        if audio:
            self._listener.media_changed(self._leg, audio[0].dir)

    def onCallRedirected(self, prm: pj.OnCallRedirectedParam) -> int:
        self._listener.redirected(self._leg, prm.e.body.tsxState.tsx.statusCode, prm.targetUri)
        return int(pj.PJSIP_REDIRECT_STOP)

    def onCallReplaceRequest(self, prm: pj.OnCallReplaceRequestParam) -> None:
        prm.statusCode = FORBIDDEN  # who may take over a call is the brain's to decide

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:
        prm.statusCode = FORBIDDEN  # the edge answers a REFER; the library would call whoever it names

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:
        self._listener.digit_heard(self._leg, prm.digit)
