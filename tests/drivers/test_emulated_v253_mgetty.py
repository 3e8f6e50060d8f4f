"""Emulated voice modems used by vm and vgetty as Debian has them: sound, digits and hang-up are checked."""

from __future__ import annotations

import asyncio
import random
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.emulated.network import Network, Plan, Sound
from drivers.emulated.v253.chips import CHIPS
from drivers.emulated.v253.line import LineOptions, Zone, read_zone
from drivers.emulated.v253.unit import VoiceUnit
from dsp import dtmf, linear
from dsp.linear import Form
from tests.peers.mgetty import HEADER_BYTES, Mgetty, build_shim, needs_mgetty, rmd

pytestmark = [pytest.mark.slow, pytest.mark.realtime, needs_mgetty]

ALL_CHIPS = sorted(CHIPS)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_shim(tmp_path_factory.mktemp("shim"))


class Office:
    """One modem a chip on a real pty, a network behind them, and the programs for each."""

    def __init__(self, folder: Path, shim: Path, chips: list[str], **line: Any) -> None:
        loop = asyncio.get_running_loop()
        self.news: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()
        self.network = Network(
            later=loop.call_later, clock=loop.time, news=lambda *told: self.news.put_nowait(told)
        )
        self.units = {
            chip: VoiceUnit(chip, folder, self.network, chip=CHIPS[chip], line=LineOptions(**line))
            for chip in chips
        }
        # vm knows the generic chip by itself (+VSM=1,8000 is taken); the others it takes for older ones
        self.programs = {chip: Mgetty(folder / f"{chip}-files", shim, force=chip != "v253") for chip in chips}

    async def vm(self, chip: str, action: str, *words: str, may_fail: bool = False) -> str:
        port = self.units[chip].port.path
        return await self.programs[chip].vm(port, action, *words, may_fail=may_fail)

    async def until(self, event: str) -> dict[str, object]:
        while (told := await self.news.get())[0] != event:
            pass
        return told[1]


@asynccontextmanager
async def office(folder: Path, shim: Path, *chips: str, **line: Any) -> AsyncIterator[Office]:
    made = Office(folder, shim, list(chips), **line)
    try:
        yield made
    finally:
        for unit in made.units.values():
            unit.close()


def noise_u8(seconds: float, seed: int) -> bytes:
    """Noise as 8 bit unsigned samples, every value and so every shielding in it."""
    return random.Random(seed).randbytes(round(8000 * seconds))


def write_wav(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples)


def read_wav(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


async def test_vm_records_every_sample_that_the_far_end_says(tmp_path: Path, shim: Path) -> None:
    said = noise_u8(1.0, 1)
    write_wav(tmp_path / "said.wav", linear.decode(said, Form.U8))
    plan = Plan(sound=Sound(wav=str(tmp_path / "said.wav"), loop=True))

    async def record(chip: str) -> None:
        here.network.place(here.units[chip].modem, "0301234567", plan)
        heard = here.programs[chip].folder / "heard.rmd"
        await here.vm(chip, "record", "-t", "-c", "1", "-L", "1", str(heard))
        data = heard.read_bytes()
        assert data.startswith(b"RMD1V253modem"), chip
        sound = data[HEADER_BYTES:]
        assert 4000 < len(sound) < 24000, chip
        assert sound in said * 4, chip

    async with office(tmp_path, shim, *ALL_CHIPS) as here:
        await asyncio.gather(*(record(chip) for chip in ALL_CHIPS))
        ends = [await here.until("ended") for _ in ALL_CHIPS]
        assert {end["by"] for end in ends} == {"box"}


async def test_what_vm_plays_is_heard_sample_by_sample(tmp_path: Path, shim: Path) -> None:
    greeting = noise_u8(1.5, 2)

    async def play(chip: str) -> None:
        record = tmp_path / f"{chip}.wav"
        here.network.place(here.units[chip].modem, "1", Plan(record=record))
        file = here.programs[chip].folder / "greeting.rmd"
        file.write_bytes(rmd(greeting))
        await here.vm(chip, "play", "-t", str(file))
        assert linear.decode(greeting, Form.U8) in read_wav(record), chip

    async with office(tmp_path, shim, *ALL_CHIPS) as here:
        await asyncio.gather(*(play(chip) for chip in ALL_CHIPS))


async def test_vm_duplex_plays_and_records_at_once(tmp_path: Path, shim: Path) -> None:
    said = noise_u8(1.0, 3)
    greeting = bytes(
        value % 200 + 17 for value in noise_u8(2.0, 4)
    )  # vm's duplex drops 0 and shields no 0x10
    write_wav(tmp_path / "said.wav", linear.decode(said, Form.U8))
    chips = [chip for chip in ALL_CHIPS if CHIPS[chip].duplex]

    async def duplex(chip: str) -> None:
        record = tmp_path / f"{chip}.wav"
        plan = Plan(sound=Sound(wav=str(tmp_path / "said.wav"), loop=True), record=record)
        call = here.network.place(here.units[chip].modem, "1", plan)
        folder = here.programs[chip].folder
        (folder / "greeting.rmd").write_bytes(rmd(greeting))
        # vm reads what was still under way as an answer, and says it failed when that is no text
        await here.vm(chip, "duplex", "-t", "greeting.rmd", "heard.rmd", may_fail=True)
        here.network.hang_up(call.id)  # where vm, failing, has not
        # it leaves when all is sent, not when all has sounded; and it may be late once (an underrun)
        heard, chunks = read_wav(record), [greeting[at : at + 800] for at in range(0, 8000, 800)]
        assert sum(linear.decode(chunk, Form.U8) in heard for chunk in chunks) >= 8, chip
        sound = (folder / "heard.rmd").read_bytes()[HEADER_BYTES:]
        assert len(sound) > 12000, chip
        assert sound in said * 6, chip

    async with office(tmp_path, shim, *chips, echo_loss_db=None) as here:
        await asyncio.gather(*(duplex(chip) for chip in chips))


async def test_vm_beeps_and_dials(tmp_path: Path, shim: Path) -> None:
    async with office(tmp_path, shim, "cx93001", digit_pause_seconds=0.5) as here:
        unit = here.units["cx93001"]
        here.network.place(unit.modem, "1", Plan(record=tmp_path / "beep.wav"))
        await here.vm("cx93001", "beep", "-t", "933", "400")
        sounding = read_wav(tmp_path / "beep.wav").strip(b"\0")
        assert len(sounding) / 16000 == pytest.approx(0.4, abs=0.02)
        await here.vm("cx93001", "dial", "-t", "0301234")
        assert (await here.until("dialled"))["number"] == "0301234"
        await here.until("answered")


async def test_vm_reads_the_digits_a_caller_presses(tmp_path: Path, shim: Path) -> None:
    async with office(tmp_path, shim, *ALL_CHIPS) as here:

        async def read(chip: str) -> None:
            here.network.place(here.units[chip].modem, "1", Plan(digits=[(1.0, "*42#")]))
            assert "42" in await here.vm(chip, "wait", "-t", "-R", "6"), chip

        await asyncio.gather(*(read(chip) for chip in ALL_CHIPS))


async def test_vgetty_answers_on_the_third_ring_greets_records_and_obeys_digits(
    tmp_path: Path, shim: Path
) -> None:
    said, greeting = noise_u8(1.0, 5), noise_u8(1.0, 6)
    write_wav(tmp_path / "said.wav", linear.decode(said, Form.U8))
    quick = Zone("us", read_zone("us").tones, (0.5, 2.5))
    async with office(tmp_path, shim, "cx93001", zone=quick) as here:
        programs, unit = here.programs["cx93001"], here.units["cx93001"]
        (programs.messages / "greeting.rmd").write_bytes(rmd(greeting))
        (programs.messages / "Index").write_text("greeting.rmd\n")
        async with programs.vgetty(unit.port.path) as process:
            plan = Plan(
                sound=Sound(wav=str(tmp_path / "said.wav"), loop=True),
                digits=[(6.0, "*12#")],
                record=tmp_path / "heard.wav",
            )
            here.network.place(unit.modem, "0301234567", plan)
            answered = await here.until("answered")
            assert 6.5 < float(str(answered["after_s"])) < 9.0  # the third ring ends at 6.5 s
            ended = await here.until("ended")
            assert ended["by"] == "box"
            async with asyncio.timeout(10):
                await process.wait()
        heard = read_wav(tmp_path / "heard.wav")
        assert linear.decode(greeting, Form.U8) in heard
        assert (programs.folder / "dtmf.txt").read_text() == "12\n"
        (recording,) = programs.incoming.iterdir()
        assert "0301234567" in recording.name  # caller ID
        sound = recording.read_bytes()[HEADER_BYTES:]
        assert sound[:8000] in said * 3
        keys = dtmf.Receiver().feed(linear.decode(sound, Form.U8))
        assert "".join(key.digit for key in keys) in ("*12#", "*12")
