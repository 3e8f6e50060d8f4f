"""Agents' passwords: checked slowly and alone, and ever slower where they are guessed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.store.accounts import AccountRefused, Accounts
from appliance.store.sign_in import MOST_WAITING, SignIn, SignIns


class Door:
    """Sign-ins on a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self.now = 1000.0
        self.accounts = Accounts(folder / "accounts.db", realm="callbox")
        self.accounts.prepare()
        self.sign_ins = SignIns(self.accounts, mono=lambda: self.now)


def on_a_loop(folder: Path, work: Callable[[Door], Awaitable[None]]) -> None:
    """The work runs in real time, as the check does in its thread."""
    door = Door(folder)
    try:
        asyncio.run(work(door))  # type: ignore[arg-type]
    finally:
        door.sign_ins.close()


@pytest.mark.slow
def test_the_right_password_opens_and_nothing_else(tmp_path: Path) -> None:
    async def work(door: Door) -> None:
        await door.sign_ins.set("ana", "correct horse")
        assert door.accounts.agent_hash("ana").startswith("$argon2id$")
        assert await door.sign_ins.check("ana", "correct horse", "192.0.2.1") is SignIn.RIGHT
        for wrong in ("correct horsf", "", "\udcff" * 9, "x" * 100_000):
            assert await door.sign_ins.check("ana", wrong, f"{len(wrong)}") is SignIn.WRONG
        assert await door.sign_ins.check("nobody", "nobody", "192.0.2.1") is SignIn.WRONG
        door.accounts.set_agent_hash("ana", "damaged")
        assert await door.sign_ins.check("ana", "correct horse", "192.0.2.1") is SignIn.WRONG

    on_a_loop(tmp_path, work)


@pytest.mark.slow
def test_guessing_is_slowed_down_for_the_guesser_and_nobody_else(tmp_path: Path) -> None:
    async def work(door: Door) -> None:
        await door.sign_ins.set("ana", "correct horse")
        for _ in range(3):
            assert await door.sign_ins.check("ana", "guess", "192.0.2.66") is SignIn.WRONG
        assert await door.sign_ins.check("ana", "correct horse", "192.0.2.66") is SignIn.LATER
        assert door.sign_ins.wait_seconds("ana", "192.0.2.66") == 1.0
        assert await door.sign_ins.check("ana", "correct horse", "192.0.2.1") is SignIn.RIGHT
        door.now += 1.1
        assert await door.sign_ins.check("ana", "guess", "192.0.2.66") is SignIn.WRONG
        assert door.sign_ins.wait_seconds("ana", "192.0.2.66") == 2.0
        door.now += 2.1
        assert await door.sign_ins.check("ana", "correct horse", "192.0.2.66") is SignIn.RIGHT
        assert door.sign_ins.wait_seconds("ana", "192.0.2.66") == 0.0

    on_a_loop(tmp_path, work)


@pytest.mark.slow
def test_more_checks_than_the_box_has_time_for_are_sent_away(tmp_path: Path) -> None:
    async def work(door: Door) -> None:
        tries = [door.sign_ins.check("ana", "guess", f"192.0.2.{n}") for n in range(MOST_WAITING + 5)]
        came = await asyncio.gather(*tries)
        assert came.count(SignIn.LATER) == 5

    on_a_loop(tmp_path, work)


def test_a_password_too_short_or_too_long_is_refused(tmp_path: Path) -> None:
    async def work(door: Door) -> None:
        for password in ("short", "x" * 257):
            with pytest.raises(
                AccountRefused, match=r"agent ana: a password of \d+ characters; it needs 8 to 256"
            ):
                await door.sign_ins.set("ana", password)

    on_a_loop(tmp_path, work)


@pytest.mark.slow
def test_a_pin_is_for_phones_alone_and_beside_the_password(tmp_path: Path) -> None:
    async def work(door: Door) -> None:
        assert not await door.sign_ins.check_pin("ana", "", "phone of desk")  # none is shipped
        await door.sign_ins.set("ana", "correct horse")
        await door.sign_ins.set_pin("ana", "4711")
        assert await door.sign_ins.check_pin("ana", "4711", "phone of desk")
        assert await door.sign_ins.check("ana", "4711", "192.0.2.1") is SignIn.WRONG
        assert await door.sign_ins.check("ana", "correct horse", "192.0.2.2") is SignIn.RIGHT
        for _ in range(3):
            assert not await door.sign_ins.check_pin("ana", "0000", "phone of desk")
        assert not await door.sign_ins.check_pin("ana", "4711", "phone of desk")  # now it waits
        for pin in ("", "123", "1234567890123", "12a4", "١٢٣٤"):
            with pytest.raises(AccountRefused, match="4 to 12 digits"):
                await door.sign_ins.set_pin("ana", pin)

    on_a_loop(tmp_path, work)
