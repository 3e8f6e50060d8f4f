"""`callbox ussd`: a dialogue with a line's network, on the terminal or by answers given beforehand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from appliance.api.control import Asker
from appliance.console.calls import printable

REPLY_SECONDS = 130.0  # the box gives up by itself before
WANTED = "answer wanted"


def dialogue(socket: Path, line: str, code: str, answers: Sequence[str], *, as_json: bool) -> None:
    """Print what the network says; ask for an answer as long as it wants one. An empty answer ends it.

    Raises BrainAway, or WireError with what went wrong.
    """
    asyncio.run(_talk(socket, line, code, list(answers), as_json=as_json))


async def _talk(socket: Path, line: str, code: str, answers: list[str], *, as_json: bool) -> None:
    with Asker(socket) as box:
        said = await box.ask("ussd", within_seconds=REPLY_SECONDS, line=line, text=code)
        _print(said, as_json=as_json)
        while said["state"] == WANTED:
            answer = answers.pop(0) if answers else await asyncio.to_thread(_from_terminal)
            if not answer:
                await box.ask("ussd_end", line=line)
                return
            said = await box.ask("ussd_answer", within_seconds=REPLY_SECONDS, line=line, text=answer)
            _print(said, as_json=as_json)


def _print(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"state": said["state"], "text": said["text"]}), flush=True)
        return
    print(
        "\n".join(printable(line) for line in said["text"].splitlines()) or f"({said['state']})", flush=True
    )


def _from_terminal() -> str:
    """The next line typed, "" at the end of the input."""
    try:
        return input("> ").strip()
    except EOFError:
        return ""
