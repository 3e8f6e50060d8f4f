"""Each of RFC 4475's torture messages by its name there: what clause 3 says is special about it.

`messages(target)` are valid and invalid ones alike; a proxy may refuse any of them, and must survive all.
"""

from __future__ import annotations

from collections.abc import Callable

SDP = (
    "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 49217 RTP/AVP 0\r\n"
)
MIXED = (
    "--7a9cbec02ceef655\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n"
    "--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n0\x80\x02\xa4\x00\xff\r\n"
    "--7a9cbec02ceef655--\r\n"
)


def plain(
    method: str = "INVITE",
    uri: str = "sip:user@callbox",
    *,
    first: str = "",
    body: str | None = None,
    without: tuple[str, ...] = (),
    tail: str = "",
    **changed: str,
) -> str:
    """An ordinary request with some headers changed, left out, or put after the others (`tail`)."""
    body = SDP if body is None and method == "INVITE" else body or ""
    headers = {
        "Via": "SIP/2.0/UDP 192.0.2.15;branch=z9hG4bK-NAME",
        "Max-Forwards": "70",
        "From": "<sip:caller@example.net>;tag=323",
        "To": "<sip:user@callbox>",
        "Call-ID": "NAME.torture@example.net",
        "CSeq": f"8 {method}",
        "Contact": "<sip:caller@host5.example.net>",
        **({"Content-Type": "application/sdp"} if body else {}),
        "Content-Length": str(len(body.encode("latin-1"))),
    }
    named = {name.replace("_", "-").lower(): value for name, value in changed.items()}
    headers = {name: named.pop(name.lower(), value) for name, value in headers.items()}
    headers.update({name.title(): value for name, value in named.items()})
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name not in without]
    return f"{first or f'{method} {uri} SIP/2.0'}\r\n{''.join(lines)}{tail}\r\n{body}"


# 3.1.1: valid, and hard to read.
VALID: dict[str, Callable[[], str]] = {
    "wsinv": lambda: (
        "INVITE sip:vivekg@callbox;unknownparam SIP/2.0\r\n"
        "TO :\r\n sip:vivekg@callbox ;   tag    = 1918181833n\r\n"
        'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
        "MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nContent-Length   : 150\r\n"
        "cseq: 0009\r\n  INVITE\r\n"
        "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
        "NewFangledHeader:   newfangled value\r\n"
        " continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
        "Content-Type: application/sdp\r\n"
        "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
        "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n'
        "      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\n" + SDP
    ),
    "intmeth": lambda: plain(
        "!interesting-Method0123456789_*+`.%indeed'~",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@callbox",
        To='"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" '
        "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>",
        From="token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
        ";fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\";tag=_token~1'+`*%!-.",
        extensionHeader_X="\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb",
    ),
    "esc01": lambda: plain(
        uri="sip:sips%3Auser%40example.com@callbox",
        To="sip:%75se%72@callbox",
        From="<sip:I%20have%20spaces@example.net>;tag=93",
    ),
    "escnull": lambda: plain(
        "REGISTER", "sip:callbox", To="sip:null-%00-null@callbox", From="sip:null-%00-null@callbox;tag=8"
    ).replace("<sip:caller@host5.example.net>", "<sip:%00@host5.example.com>,<sip:%00%00@host5.example.com>"),
    "esc02": lambda: plain("RE%47IST%45R", "sip:registrar@callbox", To='"%Z%45" <sip:resource@callbox>'),
    "lwsdisp": lambda: plain("OPTIONS", From="caller<sip:caller@example.com>;tag=323"),
    "longreq": lambda: plain(
        To=f'"I have a user name of {"extreme" * 10} proportion"'
        f"<sip:user@callbox:6000;unknownparam1={'very' * 20}long>",
        From=f"sip:{'amazinglylongcallername' * 5}@example.net;tag=12{'982' * 50}424"
        f";{'unknownheaderparamname' * 6}={'value' * 12}",
        Call_ID=f"longreq.one{'really' * 20}longcallid",
        tail="".join(
            f"Via: SIP/2.0/TCP sip{n}.example.com;branch=z9hG4bK{n}{'long' * 12}\r\n" for n in range(34)
        ),
        Unknown=f"unknown-{'very' * 20}long-unknown-header-value",
    ),
    "dblreq": lambda: plain("REGISTER", "sip:callbox", To="sip:j.user@callbox", Content_Length="0") + plain(),
    "semiuri": lambda: plain("OPTIONS", "sip:user;par=u%40example.net@callbox"),
    "transports": lambda: plain(
        "OPTIONS",
        tail="".join(
            f"Via: SIP/2.0/{kind} t{n}.example.com;branch=z9hG4bK{n}\r\n"
            for n, kind in enumerate(("UDP", "SCTP", "TLS", "UNKNOWN", "TCP"))
        ),
    ),
    "mpart01": lambda: plain("MESSAGE", body=MIXED, Content_Type="multipart/mixed;boundary=7a9cbec02ceef655"),
    "unreason": lambda: response("200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe"),
    "noreason": lambda: response("100 "),
}
# 3.1.2: invalid.
INVALID: dict[str, Callable[[], str]] = {
    "badinv01": lambda: plain(Via="SIP/2.0/UDP 192.0.2.15;;,;,,", Contact='"Joe" <sip:joe@example.org>;;;;'),
    "clerr": lambda: plain(Content_Length="9999"),
    "ncl": lambda: plain(Content_Length="-999"),
    "scalar02": lambda: plain(
        "REGISTER",
        CSeq="36893488147419103232 REGISTER",
        Max_Forwards="300",
        Expires="1" + "0" * 100,
        Contact="<sip:user@host129.example.com>;expires=280297596632815",
    ),
    "scalarlg": lambda: response(
        "503 Service Unavailable",
        cseq="9292394834772304023312 OPTIONS",
        more='Retry-After: 949302838503028349304023988\r\nWarning: 1812 overture "In Progress"\r\n',
    ),
    "quotbal": lambda: plain(To='"Mr. J. User <sip:j.user@callbox>'),
    "ltgtruri": lambda: plain(uri="<sip:user@callbox>"),
    "lwsruri": lambda: plain(uri="sip:user@callbox; lr"),
    "lwsstart": lambda: plain(first="INVITE  sip:user@callbox  SIP/2.0"),
    "trws": lambda: plain("OPTIONS", first="OPTIONS sip:remote-target@callbox SIP/2.0  "),
    "escruri": lambda: plain(uri="sip:user@callbox?Route=%3Csip:example.com%3E"),
    "baddate": lambda: plain(Date="Fri, 01 Jan 2010 16:00:00 EST"),
    "regbadct": lambda: plain(
        "REGISTER", "sip:callbox", Contact="sip:user@example.com?Route=%3Csip:sip.example.com%3E"
    ),
    "badaspec": lambda: plain("OPTIONS", To='"Watson, Thomas" < sip:t.watson@callbox >'),
    "baddn": lambda: plain("OPTIONS", From="Bell, Alexander <sip:a.g.bell@example.com>;tag=43"),
    "badvers": lambda: plain(
        "OPTIONS",
        first="OPTIONS sip:t.watson@callbox SIP/7.0",
        Via="SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw",
    ),
    "mismatch01": lambda: plain("OPTIONS", CSeq="8 INVITE"),
    "mismatch02": lambda: plain("NEWMETHOD", CSeq="8 INVITE"),
    "bigcode": lambda: response("4294967301 better not break the receiver"),
}
# 3.2: the transaction layer; 3.3: the application.
OTHERS: dict[str, Callable[[], str]] = {
    "badbranch": lambda: plain("OPTIONS", Via="SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK"),
    "insuf": lambda: plain(without=("Call-ID", "From", "To")),
    "unkscm": lambda: plain("OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent"),
    "novelsc": lambda: plain("OPTIONS", "soap.beep://192.0.2.103:3002"),
    "unksm2": lambda: plain(
        "REGISTER",
        "sip:callbox",
        To="isbn:2983792873",
        From="<http://www.example.com>;tag=3234233",
        Contact="<name:John_Smith>",
    ),
    "bext01": lambda: plain(
        "OPTIONS",
        Require="nothingSupportsThis, nothingSupportsThisEither",
        Proxy_Require="noProxiesSupportThis, norDoAnyProxiesSupportThis",
    ),
    "invut": lambda: plain(
        body='<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n', Content_Type="application/unknownformat"
    ),
    "regaut01": lambda: plain(
        "REGISTER", "sip:callbox", Authorization="NoOneKnowsThisScheme opaque-data=here"
    ),
    "multi01": lambda: plain(
        tail="CSeq: 59 INVITE\r\nMax-Forwards: 5\r\nCall-ID: second@192.0.2.1\r\n"
        "From: other <sip:b@example.com>;tag=9\r\nTo: <sip:other@callbox>\r\nContact: <sip:c@example.com>\r\n"
    ),
    "mcl01": lambda: plain(
        "OPTIONS",
        tail="Content-Length: 5\r\n",
        body="There's no way to know how many octets are supposed to be here.\r\n",
    ),
    "bcast": lambda: response(
        "200 OK",
        via="SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
        "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23",
    ),
    "zeromf": lambda: plain("OPTIONS", Max_Forwards="0"),
    "cparam01": lambda: plain(
        "REGISTER", "sip:callbox", Contact="sip:+19725552222@gw1.example.net;unknownparam"
    ),
    "cparam02": lambda: plain(
        "REGISTER", "sip:callbox", Contact="<sip:+19725552222@gw1.example.net;unknownparam>"
    ),
    "regescrt": lambda: plain(
        "REGISTER", "sip:callbox", Contact="<sip:user@example.com?Route=%3Csip:sip.example.com%3E>"
    ),
    "sdp01": lambda: plain(Accept="text/nobodyKnowsThis"),
    "inv2543": lambda: plain(
        Via="SIP/2.0/UDP iftgw.example.com",
        without=("Max-Forwards",),
        Record_Route="<sip:UserB@callbox;maddr=ss1.example.com>",
    ),
}


def response(
    status: str,
    *,
    cseq: str = "35 INVITE",
    via: str = "SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923",
    more: str = "",
) -> str:
    """An answer to nothing that was asked."""
    return (
        f"SIP/2.0 {status}\r\nVia: {via}\r\nCall-ID: NAME.dfsfd@example.com\r\nCSeq: {cseq}\r\n"
        f"From: <sip:user@example.com>;tag=11141343\r\nTo: <sip:user@callbox>;tag=2229\r\n{more}"
        f"Contact: <sip:user@host198.example.com>\r\nContent-Length: 0\r\n\r\n"
    )


def messages() -> dict[str, bytes]:
    """Every message by its name in the RFC."""
    return {
        name: make().replace("NAME", name).encode("latin-1")
        for name, make in {**VALID, **INVALID, **OTHERS}.items()
    }
