"""What a sipp does as a SIP provider or another exchange, in sipp's XML; made, so that no two nearly match.

Every answering scenario answers OPTIONS and REGISTER beside its calls, as the edge asks and registers at the
same port. Figures: pauses in ms, ports of the sound's far end (`RtpEnd`), which sipp itself leaves alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="{name}">\n'
ANSWER = """\
SIP/2.0 {code} {reason}
{via}
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
{cseq}
{more}{contact}
"""
CONTACT = "Contact: <sip:trunk@[local_ip]:[local_port];transport=[transport]>"
TAG = ";tag=[pid]SIPpTag01[call_number]"
SDP = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [media_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio {port} RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
"""
EMPTY = "Content-Length: 0\n\n"
QUOTE = {'"': "&quot;"}
# Of the INVITE, for an answer after another request: through the edge it has two Via.
KEPT = {"via": ("Via", 1), "hop": ("Via", 2), "cseq": ("CSeq", 1)}
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 302: "Moved Temporarily"}


def answering(
    *steps: str, user: str = "", password: str = "", register_code: int = 200, options_code: int = 200
) -> str:
    """A server: OPTIONS and REGISTER are answered, an INVITE goes through `steps`.

    With `user` a REGISTER is challenged and its digest checked.
    The variables of KEPT are the INVITE's.
    """
    return "".join(
        [
            HEAD.format(name="answering"),
            '<recv request="OPTIONS" optional="true" next="1"/>\n',
            '<recv request="REGISTER" optional="true" next="2"/>\n',
            '<recv request="INVITE" rrs="true">\n<action>\n',
            *(_keep(variable, name, place) for variable, (name, place) in KEPT.items()),
            f'</action>\n</recv>\n<Reference variables="{",".join(KEPT)}"/>\n',
            *steps,
            '<nop next="9"/>\n<label id="1"/>\n',
            respond(options_code, tag=TAG),
            '<nop next="9"/>\n<label id="2"/>\n',
            *(_register(user, password, register_code)),
            '<label id="9"/>\n</scenario>\n',
        ]
    )


def _register(user: str, password: str, code: int) -> list[str]:
    final = respond(code, more="Expires: 300\n", contact="[last_Contact:]")
    if not user:
        return [final]
    challenge = 'WWW-Authenticate: Digest realm="trunk", nonce="n[call_number]", algorithm=MD5\n'
    return [
        respond(401, more=challenge),
        '<recv request="REGISTER">\n<action>\n',
        _verify("good", user, password),
        '</action>\n</recv>\n<nop next="3" test="good"/>\n',
        respond(403),
        '<nop next="9"/>\n<label id="3"/>\n',
        final,
    ]


def respond(
    code: int,
    *,
    more: str = "",
    sound: int = 0,
    tag: str = TAG,
    again: bool = False,
    via: str = "[last_Via:]",
    cseq: str = "[last_CSeq:]",
    contact: str = CONTACT,
) -> str:
    """An answer; with the RTP port `sound` it has an SDP. `again` until something comes."""
    reason = REASONS.get(code, "Because")
    head = ANSWER.format(code=code, reason=reason, tag=tag, more=more, via=via, cseq=cseq, contact=contact)
    return _send(head + (SDP.format(port=sound) if sound else EMPTY), again=again)


def _send(text: str, *, again: bool) -> str:
    retransmitted = ' retrans="500"' if again else ""
    return f"<send{retransmitted}>\n<![CDATA[\n{text}]]>\n</send>\n"


def receive(request: str, *, optional: bool = False, auth: bool = False) -> str:
    """Wait for a request."""
    extra = (' optional="true"' if optional else "") + (' auth="true"' if auth else "")
    return f'<recv request="{request}"{extra}/>\n'


def pause(ms: int) -> str:
    """Do nothing for so long."""
    return f'<pause milliseconds="{ms}"/>\n'


def answers(sound: int, *, ring_ms: int = 100, more: str = "") -> tuple[str, ...]:
    """Ring, answer, and wait for the BYE."""
    with_route = "[last_Record-Route:]\n"
    return (
        respond(180, more=with_route),
        pause(ring_ms),
        respond(200, sound=sound, more=with_route + more, again=True),
        receive("ACK"),
        receive("BYE"),
        respond(200, tag=""),
    )


def answers_without_events(sound: int) -> tuple[str, ...]:
    """As `answers`, but without RFC 4733; the first two INFOs are answered."""
    ring, wait, answer, *rest = answers(sound)
    plain = answer.replace(" 101\n", "\n").replace("a=rtpmap:101 telephone-event/8000\n", "")
    infos = [step for _ in range(2) for step in (receive("INFO"), respond(200, tag=""))]
    return (ring, wait, plain, rest[0], *infos, *rest[1:])


def early(sound: int, *, for_ms: int) -> tuple[str, ...]:
    """183 with sound for a while, then as `answers`."""
    return (respond(183, sound=sound, more="[last_Record-Route:]\n"), pause(for_ms), *answers(sound))


def reliable_early(sound: int, *, for_ms: int) -> tuple[str, ...]:
    """183 that must be acknowledged by PRACK (RFC 3262), then an answer; for an INVITE with two Via."""
    return (
        respond(183, sound=sound, more="[last_Record-Route:]\nRequire: 100rel\nRSeq: 1\n"),
        receive("PRACK"),
        respond(200, tag=""),
        pause(for_ms),
        respond(200, tag="", via="Via: [$via]\nVia: [$hop]", cseq="CSeq: [$cseq]", again=True),
        receive("ACK"),
        receive("BYE"),
        respond(200, tag=""),
    )


def refuses(code: int, *, more: str = "", ring: bool = False) -> tuple[str, ...]:
    """A final answer other than 200."""
    ringing = (respond(180, more="[last_Record-Route:]\n"), pause(100)) if ring else ()
    return (*ringing, respond(code, more=more, again=True), receive("ACK"))


def challenges(user: str, password: str, sound: int) -> tuple[str, ...]:
    """401 to the INVITE, its digest checked at the next one: a wrong one gets 403."""
    challenge = 'WWW-Authenticate: Digest realm="trunk", nonce="c[call_number]", algorithm=MD5, qop="auth"\n'
    return (
        respond(401, more=challenge, again=True),
        receive("ACK"),
        '<recv request="INVITE" rrs="true">\n<action>\n',
        _verify("known", user, password),
        '</action>\n</recv>\n<nop next="5" test="known"/>\n',
        *refuses(403),
        '<nop next="9"/>\n<label id="5"/>\n',
        *answers(sound),
    )


@dataclass(frozen=True)
class Calling:
    """How a sipp calls us: who, whom, what else the INVITE says, what it does when it is up."""

    to: str
    caller: str = "+4917012345678"
    sound: int = 40000
    more: str = ""
    to_header: str = ""
    talk_ms: int = 1000
    digits_info: str = ""  # one key, by INFO
    expects: int = 200

    def scenario(self) -> str:
        """The whole of it."""
        invite = (
            f"INVITE sip:{self.to}@[remote_ip]:[remote_port] SIP/2.0\n"
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]\n"
            f"From: <sip:{self.caller}@[local_ip]>;tag=[pid]SIPpTag00[call_number]\n"
            f"To: <sip:{self.to_header or self.to}@[remote_ip]>\n"
            "Call-ID: [call_id]\nCSeq: 1 INVITE\n"
            "Contact: <sip:trunk@[local_ip]:[local_port];transport=[transport]>\n"
            f"Max-Forwards: 70\n{self.more}"
        )
        invite += SDP.format(port=self.sound)
        begin = [
            HEAD.format(name="calling"),
            _send(invite, again=True),
            *(f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183)),
        ]
        if self.expects != 200:
            begin.append(f'<recv response="{self.expects}"/>\n')
            return "".join([*begin, _within("ACK", 1, refused=True), "</scenario>\n"])
        info = [_within("INFO", 2, self.digits_info), '<recv response="200"/>\n'] if self.digits_info else []
        return "".join(
            [
                *begin,
                '<recv response="200" rrs="true"/>\n',
                _within("ACK", 1),
                pause(self.talk_ms),
                *info,
                _within("BYE", 3),
                '<recv response="200"/>\n</scenario>\n',
            ]
        )


def options() -> str:
    """Ask by OPTIONS, and want 200."""
    lines = [
        "OPTIONS sip:[remote_ip]:[remote_port] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        "From: <sip:trunk@[local_ip]>;tag=[pid]SIPpTag00[call_number]",
        *("To: <sip:[remote_ip]>", "Call-ID: [call_id]", "CSeq: 1 OPTIONS", "Max-Forwards: 70"),
        *("Contact: <sip:trunk@[local_ip]:[local_port]>", "Content-Length: 0", "", ""),
    ]
    asked = _send("\n".join(lines), again=True)
    return HEAD.format(name="options") + asked + '<recv response="200"/>\n</scenario>\n'


def _within(method: str, number: int, digit: str = "", *, refused: bool = False) -> str:
    target = "sip:[service]@[remote_ip]:[remote_port]" if refused else "[next_url]"
    lines = [
        f"{method} {target} SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        *([] if refused else ["[routes]"]),
        *("[last_From:]", "[last_To:]", "[last_Call-ID:]", f"CSeq: {number} {method}", "Max-Forwards: 70"),
        *(["Content-Type: application/dtmf-relay"] if digit else []),
        "Content-Length: [len]",
        "",
        *([f"Signal={digit}", "Duration=160"] if digit else []),
        "",
    ]
    return _send("\n".join(lines), again=method != "ACK")


def _verify(variable: str, user: str, password: str) -> str:
    name, word = escape(user, QUOTE), escape(password, QUOTE)
    return f'<verifyauth assign_to="{variable}" username="{name}" password="{word}"/>\n'


def _keep(variable: str, name: str, place: int) -> str:
    where = f'search_in="hdr" header="{name}:" occurrence="{place}"'
    return f'<ereg regexp=".*" {where} assign_to="{variable}"/>\n'
