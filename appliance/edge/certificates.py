"""The edge's certificate: an installer's own, or one that the box makes and signs itself.

At the first start the box becomes a certificate authority of its own, `tls/ca.crt` in the state folder, to be
imported into browsers and phones; it signs `tls/box.crt` and signs that anew when the box's addresses change
or it is about to end.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import fcntl
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.config.schema import Config

log = logging.getLogger(__name__)

KEY_BITS = 2048  # desk phones of ten years ago know no elliptic curves
CA_DAYS = 3650
BOX_DAYS = 397  # browsers refuse longer ones (CA/Browser Forum baseline requirements, 6.3.2)
RENEW_DAYS = 30
LOOK_SECONDS = 60.0
DAY = datetime.timedelta(days=1)


class CertificateError(Exception):
    """A certificate or its key cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Pair:
    """Files of a certificate (PEM, with its chain) and its private key; `own` if the box made them."""

    certificate: Path
    key: Path
    own: bool


def authority(state: Path) -> Path:
    """The box's own authority, PEM, for import into browsers and phones."""
    return state / "tls" / "ca.crt"


def configured(config: Config, folder: Path) -> Pair | None:
    """The installer's own, relative to `folder`; None if there is none. Raises CertificateError."""
    edge = config.edge
    if not edge.certificate:
        return None
    pair = Pair(folder / edge.certificate, folder / (edge.key or edge.certificate), own=False)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key, password=b"")
        ends = _read(pair.certificate).not_valid_after_utc
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise CertificateError(
            f"edge.certificate {pair.certificate} with key {pair.key}: {error}. "
            "Give the certificate with its chain and its unencrypted key, both PEM."
        ) from error
    if ends < _now():
        raise CertificateError(
            f"edge.certificate {pair.certificate}: it ended on {ends:%Y-%m-%d}. Put a new one there."
        )
    return pair


def current(config: Config, folder: Path, state: Path) -> Pair:
    """What the edge shall use now; makes or renews the box's own, which also stands in for a bad one."""
    try:
        if pair := configured(config, folder):
            return pair
    except CertificateError as error:
        log.error("%s The box uses its own until then.", error)
    tls = state / "tls"
    tls.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = Pair(tls / "box.crt", tls / "box.key", own=True)
    names = addresses(config)
    with _alone(tls):
        if not _fresh(own, authority(state), names):
            _make(tls, own, names)
    return own


def addresses(config: Config) -> list[x509.GeneralName]:
    """All that the box is called: its addresses, its name, and the machine's."""
    edge = config.edge
    numbers = dict.fromkeys(filter(None, (edge.address, edge.public_address, "127.0.0.1")))
    host = socket.gethostname()
    words = (config.box.name, host, f"{host}.local", edge.realm, "localhost")
    names = dict.fromkeys(word.lower() for word in words if _is_host(word))
    return [
        *(x509.IPAddress(ipaddress.IPv4Address(number)) for number in numbers),
        *(x509.DNSName(name) for name in names),
    ]


class CertificateWatch:
    """Calls `reload` when the certificate's files changed: replaced by an installer, or renewed by us."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        state: Path,
        *,
        reload: Callable[[], Awaitable[None]],
        every_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._places = (config, folder, state)
        self._reload = reload
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Look for ever, until cancelled."""
        seen = await asyncio.to_thread(self._seen)
        while True:
            await asyncio.sleep(self._every_seconds)
            now = await asyncio.to_thread(self._seen)
            if now != seen:
                log.info("edge: the certificate is %s now", now[0])
                seen = now
                await self._reload()

    def _seen(self) -> tuple[str, int, int]:
        pair = current(*self._places)
        return str(pair.certificate), pair.certificate.stat().st_mtime_ns, pair.key.stat().st_mtime_ns


@contextlib.contextmanager
def _alone(tls: Path) -> Iterator[None]:
    """The brain and Kamailio's start look at the same time."""
    lock = os.open(tls / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _is_host(word: str) -> bool:
    labels = word.split(".")
    return len(word) <= 253 and all(
        label and label.isascii() and label.replace("-", "a").isalnum() for label in labels
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _fresh(pair: Pair, ca: Path, names: list[x509.GeneralName]) -> bool:
    """Whether our own certificate is there, ours, for all these names, and good for a while."""
    try:
        box, issuer = _read(pair.certificate), _read(ca)
        box.verify_directly_issued_by(issuer)
        has = box.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return list(has) == names and box.not_valid_after_utc > _now() + RENEW_DAYS * DAY


def _make(tls: Path, pair: Pair, names: list[x509.GeneralName]) -> None:
    ca, ca_key = _authority(tls)
    key = rsa.generate_private_key(65537, KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Callbox")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = (
        _builder(subject, key, BOX_DAYS)
        .issuer_name(ca.subject)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    _write(pair.key, _private(key))
    _write(pair.certificate, _public(builder.sign(ca_key, hashes.SHA256())) + _public(ca), mode=0o644)
    log.info("edge: made a certificate for %s", ", ".join(str(name.value) for name in names))


def _authority(tls: Path) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """The one there is, or a new one: kept for ever, as others have imported it."""
    try:
        ca = _read(tls / "ca.crt")
        key = serialization.load_pem_private_key((tls / "ca.key").read_bytes(), None)
        lasts = ca.not_valid_after_utc > _now() + BOX_DAYS * DAY
        if lasts and isinstance(key, rsa.RSAPrivateKey) and ca.public_key() == key.public_key():
            return ca, key
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError) as error:
        log.error("edge: the box's authority in %s cannot be used (%s); there will be a new one", tls, error)
    return _new_authority(tls)


def _new_authority(tls: Path) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(65537, KEY_BITS)
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"Callbox {socket.gethostname()[:40]} authority")]
    )
    only_signs = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, key, CA_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(only_signs, critical=True)
    )
    ca = builder.sign(key, hashes.SHA256())
    _write(tls / "ca.key", _private(key))
    _write(tls / "ca.crt", _public(ca), mode=0o644)
    return ca, key


def _builder(subject: x509.Name, key: rsa.RSAPrivateKey, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - DAY)  # a phone without a clock battery is behind
        .not_valid_after(_now() + days * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    new.replace(path)
