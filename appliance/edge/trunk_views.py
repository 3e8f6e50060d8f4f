"""What Kamailio says of the trunks, read into one view for each line: pure, whatever comes nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from appliance.config.schema import Config
from appliance.edge.trunk_sets import Server, domain_of, registrars, server_uri, servers, trunk_lines
from drivers.sip.trunk import TrunkView

# Bits of `flags` in uac.reg_dump (the uac module's README, 8.2).
ONGOING, ONLINE = 2, 4

Account = tuple[str, ...]  # the registrar's address, user, domain


class TrunkReader:
    """Reads for the trunks of `config`; remembers what held before a renewal that is under way."""

    def __init__(self, config: Config) -> None:
        self._servers = servers(config)
        self._accounts = {
            (server_uri(trunk, host), trunk.user, domain_of(trunk)): name
            for name, trunk in trunk_lines(config).items()
            for host in registrars(trunk)
        }
        self._online: dict[Account, bool] = {}

    @property
    def registers(self) -> bool:
        """Whether any trunk registers."""
        return bool(self._accounts)

    def read(self, table: Any, registrations: Any, codes: Mapping[str, int]) -> dict[str, TrunkView] | None:
        """The views by line from `htable.dump servers`, `uac.reg_dump` and the last `codes` of REGISTER.

        None while a server has not been asked to the end: Kamailio has just started.
        """
        known = dict(_cells(table))
        if any(str(number) not in known for number in range(len(self._servers))):
            return None
        for row in registrations if isinstance(registrations, list) else []:
            self._take(row)
        lines = dict.fromkeys(server.line for server in self._servers)
        return {line: self._view(line, known, codes.get(line, 0)) for line in lines}

    def _take(self, row: Any) -> None:
        if not isinstance(row, Mapping):
            return
        account = tuple(str(row.get(key)) for key in ("auth_proxy", "auth_username", "r_domain"))
        flags = row.get("flags")
        if account in self._accounts and isinstance(flags, int) and (flags & ONLINE or not flags & ONGOING):
            self._online[account] = bool(flags & ONLINE)

    def _view(self, line: str, known: Mapping[str, int], code: int) -> TrunkView:
        up = [server.host for number, server in _of(line, self._servers) if known[str(number)] == 1]
        online = [
            self._online.get(account, False) for account, name in self._accounts.items() if name == line
        ]
        return TrunkView(up=tuple(up), registered=any(online), code=code)


def _of(line: str, all_servers: list[Server]) -> Iterator[tuple[int, Server]]:
    return ((number, server) for number, server in enumerate(all_servers) if server.line == line)


def _cells(table: Any) -> Iterator[tuple[str, int]]:
    """Name and value of each cell of a table that htable.dump printed."""
    for entry in table if isinstance(table, list) else []:
        slots = entry.get("slot") if isinstance(entry, Mapping) else None
        for cell in slots if isinstance(slots, list) else []:
            if isinstance(cell, Mapping) and isinstance(cell.get("value"), int):
                yield str(cell.get("name")), int(cell["value"])
