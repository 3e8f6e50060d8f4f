"""A server on loopback that answers lookups well or badly, by the path that is asked."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import gzip
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

GOOD = b'{"data": {"name": "Ana", "orders": [{"id": 7}], "vip": true, "debt": null}, "ok": true}'


class Hostile:
    """`seen` are the requests: method, raw path, body; `most` is how many were answered at once."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, str]] = []
        self.port = 0
        self.most = self._now = 0

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{path}"

    @contextlib.asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Hostile]:
        """Until the body ends."""
        app = web.Application()
        app.router.add_route("*", "/{kind}{rest:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        assert site._server is not None
        self.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        self.seen.append((request.method, request.raw_path, body, request.headers.get("X-Token", "")))
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self._by(request.match_info["kind"], request)
        finally:
            self._now -= 1

    async def _by(self, kind: str, request: web.Request) -> web.StreamResponse:
        match kind:
            case "hang":
                await asyncio.sleep(30)
            case "slow":
                await asyncio.sleep(0.05)
            case "drip" | "flood":
                return await self._stream(request, kind)
            case "redirect":
                raise web.HTTPFound(self.url("good"))
            case "gone":
                raise web.HTTPNotFound
            case "zip":
                return web.Response(
                    body=gzip.compress(b" " * 5_000_000), headers={"Content-Encoding": "gzip"}
                )
        bodies = {
            "html": b"<html>",
            "deep": b"[" * 60_000,
            "nan": b'{"data": {"name": NaN}}',
            "type": b'{"data": {"name": {"first": "Ana"}}}',
            "bytes": b"\xff\xfe\x00",
            "digits": b'{"data": {"name": ' + b"9" * 6000 + b"}}",
            "right": b'{"ok": "yes"}',
        }
        return web.Response(body=bodies.get(kind, GOOD), content_type="application/json")

    async def _stream(self, request: web.Request, kind: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(500):
                await response.write(b" " if kind == "drip" else b" " * 10_000)
                await asyncio.sleep(0.05 if kind == "drip" else 0)
        return response


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that vouches for itself, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca, both = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(made.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both.write_bytes(private + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return ca, context
