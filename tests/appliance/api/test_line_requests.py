"""What the command line asks of lines, over the brain's own socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from appliance.acd.distributor import Distributor
from appliance.api.control import SOCKET, Asker, Control, ask_once
from appliance.api.line_requests import LineRequests
from appliance.bus import Bus
from appliance.calls.agents import AgentDesk
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.lines.desk import LineDesk
from appliance.lines.line import Books
from appliance.store.journal import Journal
from drivers.messages import UssdReply, UssdState
from drivers.virtual import VirtualPort
from drivers.virtual_messages import VirtualMessages
from drivers.wire import WireError

pytestmark = [pytest.mark.realtime, pytest.mark.slow]  # a real journal and real sockets

LINE = {"driver": "virtual", "to": "hangup"}
MENU = UssdReply(UssdState.ANSWER_WANTED, "1 Balance")
BALANCE = UssdReply(UssdState.DONE, "You have 1.50 EUR")


@contextlib.asynccontextmanager
async def box(folder: Path, **lines: dict[str, Any]) -> AsyncIterator[LineDesk]:
    """A brain that has lines only; answers at `folder`/brain.sock."""
    config = Config.model_validate(
        {
            "lines": {name: {**LINE, **options} for name, options in lines.items()},
            "tariffs": {
                "prepaid": {"messages_a_day": 2, "balance_code": "*100#", "balance_alarm_below": 2.0}
            },
        }
    )
    bus = Bus(Clock())
    journal = Journal(folder / "callbox.db")
    bus.subscribe(journal.append)
    ports = {name: VirtualPort(name) for name in lines}
    desk = LineDesk(config, ports, Books(bus, Clock(), journal))
    agents = AgentDesk(Distributor(publish=bus.publish, now=lambda: 0.0, checked=lambda acd: None), bus)

    def status() -> dict[str, Any]:
        return {
            "lines": [{"line": name, **desk.status(name)} for name in lines],
            "alarms": desk.alarms.rows(),
        }

    control = Control(
        folder, desk=agents, also=[LineRequests(desk)], status=status, reset_line=lambda name: None
    )
    running = asyncio.create_task(desk.run())
    for port in ports.values():
        await port.open()
    try:
        yield desk
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        control.close()
        journal.close()


def network(desk: LineDesk, line: str) -> VirtualMessages:
    messages = desk.lines[line].port.messages
    assert isinstance(messages, VirtualMessages)
    return messages


async def test_a_message_is_sent_by_the_only_line_and_its_end_is_told(tmp_path: Path) -> None:
    async with box(tmp_path, gsm={}) as desk:
        reply = await ask_once(
            tmp_path / SOCKET, "sms_send", number="+15550123", text="hi", report=False, wait_seconds=5.0
        )
        assert len(network(desk, "gsm").sent) == 1
    message = reply["message"]
    assert (message["line"], message["state"], message["out_parts"][0]["reference"]) == ("gsm", "sent", 0)


async def test_refusals_come_with_their_words(tmp_path: Path) -> None:
    async with box(tmp_path, one={}, two={}):
        for fields, words in (
            (
                {"number": "+1555012", "text": "hi"},
                "name the line with --line. Lines with messages: one, two",
            ),
            ({"number": "+1555012", "text": "hi", "line": "three"}, "no line 'three'. Lines: one, two"),
            ({"number": "x", "text": "hi", "line": "one"}, "no number"),
            ({"number": "+1555012", "text": "", "line": "one"}, "empty"),
        ):
            with pytest.raises(WireError, match=words):
                await ask_once(tmp_path / SOCKET, "sms_send", **fields)
        with pytest.raises(WireError, match="no message has an id"):
            await ask_once(tmp_path / SOCKET, "sms_retry", message="2026")
        with pytest.raises(WireError, match="balance_code"):
            await ask_once(tmp_path / SOCKET, "balance", line="one")
        with pytest.raises(WireError, match=r"not known here\. Known: agent, balance, limits, line"):
            await ask_once(tmp_path / SOCKET, "nonsense")


async def test_a_dialogue_goes_on_until_the_network_has_said_all(tmp_path: Path) -> None:
    async with box(tmp_path, gsm={}) as desk:
        network(desk, "gsm").codes["*100#"] = [MENU, BALANCE]
        with Asker(tmp_path / SOCKET) as asker:
            assert (await asker.ask("ussd", line="gsm", text="*100#"))["state"] == "answer wanted"
            assert (await asker.ask("ussd_answer", line="gsm", text="1"))["text"] == "You have 1.50 EUR"
            await asker.ask("ussd", line="gsm", text="*100#")
            await asker.ask("ussd_end", line="gsm")
        assert network(desk, "gsm").ended == 1


async def test_whoever_leaves_ends_the_question(tmp_path: Path) -> None:
    async with box(tmp_path, gsm={}) as desk:
        network(desk, "gsm").codes["*100#"] = [BALANCE]
        network(desk, "gsm").ussd_seconds = 60.0
        with Asker(tmp_path / SOCKET) as asker:
            asking = asyncio.create_task(asker.ask("ussd", line="gsm", text="*100#"))
            await asyncio.sleep(0.1)
            asking.cancel()
        await asyncio.sleep(0.2)
        assert network(desk, "gsm").ended == 1


async def test_limits_balance_and_alarms_are_told(tmp_path: Path) -> None:
    async with box(tmp_path, gsm={"tariff": "prepaid"}, other={}) as desk:
        network(desk, "gsm").codes["*100#"] = [BALANCE]
        assert (await ask_once(tmp_path / SOCKET, "balance", line="gsm"))["amount"] == 1.5
        for _ in range(2):
            await ask_once(
                tmp_path / SOCKET,
                "sms_send",
                line="gsm",
                number="+1555",
                text="x",
                report=False,
                wait_seconds=5,
            )
        with pytest.raises(WireError, match="limit of messages a day"):
            await ask_once(tmp_path / SOCKET, "sms_send", line="gsm", number="+1555", text="x")
        [limit] = (await ask_once(tmp_path / SOCKET, "limits"))["limits"]
        status = await ask_once(tmp_path / SOCKET, "status")
    assert (limit["line"], limit["limit"], limit["used"], limit["most"]) == ("gsm", "messages a day", 2, 2)
    assert status["lines"][0]["alarms"] == ["balance low", "limit reached: messages a day"]
    assert status["lines"][0]["balance"] == 1.5
    assert {row["name"] for row in status["alarms"]} == set(status["lines"][0]["alarms"])
