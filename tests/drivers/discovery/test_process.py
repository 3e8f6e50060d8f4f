"""Real programs on real ptys: `callbox lines probe`, and lines that find their modem again."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.config.line_base import LineBase
from appliance.config.load import load
from appliance.config.serial_lines import GSM_LINES
from drivers.discovery.modems import Modems
from drivers.port import EndCause, LegState, Port, PortState
from drivers.registry import make_port
from tests.drivers.emulator_rig import Emulator, emulator

pytestmark = [pytest.mark.slow, pytest.mark.realtime]

PROBE_SECONDS = 40.0  # with a call over an analogue line, on a machine that has other things to do too


@asynccontextmanager
async def machine(folder: Path, *more: str) -> AsyncIterator[tuple[Emulator, Path]]:
    """Emulated modems, and the tree like /sys in which they are."""
    async with emulator(folder / "modems", *more, "--sysfs", str(folder / "sys")) as emulated:
        yield emulated, folder / "sys"


async def probe(sysfs: Path, *options: str) -> tuple[int, str, str]:
    """Exit code, what is printed, and the progress."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance", "lines", "probe", "--sysfs", str(sysfs), *options),
        *("--config", str(sysfs / "none.toml"), "--listen-seconds", "0.2"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PROBE_SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def holding(program: Path, path: str) -> AsyncIterator[int]:
    """A program of that name has the port open, without a lock, as ModemManager and check scripts do."""
    shutil.copy("/bin/sleep", program)
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
    process = await asyncio.create_subprocess_exec(str(program), "60", stdin=fd)
    os.close(fd)
    try:
        yield process.pid
    finally:
        process.terminate()
        await process.wait()


def port(sysfs: Path, **told: str) -> Port:
    line = GSM_LINES["sim7600"].model_validate({"driver": "sim7600", "to": "hangup", **told})
    options = line.model_dump(exclude=set(LineBase.model_fields) | {"driver"})
    return make_port("sim7600", "gsm-1", options, Modems(sysfs))


def at_port(emulated: Emulator, number: int) -> str:
    """The real name of a modem's command port."""
    return os.path.realpath(emulated.folder / f"gsm-{number}-at")


async def until(port: Port, state: PortState, words: str = "") -> None:
    async with asyncio.timeout(20):
        while port.state is not state or words not in port.reason:  # noqa: ASYNC110 - a reason has no event
            await asyncio.sleep(0.05)


async def test_what_is_printed_for_modems_that_talk_back_passes_the_check(tmp_path: Path) -> None:
    async with machine(tmp_path, "--modems", "3") as (emulated, sysfs):
        code, printed, progress = await probe(sysfs)
        seen: dict[str, Any] = await emulated.ask("status")
    (tmp_path / "lines.toml").write_text(printed)
    lines = load(tmp_path / "lines.toml").config.lines
    assert {getattr(line, "imei", "") for line in lines.values()} == {f"86758403000000{n}" for n in (1, 2, 3)}
    assert code == 0
    assert progress.count("asking /dev/pts/") == progress.count(": a modem for a line") == 3
    assert [modem["call"] for modem in seen["modems"]] == [None] * 3


async def test_f23_f24_a_port_that_a_program_holds_is_left_alone_and_the_program_named(
    tmp_path: Path,
) -> None:
    async with machine(tmp_path, "--modems", "2") as (emulated, sysfs):
        theirs = at_port(emulated, 2)
        async with holding(tmp_path / "ModemManager", theirs) as pid:
            code, printed, _ = await probe(sysfs, "--json")
            line = port(sysfs, imei="867584030000002")
            await line.open()
            assert f"{theirs} is held by process {pid} (ModemManager)" in line.reason
            assert line.state is PortState.FAULT
        first, second = json.loads(printed)
        assert (code, first["verdict"], second["verdict"]) == (0, "modem", "held")
        assert f"{theirs} is held by process {pid} (ModemManager)" in second["trouble"]
        await until(line, PortState.IDLE)
        code, printed, _ = await probe(sysfs, "--json")
        assert f"held by process {os.getpid()} (" in json.loads(printed)[1]["trouble"]
        await line.close()


async def test_a_test_call_measures_both_ways(tmp_path: Path) -> None:
    async with machine(tmp_path) as (emulated, sysfs):
        await emulated.ask("callee", tone_hz=440, loop=True, after_s=0.2)
        code, printed, _ = await probe(sysfs, "--json", "--call", "+491234", "--talk-seconds", "2")
        ended = await emulated.until("ended")
    call = json.loads(printed)[0]["call"]
    assert (code, call["answered"], call["trouble"]) == (0, True, "")
    assert 14000 < call["down_bytes_per_second"] < 18000
    assert 14000 < call["up_bytes_per_second"] < 18000
    assert -30 < call["heard_dbm0"] < 0
    assert ended["sounding_seconds"] > 1


async def test_a_voice_modem_is_found_measured_and_found_again(tmp_path: Path) -> None:
    async with machine(tmp_path, "--modems", "0", "--v253", "1") as (emulated, sysfs):
        await emulated.ask("callee", tone_hz=440, loop=True, after_s=0.2)
        code, printed, _ = await probe(sysfs, "--json", "--call", "1234", "--talk-seconds", "2")
        (found,) = json.loads(printed)
        (tmp_path / "lines.toml").write_text(found["toml"])
        (line,) = load(tmp_path / "lines.toml").config.lines.values()
        options = line.model_dump(exclude=set(LineBase.model_fields) | {"driver"})
        fxo = make_port(line.driver, "fxo-1", options, Modems(sysfs))
        await fxo.open()
        assert fxo.state is PortState.IDLE, fxo.reason
        await emulated.ask("unplug", modem="fxo-1")
        await until(fxo, PortState.FAULT, "nothing is plugged in at USB 1-1.1")
        await emulated.ask("plug", modem="fxo-1")
        await until(fxo, PortState.IDLE)
        await fxo.close()
    assert (code, found["chip"], found["country"]) == (0, "CX93001-EIS_V0.2013-V92", "us")
    assert "131 Mu-Law" in found["codings"]
    assert (found["call"]["answered"], found["call"]["trouble"]) == (True, "")
    assert 7000 < found["call"]["down_bytes_per_second"] < 9000
    assert -30 < found["call"]["heard_dbm0"] < 0


async def test_a_test_call_to_a_busy_party_is_told(tmp_path: Path) -> None:
    async with machine(tmp_path) as (emulated, sysfs):
        await emulated.ask("callee", outcome="busy")
        _, printed, _ = await probe(sysfs, "--json", "--call", "+491234")
    assert "busy" in json.loads(printed)[0]["call"]["trouble"]


@pytest.mark.parametrize("told", [{"imei": "867584030000001"}, {"usb": "1-1.1"}])
async def test_f15_a_modem_that_drops_off_in_a_call_comes_back_to_its_line_under_other_names(
    tmp_path: Path, told: dict[str, str]
) -> None:
    async with machine(tmp_path, "--modems", "2") as (emulated, sysfs):
        line = port(sysfs, **told)
        await line.open()
        assert line.state is PortState.IDLE, line.reason
        before = at_port(emulated, 1)
        await emulated.ask("call", modem="gsm-1", number="+491234", tone_hz=440, loop=True)
        leg = await line.next_ring()
        await leg.answer()
        assert leg.state is LegState.UP

        await emulated.ask("unplug", modem="gsm-1")
        assert await leg.ended() is EndCause.PORT_LOST
        await until(line, PortState.FAULT, "plugged in" if "usb" in told else "no modem with IMEI")
        await emulated.ask("plug", modem="gsm-1", storage=True)
        await until(line, PortState.FAULT, "CD drive (mass storage, 1e0e:9001)")
        await emulated.ask("unplug", modem="gsm-2")  # its names are free now
        await emulated.ask("plug", modem="gsm-2")
        await emulated.ask("plug", modem="gsm-1")
        await until(line, PortState.IDLE)

        assert at_port(emulated, 1) != before
        await emulated.ask("call", modem="gsm-1", number="+491234", tone_hz=440, loop=True)
        leg = await line.next_ring()
        await leg.answer()
        assert leg.state is LegState.UP
        await leg.hangup()
        await line.close()
