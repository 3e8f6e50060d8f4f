"""Agents' own passwords: argon2id, one check at a time in a thread of its own, slower after wrong ones.

Wrong ones are counted for each agent at each address, and for each address alone with more patience, so
that an office behind one address is not locked out by one who forgot, nor an agent by a stranger elsewhere.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.store.accounts import AccountRefused, Accounts
from appliance.store.opening import StoreError

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 8, 256  # characters; NIST SP 800-63B 5.1.1.2, and a bound for the work
SHORTEST_PIN, LONGEST_PIN = 4, 12
MOST_WAITING = 8  # checks; more are sent away, each takes about 0.2 s
FREE_EACH, LONGEST_EACH_SECONDS = 3, 300.0  # wrong ones of an agent at an address, then 1, 2, 4... s
FREE_ADDRESS, LONGEST_ADDRESS_SECONDS = 30, 30.0  # of all agents at an address
FORGOTTEN_SECONDS = 900.0
MOST_COUNTED = 4096

Key = tuple[str, str]  # agent ("" = all of them), address
T = TypeVar("T")


class SignIn(enum.Enum):
    """What came of one check."""

    RIGHT = "right"
    WRONG = "wrong"
    LATER = "later"  # not looked at: too many wrong ones, or too many at once


class SignIns:
    """Sets and checks the passwords in `accounts`; `mono` gives monotonic seconds."""

    def __init__(self, accounts: Accounts, *, mono: Callable[[], float]) -> None:
        self._accounts = accounts
        self._mono = mono
        self._wrong: dict[Key, tuple[int, float]] = {}  # how many, and when the last was
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-in")
        # RFC 9106 4, second choice, in one thread: the box has two cores
        self._hasher = argon2.PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
        self._nobody = ""  # hash of no password: an agent without one takes as long as others

    async def set(self, agent: str, password: str) -> None:
        """From now on this one. Raises AccountRefused for one too short or too long, StoreError."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise AccountRefused(
                f"agent {agent}: a password of {len(password)} characters; it needs {SHORTEST} to {LONGEST}."
            )
        await self._in_thread(lambda: self._accounts.set_agent_hash(agent, self._hash(password)))
        self._wrong = {key: count for key, count in self._wrong.items() if key[0] != agent}

    async def set_pin(self, agent: str, pin: str) -> None:
        """From now on this one, for phones. Raises AccountRefused, StoreError."""
        if not (pin.isdecimal() and pin.isascii() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN):
            raise AccountRefused(f"agent {agent}: a PIN is {SHORTEST_PIN} to {LONGEST_PIN} digits.")
        key = _pin_of(agent)
        await self._in_thread(lambda: self._accounts.set_agent_hash(key, self._hash(pin)))
        self._wrong = {each: count for each, count in self._wrong.items() if each[0] != key}

    async def check_pin(self, agent: str, pin: str, source: str) -> bool:
        """Whether this is the agent's PIN; wrong ones make the next wait, as with passwords."""
        try:
            return await self.check(_pin_of(agent), pin, source) is SignIn.RIGHT
        except StoreError as error:
            log.error("PIN of agent %s: cannot be looked at: %s", agent, error)
            return False

    async def check(self, agent: str, password: str, address: str) -> SignIn:
        """Whether this is the agent's password; `address` is where it was typed. Raises StoreError."""
        if self.wait_seconds(agent, address) > 0 or self._waiting >= MOST_WAITING:
            return SignIn.LATER
        self._waiting += 1
        try:
            right = await self._in_thread(lambda: self._fits(agent, password[: LONGEST + 1]))
        finally:
            self._waiting -= 1
        if right:
            self._wrong.pop((agent, address), None)
            return SignIn.RIGHT
        self._count(agent, address)
        return SignIn.WRONG

    def wait_seconds(self, agent: str, address: str) -> float:
        """How long nothing is looked at from there for this agent, 0 when one may try."""
        return max(
            self._left((agent, address), FREE_EACH, LONGEST_EACH_SECONDS),
            self._left(("", address), FREE_ADDRESS, LONGEST_ADDRESS_SECONDS),
        )

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def _fits(self, agent: str, password: str) -> bool:
        self._nobody = self._nobody or self._hash("nobody")
        hash = self._accounts.agent_hash(agent)
        try:
            return self._hasher.verify(hash or self._nobody, password) and bool(hash)
        except (VerificationError, InvalidHashError, UnicodeError):
            return False

    def _count(self, agent: str, address: str) -> None:
        now = self._mono()
        for key in ((agent, address), ("", address)):
            count, last = self._wrong.pop(key, (0, now))
            self._wrong[key] = (1 if now - last > FORGOTTEN_SECONDS else count + 1, now)
        while len(self._wrong) > MOST_COUNTED:
            del self._wrong[next(iter(self._wrong))]  # the one longest without news

    def _left(self, key: Key, free: int, longest: float) -> float:
        count, last = self._wrong.get(key, (0, 0.0))
        if count < free:
            return 0.0
        pause = min(2.0 ** min(count - free, 20), longest)
        return max(0.0, last + pause - self._mono())


def _pin_of(agent: str) -> str:
    """Where the hash of a PIN is kept: no agent's name has a space in it."""
    return f"{agent} pin"
