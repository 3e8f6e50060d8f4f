"""`callbox voicemail` and `callbox emergency` as an installer types them, with no box running."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from appliance.__main__ import main
from appliance.console.board import draw
from appliance.console.emergency_commands import state
from appliance.console.show import emergency_mark
from appliance.emergency.incident import Incident
from appliance.emergency_events import EmergencyBegun, EmergencyEnded, EmergencyNoted
from appliance.event import Event, Stamped
from appliance.store.journal import Journal
from appliance.voicemail_events import MessageDeleted, MessageLeft
from dsp import wav


class Box:
    """A state folder with a journal, a configuration, and nobody who runs."""

    def __init__(self, folder: Path, *events: Event) -> None:
        self.folder = folder
        self.config = folder / "callbox.toml"
        self.config.write_text('[agents.ana]\n[voicemail.office]\nagents = ["ana"]\n')
        journal = Journal(folder / "callbox.db")
        for number, event in enumerate(events):
            journal.append(Stamped(event, 1.7e9 + number, float(number), "boot"))
        journal.close()

    def types(self, *words: str) -> int:
        return main([*words, "--state", str(self.folder), "--config", str(self.config)])


def left(folder: Path, message: str) -> MessageLeft:
    path = folder / "voicemail" / "office" / f"{message}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    wav.write(path, b"\1\0" * 2 * 8000, 2)
    return MessageLeft(mailbox="office", message=message, seconds=1.0, caller="+4930", paths=[str(path)])


@pytest.fixture
def box(tmp_path: Path) -> Box:
    messages = [left(tmp_path, f"2026-{number}") for number in (1, 2, 3)]
    gone = MessageDeleted(mailbox="office", message="2026-3", by="ana")
    return Box(tmp_path, *messages, gone)


def test_mailboxes_and_their_messages_are_listed(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    assert box.types("voicemail", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows == [{"mailbox": "office", "new": 2, "messages": 2, "agents": "ana"}]
    assert box.types("voicemail", "list", "office") == 0
    said = capsys.readouterr().out
    assert "2026-1" in said
    assert "2026-3" not in said
    assert box.types("voicemail", "list", "office", "--json") == 0
    assert [row["message"] for row in json.loads(capsys.readouterr().out)] == ["2026-1", "2026-2"]


def test_messages_are_exported_as_they_are(box: Box, tmp_path: Path) -> None:
    assert box.types("voicemail", "export", "office", "--to", str(tmp_path / "out")) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["2026-1.wav", "2026-2.wav"]


def test_a_message_is_played_by_aplay_and_its_absence_is_told(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert box.types("voicemail", "play", "office", "2026-1") == 1
    assert "Export the message" in capsys.readouterr().err
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/played\n')
    player.chmod(0o755)
    assert box.types("voicemail", "play", "office", "2026-1") == 0
    assert (tmp_path / "played").read_text().endswith("2026-1.wav\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("play", "office", "2026"), "several fit: 2026-1, 2026-2"),
        (("play", "office", "2027"), "has no such message"),
        (("export", "nobody"), "has no such message"),
        (("delete", "office"), "name the message"),
        (("play",), "name the mailbox"),
        (("delete", "office", "2026-1"), "no box answers"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_to_do(
    words: tuple[str, ...], said: str, box: Box, capsys: pytest.CaptureFixture[str]
) -> None:
    assert box.types("voicemail", *words) == 1
    assert said in capsys.readouterr().err


def test_the_log_of_incidents_is_printed_without_a_box(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = Box(
        tmp_path,
        EmergencyBegun(by="ana", reason="fire\x1b[2J"),
        EmergencyNoted(by="ben", text="out"),
        EmergencyEnded(by="ana"),
    )
    assert box.types("emergency", "log") == 0
    said = capsys.readouterr().out
    assert "note of ben: out" in said
    assert "\x1b" not in said
    assert box.types("emergency", "log", "--json") == 0
    [incident] = json.loads(capsys.readouterr().out)
    assert [entry["kind"] for entry in incident["entries"]] == [
        "EmergencyBegun",
        "EmergencyNoted",
        "EmergencyEnded",
    ]
    assert box.types("emergency", "on") == 1
    assert "no box answers" in capsys.readouterr().err


def test_nobody_overlooks_an_emergency() -> None:
    incident = Incident(time.time(), "ana", "fire", False, acknowledged=("+49170",)).plain()
    status = {"emergency": incident, "box": "b", "engine": True, "lines": [], "agents": [], "queues": []}
    assert emergency_mark(status) == "*** EMERGENCY MODE, switched on by ana: fire ***"
    assert "*** EMERGENCY ***" in draw({**status, "calls": []}, [])[0]
    assert "acknowledged by: +49170" in state(incident)
    assert state(None) == "emergency mode: off"
    assert emergency_mark({"emergency": None}) == ""


def test_check_warns_of_alert_numbers_that_may_not_be_dialled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = Box(tmp_path)
    box.config.write_text(
        '[lines.v]\ndriver = "virtual"\nto = "hangup"\n[routes.a]\nlines = ["v"]\n[rates.a]\na_minute = 0\n'
        '[outbound]\npermission = "p"\n[permissions.p]\nclasses = ["mobile"]\n'
        '[emergency]\nto = "hangup"\ncall = ["+12125550101", "+442071234567"]\n'
    )
    assert box.types("check") == 0
    assert "warning: emergency.call: +442071234567 cannot be called" in capsys.readouterr().err
    assert box.types("check", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["warnings"]) >= 1
