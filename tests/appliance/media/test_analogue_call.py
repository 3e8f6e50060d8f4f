"""An analogue call with the real media engine: emulated modem, driver, graph and engine on one pty."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.media.graph import MediaGraph
from drivers.emulated.network import Network, Plan, Sound
from drivers.emulated.ptys import Pty
from drivers.emulated.v253.line import FarEnd, LineOptions, read_zone
from drivers.emulated.v253.modem import Hooks, VoiceModem
from drivers.port import EndCause, LegState, PortState
from drivers.v253.port import V253Port
from drivers.v253.settings import Settings
from tests.appliance.media.process_rig import engine

pytestmark = [pytest.mark.slow, pytest.mark.realtime, pytest.mark.alone]


class _Line:
    """One line on its pty, with a graph of its own."""

    def __init__(self, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        self.network = Network(later=loop.call_later, clock=loop.time)
        self.pty = Pty(folder / "modem", on_bytes=lambda data: self.modem.feed(data))
        self.options = LineOptions(zone=read_zone("us"))
        self.modem = VoiceModem(
            "line-1",
            later=loop.call_later,
            clock=loop.time,
            hooks=Hooks(send=self.pty.write, hold=self.pty.hold),
            exchange=self.network,
            line=self.options,
        )
        self.port = V253Port("line-1", path=str(folder / "modem"), settings=Settings())
        self.graph = MediaGraph(
            folder / "media.sock",
            on_digit=self._digit,
            on_audio=lambda port, news, value: self.port.audio_news(news, value),
        )
        self.port.audio_holder = self.graph
        self.pty.plug()

    def _digit(self, port: str, digit: str) -> None:
        leg = self.port._calls.leg
        if leg is not None:
            leg.heard(digit)


@pytest.mark.parametrize("far_end", [FarEnd.BUSY, FarEnd.LOOP])
async def test_a_caller_presses_keys_hears_ours_and_hangs_up(tmp_path: Path, far_end: FarEnd) -> None:
    async with engine(tmp_path):
        line = _Line(tmp_path)
        line.options.far_end = far_end
        graph = asyncio.create_task(line.graph.run())
        async with asyncio.timeout(50):
            await line.graph.up.wait()
            await line.port.open()
            plan = Plan(Sound(), digits=((1.0, "12"),))
            call = line.network.place(line.modem, "5551234567", plan)
            leg = await line.port.next_ring()
            await leg.answer()
            with line.graph.port(leg):
                assert await leg.digits.get() + await leg.digits.get() == "12"
                await leg.send_digits("5#!7")
                await asyncio.sleep(0.5)
                assert call.sent_digits == "5#!7"
                assert leg.state is LegState.UP, line.port.status()
                line.network.hang_up(call.id)
                assert await leg.ended() is EndCause.REMOTE, line.port.status()
            await line.port.until_state(PortState.IDLE)
            assert not line.modem.is_off_hook
            await line.port.close()
        graph.cancel()
        await asyncio.wait({graph})
        await line.graph.close()
        line.pty.unplug()
