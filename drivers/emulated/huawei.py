"""The table of a Huawei E1550 with voice: field reports of its lines and their order."""

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


def _says(line: str) -> tuple[Says, ...]:
    return (Says(line, "^CURC", "1"),)


HUAWEI = Family(
    name="huawei",
    answers={
        **COMMON_ANSWERS,
        "I": "Manufacturer: huawei",
        "+CGMI": "huawei",
        "+GMI": "huawei",
        "+CGMM": "E1550",
        "+GMM": "E1550",
        "+CGMR": "11.608.14.15.311",
        "+GMR": "11.608.14.15.311",
        "^ICCID": "^ICCID: {iccid}",
        "^CVOICE": "^CVOICE:0,8000,16,20",
        "^U2DIAG": "",
    },
    settings={**COMMON_SETTINGS, "^CURC": "1", "^PORTSEL": "0", "^DDSETEX": "0", "^DDTMFCFG": "0,0"},
    ranges={**COMMON_RANGES, "^CVOICE": "(0-1)"},
    says={
        Step.DIALING: _says("^ORIG:{index},0"),
        Step.ALERTING: _says("^CONF:{index}"),
        Step.INCOMING: (),
        Step.WAITING: (),
        Step.UP: _says("^CONN:{index},0"),
        Step.MISSED: _says("^CEND:{index},0,104,"),
        Step.FAILED: _says("^CEND:{index},0,104,{cause}"),
        Step.ENDED: (*_says("^CEND:{index},{seconds},104,{cause}"), Says("NO CARRIER")),
        Step.HUNG_UP: _says("^CEND:{index},{seconds},29"),
    },
    voice=VoiceCommand("^DDSETEX", "2", VoiceWhen.DIALLED),
    keys={"^DTMF": r"=1,([0-9*#])"},
    pin_tries=("^CPIN", "^CPIN: SIM PIN,{tries},10,{tries},10,3"),
    boot=(),
    full_report='^SMMEMFULL: "{}"',
    ussd_packed=True,
    unknown="COMMAND NOT SUPPORT",
    route=ReportRoute("^PORTSEL", ("0",), "1"),
    chatter=("^BOOT:36309191,0,0,0,75", "^RSSI:20", "^MODE:5,4"),
)
