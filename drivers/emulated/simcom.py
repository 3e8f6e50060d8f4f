"""The table of a SIM7600E-H. Texts from the SIM7500/SIM7600 AT command manual V1.12."""

from __future__ import annotations

from drivers.emulated.family import (
    COMMON_ANSWERS,
    COMMON_RANGES,
    COMMON_SETTINGS,
    Family,
    Says,
    Step,
    VoiceCommand,
    VoiceWhen,
)

_CLCC = Says('+CLCC: {index},{inbound},{stat},0,0,"{number}",{kind}', "+CLCC", "1")
_END = Says("VOICE CALL: END: {seconds:06d}")
_WHY = Says("{why}")

SIM7600 = Family(
    name="sim7600",
    answers={
        **COMMON_ANSWERS,
        "I": "Manufacturer: SIMCOM INCORPORATED",
        "+CGMI": "SIMCOM INCORPORATED",
        "+GMI": "SIMCOM INCORPORATED",
        "+CGMM": "SIMCOM_SIM7600E-H",
        "+GMM": "SIMCOM_SIM7600E-H",
        "+CGMR": "+CGMR: LE20B04SIM7600M22",
        "+GMR": "+GMR: LE20B04SIM7600M22",
        "+CPMUTEMP": "+CPMUTEMP: 34",
        "+CICCID": "+ICCID: {iccid}",
    },
    settings={
        **COMMON_SETTINGS,
        "+CLCC": "0",
        "+CVHU": "1",
        "+AUTOCSQ": "0,0",
        "+CPCMFRM": "0",
        "+CPCMREG": "0",
        "+CMICGAIN": "3",
        "+COUTGAIN": "4",
        "+DDET": "0",
    },
    ranges={
        **COMMON_RANGES,
        "+CLCC": "(0-1)",
        "+CPCMREG": "(0-1)",
        "+CPCMFRM": "(0-1)",
        "+VTS": "(0-9,*,#,A-D)",
    },
    says={
        Step.DIALING: (_CLCC,),
        Step.ALERTING: (_CLCC,),
        Step.INCOMING: (_CLCC,),
        Step.WAITING: (_CLCC,),
        Step.UP: (Says("VOICE CALL: BEGIN"), _CLCC),
        Step.MISSED: (_CLCC, Says("MISSED_CALL: 11:01AM {number}")),
        Step.FAILED: (_CLCC, _END, _WHY),
        Step.ENDED: (_CLCC, _END, _WHY),
        Step.HUNG_UP: (_CLCC, _END),
    },
    voice=VoiceCommand("+CPCMREG", "1", VoiceWhen.UP),
    keys={"+VTS": r"=\"?([0-9*#A-D,]+)\"?.*"},
    pin_tries=("+SPIC", "+SPIC: {tries},10,0,10"),
    boot=("RDY", "+CPIN: READY", "SMS DONE", "PB DONE"),
    ring_seconds=3.0,
    ath_needs=("+CVHU", "0"),
    double_cr=("+RXDTMF:",),  # some firmwares +CRING: too: fault F6
)
