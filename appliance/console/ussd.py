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
    given = list(answers)
    with asyncio.Runner() as runner:  # the terminal is read between two runs: Ctrl-C works there
        box = runner.run(_connected(socket))
        said = runner.run(box.ask("ussd", within_seconds=REPLY_SECONDS, line=line, text=code))
        _print(said, as_json=as_json)
        while said["state"] == WANTED:
            answer = given.pop(0) if given else _from_terminal()
            if not answer:
                runner.run(box.ask("ussd_end", line=line))
                return
            ask = box.ask("ussd_answer", within_seconds=REPLY_SECONDS, line=line, text=answer)
            said = runner.run(ask)
            _print(said, as_json=as_json)


async def _connected(socket: Path) -> Asker:
    return Asker(socket)


def _print(said: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"state": said["state"], "text": said["text"]}), flush=True)
        return
    print(
        "\n".join(printable(line) for line in said["text"].splitlines()) or f"({said['state']})", flush=True
    )


def _from_terminal() -> str:
    """The next line typed, "" at the end of the input, or for Ctrl-C."""
    try:
        return input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        return ""
