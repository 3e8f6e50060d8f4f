"""Starts and ends pjsua2 in this process: one library, one thread, G.711 at 8 kHz, no sound device.

Only this file, `accounts.py`, `agent.py`, `call.py` and `softphone.py` import pjsua2: its objects end the
process when they are used in another thread, twice, or after their time (drivers/sip/README.md).
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pjsua2 as pj

from drivers.sip.account import USES, Way

log = logging.getLogger(__name__)

WANTED_CALLS = 128  # legs, and calls that are ending; the library takes less when less was compiled in
CODECS = ("PCMA/8000/1", "PCMU/8000/1")  # the first is preferred
RTP_PORTS = 198  # above `rtp_port`: two for each leg, and some that are still being closed
# How long we wait for a far end that answers nothing, and for an ACK: four retransmissions. RFC 3261 has 32 s
# for ways that lose more than loopback; callers who acknowledge nothing would hold all calls there are.
PATIENCE_SECONDS = 10.0
SESSION_SECONDS = 600  # RFC 4028: a call whose far end vanished without a word ends within this

# The library's words for off, accept, always.
SRTP = dict(
    zip(
        USES,
        (pj.PJMEDIA_SRTP_DISABLED, pj.PJMEDIA_SRTP_OPTIONAL, pj.PJMEDIA_SRTP_MANDATORY),
        strict=True,
    )
)
TIMER = dict(
    zip(
        USES,
        (pj.PJSUA_SIP_TIMER_INACTIVE, pj.PJSUA_SIP_TIMER_OPTIONAL, pj.PJSUA_SIP_TIMER_ALWAYS),
        strict=True,
    )
)


class Log(pj.LogWriter):  # type: ignore[misc]
    """The library's warnings into our log; with mainThreadOnly it is called in our thread alone."""

    def write(self, entry: pj.LogEntry) -> None:
        # A port of RTP that is taken is no news: accounts share one range, and the next port is tried.
        warns = entry.level == 1 and "socket bind()" not in entry.msg
        log.log(logging.WARNING if warns else logging.DEBUG, "pjsip: %s", entry.msg.strip())


class _Endpoint(pj.Endpoint):  # type: ignore[misc]
    """`choose` gives the id of the account that takes a request, by its text; None: the library does."""

    choose: Callable[[str], int] | None = None

    def onSelectAccount(self, prm: pj.OnSelectAccountParam) -> None:
        if self.choose is not None:
            prm.accountIndex = self.choose(prm.rdata.wholeMsg)


class Library:
    """The one Endpoint of this process, started; `close` it last, when no Call or Account is left."""

    def __init__(self, *, listen: str, port: int, rtp_port: int, media_address: str = "") -> None:
        self.listen = listen
        self.port = port
        self.rtp_port = rtp_port
        self.media_address = media_address or listen
        self._functions = ctypes.CDLL(library_path())
        self._functions.pj_log_set_level(1)  # its banner goes to stdout before `_config` is read
        self._log = Log()
        self.endpoint = _Endpoint()
        self.endpoint.libCreate()
        self.endpoint.libInit(self._config())
        self._functions.pjsip_tsx_set_timers(0, 0, 0, int(PATIENCE_SECONDS * 1000))
        transport = pj.TransportConfig()
        transport.port = port
        transport.boundAddress = listen
        try:
            self.endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        except pj.Error as error:
            raise OSError(
                f"SIP at {listen}:{port}: {error.reason}. Is another worker using it? Choose another --port"
            ) from None

    def start(self) -> None:
        """Begin to serve; after the bridge was put without a sound device."""
        self.endpoint.libStart()
        for codec in self.endpoint.codecEnum2():
            rank = CODECS.index(codec.codecId) if codec.codecId in CODECS else -1
            self.endpoint.codecSetPriority(codec.codecId, 255 - rank if rank >= 0 else 0)
        for codec_id in CODECS:
            param = self.endpoint.codecGetParam(codec_id)
            param.setting.plc = False  # it holds 5 ms back; the engine conceals
            param.setting.vad = False
            self.endpoint.codecSetParam(codec_id, param)

    def poll(self) -> None:
        """Let the library do what is due, without waiting."""
        self.endpoint.libHandleEvents(0)

    def calls_in_use(self) -> int:
        """Calls the library holds: a far end that does not answer our BYE keeps its call for 10 s more."""
        return int(self._functions.pjsua_call_get_count())

    def signalling_fd(self) -> int:
        """The descriptor of the SIP socket, to poll the moment something arrives (-1: not found)."""
        for fd in os.listdir("/proc/self/fd"):
            try:
                with socket.socket(fileno=os.dup(int(fd))) as candidate:
                    if (
                        candidate.type == socket.SOCK_DGRAM
                        and candidate.family == socket.AF_INET
                        and candidate.getsockname() == (self.listen, self.port)
                    ):
                        return int(fd)
            except OSError:
                continue  # not a socket, or the listing's own descriptor
        return -1

    def account(self, account: pj.Account, uri: str, way: Way = Way()) -> None:  # noqa: B008 - frozen
        """Make `account` the one for `uri`; no registration, which is the edge's."""
        config = pj.AccountConfig()
        config.idUri = uri
        if way.proxy:
            config.sipConfig.proxies.append(f"<sip:{way.proxy};lr>")
        if way.user:
            config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", way.user, 0, way.password))
        sound = config.mediaConfig
        sound.transportConfig.port = self.rtp_port
        sound.transportConfig.portRange = RTP_PORTS
        sound.transportConfig.boundAddress = self.media_address
        sound.transportConfig.publicAddress = way.public
        sound.srtpUse = SRTP[way.srtp]
        sound.srtpSecureSignaling = 0  # the edge does TLS with the phone; between it and us is loopback
        config.callConfig.timerUse = TIMER[way.session_timer]
        config.callConfig.timerSessExpiresSec = SESSION_SECONDS
        config.callConfig.prackUse = pj.PJSUA_100REL_OPTIONAL if way.prack else pj.PJSUA_100REL_NOT_USED
        account.create(config)

    def close(self) -> None:
        """End the library, without the second it would wait for answers to what it sent."""
        self.endpoint.libDestroy(pj.PJSUA_DESTROY_NO_RX_MSG)

    def _config(self) -> pj.EpConfig:
        config = pj.EpConfig()
        config.uaConfig.maxCalls = WANTED_CALLS
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = "Callbox"
        config.medConfig.clockRate = 8000
        config.medConfig.sndClockRate = 8000
        config.medConfig.channelCount = 1
        config.medConfig.audioFramePtime = 20
        config.medConfig.ptime = 20  # one tick, whatever packet length the phone would like
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        config.logConfig.msgLogging = 0
        config.logConfig.level = 2
        config.logConfig.consoleLevel = 0
        config.logConfig.writer = self._log
        return config


def call_param(code: int = 0) -> pj.CallOpParam:
    """What a call is made or answered with: sound alone.

    Since 2.17 a text stream is offered and taken too, whose thread is joined at the end of the call:
    hanging up then blocks for up to 300 ms, the interval of its clock.
    """
    param = pj.CallOpParam(True)
    param.statusCode = code
    param.opt.audioCount = 1
    param.opt.videoCount = 0
    if hasattr(param.opt, "textCount"):
        param.opt.textCount = 0
    return param


def without_dns() -> None:
    """Have this process look names up in /etc/hosts alone, for good.

    The library looks up the host of an SDP's c= line while everything waits: a caller who writes a name that
    a slow server answers for would stop the worker for seconds. Behind the edge all addresses are numbers.
    """
    configure = getattr(ctypes.CDLL(None), "__nss_configure_lookup", None)  # glibc's; others have no NSS
    if configure is None or configure(b"hosts", b"files") != 0:
        log.warning("SIP library: it may wait for the DNS, as this system's C library cannot be told not to")


def library_path() -> str:
    """The file of the loaded native module, for those who look functions up in it."""
    return str(sys.modules[pj._pjsua2.__name__].__file__)


def library_name(version: str) -> str:
    """ "pjproject 2.17 own build" or "pjproject 2.15.1 wheel"."""
    package = importlib.util.find_spec("pjsua2")
    wheel = package is not None and Path(package.origin or "").name == "__init__.py"
    return f"pjproject {version} {'wheel' if wheel else 'own build'}"


def log_and_forget(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """For sys.excepthook: an exception in a callback of the library ends there, and is logged.

    The interpreter keeps the last traceback, and with it every local of the callback: a Call kept so would
    hang up a later call of the same number when it is collected at last (pjproject #3856).
    """
    log.error("an exception in a callback of the SIP library", exc_info=(kind, error, traceback))
    for name in ("last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
