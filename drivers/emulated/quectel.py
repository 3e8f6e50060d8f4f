"""The table of a Quectel EC25: field reports, and the manuals' texts."""

from __future__ import annotations

from drivers.emulated.family import (
    COMMON_ANSWERS,
    COMMON_RANGES,
    COMMON_SETTINGS,
    Family,
    ReportRoute,
    Says,
    Step,
    VoiceCommand,
    VoiceWhen,
)

_TOLD = (
    Says('+QIND: "ccinfo",{index},{inbound},{state},0,0,"{number}",{kind}', "+QINDCFG", '"ccinfo",1'),
    Says("^DSCI: {index},{inbound},{dsci},0,{number},{kind}", "^DSCI", "1"),
)
_WHY = Says("{why}")

QUECTEL = Family(
    name="quectel",
    answers={
        **COMMON_ANSWERS,
        "I": "Quectel",
        "+CGMI": "Quectel",
        "+GMI": "Quectel",
        "+CGMM": "EC25",
        "+GMM": "EC25",
        "+CGMR": "EC25EFAR06A03M4G",
        "+GMR": "EC25EFAR06A03M4G",
        "+QTEMP": "+QTEMP: 34,33,32",
        "+QCCID": "+QCCID: {iccid}",
    },
    settings={
        **COMMON_SETTINGS,
        "+QPCMV": "0",
        "+QGPSCFG": '"outport","usbnmea"',
        "+QURCCFG": '"urcport","usbat"',
        "+QINDCFG": '"ccinfo",0,0',
        "^DSCI": "0",
        "+QAUDMOD": "0",
        "+QTONEDET": "0",
        "+QMIC": "8192",
        "+QRXGAIN": "8192",
    },
    ranges={**COMMON_RANGES, "+QPCMV": "(0-1),(0-2)", "+VTS": "(0-9,*,#,A-D)"},
    says={
        **dict.fromkeys(
            (Step.DIALING, Step.ALERTING, Step.INCOMING, Step.WAITING, Step.UP, Step.HUNG_UP), _TOLD
        ),
        **dict.fromkeys((Step.MISSED, Step.FAILED, Step.ENDED), (*_TOLD, _WHY)),
    },
    voice=VoiceCommand("+QPCMV", "1,0", VoiceWhen.BEFORE),
    keys={"+VTS": r"=\"?([0-9*#A-D])\"?.*", "+QVTS": r"=\"([0-9*#A-D])\""},
    pin_tries=("+QPINC", '+QPINC: "SC",{tries},10'),
    boot=("RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
    full_report='+QIND: "smsfull","{}"',
    nmea_off=("+QGPSCFG", '"outport","none"'),
    route=ReportRoute("+QURCCFG", ('"urcport","usbat"', '"urcport","all"'), '"urcport","usbmodem"'),
)
