"""National language tables of 3GPP 23.038 annex A: Turkish, Spanish, Portuguese; others read as default.

We never send them. A language here is the value of a shift header (23.040 9.2.3.24.15 and 16).
"""

from __future__ import annotations

from collections.abc import Mapping

from drivers.sms.gsm7 import DEFAULT, EXTENSION, Tables

TURKISH, SPANISH, PORTUGUESE = 1, 2, 3


def _changed(table: str, changes: Mapping[int, str]) -> str:
    return "".join(changes.get(septet, character) for septet, character in enumerate(table))


LOCKING: dict[int, str] = {
    TURKISH: _changed(
        DEFAULT,
        {0x04: "€", 0x07: "ı", 0x0B: "Ğ", 0x0C: "ğ", 0x1C: "Ş", 0x1D: "ş", 0x40: "İ", 0x60: "ç"},
    ),
    PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmnopqrstuvwxyzãõ`üà"
    ),
}
_SPANISH = dict(zip(b"\x09AIOUaiou", "çÁÍÓÚáíóú", strict=True))
SINGLE: dict[int, dict[int, str]] = {
    TURKISH: {**EXTENSION, **dict(zip(b"GIScgis", "ĞİŞçğış", strict=True))},
    SPANISH: {**EXTENSION, **_SPANISH},
    PORTUGUESE: {
        **EXTENSION,
        **dict(zip(b"\x05\x09\x0b\x0c\x0e\x0f", "êçÔôÁá", strict=True)),
        **dict(zip(b"\x12\x13\x15\x16\x17\x18\x19\x1f", "ΦΓΩΠΨΣΘÊ", strict=True)),
        **dict(zip(b"AIOU[\\aiou{|\x7f", "ÀÍÓÚÃÕÂíóúãõâ", strict=True)),
    },
}


def tables(locking: int = 0, single: int = 0) -> Tables:
    """The tables that the languages of a header ask for; 0 is the default."""
    return Tables(LOCKING.get(locking, DEFAULT), SINGLE.get(single, EXTENSION))
