"""Messages that torture a SIP parser: one for each section of RFC 4475, and those of RFC 5118 (IPv6).

Each is made anew after its section's description, for a server at `target` ("127.0.0.1:5060"), and named as
the standard names it. Valid and invalid ones are mixed: what they have in common is that nobody may die of
them. `mutated` makes as many more as wanted.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

SDP = (
    "v=0\r\no=mhandley 29739 7272939 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"
)
SDP6 = SDP.replace("IN IP4 127.0.0.1", "IN IP6 2001:db8::9:255")


def _message(first: str, *lines: str, body: str = "", length: str | None = None, branch: str = "") -> bytes:
    """`first` and `lines`; headers nothing can do without are added where `lines` has none of the name."""
    unique = zlib.crc32("\0".join([first, *lines, body]).encode("utf-8", "replace"))
    size = len(body.encode("utf-8", "surrogateescape"))
    method = first.split()[0].partition("/")[0] if first.split() else "X"
    needed = {
        "via": f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{branch or unique}",
        "from": "From: sip:caller@example.net;tag=323",
        "to": "To: sip:user@example.com",
        "call-id": f"Call-ID: {unique}@example.net",
        "cseq": f"CSeq: 1 {method}",
        "max-forwards": "Max-Forwards: 70",
        "contact": "Contact: <sip:caller@127.0.0.1:9>",
        "content-type": "Content-Type: application/sdp" if body else "",
        "content-length": f"Content-Length: {size if length is None else length}",
    }
    short = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
    given = {line.partition(":")[0].strip().lower() for line in lines}
    given |= {short.get(name, name) for name in given}
    extra = [line for name, line in needed.items() if line and name not in given]
    return ("\r\n".join([first, *lines, *extra]) + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def _valid(to: str) -> dict[str, bytes]:
    """RFC 4475 3.1.1."""
    long = "unknown" + "very" * 60
    multipart = "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nhello\r\n--7a9cbec02ceef655--\r\n"
    register = _message(f"REGISTER sip:{to} SIP/2.0", "To: sip:j@example.com", branch="dbl1")
    return {
        "wsinv": _message(
            f"INVITE sip:vivekg@{to};unknownparam SIP/2.0",
            f"TO :\r\n sip:vivekg@{to} ;   tag    = 1918181833n",
            'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8',
            "MaX-fOrWaRdS: 0068",
            "Call-ID: wsinv.ndaksdj@192.0.2.1",
            "cseq: 0009\r\n  INVITE",
            "Via  : SIP  /   2.0\r\n /UDP\r\n    127.0.0.1:9;branch=390skdjuw",
            "s :",
            "NewFangledHeader:   newfangled value\r\n continued newfangled value",
            "UnknownHeaderWithUnusualValue: ;;,,;;,;",
            "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
            'm:"Quoted \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  q = 0.33',
            body=SDP,
        ),
        "intmeth": _message(
            "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;"
            f"*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@{to} SIP/2.0",
            'To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <sip:1_unusual.URI@example.com>',
            "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~",
            "extensionHeader-!.%*+_`'~:大停電",
        ),
        "esc01": _message(
            f"INVITE sip:sips%3Auser%40example.com@{to} SIP/2.0", "To: sip:%75se%72@x", body=SDP
        ),
        "escnull": _message(
            f"REGISTER sip:{to} SIP/2.0", "Contact: <sip:%00@127.0.0.1>", "Contact: <sip:%00%00@x>"
        ),
        "esc02": _message(
            f"RE%47IST%45R sip:{to} SIP/2.0", 'To: "%Z%45" <sip:resource@x>', "CSeq: 2 RE%47IST%45R"
        ),
        "lwsdisp": _message(f"OPTIONS sip:user@{to} SIP/2.0", "From: caller<sip:caller@example.com>;tag=323"),
        "longreq": _message(
            f"INVITE sip:user@{to} SIP/2.0",
            f'To: "I have a user name of {"extreme " * 60}" <sip:user@x:6000;{long}=a;{"b" * 200}>',
            f"From: sip:{'a' * 300}@example.net;tag=12{'9' * 80}",
            *[
                f"Via: SIP/2.0/TCP sip{number}.example.com;branch=z9hG4bK{'x' * 40}{number}"
                for number in range(34)
            ],
            f"Unknown-{'Long' * 30}: {'value ' * 80}",
            f"Call-ID: longreq.onereally{'long' * 100}callid",
            body=SDP,
        ),
        "dblreq": register + _message(f"INVITE sip:joe@{to} SIP/2.0", body=SDP, branch="dbl2"),
        "semiuri": _message(f"OPTIONS sip:user;par=u%40example.net@{to} SIP/2.0", "Accept: application/sdp"),
        "transports": _message(
            f"OPTIONS sip:user@{to} SIP/2.0",
            "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKkdjuw",
            *[
                f"Via: SIP/2.0/{kind} t1.example.com;branch=z9hG4bK{kind}"
                for kind in ("SCTP", "TLS", "UNKNOWN")
            ],
        ),
        "mpart01": _message(
            f"MESSAGE sip:kumiko@{to} SIP/2.0",
            "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655",
            body=multipart.replace("hello", "\udc80\udc82\udcff\x00" * 40),
        ),
        "unreason": _message("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять - простое", "CSeq: 3 INVITE"),
        "noreason": _message("SIP/2.0 100 ", "CSeq: 35 INVITE"),
    }


def _invalid(to: str) -> dict[str, bytes]:
    """RFC 4475 3.1.2 and 3.2."""
    invite = f"INVITE sip:user@{to} SIP/2.0"
    return {
        "badinv01": _message(
            invite, 'From: "J" <sip:j@x>;;,;,tag=9', "Via: SIP/2.0/UDP 127.0.0.1:9;;,;,,", body=SDP
        ),
        "clerr": _message(invite, body=SDP, length="9999"),
        "ncl": _message(invite, body=SDP, length="-999"),
        "scalar02": _message(
            f"REGISTER sip:{to} SIP/2.0",
            "CSeq: 36893488147419103232 REGISTER",
            "Max-Forwards: 300",
            "Expires: 10000000000000000000000000000",
            "Contact: <sip:u@127.0.0.1>;expires=280297596632815",
        ),
        "scalarlg": _message(
            "SIP/2.0 503 Service Unavailable",
            "CSeq: 9292394834772304023312 OPTIONS",
            "Retry-After: 949302838503028349304023988",
        ),
        "quotbal": _message(invite, 'To: "Mr. J. User <sip:j.user@example.com>', body=SDP),
        "ltgtruri": _message(f"INVITE <sip:user@{to}> SIP/2.0", body=SDP),
        "lwsruri": _message(f"INVITE sip:user@{to}; lr SIP/2.0", body=SDP),
        "lwsstart": _message(f"INVITE  sip:user@{to}  SIP/2.0", body=SDP),
        "trws": _message(f"OPTIONS sip:user@{to} SIP/2.0  "),
        "escruri": _message(f"INVITE sip:user@{to}?Route=%3Csip:sip.example.com%3E SIP/2.0", body=SDP),
        "baddate": _message(invite, "Date: Fri, 01 Jan 2010 16:00:00 EST", body=SDP),
        "regbadct": _message(
            f"REGISTER sip:{to} SIP/2.0", "Contact: sip:user@example.com?Route=%3Csip:s.example.com%3E"
        ),
        "badaspec": _message(
            f"OPTIONS sip:user@{to} SIP/2.0", 'To: "Watson, Come here" <<sip:user@x>', "Via: SIP  / 2.0"
        ),
        "baddn": _message(
            f"OPTIONS sip:t.watson@{to} SIP/2.0", "From: Bell, Alexander <sip:a.g.bell@x>;tag=43"
        ),
        "badvers": _message(
            f"OPTIONS sip:t.watson@{to} SIP/7.0", "Via: SIP/7.0/UDP 127.0.0.1:9;branch=z9hG4bKv"
        ),
        "mismatch01": _message(f"OPTIONS sip:user@{to} SIP/2.0", "CSeq: 8 INVITE"),
        "mismatch02": _message(f"NEWMETHOD sip:user@{to} SIP/2.0", "CSeq: 8 INVITE", body=SDP),
        "bigcode": _message("SIP/2.0 4294967301 better not break the receiver", "CSeq: 8 INVITE"),
        "badbranch": _message(
            f"OPTIONS sip:user@{to} SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK"
        ),
    }


def _semantic(to: str) -> dict[str, bytes]:
    """RFC 4475 3.3 and 3.4."""
    invite = f"INVITE sip:user@{to} SIP/2.0"
    return {
        "insuf": f"INVITE sip:user@{to} SIP/2.0\r\nCSeq: 193942 INVITE\r\nContent-Length: 0\r\n\r\n".encode(),
        "unkscm": _message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"),
        "novelsc": _message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"),
        "unksm2": _message(
            f"REGISTER sip:{to} SIP/2.0", "To: isbn:2983792873", "From: <http://www.example.com>;tag=3"
        ),
        "bext01": _message(
            f"OPTIONS sip:user@{to} SIP/2.0", "Require: nothingSupportsThis", "Proxy-Require: noProxies"
        ),
        "invut": _message(invite, "Content-Type: application/unknownformat", body="<audio>\r\n"),
        "regaut01": _message(
            f"REGISTER sip:{to} SIP/2.0", "Authorization: NoOneKnowsThisScheme opaque-data=here"
        ),
        "multi01": _message(
            invite, "CSeq: 5 INVITE", "CSeq: 59 INVITE", "To: sip:a@x", "To: sip:b@x;tag=3", body=SDP
        ),
        "mcl01": _message(
            f"OPTIONS sip:user@{to} SIP/2.0", "Content-Length: 13", "Content-Length: 5", body="There's no way"
        ),
        "bcast": _message(
            "SIP/2.0 200 OK",
            "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber",
            "CSeq: 8 INVITE",
            body=SDP,
        ),
        "zeromf": _message(f"OPTIONS sip:user@{to} SIP/2.0", "Max-Forwards: 0"),
        "cparam01": _message(f"REGISTER sip:{to} SIP/2.0", "Contact: sip:user@127.0.0.1;unknownparam"),
        "cparam02": _message(f"REGISTER sip:{to} SIP/2.0", "Contact: <sip:user@127.0.0.1;unknownparam>"),
        "regescrt": _message(
            f"REGISTER sip:{to} SIP/2.0", "Contact: <sip:u@x?Route=%3Csip:sip.example.com%3E>"
        ),
        "sdp01": _message(invite, "Accept: text/nobodyKnowsThis", body=SDP),
        "inv2543": _message(invite, "Via: SIP/2.0/UDP 127.0.0.1:9", "From: sip:caller@x", body=SDP),
    }


def _ipv6(to: str) -> dict[str, bytes]:
    """RFC 5118 section 4."""
    register, invite = "REGISTER sip:[2001:db8::10] SIP/2.0", f"INVITE sip:user@{to} SIP/2.0"
    received = "Via: SIP/2.0/UDP [2001:db8::9:1];received={};branch=z9hG4bKas3"
    return {
        "ipv6-good": _message(register, "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111"),
        "ipv6-bad": _message("REGISTER sip:2001:db8::10 SIP/2.0", "Via: SIP/2.0/UDP [2001:db8::9:1]"),
        "port-ambiguous": _message("REGISTER sip:[2001:db8::10:5070] SIP/2.0"),
        "port-unambiguous": _message("REGISTER sip:[2001:db8::10]:5070 SIP/2.0"),
        "via-received-delim": _message(invite, received.format("[2001:db8::9:255]"), body=SDP),
        "via-received-no-delim": _message(invite, received.format("2001:db8::9:255"), body=SDP),
        "ipv6-in-sdp": _message(invite, "Contact: <sip:u@[2001:db8::9:1]>", body=SDP6),
        "ipv4-mapped-ipv6": _message(invite, body=SDP.replace("IP4 127.0.0.1", "IP6 ::ffff:192.0.2.10")),
    }


def torture(target: str) -> dict[str, bytes]:
    """All of them by name, for the server at `target`."""
    return {**_valid(target), **_invalid(target), **_semantic(target), **_ipv6(target)}


def mutated(target: str, count: int, seed: int) -> Iterator[bytes]:
    """`count` of them: one of `torture` with bytes changed, cut, doubled, or others put in; a call each."""
    dice = random.Random(seed)
    every = torture(target)
    known = [*every.values(), *[every[name] for name in ("sdp01", "esc01", "baddate", "escruri")] * 10]
    for number in range(count):
        fresh = dice.choice(known).replace(b"=z9hG4bK", b"=z9hG4bK%d." % number)
        data = bytearray(fresh.replace(b"@example.net", b"-%d@example.net" % number))
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(data) + 1)
            kind = dice.randrange(5)
            if kind == 0 and data:
                data[min(at, len(data) - 1)] = dice.randrange(256)
            elif kind == 1:
                del data[at : at + dice.randrange(1, 60)]
            elif kind == 2:
                data[at:at] = data[at : at + dice.randrange(1, 200)] * dice.randrange(1, 8)
            elif kind == 3:
                other = dice.choice(known)
                begin = dice.randrange(len(other))
                data[at:at] = other[begin : begin + dice.randrange(1, 300)]
            else:
                data[at:at] = dice.choice(
                    [b"\r\n", b"\x00", b"\xff" * 20, b'"', b"<", b"%", b";" * 300, b"9" * 40]
                )
        yield bytes(data[:60_000])
