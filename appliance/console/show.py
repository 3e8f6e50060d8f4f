"""`callbox show ...`: what the box is doing now, asked of the brain over its socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, BrainAway, ask
from appliance.console.calls import printable
from appliance.console.sip import sip_status, sip_text
from appliance.console.table import duration, table

LINES = {
    "line": "LINE",
    "state": "STATE",
    "operator": "OPERATOR",
    "signal_dbm": "DBM",
    "alarms": "ALARMS",
    "stage": "CALL",
    "number": "NUMBER",
    "reason": "REASON",
}
QUEUES = {
    "queue": "QUEUE",
    "waiting": "WAITING",
    "longest": "LONGEST",
    "ready": "READY",
    "logged_in": "LOGGED IN",
    "expected": "EXPECTED",
    "promises": "TOLD",
    "rmse": "RMSE S",
    "bias": "BIAS S",
    "late": "TOO LITTLE",
}
AGENTS = {
    "agent": "AGENT",
    "state": "STATE",
    "since": "FOR",
    "left": "LEFT",
    "reason": "REASON",
    "handled": "CALLS",
    "afterwards": "THEN",
    "call": "CALL",
}
VOICEMAIL = {"mailbox": "MAILBOX", "new": "NEW", "messages": "MESSAGES", "agents": "OWNERS"}
PROCESSES = {"process": "PROCESS", "pid": "PID", "answers": "ANSWERS"}
ALARMS = {"since": "SINCE", "object": "OF", "name": "ALARM", "text": "WHAT TO KNOW"}
LIMITS = {"line": "LINE", "limit": "LIMIT", "used": "USED", "most": "OF", "ends": "UNTIL"}
CALLS = {
    "call": "CALL",
    "line": "LINE",
    "caller": "CALLER",
    "stage": "STAGE",
    "for": "FOR",
    "queue": "QUEUE",
    "agent": "AGENT",
}


def _lines(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**row, "alarms": ", ".join(row.get("alarms", ())), **_trunk(row)} for row in status["lines"]]


def _trunk(row: dict[str, Any]) -> dict[str, Any]:
    """What is shown otherwise of a line of many calls."""
    if "most_calls" not in row:
        return {}
    since = f" (for {duration(row['fault_seconds'])})" if row["fault_seconds"] else ""
    return {"stage": f"{row['calls']} of {row['most_calls']}", "reason": f"{row['reason']}{since}"}


def _queues(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**row, **_waits(row), "longest": duration(row["longest_wait_seconds"])} for row in status["queues"]
    ]


def _waits(row: dict[str, Any]) -> dict[str, Any]:
    """How long one who comes now would wait, and how right callers were told."""
    expected, late = row["expected_wait_seconds"], row["ewt_late_rate"]
    return {
        "expected": "nobody there" if expected is None else duration(expected),
        "rmse": "" if row["ewt_rmse_s"] is None else f"{row['ewt_rmse_s']:.0f}",
        "bias": "" if row["ewt_bias_s"] is None else f"{row['ewt_bias_s']:+.0f}",
        "late": "" if late is None else f"{100 * late:.0f} %",
    }


def _agents(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**row, "since": duration(row["since_seconds"]), "left": _left(row)} for row in status["agents"]]


def _left(row: dict[str, Any]) -> str:
    """Of a wrap-up."""
    left = row.get("left_seconds")
    return "" if left is None else duration(left)


def _calls(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **row,
            "stage": f"{row['stage']} {row.get('node', '')}".rstrip(),
            "for": duration(row["stage_seconds"]),
        }
        for row in status["calls"]
    ]


def _alarms(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {**row, "since": f"{datetime.fromtimestamp(row['since_s']):%m-%d %H:%M}"} for row in status["alarms"]
    ]


def _voicemail(status: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**row, "agents": ", ".join(row["agents"])} for row in status["voicemail"]]


VIEWS: dict[str, tuple[Callable[[dict[str, Any]], list[dict[str, Any]]], dict[str, str]]] = {
    "lines": (_lines, LINES),
    "queues": (_queues, QUEUES),
    "agents": (_agents, AGENTS),
    "calls": (_calls, CALLS),
    "alarms": (_alarms, ALARMS),
    "voicemail": (_voicemail, VOICEMAIL),
}


def processes(run_folder: Path) -> list[dict[str, Any]]:
    """Every process that should be there, its id, and whether it answers."""
    sockets = [run_folder / SOCKET, run_folder / "media.sock", *sorted(run_folder.glob("sip-*.sock"))]
    return [_process(socket) for socket in sockets]


def _process(socket: Path) -> dict[str, Any]:
    try:
        hello = ask(socket, "status" if socket.name == SOCKET else "hello")
    except BrainAway:
        return {"process": socket.stem, "pid": None, "answers": False}
    return {"process": socket.stem, "pid": hello["pid"], "answers": True}


def show(what: str, run_folder: Path, *, as_json: bool) -> str:
    """The text of `callbox show WHAT`; raises BrainAway when there is no brain to ask."""
    if what == "version":
        return json.dumps({"version": box_version()}) if as_json else f"callbox {box_version()}"
    if what == "processes":
        found = processes(run_folder)
        return json.dumps(found, indent=2) if as_json else table(found, PROCESSES)
    if what == "media":
        counters = ask(run_folder / "media.sock", "counters")
        return json.dumps(counters, indent=2) if as_json else _plain(counters)
    if what == "limits":
        limits = ask(run_folder / SOCKET, "limits")["limits"]
        return json.dumps(limits, indent=2) if as_json else table(limits, LIMITS)
    if what == "sip":
        told = sip_status(run_folder)
        return json.dumps(told, indent=2) if as_json else sip_text(told)
    status = ask(run_folder / SOCKET, "status")
    view, columns = VIEWS[what]
    if as_json:
        return json.dumps(status[what], indent=2)
    mark = [emergency_mark(status), ""] if emergency_mark(status) else []
    return "\n".join([*mark, table(view(status), columns)])


def emergency_mark(status: Mapping[str, Any]) -> str:
    """What nobody may overlook; "" in peace."""
    incident = status.get("emergency")
    return printable(f"*** {incident['title']} ***") if incident else ""


def box_version() -> str:
    """The version of the installed package."""
    try:
        return version("callbox")
    except PackageNotFoundError:
        return "not installed"


def _short(value: object) -> object:
    return f"{value:.1f}" if isinstance(value, float) else value


def _plain(part: dict[str, Any], indent: str = "") -> str:
    """Nested values, one a line."""
    lines = []
    for key, value in part.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", _plain(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(f"{indent}{key}:")
            lines += [
                f"{indent}  " + "  ".join(f"{k}={_short(v)}" for k, v in item.items()) for item in value
            ]
        else:
            lines.append(f"{indent}{key}: {_short(value)}")
    return "\n".join(lines)
