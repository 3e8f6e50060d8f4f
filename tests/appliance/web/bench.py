"""The whole https server on loopback, over a centre without modems; and a browser's manners with it.

Its tests run on a real loop, as threads and sockets do not wait for a clock that jumps; none waits long.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import functools
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.api.agent_view import AgentView
from appliance.store.accounts import Accounts
from appliance.store.sign_in import SignIns
from appliance.web.pages import PhonePage
from appliance.web.server import WebServer
from tests.appliance.calls.rig import Rig
from tests.peers.baresip import free_port

PASSWORD = "correct horse battery"
PHONES = {
    "ana-desk": {"agent": "ana", "mac": "80:5E:C0:01:02:03", "model": "yealink"},
    "ben-desk": {"agent": "ben", "mac": "00-0b-82-0a-0b-0c", "model": "grandstream", "srtp": "always"},
    "ana-home": {"agent": "ana", "mac": "000413ABCDEF", "model": "snom", "srtp": "off"},
    "bare": {"agent": "ben"},
}


def on_a_real_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """For a test of the server."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def whole() -> None:
            async with asyncio.timeout(20):
                await test(*args, **kwargs)

        asyncio.run(whole())

    return run


class Bench:
    """The server and what is behind it; `url` is where it answers."""

    def __init__(self, folder: Path, dist: Path | None = None, **edge: Any) -> None:
        self.port = free_port(socket.SOCK_STREAM)
        self.origin = f"https://127.0.0.1:{self.port}"
        settings = {"address": "127.0.0.1", "https_port": self.port, **edge}
        self.rig = Rig(folder, edge=settings, phones=PHONES)
        self.accounts = Accounts(folder / "accounts.db", realm="callbox")
        self.accounts.prepare()
        config = self.rig.config
        self.accounts.set_phones(config.phones, config.agents)
        self.sign_ins = SignIns(self.accounts, mono=self.rig.clock.mono)
        self.authority = folder / edge.get("certificate", "tls/box.crt")
        if not self.authority.exists():
            write_certificate(self.authority, folder / "tls" / "box.key")
        self.view = AgentView(self.rig.centre)
        self.server = WebServer(
            config,
            folder=folder,
            state=folder,
            clock=self.rig.clock,
            view=self.view,
            accounts=self.accounts,
            sign_ins=self.sign_ins,
            page=PhonePage(self.authority, dist) if dist else None,
        )

    def trust(self) -> ssl.SSLContext:
        """What a browser that imported the certificate has."""
        return ssl.create_default_context(cafile=self.authority)

    def client(self) -> aiohttp.ClientSession:
        """A browser: it keeps cookies, and sends the Origin of the page."""
        return aiohttp.ClientSession(
            self.origin,
            connector=aiohttp.TCPConnector(ssl=self.trust()),
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # cookies of an address, too
            headers={"Origin": self.origin},
        )

    async def signed_in(self, client: aiohttp.ClientSession, agent: str = "ana") -> dict[str, Any]:
        """Sign in; what the page is told."""
        async with client.post("/api/sign-in", json={"agent": agent, "password": PASSWORD}) as answer:
            assert answer.status == 200, await answer.text()
            return dict(await answer.json())

    def browser_accounts(self) -> list[str]:
        """Agents of the accounts that browsers have now."""
        return [account.agent for account in self.accounts.all() if account.kind.value == "browser"]


@contextlib.asynccontextmanager
async def running(folder: Path, dist: Path | None = None, **edge: Any) -> AsyncIterator[Bench]:
    """A bench whose server serves; ana has a password."""
    bench = Bench(folder, dist, **edge)
    await bench.sign_ins.set("ana", PASSWORD)
    task = asyncio.create_task(bench.server.run())
    try:
        await until_open(bench, task)
        yield bench
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        bench.sign_ins.close()


async def until_open(bench: Bench, task: asyncio.Task[None]) -> None:
    """Wait until somebody listens."""
    while not task.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", bench.port, ssl=bench.trust())
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    task.result()


def write_certificate(chain: Path, key_file: Path) -> None:
    """A certificate of 127.0.0.1 and localhost that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "callbox")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain.parent.mkdir(parents=True, exist_ok=True)
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
