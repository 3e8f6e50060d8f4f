"""What the world does to a box: wrong files, missing ports, full disks, silent phones. The rest goes on."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.box import Box
from tests.end_to_end.sound import likeness, read
from tests.end_to_end.test_call import SPEECH, in_conversation, needs_speech
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(90)]

NOBODY = "sip:ana@127.0.0.1:9"


def test_a_wrong_configuration_starts_nothing(tmp_path: Path) -> None:
    config = tmp_path / "callbox.toml"
    config.write_text('[lines.gsm-1]\ndriver = "sim7601"\nto = "menu:main"\n')
    command = [
        sys.executable,
        "-m",
        "appliance",
        "run",
        "--config",
        str(config),
        "--state",
        str(tmp_path / "state"),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert f"{config}:2: lines.gsm-1.driver" in ended.stderr
    assert "sim7600" in ended.stderr
    assert not (tmp_path / "state").exists()


async def test_a_missing_port_leaves_its_line_down_with_the_reason_and_the_others_up(tmp_path: Path) -> None:
    box = Box(tmp_path, phones={"ana": NOBODY})
    missing = (
        '[lines.gsm-9]\ndriver = "sim7600"\nto = "menu:main"\n'
        'port = "/dev/none-at"\naudio_port = "/dev/none-pcm"\n'
    )
    box.config_file.write_text(missing + box.config_file.read_text())
    box.ready_lines = ["gsm-1"]
    async with box:
        status = await box.until_status(lambda status: len(status["lines"]) == 2)
        lines = {line["line"]: line for line in status["lines"]}
        assert lines["gsm-1"]["state"] == "idle"
        assert lines["gsm-9"]["state"] == "fault"
        assert "/dev/none-at" in lines["gsm-9"]["reason"]


async def test_a_port_somebody_holds_is_taken_when_it_is_let_go(tmp_path: Path) -> None:
    box = Box(tmp_path, phones={"ana": NOBODY}, lines=2)
    box.ready_lines = ["gsm-2"]
    box.hold_back = True
    async with box:
        held = os.open(tmp_path / "ports" / "gsm-1-at", os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(held, fcntl.LOCK_EX)
        await box.start_the_box()
        status = await box.until_status(lambda status: status["lines"][0]["state"] == "fault")
        assert str(os.getpid()) in status["lines"][0]["reason"]
        os.close(held)
        await box.until_status(lambda status: status["lines"][0]["state"] == "idle")


async def test_a_corrupt_database_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    box = Box(tmp_path, phones={"ana": NOBODY})
    box.database.write_bytes(b"this is no database" * 1000)
    async with box:
        caller = await box.rings()
        await box.until_stage("agent ringing")
        await box.hangs_up(caller)
        await box.until_over()
    aside = list(box.state.glob("callbox.db.corrupt-*"))
    assert len(aside) == 1
    assert aside[0].name in box.log_file.read_text()
    assert aside[0].read_bytes().startswith(b"this is no database")


async def test_a_phone_that_never_says_anything_pauses_its_agent_and_the_caller_waits_on(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        uri = f"sip:ana@127.0.0.1:{silent.getsockname()[1]}"
        async with Box(tmp_path, phones={"ana": uri}, ring_seconds=1) as box:
            caller = await box.rings()
            status = await box.until_status(lambda status: status["agents"][0]["state"] == "paused")
            assert status["agents"][0]["reason"] == "no answer"
            assert status["queues"][0]["waiting"] == 1
            assert silent.recv(4096).startswith(b"INVITE ")
            await box.hangs_up(caller)
            [row] = await box.until_over()
            assert row["outcome"] == "abandoned"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    if os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root alone; run the tests as root for this one")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@needs_baresip
async def test_a_full_disk_stops_the_recording_and_never_the_call(tmp_path: Path, small_disk: Path) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(small_disk, phones={"ana": phone.uri}, wrap_up_seconds=1) as box,
    ):
        caller = await in_conversation(box, phone)
        filler = small_disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"\0" * 4096):
                pass
        await asyncio.sleep(2)
        assert (await box.until_stage("talking"))["agent"] == "ana"
        await phone.command("hangup")
        await box.until_status(lambda status: status["calls"] == [])
        filler.unlink()
        [row] = await box.until_over()
        assert row["outcome"] == "answered"
        await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
        caller = await in_conversation(box, phone)
        await box.hangs_up(caller)
        await box.until_over(2)


@needs_baresip
@pytest.mark.parametrize("fault", ["F4", "F5", "F6", "F8", "F12", "F12w", "F13"])
async def test_a_modem_that_misbehaves_does_not_keep_its_line(tmp_path: Path, fault: str) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, lines=2, wrap_up_seconds=0) as box,
    ):
        await box.network.request("fault", modem="gsm-1", fault=fault)
        caller = await box.rings()
        await box.until_status(lambda status: status["calls"] != [])
        await asyncio.sleep(1)
        await box.hangs_up(caller)
        await box.network.request("fault", modem="gsm-1", fault=fault, on=False)
        await box.until_status(
            lambda status: status["calls"] == [] and status["lines"][0]["state"] == "idle", seconds=40
        )
        await box.agent("ana", "ready")
        caller = await in_conversation(box, phone)
        status = await box.status()
        assert status["breaches"] == 0
        await box.hangs_up(caller)


@pytest.mark.alone
@needs_baresip
@needs_speech
@pytest.mark.parametrize("fault", ["F14a", "F14b", "F14c"])
async def test_f14_a_modem_that_spoils_its_sound_is_understood_all_the_same(
    tmp_path: Path, fault: str
) -> None:
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}) as box,
    ):
        await box.network.request("fault", modem="gsm-1", fault=fault)
        caller = await in_conversation(box, phone, wav=str(SPEECH), loop=True)
        await asyncio.sleep(7)
        await box.hangs_up(caller)
        await box.until_over()
    assert likeness(read(SPEECH)[8000:24000, 0], phone.heard()) > 0.95
