"""Inputs for the fuzzer: what modems and networks say, and what becomes of it on bad days."""

from __future__ import annotations

import random

from drivers.emulated.sms_centre import CENTRE
from drivers.sms import encode, ussd
from drivers.sms.octets import encoded_address
from drivers.sms.pdu import decode_submit

LINES = [
    *(
        "OK",
        "ERROR",
        "+CME ERROR: 10",
        "+CMS ERROR: 321",
        "COMMAND NOT SUPPORT",
        "NO CARRIER",
        "BUSY",
        "RING",
    ),
    *(
        '+CMTI: "SM",3',
        '+CDSI: "SR",1',
        "+CMT: ,24",
        "+CDS: 25",
        "+CMGR: 1,,24",
        "+CMGL: 3,1,,24",
        "+CMGS: 17",
    ),
    *('+CUSD: 1,"1. Yes', "2. No", '",15', '+CUSD: 0,"AA180C3602",15', "+CUSD: 2", '^SMMEMFULL:"SM"', "> "),
    *('+CREG: 1,"1A2B","0C3D",7', '+CLIP: "+491701",145,,,,0', "+CSQ: 20,99", '+COPS: 0,0,"Tele, Com",7'),
    *("AT+CMGR=3", "AT+CMEE?", "+CMEE: 1", "^RSSI:20", "VOICE CALL: BEGIN", "MISSED_CALL: 11:01AM 0771"),
    *('+CPMS: "SM",3,20,"ME",0,50,"SM",3,20', "x" * 300, '"', ",", "0791947106004034"),
]
ENDS = [b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"\r\r\n", b""]
SENDERS = ["+4917012345678", "MyBank", "10086", "+1", "*100#"]
ALPHABETS = ["abc 123", "[]€{}", "Ждш", "😀🚀é", "\n\r@", "\x1b"]


def at_bytes(luck: random.Random) -> bytes:
    """Lines of modems with noise, glued and torn."""
    parts: list[bytes] = []
    for _ in range(luck.randint(1, 12)):
        kind = luck.random()
        if kind < 0.75:
            parts += luck.choice(LINES).encode(), luck.choice(ENDS)
        elif kind < 0.85:
            parts += bytes.fromhex(pdu_hex(luck)).hex().upper().encode(), luck.choice(ENDS)
        elif kind < 0.99:
            parts.append(luck.randbytes(luck.randint(0, 20)))
        else:
            parts.append(luck.randbytes(luck.randint(1500, 5000)).replace(b"\n", b"x").replace(b"\r", b"x"))
    return garbled(luck, b"".join(parts)) if luck.random() < 0.3 else b"".join(parts)


def text(luck: random.Random) -> str:
    """Any text that can be sent, short or long."""
    alphabet = "".join(luck.sample(ALPHABETS, luck.randint(1, 3)))
    return "".join(
        luck.choices(alphabet, k=luck.choice((1, 7, 8, 69, 70, 71, 159, 160, 161, luck.randint(1, 700))))
    )


def pdu_hex(luck: random.Random) -> str:
    """A PDU as a modem gives it: a delivery or a report, whole."""
    centre = bytes((len(CENTRE) - 1,)) + CENTRE[1:] if luck.random() < 0.8 else b"\0"
    sender = encoded_address(luck.choice(SENDERS))
    stamp = luck.randbytes(7) if luck.random() < 0.2 else bytes.fromhex("62112230405000")
    if luck.random() < 0.25:
        tpdu = bytes((0x06, luck.randrange(256))) + sender + stamp + stamp + luck.randbytes(1)
    else:
        parts = encode("1", text(luck), reference=luck.randrange(65536), most_parts=255)
        submit = decode_submit(luck.choice(parts).tpdu)
        first = 0x44 if submit.has_header else 0x04
        tpdu = (
            bytes((first,))
            + sender
            + bytes((0, submit.dcs))
            + stamp
            + bytes((submit.length,))
            + submit.octets
        )
    return (centre + tpdu).hex()


def pdu_bytes(luck: random.Random) -> bytes:
    """The octets of a PDU, most of them garbled or cut; sometimes no PDU at all."""
    if luck.random() < 0.2:
        return luck.randbytes(luck.randint(0, 60))
    octets = bytes.fromhex(pdu_hex(luck))
    return octets if luck.random() < 0.1 else garbled(luck, octets)


def ussd_bytes(luck: random.Random) -> bytes:
    """A coding and a string of +CUSD, as bytes."""
    written = text(luck)[:182]
    forms = [
        written,
        written.encode("utf-16-be").hex(),
        luck.randbytes(luck.randint(0, 80)).hex().upper(),
        "".join(luck.choices("0123456789ABCDEF", k=luck.randint(0, 40))),
        ussd.packed("Balance 12.50 EUR"[: luck.randint(1, 17)]),
        f'+CUSD: {luck.randrange(12)},"{written}",{luck.randrange(300)}',
    ]
    dcs = luck.choice((0, 1, 15, 0x10, 0x11, 68, 72, 0x58, 0x94, 0xF4, luck.randrange(256)))
    string = luck.choice(forms).encode("utf-8", "surrogatepass")
    return bytes((dcs,)) + (garbled(luck, string) if luck.random() < 0.3 else string)


def shielded_bytes(luck: random.Random) -> bytes:
    """Sound of a V.253 modem with codes, halves of codes and packets in it."""
    pieces = [
        b"\x10",
        b"\x10\x10",
        b"\x10\x1a",
        b"\x10\x03",
        b"\x10X",
        b"\x10.",
        b"\x10b",
        b"DATE = 1121\r\n",
    ]
    parts = (
        luck.choice(pieces) if luck.random() < 0.7 else luck.randbytes(luck.randint(0, 40)) for _ in range(20)
    )
    return b"".join(parts)


def garbled(luck: random.Random, data: bytes) -> bytes:
    """Some bytes lost, changed, doubled; perhaps the end is missing."""
    garbled = bytearray(data)
    for _ in range(luck.randint(1, 4)):
        if not garbled:
            break
        at = luck.randrange(len(garbled))
        kind = luck.randrange(4)
        if kind == 0:
            del garbled[at]
        elif kind == 1:
            garbled[at] = luck.randrange(256)
        elif kind == 2:
            garbled[at:at] = garbled[at : at + luck.randint(1, 20)]
        else:
            del garbled[at:]
    return bytes(garbled)
