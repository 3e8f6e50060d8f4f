"""What every answer says to the browser, and which requests are refused before anybody looks at them.

- A request that changes something must come from our own page: its Origin is our own host (RFC 6454 7).
- No script, style or picture but ours; no frame around us; the microphone for us alone.
- HSTS (RFC 6797) only with an own certificate: with the box's, it would lock out those who click through.
"""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from appliance.web.complaints import Complaints
from appliance.web.throttle import Throttle

ASKS_AT_ONCE = 200  # of one source: an office behind one address begins its day
ASKS_EVERY_SECONDS = 0.02
HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
SAFE_METHODS = frozenset({"GET", "HEAD"})


def refusal(words: str, status: int, **headers: str) -> web.Response:
    """An answer that says no, in words for the page."""
    return web.json_response({"error": words}, status=status, headers=headers)


def fixed_headers(host: str, wss_port: int, *, hsts: bool) -> dict[str, str]:
    """The headers of every answer; `host` as the request named it, with or without a port."""
    name = host.rpartition(":")[0] if re.search(r":[0-9]+$", host) else host
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            f"connect-src 'self' wss://{host} wss://{name}:{wss_port}; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Server": "Callbox",  # without versions
    }
    if hsts:
        headers["Strict-Transport-Security"] = "max-age=15552000"
    return headers


def guard(wss_port: int, *, hsts: bool, complaints: Complaints, pace: Throttle) -> Middleware:
    """The middleware around all that is served; `pace` is how often one source may ask."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        source = request.remote or "nobody"
        host = request.headers.get("Host", "")
        refused = _refused(request, host, pace.wait_seconds(source))
        pace.take(source)
        response: web.StreamResponse
        if refused is None:
            response = await _answer(request, handler, complaints)
        else:
            status, why, words = refused
            complaints.say(source, f"{request.method} {request.path}: {why}")
            response = refusal(words, status)
            response.force_close()
        if not response.prepared:
            known = host if HOST.fullmatch(host) else "localhost"
            response.headers.update(fixed_headers(known, wss_port, hsts=hsts))
        return response

    return guarded


def _refused(request: web.Request, host: str, wait_seconds: float) -> tuple[int, str, str] | None:
    """Status, reason for the log, and words for the page of a request that nobody shall look at."""
    if wait_seconds:
        return 429, "asks too often", "Too many requests. Wait a little, then try again."
    if not HOST.fullmatch(host):
        return 400, "without a proper Host", "The address of the page is not understood."
    if changes_something(request) and request.headers.get("Origin") != f"https://{host}":
        return 403, "from another page", "This came from another page. Open the box's own."
    return None


def changes_something(request: web.Request) -> bool:
    """Whether another page must not be able to send it: all but plain reading, and a WebSocket."""
    return request.method not in SAFE_METHODS or "Upgrade" in request.headers


async def _answer(request: web.Request, handler: Handler, complaints: Complaints) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status >= 400:
            complaints.say(request.remote or "nobody", f"{request.method} {request.path}: {error.status}")
        return refusal(error.reason, error.status)
