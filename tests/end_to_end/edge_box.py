"""A whole box with its edge: Kamailio and rtpengine before the workers, agents with extensions and passwords.

Agents have no `phone`: they are rung at what registers, browsers by `Browser`, phones by their accounts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.edge.programs import installed
from tests.end_to_end.box import Box
from tests.peers.edge import free_ports
from tests.peers.sip_text import ha1

REALM = "callbox"
PASSWORD = "correct horse battery"  # of every agent, at the page
FIRST_EXTENSION = 21


class EdgeBox(Box):
    """`agents` get the extensions 21, 22, ...; `accounts` are phones: user -> (agent, password)."""

    def __init__(
        self,
        folder: Path,
        *,
        agents: Sequence[str],
        accounts: Mapping[str, tuple[str, str]] | None = None,
        auto_answer: bool = False,
        more: str = "",
        **box: Any,
    ) -> None:
        super().__init__(folder, phones=dict.fromkeys(agents, ""), **box)
        self.agents = {agent: str(FIRST_EXTENSION + number) for number, agent in enumerate(agents)}
        self.edge = installed()
        ports = free_ports(4 + 3)
        while set(ports) & set(range(self.sip_port, self.sip_port + 8)):  # the workers'
            ports = free_ports(4 + 3)
        self.edge_port, self.tls_port, self.wss_port, self.https_port, self.internal_port = ports[:5]
        self.url = f"https://127.0.0.1:{self.https_port}/"
        text = self.config_file.read_text()
        for agent, extension in self.agents.items():
            options = f'extension = "{extension}"\nauto_answer = {str(auto_answer).lower()}'
            text = text.replace(f"[agents.{agent}]", f"[agents.{agent}]\n{options}")
        self.config_file.write_text(text + self._edge_options() + self._phones(accounts or {}) + more)

    def _edge_options(self) -> str:
        return (
            f'\n[edge]\naddress = "127.0.0.1"\nrealm = "{REALM}"\ninternal_port = {self.internal_port}\n'
            f"sip_port = {self.edge_port}\ntls_port = {self.tls_port}\nwss_port = {self.wss_port}\n"
            f"https_port = {self.https_port}\ninvites_a_second = 50\n"
        )

    @staticmethod
    def _phones(accounts: Mapping[str, tuple[str, str]]) -> str:
        return "".join(
            f'[phones.{user}]\nagent = "{agent}"\nha1 = "{ha1(user, REALM, password)}"\n'
            for user, (agent, password) in accounts.items()
        )

    async def until_page(self) -> None:
        """Wait until the https server answers."""
        async with asyncio.timeout(15):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.https_port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                return

    async def passwords(self) -> None:
        """Give every agent the password for the page, as `callbox phones` does."""
        await self.until_page()
        for agent in self.agents:
            await self.request("agent_password", agent=agent, password=PASSWORD)
