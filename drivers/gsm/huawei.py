"""Huawei voice sticks (E1550, E169, E173, E1750, K3715, K3765): field reports, and the MU509 manual."""

from __future__ import annotations

from drivers.at.parser import fields, number
from drivers.gsm.clcc import CallStat, CurrentCall
from drivers.gsm.ending import Ending, network_ending
from drivers.gsm.quirks import COMMON_CALLS, COMMON_URCS, Dialect, Gain, Meaning, Moment, VoiceRoute
from drivers.port import EndCause

VOICE = "0"  # <type> of ^ORIG and ^CONN
#: <end_status> of ^CEND where no <cc_cause> of the network follows; the others say only that it is over.
END_STATUS = {
    0: Ending(EndCause.FAILED, "modem offline (0)"),
    21: Ending(EndCause.FAILED, "no service (21)"),
    23: Ending(EndCause.FAILED, "interrupted by the network (23)"),
    24: Ending(EndCause.FAILED, "network congested (24)"),
    34: Ending(EndCause.FAILED, "no SIM (34)"),
    101: Ending(EndCause.FAILED, "the network does not respond (101)"),
    103: Ending(EndCause.FAILED, "rejected at the set-up (103)"),
    105: Ending(EndCause.FAILED, "credit used up (105)"),
    106: Ending(EndCause.FAILED, "no service (106)"),
}


def _numbers(text: str) -> list[int | None]:
    return [number(value) for value in fields(text)]


def _changed(text: str, stat: CallStat, inbound: bool | None) -> CurrentCall | None:
    index = (_numbers(text) or [None])[0]
    return None if index is None else CurrentCall(index, inbound, stat)


def read_orig(text: str) -> CurrentCall | None:
    """`^ORIG:<idx>,<type>`: our call is on its way."""
    is_voice = fields(text)[1:2] in ([VOICE], [])
    return _changed(text, CallStat.DIALING, False) if is_voice else None


def read_conf(text: str) -> CurrentCall | None:
    """`^CONF:<idx>`: the far phone rings."""
    return _changed(text, CallStat.ALERTING, False)


def read_conn(text: str) -> CurrentCall | None:
    """`^CONN:<idx>,<type>`: the call is up, ours or theirs."""
    is_voice = fields(text)[1:2] in ([VOICE], [])
    return _changed(text, CallStat.ACTIVE, None) if is_voice else None


def read_cend(text: str) -> CurrentCall | None:
    """`^CEND:<idx>,<seconds>,<end_status>[,<cc_cause>]`: over; the last fields may be missing or empty."""
    index, _, status, cause = (*_numbers(text), None, None, None, None)[:4]
    if index is None:
        return None
    ending = Ending(None, f"end status {status}") if status is not None else None
    if cause is not None and 0 < cause < 128:
        ending = network_ending(cause)
    elif status is not None:
        ending = END_STATUS.get(status, ending)
    return CurrentCall(index, None, CallStat.ENDED, ending=ending)


HUAWEI = Dialect(
    name="huawei",
    title="A Huawei voice stick (E1550, E173, E1750, K3765 and kin)",
    ports=(
        "AT port, by USB interface: the stick's if02 or if03, see lines probe",
        "PCM port, by USB interface: mostly if01",
    ),
    urcs={
        **COMMON_URCS,
        "^RSSI:": Meaning.SIGNAL,
        "^DDTMF:": Meaning.DIGIT,
        "^SYSSTART": Meaning.REBOOT,
        "^THERM:": Meaning.COMPLAINT,
        "^BOOT:": Meaning.CHATTER,  # said again and again, also by a stick that answers nothing (F11)
        "^MODE:": Meaning.CHATTER,
        "^SRVST:": Meaning.CHATTER,
        "^HCSQ:": Meaning.CHATTER,
        "^SIMST:": Meaning.CHATTER,
        "^CSNR:": Meaning.CHATTER,
        "^DSFLOWRPT:": Meaning.CHATTER,
        "^STIN:": Meaning.CHATTER,
        "^NWTIME:": Meaning.CHATTER,
    },
    calls={
        **COMMON_CALLS,
        "^ORIG:": read_orig,
        "^CONF:": read_conf,
        "^CONN:": read_conn,
        "^CEND:": read_cend,
    },
    init=("AT+CREG=1",),
    init_optional=(
        "AT^CURC=1",  # gammu leaves the reports off
        "AT+CLIP=1",  # some firmwares have none: then +CLCC tells who rings
        "AT+CRC=0",
        "AT+CSSN=0,1",
    ),
    pin_tries=("AT^CPIN?", "^CPIN:"),
    dial="ATD{};",
    answer="ATA",
    hangups=("AT+CHUP", "ATH"),  # +CHLD=1x before ^CONF leaves only ^BOOT and ^RSSI of a stick
    digit=("AT^DTMF={index},{digit}",),
    digit_seconds=0.2,
    voice=VoiceRoute(
        moment=Moment.DIALLED,
        start="AT^DDSETEX=2",  # for this call only
        check=("AT^CVOICE?", "^CVOICE:0"),
        advice=(
            "Check that port and audio_port are not exchanged; if they are right, this firmware has no "
            "voice: load one that has, or take another stick"
        ),
    ),
    reset="AT+CFUN=1,1",
    reset_seconds=8.0,
    keys="0123456789*#",
    ussd_packed=True,
    routes=("AT^PORTSEL=0", "AT^PORTSEL=1"),  # gammu leads the reports to the other port
    gains=(
        # A stick takes the same value as before for no change at all: a detour makes it listen.
        Gain("volume", "AT+CLVL=1;+CLVL={}", 0, 5, "loudness of the far end, AT+CLVL"),
    ),
)
