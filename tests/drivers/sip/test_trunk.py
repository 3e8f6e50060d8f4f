"""A trunk as a port: the contract of all ports, limits, states, numbers in and out."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.health import AlarmKind
from drivers.port import EndCause, LegState, PortRefused, PortState
from drivers.sip.identity import CallerHeader
from drivers.sip.trunk import CalledFrom, DialFormat, TrunkSettings, TrunkView
from tests.drivers.port_contract import ANSWERS, NEVER, PortContract, Rig
from tests.drivers.sip.trunk_bench import HOST, SETTINGS, UP, TrunkRig, next_leg, trunk

MANY = replace(SETTINGS, calls=3, outgoing_calls=2)


class TestTrunkContract(PortContract):
    """A trunk of one call is a port as any other."""

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self._path = tmp_path

    def rig(self) -> AbstractAsyncContextManager[Rig]:
        return TrunkRig(self._path)  # type: ignore[return-value]

    async def test_no_task_is_left_after_close(self) -> None:
        async with self.rig() as rig:
            before = asyncio.all_tasks()
            leg = await rig.port.dial(ANSWERS)
            await leg.until(LegState.UP)
            await rig.port.close()
            assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()


# --- states ---------------------------------------------------------------------------------------------


async def test_a_trunk_of_which_nothing_is_known_is_no_way_out(tmp_path: Path) -> None:
    async with TrunkRig(tmp_path) as rig:
        port = rig._made()
        port._view = None
        port._told.clear()
        await port.open()
        assert port.state is PortState.FAULT
        assert "has not said" in port.reason
        port.seen(UP)
        assert port.state is PortState.IDLE
        await port.close()


async def test_a_server_that_does_not_answer_is_a_fault_and_heals(tmp_path: Path) -> None:
    async with trunk(tmp_path) as rig:
        rig.port.seen(TrunkView())
        assert rig.port.state is PortState.FAULT
        assert rig.port.reason.startswith("its server (sip.example.net) does not answer OPTIONS")
        with pytest.raises(PortRefused, match=r"port t1: cannot dial, it is fault \(its server"):
            await rig.port.dial(ANSWERS)
        await asyncio.sleep(59)
        assert rig.port.alarms() == ()
        await asyncio.sleep(2)
        assert [alarm.kind for alarm in rig.port.alarms()] == [AlarmKind.OUT_OF_SERVICE]
        assert rig.port.status()["fault_seconds"] == 61
        rig.port.seen(UP)
        assert (rig.port.state, rig.port.alarms()) == (PortState.IDLE, ())
        assert (rig.port.health.heals, rig.port.health.last_heal_seconds) == (1, 61)


async def test_one_of_two_servers_is_enough_and_the_other_is_named(tmp_path: Path) -> None:
    async with trunk(tmp_path, replace(SETTINGS, hosts=("a", "b"))) as rig:
        rig.port.seen(TrunkView(up=("b",)))
        assert (rig.port.state, rig.port.reason) == (PortState.IDLE, "no answer from a")
        assert rig.port.status()["hosts"] == {"a": False, "b": True}
        rig.port.seen(TrunkView())
        assert "none of its servers (a, b) answers" in rig.port.reason


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (0, "not answered"),
        (408, "not answered"),
        (401, "refuses the account"),
        (403, "refuses the account"),
        (404, "does not know"),
        (503, "does not take the registration"),
    ],
)
async def test_a_trunk_that_must_register_is_in_service_when_it_has(
    tmp_path: Path, code: int, said: str
) -> None:
    async with trunk(tmp_path, replace(SETTINGS, registers=True)) as rig:
        assert (rig.port.state, rig.port.health.registration) == (PortState.IDLE, "registered")
        rig.port.seen(TrunkView(up=(HOST,), registered=False, code=code))
        assert rig.port.state is PortState.FAULT
        assert said in rig.port.reason
        assert rig.port.health.registration == "not registered"


async def test_a_fault_ends_no_call_and_lets_calls_in(tmp_path: Path) -> None:
    async with trunk(tmp_path, MANY) as rig:
        rig.rings("+491")
        first = await next_leg(rig)
        await first.answer()
        rig.port.seen(TrunkView())
        rig.rings("+492")
        second = await next_leg(rig)
        await second.answer()
        assert (first.state, second.state) == (LegState.UP, LegState.UP)
        assert rig.port.state is PortState.FAULT


# --- limits ---------------------------------------------------------------------------------------------


async def test_many_calls_at_once_up_to_the_limit(tmp_path: Path) -> None:
    async with trunk(tmp_path, MANY) as rig:
        rig.rings("+491")
        await next_leg(rig)
        out = [await rig.port.dial(NEVER) for _ in range(2)]
        assert rig.port.state is PortState.BUSY
        with pytest.raises(PortRefused, match="busy, all its 3 calls are taken"):
            await rig.port.dial(NEVER)
        await out[0].hangup()
        await rig.port.until_state(PortState.IDLE)
        assert rig.port.status()["calls"] == 2


async def test_outgoing_calls_have_a_limit_of_their_own(tmp_path: Path) -> None:
    async with trunk(tmp_path, MANY) as rig:
        for _ in range(2):
            await rig.port.dial(NEVER)
        with pytest.raises(PortRefused, match="its 2 outgoing calls are taken"):
            await rig.port.dial(NEVER)
        rig.rings("+491")
        assert (await next_leg(rig)).peer == "+491"


async def test_a_caller_beyond_the_limit_hears_busy(tmp_path: Path) -> None:
    async with trunk(tmp_path) as rig:
        rig.rings("+491")
        await next_leg(rig)
        rig.rings("+492")
        await rig.worker.until_asked("hangup")
        assert rig.worker.asked[-1]["code"] == 486
        assert rig.port.ring_waiting() is None
        assert rig.port.status()["calls"] == 1


async def test_a_flood_of_callers_beyond_the_limit_is_one_line_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with trunk(tmp_path) as rig:
        for number in range(20):
            rig.rings(f"+49{number}")
        await rig.worker.until_asked("hangup", 19)
        assert sum("told busy" in line for line in caplog.messages) == 1
        await asyncio.sleep(61)
        rig.rings("+491")
        await rig.worker.until_asked("hangup", 20)
        assert "port t1: its 1 calls are taken, 19 more were told busy" in caplog.messages


async def test_an_emergency_goes_out_whatever_the_limits_and_the_servers(tmp_path: Path) -> None:
    async with trunk(tmp_path) as rig:
        rig.rings("+491")
        await next_leg(rig)
        leg = await rig.port.dial("112", emergency=True)
        await leg.until(LegState.RINGING)
        rig.port.seen(TrunkView())
        assert (await rig.port.dial("112", emergency=True)).state is LegState.DIALING


async def test_a_dialling_that_is_cancelled_at_any_turn_leaves_the_count_right(tmp_path: Path) -> None:
    async with trunk(tmp_path, MANY) as rig:
        for turns in range(6):
            dialling = asyncio.ensure_future(rig.port.dial(NEVER))
            for _ in range(turns):
                await asyncio.sleep(0)
            dialling.cancel()
            await asyncio.wait({dialling})
            legs = [] if dialling.cancelled() else [dialling.result()]
            assert rig.port.status()["calls"] == len(legs)
            for leg in legs:
                await leg.hangup()
            await rig.port.until_state(PortState.IDLE)
            await asyncio.sleep(0)
            assert rig.port.status()["calls"] == 0


async def test_a_full_worker_pool_refuses_and_takes_no_place(tmp_path: Path) -> None:
    async with trunk(tmp_path, MANY) as rig:
        rig.worker.dies()
        await rig.pool.until_state(PortState.FAULT)
        with pytest.raises(PortRefused):
            await rig.port.dial(NEVER)
        assert rig.port.status()["calls"] == 0


async def test_calls_go_on_while_the_line_is_closed_and_opened_again(tmp_path: Path) -> None:
    async with trunk(tmp_path) as rig:
        far = rig.rings("+491")
        leg = await next_leg(rig)
        await leg.answer()
        await rig.port.close()
        await rig.port.open()
        assert (rig.port.state, leg.state) == (PortState.BUSY, LegState.UP)
        assert rig.port.ring_waiting() is None
        far.hangs_up()
        await rig.port.until_state(PortState.IDLE)


# --- numbers --------------------------------------------------------------------------------------------


class German:
    """Enough of the German plan for these tests."""

    def plus(self, number: str) -> str:
        return f"+49{number[1:]}" if number.startswith("0") and len(number) > 3 else number

    def national(self, number: str) -> str:
        return f"0{number[3:]}" if number.startswith("+49") else f"00{number[1:]}"


@pytest.mark.parametrize(
    ("written", "number", "expected"),
    [
        (DialFormat.PLUS, "+4930123", "+4930123"),
        (DialFormat.E164, "+4930123", "4930123"),
        (DialFormat.NATIONAL, "+4930123", "030123"),
        (DialFormat.NATIONAL, "+33123", "0033123"),
        (DialFormat.NATIONAL, "112", "112"),
        (DialFormat.E164, "112", "112"),
    ],
)
async def test_numbers_are_dialled_as_the_provider_wants_them(
    tmp_path: Path, written: DialFormat, number: str, expected: str
) -> None:
    async with trunk(tmp_path, replace(SETTINGS, dial_format=written), numbering=German()) as rig:
        leg = await rig.port.dial(number, label="call-7")
        await rig.worker.until_asked("dial")
        asked = rig.worker.asked[-1]
        assert (asked["to"], asked["account"], asked["through"]) == (expected, "t1", "trunk")
        assert (leg.peer, leg.label, leg.port, leg.trunk) == (number, "call-7", "t1", "t1")


ACCOUNT = replace(SETTINGS, user="box", domain="example.net", caller_id="+49301000")
BY_NUMBER, BY_ACCOUNT = "<sip:+49301000@example.net>", "box"


@pytest.mark.parametrize(
    ("settings", "user", "headers"),
    [
        (ACCOUNT, "+49301000", {}),
        (replace(ACCOUNT, caller_id=""), "box", {}),
        (
            replace(ACCOUNT, caller_id_in=CallerHeader.ASSERTED),
            "box",
            {"P-Asserted-Identity": BY_NUMBER},
        ),
        (
            replace(ACCOUNT, caller_id_in=CallerHeader.PARTY),
            "box",
            {"Remote-Party-ID": f"{BY_NUMBER};party=calling;screen=no;privacy=off"},
        ),
        (
            replace(ACCOUNT, anonymous=True),
            "anonymous",
            {"P-Asserted-Identity": BY_NUMBER, "Privacy": "id"},
        ),
        (
            replace(ACCOUNT, user="", caller_id_in=CallerHeader.ASSERTED),
            "+49301000",
            {"P-Asserted-Identity": BY_NUMBER},
        ),
    ],
)
async def test_those_called_are_shown_the_number_where_the_provider_looks(
    tmp_path: Path, settings: TrunkSettings, user: str, headers: dict[str, str]
) -> None:
    async with trunk(tmp_path, settings) as rig:
        await rig.port.dial(NEVER)
        await rig.worker.until_asked("dial")
        assert rig.worker.asked[-1]["from_user"] == user
        assert rig.worker.asked[-1]["headers"] == headers


@pytest.mark.parametrize(
    ("settings", "called", "headers", "expected"),
    [
        (SETTINGS, "030123", {}, "+4930123"),
        (SETTINGS, "030123", {"To": "<sip:030999@x>"}, "+4930123"),
        (SETTINGS, "%2B4930123;npdi=yes", {}, "+4930123"),
        (SETTINGS, "", {"To": "<sip:030123@x>"}, "+4930123"),
        (replace(SETTINGS, called_from=CalledFrom.TO), "box", {"To": '"A" <sip:030123@x>'}, "+4930123"),
        (replace(SETTINGS, called_from=CalledFrom.TO), "030123", {}, "+4930123"),
        (replace(SETTINGS, dial_format=DialFormat.E164), "4930123456", {}, "+4930123456"),
        (SETTINGS, "110", {}, "110"),
    ],
)
async def test_the_number_dialled_is_found_and_put_in_plus_form(
    tmp_path: Path, settings: TrunkSettings, called: str, headers: dict[str, str], expected: str
) -> None:
    async with trunk(tmp_path, settings, numbering=German()) as rig:
        rig.rings("+33123", called=called, headers=headers)
        leg = await next_leg(rig)
        assert (leg.called, leg.peer, leg.port) == (expected, "+33123", "t1")


# --- redirects ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        (f"<sip:030123@{HOST}>", "+4930123"),
        (f"sip:030123@{HOST}:5080;user=phone", "+4930123"),
        ("sip:030123@evil.example", ""),
        (f"sip:030123@evil.example;x=@{HOST}", ""),
        (f"sip:{HOST}", ""),
        ("", ""),
        ("tel:+4930123", ""),
    ],
)
async def test_a_redirect_is_told_only_within_the_provider(
    tmp_path: Path, contact: str, expected: str
) -> None:
    async with trunk(tmp_path, numbering=German()) as rig:
        leg = await rig.port.dial(NEVER)
        await leg.until(LegState.RINGING)
        rig.worker.ends(leg.id, "failed", 302, forwarded=contact)
        assert await leg.ended() is EndCause.FAILED
        assert rig.port.forwarded(leg) == expected
