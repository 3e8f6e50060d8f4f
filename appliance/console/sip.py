"""`callbox show sip`: the library and its limits, each worker's legs and health, the edge, phones, trunks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, BrainAway, ask
from appliance.console.calls import printable
from appliance.console.table import duration, table
from drivers.wire import WireError

WORKERS = {
    "worker": "WORKER",
    "address": "ADDRESS",
    "connected": "UP",
    "legs": "LEGS",
    "max_legs": "OF",
    "reply_ms": "REPLY MS",
    "restarts": "RESTARTS",
    "rt": "REAL TIME",
    "late_ticks": "LATE",
    "missed_ticks": "MISSED",
    "late_max_ms": "LATEST MS",
    "pid": "PID",
}
DEVICES = {
    "agent": "AGENT",
    "phone": "PHONE",
    "source": "FROM",
    "user_agent": "DEVICE",
    "for": "FOR",
    "left": "GOOD FOR",
    "note": "NOTE",
}
TRUNKS = {"line": "TRUNK", "up": "ANSWER", "down": "SILENT", "registered": "REGISTERED", "code": "SAID"}
REFUSED = {"source": "REFUSED", "why": "WHY", "count": "TIMES", "ago": "LAST"}


def sip_status(run_folder: Path) -> dict[str, Any]:
    """The brain's view of the workers and of the edge, and what each worker counts itself."""
    status = ask(run_folder / SOCKET, "status")
    workers = [{**row, **_counters(run_folder / f"{row['worker']}.sock")} for row in status["sip"]["workers"]]
    return {**status["sip"], "workers": workers, "edge": status["edge"]}


def sip_text(told: Mapping[str, Any], now_s: float | None = None) -> str:
    """The same for people."""
    now_s = time.time() if now_s is None else now_s
    edge = told["edge"]
    parts = [_library(told), table(told["workers"], WORKERS), _edge(edge, now_s)]
    parts.append(table([device_row(row, now_s) for row in edge["phones"]], DEVICES))
    if edge["trunks"]:
        parts.append(table([_trunk(row) for row in edge["trunks"]], TRUNKS))
    if edge["refused"]:
        parts.append(table([_refused(row, now_s) for row in edge["refused"]], REFUSED))
    return "\n\n".join(parts)


def device_row(row: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    """A registration with its times as people read them; what it wrote itself cannot steer the terminal."""
    left = row["until_s"] - now_s
    return {
        **row,
        "user_agent": printable(row["user_agent"])[:32],
        "source": printable(row["source"]),
        "for": duration(max(0.0, now_s - row["since_s"])),
        "left": duration(max(0.0, left)) if row["until_s"] else "",
        "note": "connection lost" if row["doubtful"] else "",
    }


def _counters(socket: Path) -> dict[str, Any]:
    try:
        return ask(socket, "counters")
    except (BrainAway, WireError):
        return {}


def _library(told: Mapping[str, Any]) -> str:
    workers: Sequence[Mapping[str, Any]] = told["workers"]
    names = sorted({str(row["library"]) for row in workers if "library" in row})
    limit = sum(int(row["max_legs"]) for row in workers)
    legs = sum(int(row["legs"]) for row in workers)
    state = told["state"] + (f": {told['reason']}" if told["reason"] else "")
    return "\n".join(
        [
            f"library: {', '.join(names) or 'no worker answers'}{_limits(workers)}",
            f"legs: {legs} of {limit}",
            f"workers: {state}",
        ]
    )


def _limits(workers: Sequence[Mapping[str, Any]]) -> str:
    row = next((row for row in workers if "calls" in row), None)
    if row is None:
        return ""
    return f"; a worker: {row['calls']} calls, {row['accounts']} accounts, {', '.join(row['codecs'])}"


def _edge(edge: Mapping[str, Any], now_s: float) -> str:
    why = f": {edge['reason']}" if edge["reason"] else ""
    return f"edge: {edge['state']} for {duration(max(0.0, now_s - edge['since_s']))}{why}"


def _trunk(row: Mapping[str, Any]) -> dict[str, Any]:
    registered = {None: "", True: "yes", False: "no"}[row["registered"]]
    hosts = {key: ", ".join(row[key]) for key in ("up", "down")}
    return {**row, **hosts, "registered": registered, "code": row["code"] or ""}


def _refused(row: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    words = {key: printable(str(row[key])) for key in ("source", "why")}
    return {**row, **words, "ago": f"{duration(max(0.0, now_s - row['last_s']))} ago"}
