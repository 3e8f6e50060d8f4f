"""A modem made of a table: each command has its answer, everything else is an error, or silence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from drivers.at.channel import Channel


class Answering:
    """`answers`: command -> what is said before OK, one line or several; a final result ends it itself.

    None is never answered. `channel` is ours to ask by.
    """

    def __init__(self, answers: Mapping[str, str | None]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.channel = Channel("gsm-1", write=self._written, on_urc=lambda text: None)

    def _written(self, data: bytes) -> None:
        command = data.decode().strip()
        self.asked.append(command)
        said = self.answers.get(command, "ERROR")
        if said is None:
            return
        final = "" if said.endswith("ERROR") or "+CME ERROR" in said else "OK"
        lines = [line for line in (*said.splitlines(), final) if line]
        reply = "".join(f"\r\n{line}\r\n" for line in lines).encode()
        asyncio.get_running_loop().call_soon(self.channel.feed, reply)
