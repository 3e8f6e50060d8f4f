"""`callbox voicemail`: what is in the mailboxes; play, export and delete messages."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, ask
from appliance.config.load import load
from appliance.console.calls import printable
from appliance.console.table import duration, table
from appliance.store.kinds import events_of
from appliance.store.opening import StoreError
from appliance.voicemail.mailboxes import EVENTS, Mailboxes, Message

BOXES = {"mailbox": "MAILBOX", "new": "NEW", "messages": "MESSAGES", "agents": "OWNERS"}
MESSAGES = {"message": "MESSAGE", "left": "LEFT", "caller": "CALLER", "long": "LONG", "heard_by": "HEARD BY"}


class VoicemailRefused(StoreError):
    """It cannot be done; the message says why and what to do."""


def voicemail_options(parser: argparse.ArgumentParser) -> None:
    """`callbox voicemail [list|play|export|delete BOX [MESSAGE]]`."""
    parser.add_argument(
        "verb",
        nargs="?",
        default="list",
        choices=["list", "play", "export", "delete"],
        help="list a box, or all without one; play a message here; export WAV files; delete messages",
    )
    parser.add_argument("box", nargs="?", default="", help="the mailbox")
    parser.add_argument(
        "message", nargs="?", default="", help="the message's id, or its beginning; export: all if left out"
    )
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="export into this folder (.)")


def voicemail(options: argparse.Namespace) -> int:
    """`callbox voicemail`."""
    boxes = Mailboxes()
    for stamped in events_of(options.state / "callbox.db", EVENTS):
        boxes.apply(stamped)
    if options.verb == "list" and not options.box:
        return _list_boxes(options, boxes)
    if not options.box:
        raise VoicemailRefused(f"name the mailbox: callbox voicemail {options.verb} BOX")
    messages = [each for each in boxes.messages(options.box) if each.message.startswith(options.message)]
    if options.verb != "list" and not messages:
        raise VoicemailRefused(
            f"mailbox {options.box} has no such message. List them: callbox voicemail list"
        )
    verbs = {"list": _list, "play": _play, "export": _export, "delete": _delete}
    verbs[options.verb](options, messages)
    return 0


def _list_boxes(options: argparse.Namespace, boxes: Mailboxes) -> int:
    rows = [
        {
            "mailbox": name,
            "new": boxes.new(name),
            "messages": boxes.count(name),
            "agents": ", ".join(box.agents),
        }
        for name, box in load(options.config).config.voicemail.items()
    ]
    print(json.dumps(rows, indent=2) if options.json else table(rows, BOXES))
    return 0


def _list(options: argparse.Namespace, messages: Sequence[Message]) -> None:
    if options.json:
        print(json.dumps([message.plain() for message in messages], indent=2))
    else:
        print(table([_row(message) for message in messages], MESSAGES))


def _row(message: Message) -> Mapping[str, Any]:
    return {
        "message": message.message,
        "left": f"{datetime.fromtimestamp(message.left_s):%m-%d %H:%M}",
        "caller": printable(message.caller),
        "long": duration(message.seconds),
        "heard_by": message.heard_by or "new",
    }


def _one(options: argparse.Namespace, messages: Sequence[Message]) -> Message:
    if len(messages) > 1:
        ids = ", ".join(message.message for message in messages[:5])
        raise VoicemailRefused(f"name one message of mailbox {options.box}, several fit: {ids}")
    return messages[0]


def _play(options: argparse.Namespace, messages: Sequence[Message]) -> None:
    message = _one(options, messages)
    player = shutil.which("aplay")
    if player is None:
        raise VoicemailRefused(
            "there is no program aplay here (package alsa-utils). "
            f"Export the message: callbox voicemail export {options.box} {message.message}"
        )
    if subprocess.run([player, "-q", *message.paths], check=False).returncode:
        raise VoicemailRefused(f"aplay could not play {', '.join(message.paths)}")
    _done(options, [message], "played")


def _export(options: argparse.Namespace, messages: Sequence[Message]) -> None:
    try:
        options.to.mkdir(parents=True, exist_ok=True)
        for path in (Path(path) for message in messages for path in message.paths):
            shutil.copyfile(path, options.to / path.name)
    except OSError as error:
        raise VoicemailRefused(f"{error.filename}: cannot be exported: {error.strerror}") from error
    _done(options, messages, f"exported to {options.to}")


def _delete(options: argparse.Namespace, messages: Sequence[Message]) -> None:
    if not options.message:
        raise VoicemailRefused(f"name the message: callbox voicemail delete {options.box} MESSAGE")
    message = _one(options, messages)
    ask(options.state / "run" / SOCKET, "voicemail_delete", message=message.message)
    _done(options, [message], "deleted")


def _done(options: argparse.Namespace, messages: Sequence[Message], what: str) -> None:
    ids = [message.message for message in messages]
    print(json.dumps({"done": True, "messages": ids}) if options.json else f"{', '.join(ids)}: {what}")
