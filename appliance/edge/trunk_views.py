"""What Kamailio says of the trunks, read into one view for each line: pure, whatever comes nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from appliance.config.schema import Config
from appliance.edge.trunk_sets import FIRST_SET, Server, hosts_file, servers, sources_of, trunk_lines
from drivers.sip.trunk import TrunkView

# Bits of `flags` in uac.reg_dump (the uac module's README, 8.2).
ONGOING, ONLINE = 2, 4


class TrunkReader:
    """Reads for the trunks of `config`; remembers what held before a renewal that is under way."""

    def __init__(self, config: Config) -> None:
        self._servers = servers(config, {})
        self._registering = {name for name, trunk in trunk_lines(config).items() if trunk.registers}
        self._online: dict[tuple[str, str], bool] = {}  # by line and what was registered
        names = hosts_file()
        self._sources = sum(len(sources_of(trunk, names)) for trunk in trunk_lines(config).values())

    @property
    def registers(self) -> bool:
        """Whether any trunk registers."""
        return bool(self._registering)

    def lacks_sources(self, listed: Any) -> bool:
        """Whether `dispatcher.list` lacks a source: its name was not to be found when Kamailio started."""
        records = listed.get("RECORDS") if isinstance(listed, Mapping) else None
        sets = [row.get("SET") for row in records if isinstance(row, Mapping)] if records else []
        found = [len(each["TARGETS"]) for each in sets if each and each.get("ID", 0) >= FIRST_SET]
        return sum(found) < self._sources

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
        line, flags = str(row.get("l_username")), row.get("flags")
        if line in self._registering and isinstance(flags, int) and (flags & ONLINE or not flags & ONGOING):
            self._online[line, str(row.get("l_uuid"))] = bool(flags & ONLINE)

    def _view(self, line: str, known: Mapping[str, int], code: int) -> TrunkView:
        up = [server.host for number, server in _of(line, self._servers) if known[str(number)] == 1]
        online = [is_online for (name, _), is_online in self._online.items() if name == line]
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
