"""What one voice modem chip says and can: a table a chip. Adding a chip is adding a table.

Sources: CX93001 = texts of a real CX93001-EIS_V0.2013-V92 in published logs, and bench measurements of one;
USR = USRobotics 5637 OEM manual and logs of firmware 1.2.23; SI = Silicon Labs AN93 Rev 1.3, tables 110 to
112; V.253 = ITU-T V.253 clauses 8 to 10. A habit that no source tells is that of V.253.
Not seen on a real one: the +GM texts, ATI of the Si2494, and ATI of the USR but for ATI3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dsp import g711, linear
from dsp.g711 import Law
from dsp.linear import Form

FRAMING_BIT = bytes(byte | 1 for byte in range(256))  # bit 0 of the low byte marks a word: CX93001, measured


@dataclass(frozen=True)
class Codec:
    """One +VSM method. `form` None: it is offered, as on the real chip, but choosing it is refused here."""

    id: int
    line: str  # of the answer to +VSM=?
    form: Law | Form | None = None
    framing_bit: bool = False

    @property
    def sample_bytes(self) -> int:
        return self.form.sample_bytes if isinstance(self.form, Form) else 1

    def encode(self, samples: bytes) -> bytes:
        """s16 to what the host reads."""
        if isinstance(self.form, Form):
            data = linear.encode(samples, self.form)
            if self.framing_bit:
                words = bytearray(data)
                words[::2] = words[::2].translate(FRAMING_BIT)
                data = bytes(words)
            return data
        return g711.ulaw_encode(samples) if self.form is Law.ULAW else g711.alaw_encode(samples)

    def decode(self, data: bytes) -> bytes:
        """What the host wrote (whole samples) to s16."""
        if isinstance(self.form, Form):
            return linear.decode(data, self.form)
        return g711.ulaw_decode(data) if self.form is Law.ULAW else g711.alaw_decode(data)


@dataclass(frozen=True)
class Chip:
    """The fixed answers and habits of one chip."""

    name: str
    ati: Mapping[str, tuple[str, ...]]  # digits after ATI -> lines; others: OK alone
    maker: str
    model: str
    revision: str
    codecs: tuple[Codec, ...]
    codec_id: int  # after a reset
    ranges: Mapping[str, str]  # parameter -> answer to =?, which is what is allowed
    defaults: Mapping[str, str]  # parameter -> what it is after a reset
    caller_id: str = "{0} = {1}"  # one line of it; of what and what
    caller_id_event: bool = False  # in voice mode, caller ID is a complex event: <DLE>X ... <DLE>.
    duplex: bool = True  # has +VTR
    leaves_duplex: frozenset[str] = frozenset("^")  # codes of the host that end +VTR
    etx_after: frozenset[str] = frozenset({"+VRX", "+VTR"})  # <DLE><ETX> stands before the OK that ends these
    digits_framed: bool = True  # DTMF: <DLE>/ <DLE>5 <DLE>~, else <DLE>5 alone
    silence_ends: bool = False  # +VSD's silence ends the stream, not only tells of it
    no_dial_tone: str = "NO DIALTONE"
    dialled: str = "OK"  # result of a dial that was answered, in voice mode
    three_tone_fields: bool = False  # +VTS=[f1,f2,dur] needs all three
    bytes_per_second: int = 0  # of both directions together, 0 = no limit
    flow: bool = True  # USB: the host is held back by itself; False: only as +IFC says


_RANGES = {
    "+FCLASS": "0,1,2,8",
    "+VCID": "(0-2)",
    "+VDR": "(0,1),(0-255)",
    "+VGR": "(0-255)",
    "+VGT": "(0-255)",
    "+VIT": "(0-255)",
    "+VNH": "(0-2)",
    "+VPR": "(0-255)",
    "+VRA": "(0-255)",
    "+VRN": "(0-255)",
    "+VSD": "(0,127-129),(0-255)",
    "+VTD": "(0-400)",
    "+IFC": "(0-2),(0-2)",
    "+FLO": "(0-2)",
    "+IPR": "(0-921600)",
    "+GCI": "(00,04,0F,16,1C,20,26,31,3C,3D,42,50,52,57,59,61,7B,82,89,A0,A5,B4,B5,FD)",
}
_DEFAULTS = {
    "+FCLASS": "0",
    "+VCID": "0",
    "+VDR": "0,0",
    "+VGR": "128",
    "+VGT": "128",
    "+VIT": "0",
    "+VNH": "0",
    "+VPR": "0",
    "+VRA": "50",
    "+VRN": "10",
    "+VSD": "128,50",
    "+VTD": "100",
    "+IFC": "2,2",
    "+FLO": "2",
    "+IPR": "0",
    "+GCI": "B5",
}

CX93001 = Chip(
    name="Conexant CX93001",
    ati={
        "": ("56000",),
        "0": ("56000",),
        "1": ("255",),
        "2": ("OK",),
        "3": ("CX93001-EIS_V0.2013-V92",),
        "6": ("CX93001-EIS_V0.2013-V92",),
    },
    maker="CONEXANT",
    model="+GMM: V90",
    revision="+GMR: CX93001-EIS_V0.2013-V92",
    codecs=(
        Codec(0, '0,"SIGNED PCM",8,0,8000,0,0', Form.S8),
        Codec(1, '1,"UNSIGNED PCM",8,0,8000,0,0', Form.U8),
        Codec(129, '129,"IMA ADPCM",4,0,8000,0,0'),
        Codec(130, '130,"UNSIGNED PCM",8,0,8000,0,0', Form.U8),
        Codec(131, '131,"Mu-Law",8,0,8000,0,0', Law.ULAW),
        Codec(132, '132,"A-Law",8,0,8000,0,0', Law.ALAW),
        Codec(133, '133,"14 bit PCM",14,0,8000,0,0', Form.S14_LEFT, framing_bit=True),
    ),
    codec_id=1,  # the real one may begin with ADPCM, which is not emulated
    ranges={**_RANGES, "+FCLASS": "0,1,1.0,2,8"},
    defaults=_DEFAULTS,
    silence_ends=True,
    bytes_per_second=30_400,
)

USR5637 = Chip(
    name="USR 5637",
    ati={
        "": ("5601",),
        "0": ("5601",),
        "3": ("U.S. Robotics 56K FAX USB V1.2.23",),
        "7": (
            "Configuration Profile...",
            "Product type           USB",
            "Options                V32bis,V.90,V.92",
        ),
    },
    maker="U.S. Robotics",
    model="+GMM: 56K FAX USB",
    revision="+GMR: V1.2.23",
    codecs=(
        Codec(128, '128,"8-BIT LINEAR",(7200,8000,11025)', Form.U8),
        Codec(129, '129,"16-BIT LINEAR",(7200,8000,11025)', Form.S16LE),
        Codec(130, '130,"8-BIT ALAW",(8000)', Law.ALAW),
        Codec(131, '131,"8-BIT ULAW",(8000)', Law.ULAW),
        Codec(132, '132,"IMA ADPCM",(7200,8000,11025)'),
    ),
    codec_id=129,
    ranges={**_RANGES, "+VNH": "(0,2)", "+VSD": "(0-255),(0-255)"},
    defaults=_DEFAULTS,
    caller_id="{0}={1}",
    leaves_duplex=frozenset("^\x03"),
    etx_after=frozenset({"+VRX"}),
    digits_framed=False,
    no_dial_tone="NO DIAL TONE",
    dialled="VCON",
)

SI2494 = Chip(
    name="Silicon Labs Si2494",
    ati={
        "0": ("Si2494",),
        "1": ("Silicon Labs",),
        "3": ("Si2494 Rev D",),
        "6": ("2494",),
    },
    maker="SILICON LABS",
    model="+GMM: Si2494",
    revision="+GMR: D",
    codecs=(
        Codec(0, '0,"SIGNED PCM",8,0,8000,0,0', Form.S8),
        Codec(1, '1,"UNSIGNED PCM",8,0,8000,0,0', Form.U8),
        Codec(4, '4,"G.711U",8,0,8000,0,0', Law.ULAW),
        Codec(5, '5,"G.711A",8,0,8000,0,0', Law.ALAW),
        Codec(129, '129,"G.726",2,0,8000,0,0'),
        Codec(131, '131,"G.726",4,0,8000,0,0'),
    ),
    codec_id=1,
    ranges={
        **_RANGES,
        "+FCLASS": "0,1,8,256",
        "+VCDT": "(0-7)",
        "+VGR": "(112-134)",
        "+VGT": "(112-134)",
        "+VSD": "(118-138),(0-255)",
    },
    defaults={**_DEFAULTS, "+VCDT": "0", "+VRN": "0", "+IFC": "0,0"},
    caller_id_event=True,
    duplex=False,
    etx_after=frozenset({"+VTX", "+VRX"}),
    three_tone_fields=True,
    flow=False,
)

GENERIC = Chip(
    name="generic V.253",
    ati={"": ("V.253",), "0": ("V.253",), "3": ("V.253 voice modem, emulated",)},
    maker="CALLBOX",
    model="EMULATED V.253",
    revision="1",
    codecs=(
        Codec(0, '0,"SIGNED PCM",8,0,8000,0,0', Form.S8),
        Codec(1, '1,"UNSIGNED PCM",8,0,8000,0,0', Form.U8),
        Codec(4, '4,"G.711 ULAW",8,0,8000,0,0', Law.ULAW),
        Codec(5, '5,"G.711 ALAW",8,0,8000,0,0', Law.ALAW),
    ),
    codec_id=1,
    ranges={**_RANGES, "+FCLASS": "0,8", "+VSD": "(0-255),(0-255)"},
    defaults=_DEFAULTS,
    caller_id_event=True,
)

CHIPS: Mapping[str, Chip] = {"cx93001": CX93001, "usr5637": USR5637, "si2494": SI2494, "v253": GENERIC}


def allows(ranges: str, value: str) -> bool:
    """Whether `value` ("128,0") is within "(0,127-129),(0-255)"; fields may be left empty or out."""
    fields = _fields(ranges)
    given = value.split(",")
    return len(given) <= len(fields) and all(
        part == "" or _in(field, part) for part, field in zip(given, fields, strict=False)
    )


def _fields(ranges: str) -> list[str]:
    if "(" not in ranges:
        return [ranges]
    return [part.strip("(), ") for part in ranges.split("),")]


def _in(field_range: str, part: str) -> bool:
    for choice in field_range.split(","):
        low, dash, high = choice.partition("-")
        if part.upper() == choice:
            return True
        if dash and part.isdigit() and int(low) <= int(part) <= int(high):
            return True
    return False
