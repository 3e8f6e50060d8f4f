"""SIMCom SIM7500, SIM7600 and A7600: AT manual V1.12 and field reports. SIM800 has no voice on USB."""

from __future__ import annotations

from drivers.gsm.quirks import COMMON_CALLS, COMMON_URCS, Dialect, Gain, Meaning, Moment, VoiceRoute

SIM7600 = Dialect(
    name="sim7600",
    title="A SIMCom SIM7600 or A7600 modem",
    ports=(
        "AT port, best by /dev/serial/by-id/...-if02-port0",
        "PCM port, best by /dev/serial/by-id/...-if04-port0",
    ),
    urcs={
        **COMMON_URCS,
        "VOICECALL:BEGIN": Meaning.UP,
        "VOICECALL:END": Meaning.END,
        "MISSED_CALL:": Meaning.MISSED,
        "+RXDTMF:": Meaning.DIGIT,
        "+DTMF:": Meaning.DIGIT,
        "RDY": Meaning.REBOOT,
        "PBDONE": Meaning.REBOOT,
        "*ATREADY:": Meaning.REBOOT,
        "NORMALPOWERDOWN": Meaning.REBOOT,
        "UNDER-VOLTAGE": Meaning.COMPLAINT,
        "OVER-VOLTAGE": Meaning.COMPLAINT,
        "SMSDONE": Meaning.CHATTER,
        "*PSUTTZ:": Meaning.CHATTER,  # +CLTS: the network's time
        "*PSNWID:": Meaning.CHATTER,
        "DST:": Meaning.CHATTER,
        "+CNSMOD:": Meaning.CHATTER,
    },
    calls=COMMON_CALLS,
    init=(
        "AT+CVHU=0",  # without it ATH answers OK and does nothing (manual 3.8, F27)
        "AT+CLCC=1",  # the only report of progress, and of which call ended
        "AT+CLIP=1",
        "AT+CREG=1",
    ),
    init_optional=(
        "AT&D0",  # a dropped DTR must not end the call
        "AT+CRC=0",
        "AT+CSSN=0,1",
        "AT+CPCMFRM=0",  # 8 kHz
    ),
    pin_tries=("AT+SPIC", "+SPIC:"),
    dial="ATD{};",
    answer="ATA",
    hangups=("AT+CHUP", "ATH", "AT+CHLD=1"),
    digit=("AT+VTS={digit}",),
    digit_seconds=0.2,
    voice=VoiceRoute(
        moment=Moment.UP,
        start="AT+CPCMREG=1",
        stop="AT+CPCMREG=0",
        query=("AT+CPCMREG?", "+CPCMREG: 0"),
    ),
    gains=(
        Gain("volume", "AT+CLVL={}", 0, 5, "loudness of the far end, AT+CLVL"),
        Gain("send_gain", "AT+CMICGAIN={}", 0, 8, "what the far end hears, AT+CMICGAIN"),
        Gain("receive_gain", "AT+COUTGAIN={}", 0, 8, "what we hear, AT+COUTGAIN"),
    ),
    reset="AT+CRESET",
    reset_seconds=5.0,
)
