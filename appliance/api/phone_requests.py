"""What the command line asks of phones: the list, a new password, a token, an agent's password."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from appliance.agent_phones import AgentPhones
from appliance.config.schema import Config
from appliance.edge.registry import Device
from appliance.store.account_tables import Kind
from appliance.store.accounts import AccountRefused
from appliance.store.opening import StoreError
from drivers import wire

Work = Callable[[wire.Message], Coroutine[Any, Any, wire.Message]]


class PhoneRequests:
    """The requests by their op."""

    def __init__(self, config: Config, phones: AgentPhones) -> None:
        self._config = config
        self._phones = phones
        self.ops: Mapping[str, Work] = {
            "phones": self._list,
            "phone_password": self._password,
            "phone_token": self._token,
            "agent_password": self._agent_password,
            "agent_pin": self._agent_pin,
        }

    async def answer(self, message: wire.Message) -> wire.Answer:
        """The reply to a request whose op is in `ops`. Raises WireError."""
        try:
            return await self.ops[message["op"]](message), ()
        except (AccountRefused, StoreError) as error:
            raise wire.WireError(str(error)) from error

    async def _list(self, message: wire.Message) -> wire.Message:
        """A row for each phone of the configuration, and for each browser that is registered."""
        accounts = await asyncio.to_thread(self._phones.accounts.all)
        rows: list[dict[str, Any]] = []
        devices = self._phones.edge.registrations.devices()
        for account in accounts:
            mine: list[Device | None] = [device for device in devices if device.phone == account.user]
            if account.kind is Kind.PHONE and not mine:
                mine = [None]
            own = {"phone": account.user, "agent": account.agent, "password": account.origin.value}
            rows += [{**own, **self._seen(device)} for device in mine]
        known = {account.user for account in accounts}
        rows += [
            {"phone": device.phone, "agent": device.agent, "password": "", **self._seen(device)}
            for device in devices
            if device.phone not in known
        ]
        return {"phones": rows, "edge": self._phones.edge.state.value}

    def _seen(self, device: Device | None) -> dict[str, Any]:
        if device is None:
            return {"registered": False}
        row = self._phones.edge.row(device)
        return {"registered": True, **{key: row[key] for key in row.keys() - {"phone", "agent"}}}

    async def _password(self, message: wire.Message) -> wire.Message:
        name = str(message["phone"])
        password = await asyncio.to_thread(self._phones.accounts.new_password, name)
        await self._phones.edge.put_out(name)
        edge = self._config.edge
        return {
            "phone": name,
            "password": password,
            "realm": edge.realm,
            "server": edge.address,
            "sip_port": edge.sip_port,
            "tls_port": edge.tls_port,
        }

    async def _token(self, message: wire.Message) -> wire.Message:
        name = str(message["phone"])
        phone, edge = self._config.phones.get(name), self._config.edge
        if phone is not None and not (phone.model and phone.mac):
            raise AccountRefused(
                f"phone {name}: the box does not know what settings it reads. "
                f"Give it `model` and `mac` in [phones.{name}]."
            )
        token = await asyncio.to_thread(self._phones.accounts.new_token, name)
        url = f"https://{edge.address}:{edge.https_port}/provision/{token}/"
        return {"phone": name, "token": token, "url": url}

    async def _agent_pin(self, message: wire.Message) -> wire.Message:
        agent, pin = str(message["agent"]), str(message.get("pin", ""))
        if agent not in self._config.agents:
            known = ", ".join(sorted(self._config.agents)) or "none"
            raise AccountRefused(f"there is no agent {agent!r}. Known agents: {known}.")
        if not self._config.agents[agent].extension:
            raise AccountRefused(
                f"agent {agent}: has no extension to log in with. Set it in [agents.{agent}]."
            )
        made = "" if pin else f"{secrets.randbelow(10**6):06}"
        await self._phones.sign_ins.set_pin(agent, pin or made)
        return {"agent": agent, "pin": made}

    async def _agent_password(self, message: wire.Message) -> wire.Message:
        agent, password = str(message["agent"]), str(message.get("password", ""))
        if agent not in self._config.agents:
            known = ", ".join(sorted(self._config.agents)) or "none"
            raise AccountRefused(f"there is no agent {agent!r}. Known agents: {known}.")
        made = "" if password else secrets.token_urlsafe(9)
        await self._phones.sign_ins.set(agent, password or made)
        return {"agent": agent, "password": made}
