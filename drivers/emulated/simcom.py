"""What a SIM7600E-H says about itself: the table that turns the emulated modem into this family.

Texts from the SIM7500/SIM7600 AT command manual V1.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Family:
    """The fixed answers of one modem family; `{imei}` and its kin are filled in per modem."""

    name: str
    answers: Mapping[str, str]  # command without AT -> information line ("" = OK alone)
    settings: Mapping[str, str]  # settable value -> what it is after a reset
    ranges: Mapping[str, str]  # settable value -> answer to =?
    pcm_command: str  # starts and stops the voice on the audio port
    boot: tuple[str, ...]  # what it says by itself after a reset
    #: Message memories and their places.
    memories: Mapping[str, int] = field(default_factory=lambda: {"SM": 20, "ME": 50, "SR": 20})
    full_report: str = ""  # said when one of them is full; `{}` takes its name
    ussd_packed: bool = False  # AT+CUSD speaks packed septets in hex


SIM7600 = Family(
    name="SIM7600E-H",
    answers={
        "I": "Manufacturer: SIMCOM INCORPORATED",
        "+CGMI": "SIMCOM INCORPORATED",
        "+GMI": "SIMCOM INCORPORATED",
        "+CGMM": "SIMCOM_SIM7600E-H",
        "+GMM": "SIMCOM_SIM7600E-H",
        "+CGMR": "+CGMR: LE20B04SIM7600M22",
        "+GMR": "+GMR: LE20B04SIM7600M22",
        "+CGSN": "{imei}",
        "+GSN": "{imei}",
        "+CIMI": "{imsi}",
        "+CICCID": "+ICCID: {iccid}",
        "+CPMUTEMP": "+CPMUTEMP: 34",
        "+CNUM": '+CNUM: "","{number}",145',
        "+CBC": "+CBC: 0,85",
        "+CPAS": "+CPAS: 0",
        "+GCAP": "+GCAP: +CGSM",
    },
    settings={
        "+CMEE": "0",
        "+CLIP": "0",
        "+CRC": "0",
        "+CLCC": "0",
        "+CVHU": "1",
        "+CREG": "0",
        "+CGREG": "0",
        "+COPS": "0,0",
        "+CSCS": '"IRA"',
        "+CCWA": "0",
        "+COLP": "0",
        "+CSSN": "0,0",
        "+CTZR": "0",
        "+CSDH": "0",
        "+CPBS": '"SM",0,250',
        "+AUTOCSQ": "0,0",
        "+CPCMFRM": "0",
        "+CPCMREG": "0",
        "+CFUN": "1",
        "+CGATT": "1",
        "+CLVL": "3",
        "&D": "1",
        "&C": "1",
        "S0": "000",
    },
    ranges={
        "+CLCC": "(0-1)",
        "+CLIP": "(0-1)",
        "+CSCS": '("IRA","GSM","UCS2")',
        "+CPBS": '("DC","MC","RC","SM","ME","FD","ON","LD","EN")',
        "+CPCMREG": "(0-1)",
        "+CPCMFRM": "(0-1)",
        "+CREG": "(0-2)",
        "+CMEE": "(0-2)",
        "+VTS": "(0-9,*,#,A-D)",
    },
    pcm_command="+CPCMREG",
    boot=("RDY", "+CPIN: READY", "SMS DONE", "PB DONE"),
)
