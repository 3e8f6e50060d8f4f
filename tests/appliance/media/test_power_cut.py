"""A power cut, as a disk sees it: what was written to the device by then, and nothing of what was not."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsp import wav, wav_info
from tests.appliance.media.process_rig import RATE, bridged

pytestmark = [pytest.mark.realtime, pytest.mark.slow]


class Disk:
    """A file with ext4 on it, mounted; it would write by itself every ten minutes."""

    def __init__(self, folder: Path) -> None:
        self.image, self.mounted = folder / "disk.img", folder / "disk"
        self.mounted.mkdir()
        with self.image.open("wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", str(self.image)], check=True)
        self._mount(self.image, self.mounted)

    @staticmethod
    def _mount(image: Path, at: Path) -> None:
        words = ["mount", "-o", "loop,commit=600", str(image), str(at)]
        subprocess.run(words, check=True, capture_output=True)

    def after_power_cut(self, name: str) -> Path:
        """What the disk would hold if the power failed now, mounted elsewhere."""
        image, at = self.image.with_name(f"{name}.img"), self.mounted.with_name(name)
        shutil.copyfile(self.image, image)
        at.mkdir()
        self._mount(image, at)
        return at

    def close(self) -> None:
        for at in self.mounted.parent.iterdir():
            if at.is_mount():
                subprocess.run(["umount", str(at)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("a disk is mounted by root; run as root, with e2fsprogs")
    try:
        made = Disk(tmp_path)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    yield made
    made.close()


async def test_a_power_cut_costs_less_than_a_second_of_a_recording(disk: Disk, tmp_path: Path) -> None:
    """want C2. After the cut the header is mended, and the file tells whose it is."""
    lost = []
    async with bridged(tmp_path) as (running, _modem, _worker):
        path = disk.mounted / "day" / "call.wav"
        sides = {"left": "gsm-1", "right": "ana"}
        await running.peer.request(
            "record", record="c1", path=str(path), mask=True, info={"call": "c1"}, **sides
        )
        begun = time.monotonic()
        for cut in range(6):
            await asyncio.sleep(0.7 + 0.13 * cut)
            seconds = time.monotonic() - begun
            found = await asyncio.to_thread(disk.after_power_cut, f"cut-{cut}") / "day" / "call.wav"
            lost.append(seconds - wav.repair(found).layout.frames / RATE)
            assert wav_info.read(found) == {"call": "c1"}
        await running.peer.request("record.stop", record="c1")
        at = await asyncio.to_thread(disk.after_power_cut, "closed")
        assert wav.seconds(at / "day" / "call.wav") == wav.seconds(path), "a closed file is on the disk"
    print(f"a power cut lost {max(lost) * 1000:.0f} ms at most")  # noqa: T201 - a figure
    assert max(lost) <= 1.0
