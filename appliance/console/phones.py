"""`callbox phones`: who is registered; passwords for phones and agents, tokens for phones' settings."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, ask
from appliance.console.sip import device_row
from appliance.console.table import table

PHONES = {
    "phone": "PHONE",
    "agent": "AGENT",
    "password": "PASSWORD",
    "registered": "REGISTERED",
    "source": "FROM",
    "user_agent": "DEVICE",
    "for": "FOR",
    "note": "NOTE",
}
HELP = """\
Without more: every phone of [phones], whether it is registered, and the browsers that are.

  password NAME          make a new password for a phone, print it once; who used the old one is out
  token NAME             a web address from which a phone fetches its settings, once, within a day
  agent-password NAME    set an agent's password for the browser phone; the box makes one if you type none
  agent-pin NAME         set the PIN with which an agent logs in at any phone: *16, extension #, PIN #
"""


def phones_options(parser: argparse.ArgumentParser) -> None:
    """`callbox phones [password NAME | token NAME | agent-password AGENT]`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = HELP
    parser.add_argument("verb", nargs="?", choices=["list", *VERBS], default="list")
    parser.add_argument("name", nargs="?", default="", help="the phone's, or the agent's")


def phones(options: argparse.Namespace) -> int:
    """`callbox phones`."""
    if options.verb == "list":
        told = ask(_socket(options), "phones")
        print(json.dumps(told["phones"], indent=2) if options.json else listed(told))
        return 0
    if not options.name:
        sys.stderr.write(f"callbox: phones {options.verb} needs a name. List them with: callbox phones\n")
        return 1
    told, text = VERBS[options.verb](options)
    print(json.dumps(told) if options.json else text)
    return 0


def listed(told: Mapping[str, Any], now_s: float | None = None) -> str:
    """The list for people."""
    now_s = time.time() if now_s is None else now_s
    rows = [device_row(row, now_s) if row["registered"] else row for row in told["phones"]]
    away = "" if told["edge"] == "up" else f"\n\nThe edge is {told['edge']}: callbox show sip"
    return table(rows, PHONES) + away


def _password(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    told = ask(_socket(options), "phone_password", phone=options.name)
    text = (
        f"user      {told['phone']}\npassword  {told['password']}\n"
        f"server    {told['server']}, port {told['sip_port']} (UDP, TCP) or {told['tls_port']} (TLS)\n"
        f"realm     {told['realm']}\nThe password is not shown again."
    )
    return told, text


def _token(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    told = ask(_socket(options), "phone_token", phone=options.name)
    return told, (
        f"{told['url']}\nEnter this as the phone's provisioning address. It is good for one fetch within a "
        "day, and gives the phone a new password."
    )


def _agent_password(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    typed = _typed(options.name)
    told = ask(_socket(options), "agent_password", within_seconds=30.0, agent=options.name, password=typed)
    if told["password"]:
        return told, f"agent     {told['agent']}\npassword  {told['password']}\nIt is not shown again."
    return told, f"agent {told['agent']}: the password is set"


def _agent_pin(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    typed = _typed(options.name, "PIN")
    told = ask(_socket(options), "agent_pin", within_seconds=30.0, agent=options.name, pin=typed)
    if told["pin"]:
        return told, f"agent  {told['agent']}\nPIN    {told['pin']}\nIt is not shown again."
    return told, f"agent {told['agent']}: the PIN is set"


def _typed(agent: str, what: str = "Password") -> str:
    """From the terminal without showing it, or a line from a script; "" has the box make one."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass(f"{what} for {agent} (Enter alone: the box makes one): ")


def _socket(options: argparse.Namespace) -> Path:
    folder: Path = options.state
    return folder / "run" / SOCKET


VERBS: Mapping[str, Callable[[argparse.Namespace], tuple[dict[str, Any], str]]] = {
    "password": _password,
    "token": _token,
    "agent-password": _agent_password,
    "agent-pin": _agent_pin,
}
