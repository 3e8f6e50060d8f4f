"""One call of the library's: its callbacks, carried to whoever keeps it."""

from __future__ import annotations

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
