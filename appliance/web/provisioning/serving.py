"""Serves a desk phone its settings, once: /provision/TOKEN/FILE, the file named as its maker's phones do.

The token belongs to one phone of the configuration and that phone's MAC; with its first use the phone gets
a new password. Everybody else, and every second time, hears only that there is no such file.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from appliance.config.edge import Phone
from appliance.config.schema import Config
from appliance.store.accounts import AccountRefused, Accounts
from appliance.web.complaints import Complaints
from appliance.web.headers import refusal
from appliance.web.provisioning import grandstream, snom, yealink
from appliance.web.provisioning.settings import PhoneSettings, codecs_of
from appliance.web.provisioning.time_zone import TimeZone

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Maker:
    """How a maker's phones name and read their file; the first group of `file` is the MAC."""

    file: re.Pattern[str]
    content_type: str
    write: Callable[[PhoneSettings, str], str]  # with the MAC, twelve small digits


MAKERS: dict[str, Maker] = {
    "yealink": Maker(yealink.FILE, yealink.CONTENT_TYPE, lambda settings, mac: yealink.write(settings)),
    "grandstream": Maker(grandstream.FILE, grandstream.CONTENT_TYPE, grandstream.write),
    "snom": Maker(snom.FILE, snom.CONTENT_TYPE, lambda settings, mac: snom.write(settings)),
}


class NotServed(Exception):
    """Why there is no file, for the log."""


class Provisioning:
    """The route under /provision."""

    def __init__(
        self, config: Config, accounts: Accounts, complaints: Complaints, time_zone: TimeZone
    ) -> None:
        self._config = config
        self._accounts = accounts
        self._complaints = complaints
        self._time_zone = time_zone

    def routes(self) -> list[web.RouteDef]:
        """For the application."""
        return [web.get("/provision/{token:[A-Za-z0-9_-]{8,64}}/{file:[A-Za-z0-9._-]{1,64}}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        source, file = request.remote or "nobody", request.match_info["file"]
        try:
            name, maker, mac = await self._phone(request.match_info["token"], file)
            password = await asyncio.to_thread(self._accounts.new_password, name)
        except (NotServed, AccountRefused) as error:
            self._complaints.say(source, f"no settings for {file}: {error}")
            return refusal("There is no such file.", 404)
        log.info("phone %s: fetched its settings from %s", name, source)
        text = maker.write(self._settings(name, password), mac)
        return web.Response(text=text, content_type=maker.content_type, charset="utf-8")

    async def _phone(self, token: str, file: str) -> tuple[str, Maker, str]:
        """Name, maker and MAC of the phone that may have this file now; the token is used up. NotServed."""
        name = await asyncio.to_thread(self._accounts.token_phone, token)
        phone = self._config.phones.get(name)
        if phone is None:
            raise NotServed("the token is unknown, used or too old. Make one: callbox phones token NAME")
        maker = MAKERS.get(phone.model)
        if maker is None:
            raise NotServed(f"phone {name} has no `model` in the configuration, so its format is not known")
        mac = fitting_mac(phone, maker, file)
        if not mac:
            raise NotServed(f"it is not the file of phone {name}, or of another MAC")
        if await asyncio.to_thread(self._accounts.take_token, token) != name:
            raise NotServed("the token was used at the same moment")
        return name, maker, mac

    def _settings(self, name: str, password: str) -> PhoneSettings:
        edge, phone = self._config.edge, self._config.phones[name]
        return PhoneSettings(
            user=name,
            password=password,
            name=self._config.agents[phone.agent].name or phone.agent,
            realm=edge.realm,
            address=edge.address,
            sip_port=edge.sip_port,
            tls_port=edge.tls_port,
            secure=phone.srtp == "always",
            srtp=phone.srtp != "off",
            register_seconds=edge.register_seconds,
            codecs=codecs_of(self._config.box.country),
            time_zone=self._time_zone,
        )


def fitting_mac(phone: Phone, maker: Maker, file: str) -> str:
    """The MAC in the file's name where it is this phone's own file, else ""."""
    found = maker.file.fullmatch(file)
    own = re.sub(r"[:-]", "", phone.mac).lower()
    return own if found and own and found[1].lower() == own else ""
