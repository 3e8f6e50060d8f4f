"""The live board: lines, queues, agents, last calls, drawn as plain text that fits 80x24.

Drawing is pure (values in, lines out); showing it is `Screen`, which is silent when there is no terminal.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from appliance.console.table import duration

WIDTH, HEIGHT = 80, 24
STAGES = {"ringing": "rings", "answered": "answered", "agent ringing": "agent rings"}


def draw(
    status: Mapping[str, Any],
    last_calls: Sequence[Mapping[str, Any]],
    *,
    height: int = HEIGHT,
    note: str = "",
) -> list[str]:
    """The board as at most `height` lines of at most WIDTH characters; `note` stands beside the time."""
    calls = {call["line"]: call for call in status["calls"]}
    left = ["LINES", *(_line(line, calls.get(line["line"])) for line in status["lines"])]
    right = ["AGENTS", *(_agent(agent) for agent in status["agents"])]
    queues = ["", "QUEUE         WAITING  LONGEST  READY  LOGGED IN", *(_queue(q) for q in status["queues"])]
    title = f"{status['box']}  {time.strftime('%H:%M:%S')}" + (
        "" if status["engine"] else "  NO AUDIO ENGINE"
    )
    if status.get("breaches"):
        title += f"  {status['breaches']} INVARIANTS BROKEN"
    if status.get("emergency"):
        title += f"  *** {'DRILL' if status['emergency']['drill'] else 'EMERGENCY'} ***"
    title += f"  {note}" if note else ""
    rows = max(3, height - len(queues) - 8)
    body = _beside(left, right, rows)
    room = max(0, height - len(body) - len(queues) - 4)
    recent = ["", "LAST CALLS", *(_last(call) for call in list(last_calls)[:room])]
    return [row[:WIDTH].rstrip() for row in (title, *body, *queues, *recent)][:height]


def _beside(left: list[str], right: list[str], rows: int) -> list[str]:
    """Two lists side by side, each shortened to `rows` with a note of what is left out."""
    left, right = _shortened(left, rows), _shortened(right, rows)
    count = max(len(left), len(right))
    left += [""] * (count - len(left))
    right += [""] * (count - len(right))
    return [f"{one[:32]:<33} {other[:46]}" for one, other in zip(left, right, strict=True)]


def _shortened(rows: list[str], most: int) -> list[str]:
    return rows if len(rows) <= most else [*rows[: most - 1], f"  ... {len(rows) - most + 1} more"]


def _line(line: Mapping[str, Any], call: Mapping[str, Any] | None) -> str:
    if call is None:
        return f"  {line['line']:<8} {line['state']}" + (f": {line['reason']}" if line["reason"] else "")
    stage = STAGES.get(call["stage"], call["stage"])
    who = f" {call['agent']}" if call["agent"] and call["stage"] in ("talking", "agent ringing") else ""
    return f"  {line['line']:<8} {stage}{who} {duration(call['stage_seconds'])}"


def _agent(agent: Mapping[str, Any]) -> str:
    reason = f" ({agent['reason']})" if agent["reason"] else ""
    since, left = duration(agent["since_seconds"]), agent.get("left_seconds")
    more = "" if left is None else f" ({duration(left)} left)"
    if agent["state"] == "paused" and (today := sum(agent.get("paused_today_seconds", {}).values())):
        more = f" of {duration(today)}"
    return f"  {agent['agent']:<8} {agent['state']}{reason} {since}{more}, {agent['handled']} calls"


def _queue(queue: Mapping[str, Any]) -> str:
    waiting = f"{queue['waiting']:>6} {duration(queue['longest_wait_seconds']):>8}"
    return f"  {queue['queue']:<12} {waiting} {queue['ready']:>6} {queue['logged_in']:>10}"


def _last(call: Mapping[str, Any]) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(call["arrived_ms"] / 1000))
    wait = duration((call["wait_ms"] or 0) / 1000)
    talk = duration((call["talk_ms"] or 0) / 1000)
    who = f"{call['line']:<7} {call['queue'] or '-'} {call['agent'] or '-'}"
    return f"  {at}  {who:<28} {call['outcome'] or 'going on':<10} wait {wait:<6} talk {talk}"


class Screen:
    """Draws over itself on a terminal; writes nothing anywhere else."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()

    @property
    def height(self) -> int:
        """Lines there are to draw on."""
        return max(10, shutil.get_terminal_size((WIDTH, HEIGHT)).lines - 1)

    def show(self, rows: Sequence[str]) -> None:
        """Replace what is on the screen."""
        if self._terminal:
            sys.stdout.write("\x1b[H" + "".join(f"{row}\x1b[K\n" for row in rows) + "\x1b[J")
            sys.stdout.flush()

    def open(self) -> None:
        """Begin with an empty screen, the cursor hidden."""
        if self._terminal:
            sys.stdout.write("\x1b[2J\x1b[?25l")

    def close(self) -> None:
        """Give the cursor back."""
        if self._terminal:
            sys.stdout.write("\x1b[?25h")
            sys.stdout.flush()
