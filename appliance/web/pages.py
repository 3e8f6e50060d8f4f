"""The files of the phone's page, as `make` bundled them into `dist/`, and the box's authority to import."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from appliance.web.headers import refusal

DIST = Path(__file__).parent / "dist"
CONTENT_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
NOT_BUILT = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Callbox phone</title>
<h1>The browser phone is not there</h1>
<p>Its page is made with npm, which was missing when the box was set up.
<p>On the box: <code>sudo apt-get install nodejs npm</code>, then <code>make run</code> again.
</html>
"""


class PhonePage:
    """The files are read once; without them the page says what is missing."""

    def __init__(self, authority: Path, dist: Path = DIST) -> None:
        self._authority = authority
        self.files = {
            path.name: path.read_bytes()
            for path in (sorted(dist.iterdir()) if dist.is_dir() else [])
            if path.suffix in CONTENT_TYPES
        }

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [
            web.get("/", self._index),
            web.get("/ca.crt", self._ca),
            web.get("/{file:[a-z][a-z.]{0,30}}", self._file),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        if "index.html" not in self.files:
            return web.Response(text=NOT_BUILT, content_type="text/html", status=503)
        return self._answer("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        return self._answer(name) if name in self.files else refusal("There is no such page.", 404)

    def _answer(self, name: str) -> web.Response:
        kind = CONTENT_TYPES[Path(name).suffix]
        return web.Response(body=self.files[name], content_type=kind, charset="utf-8")

    async def _ca(self, request: web.Request) -> web.Response:
        try:
            text = await asyncio.to_thread(self._authority.read_text)
        except OSError:
            return refusal("The box uses a certificate of another authority; nothing need be imported.", 404)
        return web.Response(
            text=text,
            content_type="application/x-x509-ca-cert",
            headers={"Content-Disposition": 'attachment; filename="callbox-ca.crt"'},
        )
