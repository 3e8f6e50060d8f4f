"""The https server: who gets in, what every answer says, and that rubbish costs nothing."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from pathlib import Path

import pytest

from appliance.web import door
from tests.appliance.web.bench import PASSWORD, Bench, on_a_real_loop, running, write_certificate

pytestmark = pytest.mark.slow


def of_the_page(log: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """What the web server said."""
    return [record for record in log.records if record.name.startswith("appliance.web")]


@on_a_real_loop
async def test_the_page_is_served_with_strict_headers(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "index.html").write_text("<p>the phone</p>")
    (dist / "phone.js").write_text("1;")
    async with running(tmp_path, dist, wss_port=5555) as bench, bench.client() as browser:
        async with browser.get("/") as answer:
            assert (answer.status, await answer.text()) == (200, "<p>the phone</p>")
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "wss://127.0.0.1:5555" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "Strict-Transport-Security" not in answer.headers  # the box's own authority
            assert answer.headers["Server"] == "Callbox"
        async with browser.get("/phone.js") as answer:
            assert answer.content_type == "text/javascript"
        for path in ("/../accounts.db", "/index.htm", "/%2e%2e/tls/box.key", "/api/none"):
            async with browser.get(path) as answer:
                assert answer.status == 404
        async with browser.get("/ca.crt") as answer:
            assert "BEGIN CERTIFICATE" in await answer.text()


@on_a_real_loop
async def test_without_the_bundle_the_page_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    async with (
        running(tmp_path, tmp_path / "dist") as bench,
        bench.client() as browser,
        browser.get("/") as answer,
    ):
        assert answer.status == 503
        assert "apt-get install nodejs npm" in await answer.text()


@on_a_real_loop
async def test_an_own_certificate_is_pinned_to_https(tmp_path: Path) -> None:
    chain, key = tmp_path / "own.crt", tmp_path / "own.key"
    write_certificate(chain, key)
    async with (
        running(tmp_path, certificate="own.crt", key="own.key") as bench,
        bench.client() as browser,
        browser.get("/api/session") as answer,
    ):
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


@on_a_real_loop
async def test_it_waits_for_its_certificate_and_takes_up_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.web.server.LOOK_SECONDS", 0.1)
    bench = Bench(tmp_path)
    kept = {path: path.read_bytes() for path in (tmp_path / "tls").iterdir()}
    for path in kept:
        path.unlink()
    task = asyncio.create_task(bench.server.run())
    await asyncio.sleep(0.1)
    for path, content in kept.items():
        path.write_bytes(content)
    first = await _certificate(bench)
    write_certificate(tmp_path / "tls" / "box.crt", tmp_path / "tls" / "box.key")
    while await _certificate(bench) == first:  # noqa: ASYNC110 # it asks the server each time
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bench.sign_ins.close()


async def _certificate(bench: Bench) -> bytes | None:
    """The one shown, once somebody listens."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", bench.port, ssl=context)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(True)
        writer.close()
        return shown


@on_a_real_loop
async def test_another_pages_requests_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        await bench.signed_in(browser)
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}):
            for path in ("/api/phone", "/api/agent", "/api/sign-out", "/api/sign-in"):
                async with browser.post(path, json={}, headers=headers) as answer:
                    assert answer.status == 403, (path, headers)
            async with browser.get("/api/push", headers={**headers, "Upgrade": "websocket"}) as answer:
                assert answer.status == 403
        async with browser.get("/api/session") as answer:
            assert answer.status == 200  # still signed in


RUBBISH = (
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"\x16\x03\x01" + bytes(300),
    b"A" * 20000,
    b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
    b"POST /api/sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/sign-in HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\nContent-Type: application/json\r\n"
    b"Content-Length: 90000\r\n\r\n" + b"[" * 90000,
    b"POST /api/sign-in HTTP/1.1\r\nHost: a\r\nOrigin: https://a\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
)
SENSELESS = (
    "",
    "[]",
    "null",
    "7",
    '{"agent": 7}',
    '{"agent": "' + "a" * 300 + '"}',
    "[" * 2000,
    '{"agent": "\\ud800"}',
)


@on_a_real_loop
async def test_rubbish_is_answered_or_hung_up_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running(tmp_path) as bench:
        with caplog.at_level(logging.INFO):
            for rubbish in RUBBISH:
                reader, writer = await asyncio.open_connection("127.0.0.1", bench.port, ssl=bench.trust())
                writer.write(rubbish)
                answer = await reader.read(200)
                writer.close()
                assert not answer or answer.startswith((b"HTTP/1.0 4", b"HTTP/1.1 4")), (rubbish[:80], answer)
            reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)  # without TLS
            writer.write(secrets.token_bytes(100))
            assert not (await reader.read(200)).startswith(b"HTTP")
            writer.close()
            async with bench.client() as browser, browser.get("/api/session") as good:
                assert good.status == 401
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []
    assert len([record for record in of_the_page(caplog) if record.levelno >= logging.WARNING]) == 1


@on_a_real_loop
async def test_a_body_that_makes_no_sense_is_refused_in_words(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        headers = {"Content-Type": "application/json"}
        for body in SENSELESS:
            async with browser.post("/api/sign-in", data=body, headers=headers) as answer:
                assert answer.status == 400, body[:80]
                assert (await answer.json())["error"]
        async with browser.post("/api/sign-in", data={"agent": "ana"}) as answer:
            assert answer.status == 415


@on_a_real_loop
async def test_one_who_only_connects_is_shown_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HANDSHAKE_SECONDS", 0.2)
    monkeypatch.setattr(door, "STAY_SECONDS", 0.4)
    monkeypatch.setattr(door, "MOST_OF_ONE_SOURCE", 5)
    async with running(tmp_path) as bench:
        silent = [await asyncio.open_connection("127.0.0.1", bench.port) for _ in range(8)]
        closed = [await reader.read(1) for reader, _ in silent]  # without a handshake; 3 of them at once
        assert closed == [b""] * 8
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.port, ssl=bench.trust())
        writer.write(b"GET / HT")  # and then nothing more
        assert await reader.read(1) == b""
        for _, other in [*silent, (reader, writer)]:
            other.close()
        async with bench.client() as browser, browser.get("/api/session") as answer:
            assert answer.status == 401


@on_a_real_loop
async def test_bad_sources_get_one_line_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with running(tmp_path) as bench, bench.client() as browser:
            for number in range(8):
                wrong = {"agent": f"nobody\n{number}", "password": PASSWORD}
                async with browser.post("/api/sign-in", json=wrong) as answer:
                    assert answer.status == 401
    said = [record.getMessage() for record in of_the_page(caplog)]
    assert len(said) == 1
    assert "\n" not in said[0]


@on_a_real_loop
async def test_one_who_asks_without_end_is_told_to_wait_and_others_are_served(tmp_path: Path) -> None:
    async with running(tmp_path) as bench, bench.client() as browser:
        codes = []
        while 429 not in codes:
            async with browser.get("/provision/AAAAAAAAAAAA/805ec0010203.cfg") as answer:
                codes.append(answer.status)
        assert codes[:200] == [404] * 200
        assert len(codes) < 2000
        await asyncio.sleep(0.1)
        async with browser.get("/api/session") as answer:
            assert answer.status == 401
