"""`callbox recordings` and `callbox record`: the index, export, orphans, what is kept and erased; pauses."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, ask
from appliance.config.load import load
from appliance.console.calls import printable
from appliance.console.table import duration, table
from appliance.recordings.audit import audit
from appliance.recordings.files import stored
from appliance.recordings.sealing import SealError, unseal
from appliance.store.opening import StoreError
from appliance.store.recording_reads import Wish, segments
from appliance.store.recording_tables import Segment

SLOW_SECONDS = 600.0  # erasing reads all events, repairing all files
COLUMNS = {
    "call": "CALL",
    "n": "N",
    "began": "BEGAN",
    "long": "LONG",
    "parties": "PARTIES",
    "queue": "QUEUE",
    "why": "WHY",
    "file": "FILE",
}
HELP = """\
list                   the recordings, newest last; --call, --agent, --queue, --deleted, --limit say which
  show CALL              every file of one call, with all that is known of it
  export CALL --to DIR   its files, plain; --identity FILE holds the key where they are encrypted
  orphans [--repair]     files without rows and rows without files; --repair indexes and forgets them
  keep CALL [--off]      never delete its recordings, or let them go again
  erase --number +49...  delete the recordings of a customer, and the number from calls, messages and events;
                         --dry-run only counts, --yes does not ask
"""


class RecordingRefused(StoreError):
    """It cannot be done; the message says why and what to do."""


def record_options(parser: argparse.ArgumentParser) -> None:
    """`callbox record CALL start|stop|pause|resume`."""
    parser.add_argument("call", help="the call's id, see callbox show calls")
    parser.add_argument("command", choices=["start", "stop", "pause", "resume"])
    parser.add_argument("--seconds", default="", metavar="S", help="a pause that ends by itself, 1 to 3600")
    parser.add_argument(
        "--as", dest="by", default="", metavar="AGENT", help="who asks (default: a supervisor)"
    )


def record(options: argparse.Namespace) -> int:
    """`callbox record`."""
    wish = {"call": options.call, "command": options.command, "by": options.by, "seconds": options.seconds}
    told = ask(options.state / "run" / SOCKET, "record", **wish)
    print(json.dumps(told) if options.json else f"call {options.call}: {options.command} done")
    return 0


def recordings_options(parser: argparse.ArgumentParser) -> None:
    """`callbox recordings VERB`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = "  " + HELP
    parser.add_argument("verb", nargs="?", choices=list(VERBS), default="list")
    parser.add_argument("call", nargs="?", default="", help="a call's id, or its beginning")
    parser.add_argument("--agent", default="", help="list: of this agent")
    parser.add_argument("--queue", default="", help="list: of this queue")
    parser.add_argument("--deleted", action="store_true", help="list: deleted ones too")
    parser.add_argument("--limit", type=int, default=50, help="list: how many (default: %(default)s)")
    parser.add_argument("--to", type=Path, metavar="DIR", help="export: into this folder")
    parser.add_argument("--identity", type=Path, metavar="FILE", help="export: the key, as of age-keygen")
    parser.add_argument("--repair", action="store_true", help="orphans: bring files and index together")
    parser.add_argument("--off", action="store_true", help="keep: let them go again")
    parser.add_argument("--number", default="", help="erase: whose; in full, as +491701234567")
    parser.add_argument("--dry-run", action="store_true", help="erase: only count")
    parser.add_argument("--yes", action="store_true", help="erase: do not ask")


def recordings(options: argparse.Namespace) -> int:
    """`callbox recordings`."""
    told, text = VERBS[options.verb](options)
    print(json.dumps(told, indent=2) if options.json else text)
    return 1 if options.verb == "orphans" and told["orphans"] and not options.repair else 0


Answer = tuple[Any, str]


def _list(options: argparse.Namespace) -> Answer:
    wish = Wish(options.call, options.agent, options.queue, removed=options.deleted, limit=options.limit)
    rows = segments(_database(options), wish)
    return [_plain(row) for row in rows], table([_row(row) for row in rows], COLUMNS)


def _show(options: argparse.Namespace) -> Answer:
    rows = _of_call(options, removed=True)
    told = [_plain(row) for row in rows]
    return told, "\n\n".join(
        "\n".join(f"{k:15}{printable(str(v))}" for k, v in each.items()) for each in told
    )


def _export(options: argparse.Namespace) -> Answer:
    if options.to is None:
        raise RecordingRefused("export needs a folder: callbox recordings export CALL --to DIR")
    rows = _of_call(options)
    try:
        options.to.mkdir(parents=True, exist_ok=True)
        there = [asyncio.run(_exported(Path(row.path), options.to, options.identity)) for row in rows]
    except (OSError, SealError) as error:
        raise RecordingRefused(f"export: {error}") from error
    paths = [str(path) for path in there if path is not None]
    return {"files": paths, "missing": len(rows) - len(paths)}, "\n".join(paths)


async def _exported(path: Path, folder: Path, identity: Path | None) -> Path | None:
    """Where the plain file is now; None where there is none any more."""
    file, to = await asyncio.to_thread(stored, path), folder / path.name
    if file is None:
        return None
    if await asyncio.to_thread(to.exists):
        raise RecordingRefused(f"{to} is there already; export never overwrites. Give another folder")
    if file == path:
        await asyncio.to_thread(shutil.copyfile, path, to)
    elif identity is None:
        raise RecordingRefused(f"{file} is encrypted. Give the key with --identity FILE")
    else:
        await unseal(file, identity, to)
    return to


def _orphans(options: argparse.Namespace) -> Answer:
    if options.repair:
        told = ask(options.state / "run" / SOCKET, "recordings_repair", within_seconds=SLOW_SECONDS)
        told["orphans"] = told["indexed"] + told["lost"] + told["deleted"]
        return told, (
            f"{told['indexed']} files are in the index now, {told['lost']} rows had lost their file, "
            f"{told['deleted']} files of deleted recordings are gone"
        )
    folder = options.state / load(options.config).config.recording.folder
    seen = audit(folder, segments(_database(options), Wish(removed=True)))
    rows = [row.path for row in seen.rows]
    told = {"files": list(map(str, seen.files)), "rows": rows, "deleted": list(map(str, seen.gone))}
    words = {"files": "has no row", "rows": "has no file", "deleted": "was to be deleted"}
    lines = [f"{path}: {words[kind]}" for kind, paths in told.items() for path in paths]
    text = "\n".join(
        [*lines, "Bring them together: callbox recordings orphans --repair"] if lines else ["none"]
    )
    return {**told, "orphans": seen.orphans}, text


def _keep(options: argparse.Namespace) -> Answer:
    socket, call = options.state / "run" / SOCKET, _named(options)
    told = ask(socket, "recordings_keep", call=call, on=not options.off)
    kept = "may be deleted again" if options.off else "are kept"
    return told, f"call {told['call']}: its {told['recordings']} recordings {kept}"


def _erase(options: argparse.Namespace) -> Answer:
    if not options.number:
        raise RecordingRefused("erase whom? callbox recordings erase --number +49...")

    def asked(dry_run: bool) -> dict[str, Any]:
        wish = {"number": options.number, "dry_run": dry_run}
        socket = options.state / "run" / SOCKET
        return ask(socket, "recordings_erase", within_seconds=SLOW_SECONDS, **wish)

    told = asked(True)
    text = "{calls} calls, {recordings} recordings, {messages} messages".format(**told)
    if options.dry_run:
        return told, f"would be erased: {text}"
    if not options.yes and not _confirmed(text):
        raise RecordingRefused("nothing is erased")
    told = asked(False)
    return told, "erased: {calls} calls, {recordings} recordings, {messages} messages".format(**told)


def _confirmed(text: str) -> bool:
    sys.stderr.write(f"{text} will be erased for good. Type yes: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def _of_call(options: argparse.Namespace, *, removed: bool = False) -> Sequence[Segment]:
    rows = segments(_database(options), Wish(call=_named(options), removed=removed))
    if not rows:
        raise RecordingRefused(f'no recording of a call "{options.call}". List them with: callbox recordings')
    return rows


def _named(options: argparse.Namespace) -> str:
    if not options.call:
        raise RecordingRefused(f"name the call: callbox recordings {options.verb} CALL")
    call: str = options.call
    return call


def _row(row: Segment) -> dict[str, Any]:
    file = stored(Path(row.path))
    state = row.removed or ("" if row.seconds is not None else "being written")
    return {
        "call": row.call_id,
        "n": row.n,
        "began": datetime.fromtimestamp(row.began_ms / 1000).strftime("%d %b %H:%M:%S"),
        "long": "" if row.seconds is None else duration(row.seconds),
        "parties": printable(" - ".join(filter(None, (row.left, row.right)))),
        "queue": row.queue,
        "why": row.why,
        "file": state or (file.name if file else "missing") + (", kept" if row.kept else ""),
    }


def _plain(row: Segment) -> dict[str, Any]:
    file = stored(Path(row.path))
    return {**asdict(row), "ended_ms": row.ended_ms, "file": str(file) if file else None}


def _database(options: argparse.Namespace) -> Path:
    state: Path = options.state
    return state / "callbox.db"


VERBS: Mapping[str, Callable[[argparse.Namespace], Answer]] = {
    "list": _list,
    "show": _show,
    "export": _export,
    "orphans": _orphans,
    "keep": _keep,
    "erase": _erase,
}
