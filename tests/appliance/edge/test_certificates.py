"""The box makes its own certificate, keeps its authority, and takes an installer's instead."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from appliance.config.schema import Config
from appliance.edge import certificates
from appliance.edge.certificates import CertificateError, CertificateWatch, authority, configured, current

pytestmark = pytest.mark.slow  # keys take their time


def config(**edge: Any) -> Config:
    return Config.model_validate({"edge": {"address": "192.0.2.7", **edge}})


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A box that has made its own once."""
    folder = tmp_path_factory.mktemp("state")
    current(config(), folder, folder)
    return folder


async def test_the_boxs_own_is_signed_by_its_authority_for_every_name_of_the_box(state: Path) -> None:
    pair = current(config(), state, state)
    assert pair.own
    box, ca = read(pair.certificate), read(authority(state))
    box.verify_directly_issued_by(ca)
    names = box.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert ipaddress.IPv4Address("192.0.2.7") in names.get_values_for_type(x509.IPAddress)
    assert "callbox" in names.get_values_for_type(x509.DNSName)
    assert box.not_valid_after_utc - box.not_valid_before_utc <= 399 * certificates.DAY
    basics = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basics.ca, basics.path_length) == (True, 0)


async def test_a_browser_that_has_the_authority_trusts_the_box(state: Path) -> None:
    pair = current(config(), state, state)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(pair.certificate, pair.key)
    client.load_verify_locations(authority(state))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(to_server, to_client, server_side=True),
        client.wrap_bio(to_client, to_server, server_hostname="192.0.2.7"),
    ]
    for end in [*reversed(ends)] * 4:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert ends[1].getpeercert()


async def test_private_keys_are_for_the_boxs_user_alone(state: Path) -> None:
    for name in ("box.key", "ca.key"):
        assert (state / "tls" / name).stat().st_mode & 0o777 == 0o600


async def test_a_second_start_keeps_it_and_a_new_address_makes_a_new_one_of_the_same_authority(
    tmp_path: Path,
) -> None:
    first = current(config(), tmp_path, tmp_path)
    box, ca = first.certificate.read_bytes(), authority(tmp_path).read_bytes()
    assert current(config(), tmp_path, tmp_path).certificate.read_bytes() == box
    current(config(address="192.0.2.8"), tmp_path, tmp_path)
    assert first.certificate.read_bytes() != box
    assert authority(tmp_path).read_bytes() == ca


def test_two_that_look_at_once_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: current(config(), tmp_path, tmp_path), range(4)))
    read(tmp_path / "tls" / "box.crt").verify_directly_issued_by(read(authority(tmp_path)))


async def test_one_about_to_end_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "BOX_DAYS", certificates.RENEW_DAYS - 1)
    first = current(config(), tmp_path, tmp_path).certificate.read_bytes()
    monkeypatch.undo()
    assert current(config(), tmp_path, tmp_path).certificate.read_bytes() != first


@pytest.mark.parametrize("name", ["box.crt", "box.key", "ca.key", "ca.crt"])
async def test_a_damaged_file_is_made_anew(state: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "tls").mkdir()
    for path in (state / "tls").iterdir():
        (tmp_path / "tls" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tls" / name).write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    pair = current(config(), tmp_path, tmp_path)
    read(pair.certificate).verify_directly_issued_by(read(authority(tmp_path)))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.certificate, pair.key)


async def test_an_installers_own_is_used_as_it_is(state: Path, tmp_path: Path) -> None:
    tls = state / "tls"
    given = config(certificate=str(tls / "box.crt"), key=str(tls / "box.key"))
    pair = current(given, tmp_path, tmp_path)
    assert (pair.certificate, pair.own) == (tls / "box.crt", False)
    assert not (tmp_path / "tls").exists()


async def test_an_installers_that_cannot_be_used_is_told_and_the_boxs_stands_in(
    state: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tls = state / "tls"
    for certificate, key in ((tls / "box.crt", tls / "ca.key"), (tls / "none.crt", tls / "box.key")):
        given = config(certificate=str(certificate), key=str(key))
        with pytest.raises(CertificateError, match=f"edge.certificate .*{certificate.name}"):
            configured(given, tmp_path)
        with caplog.at_level(logging.ERROR):
            assert current(given, tmp_path, tmp_path).own
        assert str(certificate) in caplog.text


@pytest.mark.realtime
async def test_a_replaced_certificate_is_taken_up_while_the_box_runs(tmp_path: Path) -> None:
    reloaded = asyncio.Event()

    async def reload() -> None:
        reloaded.set()

    current(config(), tmp_path, tmp_path)
    watch = CertificateWatch(config(), tmp_path, tmp_path, reload=reload, every_seconds=0.02)
    watching = asyncio.create_task(watch.run())
    await asyncio.sleep(0.2)
    assert not reloaded.is_set()
    (tmp_path / "tls" / "box.crt").unlink()
    async with asyncio.timeout(5):
        await reloaded.wait()
    watching.cancel()
