"""A dialogue with the network on the terminal: its words are printed, answers are read, the end is told."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.api.control import SOCKET

pytestmark = [pytest.mark.slow, pytest.mark.realtime]

BOX = """
import asyncio, json, sys
from pathlib import Path
from drivers import wire

REPLIES = {
    "ussd": {"state": "answer wanted", "text": "1 Balance\\n2 \\x1b[2JBonus"},
    "ussd_answer": {"state": "done", "text": "You have 12.30 EUR"},
    "ussd_end": {"done": True},
}

def answer(peer, message, fds):
    print(json.dumps([message["op"], message.get("text", "")]), flush=True)
    return REPLIES[message["op"]], ()

async def main():
    wire.Server(Path(sys.argv[1]), on_request=answer)
    await asyncio.sleep(60)

asyncio.run(main())
"""


class FakeBox:
    """Answers in a process of its own; `asked` is what it heard."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.asked: list[Any] = []
        assert process.stdout is not None
        self.reader = threading.Thread(target=self._read, args=(process.stdout,))
        self.reader.start()

    def _read(self, lines: Iterator[str]) -> None:
        self.asked += [json.loads(line) for line in lines]


@contextlib.contextmanager
def a_box(folder: Path) -> Iterator[FakeBox]:
    socket = folder / "run" / SOCKET
    command = [sys.executable, "-c", BOX, str(socket)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        box = FakeBox(process)
        deadline = time.monotonic() + 10
        while not socket.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield box
        process.kill()
        box.reader.join()


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "appliance", "ussd", "gsm-1", "*100#", "--state", str(folder), *more]


def test_an_answer_is_read_from_the_input(tmp_path: Path) -> None:
    with a_box(tmp_path) as box:
        ended = subprocess.run(command(tmp_path), input="1\n", capture_output=True, text=True, check=True)
    assert ended.stdout == "1 Balance\n2 ?[2JBonus\n> You have 12.30 EUR\n"
    assert box.asked == [["ussd", "*100#"], ["ussd_answer", "1"]]


def test_json_is_an_object_for_each_time_the_network_speaks(tmp_path: Path) -> None:
    with a_box(tmp_path):
        words = command(tmp_path, "--json", "--answer", "1")
        ended = subprocess.run(words, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [each["state"] for each in said] == ["answer wanted", "done"]


def test_an_empty_answer_ends_the_dialogue(tmp_path: Path) -> None:
    with a_box(tmp_path) as box:
        subprocess.run(command(tmp_path), input="", capture_output=True, text=True, check=True)
    assert box.asked == [["ussd", "*100#"], ["ussd_end", ""]]


def until_it_reads(pid: int) -> None:
    """Python forgets a Ctrl-C that comes between the prompt and the read, quicker than any hand."""
    while ") S " not in Path(f"/proc/{pid}/stat").read_text():  # it sleeps: after the prompt, in read()
        time.sleep(0.005)


def test_ctrl_c_at_the_terminal_ends_it_too_and_at_once(tmp_path: Path) -> None:
    with a_box(tmp_path) as box:
        ours, theirs = pty.openpty()
        words = ["env", "--default-signal=INT", *command(tmp_path)]  # a test run in the background ignores it
        with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs) as program:
            seen = b""
            while b"> " not in seen:
                seen += os.read(ours, 1000)
            until_it_reads(program.pid)
            program.send_signal(signal.SIGINT)
            assert program.wait(timeout=5) == 0
        os.close(ours)
        os.close(theirs)
    assert box.asked == [["ussd", "*100#"], ["ussd_end", ""]]
