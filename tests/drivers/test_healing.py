"""The rungs taken for any device: what is done, said and counted, without a modem."""

from __future__ import annotations

import asyncio

import pytest

from drivers.discovery.modems import WrongDevice
from drivers.healing import Healing, trouble_of
from drivers.health import AlarmKind
from drivers.ladder import Rung, Trouble
from drivers.port import DriverError, PortLost, PortRefused, PortTimeout
from drivers.serialline import PortBusy, PortForbidden


class _Device:
    """Its reset and its power, both of which fail when told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fails = False

    async def reset(self) -> None:
        await self._do("reset")

    async def cycle(self, place: str) -> None:
        await self._do(f"power of {place}")

    async def _do(self, what: str) -> None:
        self.done.append(what)
        if self.fails:
            raise PortRefused("port line-1: it cannot be done")


def _healing() -> tuple[Healing, _Device]:
    device = _Device()
    healing = Healing("line-1", reset=device.reset, power=device)
    healing.place = "1-1.4"
    return healing, device


async def _until(healing: Healing, rung: Rung, trouble: Trouble = Trouble.SILENT) -> str:
    """A driver that tries again and again until `rung` has been taken; gives the last reason."""
    for _ in range(100):
        reason = healing.judge(trouble, "it hangs")
        await healing.act()
        if healing.ladder.rung is rung:
            return reason
    raise AssertionError(f"{rung} never came")


@pytest.mark.parametrize(
    ("error", "was_open", "trouble"),
    [
        (PortTimeout("no answer"), True, Trouble.SILENT),
        (PortRefused("wrong firmware"), True, Trouble.SILENT),
        (PortLost("EIO"), True, Trouble.MISSING),
        (PortRefused("is missing"), False, Trouble.MISSING),
        (PortBusy("ModemManager has it"), False, Trouble.NOT_OURS),
        (PortBusy("of the audio port"), True, Trouble.NOT_OURS),
        (PortForbidden("group dialout"), False, Trouble.PERSON),
        (WrongDevice("another driver's"), False, Trouble.PERSON),
    ],
)
def test_what_an_error_means_for_the_ladder(error: DriverError, was_open: bool, trouble: Trouble) -> None:
    assert trouble_of(error, was_open=was_open) is trouble


async def test_every_rung_is_taken_once_and_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    healing, device = _healing()
    assert await _until(healing, Rung.OUT) == "out of service: it hangs"
    assert device.done == ["reset", "power of 1-1.4"]
    healing.well()
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "port line-1: has not worked for 0 s; now: opened and set up anew"
    assert told[1].endswith("now: reset by command")
    assert told[2].endswith("now: power off and on")
    assert "Tried in" in told[3]
    assert told[4].endswith("what helped: power off and on")
    assert (healing.health.restarts, healing.health.heals) == (2, 1)


async def test_what_cannot_be_done_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    healing, device = _healing()
    device.fails = True
    began = asyncio.get_running_loop().time()
    await _until(healing, Rung.OUT)
    assert asyncio.get_running_loop().time() - began < 10
    assert caplog.text.count("it cannot be done") == 2
    assert healing.health.restarts == 0
    assert "Tried in" in caplog.text


async def test_an_alarm_stands_until_the_line_is_well() -> None:
    healing, _ = _healing()
    await _until(healing, Rung.OUT)
    (alarm,) = healing.alarms()
    assert (alarm.kind, alarm.text) == (AlarmKind.OUT_OF_SERVICE, "it hangs")
    healing.well()
    assert healing.alarms() == ()


async def test_a_device_without_reset_and_power_is_out_of_service_at_once() -> None:
    healing = Healing("line-1", reset=None, power=None)
    await _until(healing, Rung.OUT)
    assert healing.health.restarts == 0


async def test_a_cancelled_rung_is_a_cancelled_driver() -> None:
    healing, _ = _healing()
    healing.judge(Trouble.SILENT, "it hangs")
    act = asyncio.create_task(healing.act())
    await asyncio.sleep(0)
    act.cancel()
    await asyncio.wait({act})
    assert act.cancelled()
