"""SIP messages as text: read leniently, written exactly as told. For peers in tests that speak by hand."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

SDP = """\
v=0\r
o=- 1 {version} IN IP4 {address}\r
s=-\r
c=IN IP4 {address}\r
t=0 0\r
m=audio {port} RTP/AVP 8 0 101\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:101 telephone-event/8000\r
"""


def sdp(port: int = 40000, *, address: str = "127.0.0.1", version: int = 1) -> str:
    """An offer or answer of G.711."""
    return SDP.format(port=port, address=address, version=version)


COMPACT = {"t": "To", "f": "From", "i": "Call-ID", "m": "Contact", "v": "Via", "l": "Content-Length"}


@dataclass(frozen=True)
class Packet:
    """One message: first line, headers in their order, body."""

    first: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    source: tuple[str, int] = field(default=("", 0), compare=False)

    @property
    def status(self) -> int:
        """The code of an answer, 0 for a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of a request, or of the request that is answered."""
        return self["cseq"].split()[1]

    @property
    def uri(self) -> str:
        """A request's address."""
        return self.first.split()[1]

    def __getitem__(self, name: str) -> str:
        found = self.all(name)
        if not found:
            raise KeyError(f"{name} not in {self.first!r}")
        return found[0]

    def get(self, name: str) -> str:
        """The first header of a name, "" without."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every header of a name."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def routes(self) -> list[str]:
        """What Record-Route says, one after another."""
        return [part.strip() for value in self.all("record-route") for part in value.split(",")]


def parse(data: bytes, source: tuple[str, int] = ("", 0)) -> Packet:
    """Read one message."""
    head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    pairs = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Packet(
        first, tuple((COMPACT.get(name.lower(), name), value) for name, value in pairs), body, source
    )


def write(first: str, headers: list[tuple[str, str]], body: str = "") -> bytes:
    """One message, with its Content-Length."""
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers = [*headers, ("Content-Type", "application/sdp")]
    lines = [first, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def answer(
    request: Packet, code: int, headers: list[tuple[str, str]], body: str = "", tag: str = "t"
) -> bytes:
    """An answer to `request`."""
    to = request["to"] if "tag=" in request["to"] else f"{request['to']};tag={tag}"
    copied = [(name, value) for name, value in request.headers if name.lower() in ("via", "record-route")]
    copied += [
        ("From", request["from"]),
        ("To", to),
        ("Call-ID", request["call-id"]),
        ("CSeq", request["cseq"]),
    ]
    return write(f"SIP/2.0 {code} x", [*copied, *headers], body)


def in_brackets(value: str) -> str:
    """The URI of a From, To, Contact or Route."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";")[0].strip()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def ha1(user: str, realm: str, password: str) -> str:
    """RFC 3261 22.4."""
    return _md5(f"{user}:{realm}:{password}")


def credentials(
    challenge: str, *, method: str, uri: str, user: str, password: str, count: int = 1, qop: bool = True
) -> str:
    """The answer to a digest challenge (RFC 2617 3.2.2); `count` is nc; without `qop` as RFC 2069 had it."""
    told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    realm, nonce = told["realm"], told["nonce"]
    first, second = ha1(user, realm, password), _md5(f"{method}:{uri}")
    base = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
    if not qop:
        return f'{base}, response="{_md5(f"{first}:{nonce}:{second}")}"'
    response = _md5(f"{first}:{nonce}:{count:08x}:0a4f113b:auth:{second}")
    return f'{base}, response="{response}", qop=auth, nc={count:08x}, cnonce="0a4f113b"'
