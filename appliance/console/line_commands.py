"""The commands about lines beside calls: `sms`, `ussd`, and what `line` tells. Parsing and asking only."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, ask
from appliance.console import messages as messages_view
from appliance.console.calls import printable
from appliance.console.line_history import history_json, history_text
from appliance.console.ussd import dialogue
from appliance.store.line_reads import line_history, message_story, messages, unreadable_parts
from appliance.store.messages import Direction

WAIT_SECONDS = 30.0  # for what becomes of a message
DAY_SECONDS = 24 * 3600.0
LINE_COMMANDS = ("reset", "history", "balance")

Command = Callable[[argparse.Namespace], int]
Add = Callable[..., argparse.ArgumentParser]


def sms_options(sms: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """`callbox sms send|list|show|retry`."""
    verbs = sms.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(name: str, do: Command, help: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, parents=[shared], help=help, description=help)
        sub.set_defaults(do=do)
        return sub

    send = add("send", _send, "send a text message and say what became of it")
    send.add_argument("number", help="who gets it, with country: +4915550123")
    send.add_argument("text", help="what it says")
    send.add_argument(
        "--line", default="", help="the line it goes out on (may be left out where one line can)"
    )
    send.add_argument("--flash", action="store_true", help="shown at once on the far end's screen")
    send.add_argument("--no-report", action="store_true", help="ask for no report of its delivery")
    _wait_option(send)
    retry = add("retry", _retry, "send again what failed, or what nobody knows of")
    retry.add_argument("id", help="the message's id, or its beginning")
    _wait_option(retry)
    listing = add("list", _list, "list messages, newest first")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--in", dest="only", action="store_const", const=Direction.IN, help="received ones")
    which.add_argument("--out", dest="only", action="store_const", const=Direction.OUT, help="our own")
    which.add_argument("--unreadable", action="store_true", help="what came in and cannot be read")
    listing.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")
    listing.add_argument("--limit", type=int, default=50, help="how many (default: %(default)s)")
    add("show", _show, "one message in full").add_argument("id", help="its id, or its beginning")


def ussd_options(ussd: argparse.ArgumentParser) -> None:
    """`callbox ussd LINE CODE`."""
    ussd.add_argument("line", help="the line's name in the configuration")
    ussd.add_argument("code", help='what to ask, in quotes: "*100#"')
    ussd.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="TEXT",
        help="answer the network's questions with these, in their order, then from the terminal",
    )


def line_options(line: argparse.ArgumentParser) -> None:
    """`callbox line NAME reset|history|balance`."""
    line.add_argument("name", help="the line's name in the configuration")
    line.add_argument(
        "command",
        choices=LINE_COMMANDS,
        help="reset: close its ports and open them again, a caller on it begins anew; "
        "history: how it was; balance: ask the network for it now",
    )
    line.add_argument("--days", type=float, default=1.0, help="how far back the history goes (default: 1)")
    line.add_argument("--limit", type=int, default=1000, help="most lines of history (default: %(default)s)")


def _wait_option(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--wait", type=float, default=WAIT_SECONDS, metavar="SECONDS", help="for what becomes of it (30)"
    )


def ussd(options: argparse.Namespace) -> int:
    """`callbox ussd`."""
    dialogue(_socket(options), options.line, options.code, options.answer, as_json=options.json)
    return 0


def line(options: argparse.Namespace) -> int:
    """`callbox line`."""
    if options.command == "history":
        since_s = time.time() - options.days * DAY_SECONDS
        found = line_history(_database(options), options.name, since_s, options.limit)
        print((history_json if options.json else history_text)(found))
    elif options.command == "balance":
        told = ask(_socket(options), "balance", within_seconds=130.0, line=options.name)
        amount = "no amount found" if told["amount"] is None else f"{told['amount']:.2f}"
        words = printable(told["text"])
        print(json.dumps(told) if options.json else f'{amount}  (the network said "{words}")')
    else:
        ask(_socket(options), "line", line=options.name)
        print(json.dumps({"done": True}) if options.json else f"line {options.name}: being opened again")
    return 0


def _send(options: argparse.Namespace) -> int:
    return _became(
        options,
        "sms_send",
        line=options.line,
        number=options.number,
        text=options.text,
        report=not options.no_report,
        flash=options.flash,
    )


def _retry(options: argparse.Namespace) -> int:
    return _became(options, "sms_retry", message=options.id)


def _became(options: argparse.Namespace, op: str, **fields: Any) -> int:
    """Ask, wait, say; 1 when it failed or nobody knows."""
    within = options.wait + 15.0
    reply = ask(_socket(options), op, within_seconds=within, wait_seconds=options.wait, **fields)
    message = reply["message"]
    print(json.dumps(message) if options.json else messages_view.became(message))
    return 1 if message["state"] in ("failed", "unsure") else 0


def _list(options: argparse.Namespace) -> int:
    if options.unreadable:
        parts = unreadable_parts(_database(options), options.limit)
        print((messages_view.unreadable_json if options.json else messages_view.unreadable_table)(parts))
        return 0
    rows = messages(_database(options), options.limit, options.only)
    form = messages_view.messages_table
    if options.json or options.csv:
        form = messages_view.messages_json if options.json else messages_view.messages_csv
    print(form(rows))
    return 0


def _show(options: argparse.Namespace) -> int:
    row, parts = message_story(_database(options), options.id)
    print((messages_view.story_json if options.json else messages_view.story)(row, parts))
    return 0


def _socket(options: argparse.Namespace) -> Path:
    folder: Path = options.state
    return folder / "run" / SOCKET


def _database(options: argparse.Namespace) -> Path:
    folder: Path = options.state
    return folder / "callbox.db"
