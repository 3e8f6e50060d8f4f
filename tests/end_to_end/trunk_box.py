"""A whole box with trunks: lines one, two, ... to the providers of a test, and agents who may call out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.end_to_end.edge_box import EdgeBox

LINE = """
[lines.{name}]
driver = "sip"
hosts = ["{host}"]
sources = ["{source}"]
options_seconds = 2
to = "hangup"
"""
WAY_OUT = """
[permissions.desk]
classes = ["national"]
calls_a_minute = 12

[routes.all]
lines = [{lines}]

[rates.any]
a_minute = 0.1
"""
NAMES = ("one", "two", "three")


class TrunkBox(EdgeBox):
    """`hosts` are the providers, `source` from where calls come in on line one. The box stands in the US.

    Nothing is said to a phone that is refused, as that takes its time.
    """

    def __init__(
        self, folder: Path, *, hosts: Sequence[str], source: str = "127.0.0.9", more: str = "", **box: Any
    ) -> None:
        names = NAMES[: len(hosts)]
        sources = (source, "127.0.0.8", "127.0.0.7")
        lines = [
            LINE.format(name=name, host=host, source=source)
            for name, host, source in zip(names, hosts, sources, strict=False)
        ]
        way_out = WAY_OUT.format(lines=", ".join(f'"{name}"' for name in names))
        super().__init__(folder, more="".join(lines) + way_out + more, **box)
        text = self.config_file.read_text().replace("[agents.ana]", '[agents.ana]\npermission = "desk"')
        quiet = [line for line in text.splitlines() if not line.startswith(("not-allowed", "no-line-free"))]
        self.config_file.write_text("\n".join(quiet))

    async def until_up(self, line: str) -> None:
        """Wait for a trunk whose provider answers."""
        await self.until_status(
            lambda status: any((row["line"], row["state"]) == (line, "idle") for row in status["lines"]), 20
        )
