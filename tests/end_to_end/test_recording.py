"""Recordings of a whole box: paused for a card, told by tone, encrypted, exported; and a disk that fills."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.end_to_end.box import Box
from tests.end_to_end.sound import read, tone_dbm0
from tests.end_to_end.test_call import in_conversation
from tests.end_to_end.test_deaths import longest_gap_s
from tests.peers.baresip import Baresip, needs_baresip

pytestmark = [pytest.mark.realtime, pytest.mark.slow, needs_baresip, pytest.mark.timeout(90)]
needs_age = pytest.mark.skipif(not shutil.which("age"), reason="age is not here; sudo apt-get install age")

CARD = "4929581377"
HELD_SECONDS = 0.4  # of sound, until it is known whether it was a key: recorder.h


async def callbox(box: Box, *words: str) -> Any:
    """What `callbox WORDS --json` prints."""
    places = ["--config", str(box.config_file), "--state", str(box.state), "--json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "appliance", *words, *places, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return json.loads(said)


@pytest.fixture
def identity(tmp_path: Path) -> tuple[Path, str]:
    """The operator's key, which no box has, and its recipient."""
    key = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", str(key)], check=True, capture_output=True)
    shown = subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True)
    return key, shown.stdout.strip()


def longest_silence_s(side: Any) -> float:
    """The longest stretch of nothing but zeros."""
    quiet = np.abs(side[: len(side) // 160 * 160].reshape(-1, 160)).max(axis=1) == 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]])))
    return 0.02 * float(np.max(edges[1::2] - edges[::2], initial=0))


@needs_age
async def test_a_card_number_is_in_no_recording_and_no_journal_and_the_file_is_sealed(
    tmp_path: Path, identity: tuple[Path, str]
) -> None:
    key, recipient = identity
    async with Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone:
        box = Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=0)
        with box.config_file.open("a") as file:
            file.write(f'\n[recording]\nbeep_seconds = 2\nencrypt_to = ["{recipient}"]\n')
        async with box:
            caller = await in_conversation(box, phone, tone_hz=1000, loop=True)
            call = (await box.until_stage("talking"))["call"]
            await asyncio.sleep(1.5)
            await box.request("record", call=call, command="pause", seconds="60")
            await asyncio.sleep(0.3)
            await box.network.request("digits", call=caller, digits=CARD)
            await asyncio.sleep(2.5)
            await box.request("record", call=call, command="resume")
            await asyncio.sleep(1.5)
            await box.hangs_up(caller)
            [row] = await box.until_over()
            plain = Path(row["recordings"][0]["path"])
            sealed = plain.with_name(plain.name + ".age")
            await box.until(lambda: sealed.exists() and not plain.exists(), 20)
            orphans = await callbox(box, "recordings", "orphans")
            told = await callbox(
                box, "recordings", "export", call, "--to", str(tmp_path / "out"), "--identity", str(key)
            )
    [exported] = told["files"]
    stereo = read(Path(exported))
    assert orphans["orphans"] == 0
    assert len(stereo) / 8000 == pytest.approx(row["talk_ms"] / 1000, abs=0.3), "times stay right"
    assert tone_dbm0(stereo[:8000, 0], 1000) > -25
    assert tone_dbm0(stereo[-8000:, 1], 440) > -25
    assert tone_dbm0(phone.heard(), 1400) > -60, "the agent hears that it is recorded"
    assert tone_dbm0(stereo[:, 0], 1400) < -60
    with sqlite3.connect(box.database) as db:
        happened = db.execute("SELECT kind, wall_ms FROM event WHERE kind LIKE 'Recording%' ORDER BY id")
        kinds, at_ms = zip(*happened.fetchall(), strict=True)
        journal = "\n".join(db.iterdump())
    assert kinds == ("RecordingStarted", "RecordingPaused", "RecordingResumed", "RecordingEnded")
    paused_s = (at_ms[2] - at_ms[1]) / 1000
    for side in (0, 1):
        assert longest_silence_s(stereo[:, side]) == pytest.approx(paused_s, abs=0.1)
    assert CARD not in journal
    assert CARD not in box.log_file.read_text()


@pytest.mark.alone
async def test_a_disk_that_fills_and_an_engine_that_dies_end_files_and_no_call(tmp_path: Path) -> None:
    """Each file is playable, kill -9 costs less than a second, and nobody hears anything of a full disk."""
    async with (
        Baresip(tmp_path / "ana", user="ana", say="sine:440") as phone,
        Box(tmp_path, phones={"ana": phone.uri}, wrap_up_seconds=0) as box,
    ):
        engine, limit = box.pid("media"), 64_000
        resource.prlimit(engine, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        plan = {"tone_hz": 1000, "loop": True, "record": str(tmp_path / "caller.wav")}
        caller = await in_conversation(box, phone, **plan)
        await asyncio.sleep(3)
        resource.prlimit(engine, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        folder = box.state / "recordings"
        await box.until(lambda: any(path.stat().st_size > 3 * limit for path in folder.rglob("*.wav")), 20)
        last = max(folder.rglob("*.wav"), key=lambda path: path.stat().st_mtime)
        began = asyncio.get_running_loop().time() - (last.stat().st_size - 44) / 32_000 - HELD_SECONDS
        await asyncio.sleep(1)
        killed = asyncio.get_running_loop().time()
        await box.until_back("media", box.kill("media"))
        await asyncio.sleep(2)
        await box.hangs_up(caller)
        [row] = await box.until_over()
        await asyncio.sleep(4)
        orphans = await callbox(box, "recordings", "orphans")
        listed = await callbox(box, "recordings", "list")
    assert row["outcome"] == "answered"
    assert longest_gap_s(phone.heard(), 1000) <= 1.0
    assert orphans["orphans"] == 0
    assert [each["n"] for each in listed] == list(range(1, len(listed) + 1))
    assert listed[0]["seconds"] <= limit / 32_000
    assert "playable up to here" in listed[0]["ended_why"]
    for each in listed:
        stereo = read(Path(each["file"]))
        assert len(stereo) / 8000 == pytest.approx(each["seconds"], abs=0.01)
    lost = killed - began - (last.stat().st_size - 44) / 32_000
    print(f"kill -9 of the engine lost {lost * 1000:.0f} ms of a recording")  # noqa: T201 - a figure
    assert lost <= 1.0
