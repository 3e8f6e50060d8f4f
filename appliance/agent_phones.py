"""Agents and their phones brought together: who has none that can be rung is not ready, and why.

Built by app.py; the edge's news go to the agents (`acd`), to legs (a phone's wish to transfer), and the
workers' coming and going to Kamailio, which would notice it seconds later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from appliance.acd.agent import AgentState
from appliance.acd.distributor import UNKNOWN, Distributor
from appliance.agent_events import PhoneTaken
from appliance.bus import Bus
from appliance.clock import Clock
from appliance.config.schema import Config
from appliance.edge.news import Refer
from appliance.edge.refer_to import referral
from appliance.edge.rpc import EdgeError
from appliance.edge.watch import EdgeState, EdgeWatch
from appliance.events import AgentChanged, Stamped
from appliance.store.accounts import FILE, Accounts
from appliance.store.opening import StoreError
from appliance.store.sign_in import SignIns
from drivers.port import DriverError, LegEnded, PortLost
from drivers.sip.leg import SipLeg
from drivers.sip.pool import SipPool

log = logging.getLogger(__name__)

OFFLINE = AgentState.OFFLINE.value
NO_PHONE = "no phone registered"  # the hindrance
WORKER_SET = 1  # of Kamailio's dispatcher


class AgentPhones:
    """`run()` watches over the phones until cancelled; start it when the agents are restored."""

    def __init__(
        self,
        config: Config,
        state: Path,
        *,
        acd: Distributor,
        pool: SipPool,
        bus: Bus,
        clock: Clock,
        place_of: Callable[[str], str] = str,
    ) -> None:
        """`place_of` says at whose phones an agent works."""
        bus.subscribe(self._hear)
        self.accounts = Accounts(state / FILE, realm=config.edge.realm, wall=clock.wall)
        self.sign_ins = SignIns(self.accounts, mono=clock.mono)
        self.edge = EdgeWatch(
            config, state / "run", bus=bus, on_phones=self._changed, on_refer=self._referred
        )
        self._config = config
        self._place_of = place_of
        self._acd = acd
        self._pool = pool
        self._chores: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Have the configuration's phones in the accounts, then watch."""
        try:
            await self._prepared()
            await self.edge.run()
        finally:
            for chore in self._chores:
                chore.cancel()
            self.edge.rpc.close()
            self.sign_ins.close()

    def registered(self, agent: str) -> bool:
        """Whether a device of the agent's can be rung; raises PortLost in the moment when nobody knows."""
        devices = self.edge.registrations.devices(agent)
        in_doubt = bool(devices) and all(device.doubtful for device in devices)
        unknown = in_doubt or self.edge.state in (EdgeState.STARTING, EdgeState.LOST)
        if unknown and not self._config.agents[agent].phone:
            raise PortLost(f"edge: Kamailio or a phone of {agent} is not back yet, try again in a moment")
        return bool(devices) and not unknown

    def wait_for_phone(self, agent: str) -> None:
        """An agent who begins work now is rung when it is known that a phone is there."""
        if not self._config.agents[agent].phone:
            self._acd.hinder(agent, UNKNOWN, "which phones are registered")

    def worker(self, name: str, up: bool) -> None:
        """Tell Kamailio of a worker that is there or gone, which its own probing would find out later."""
        self._chore(self._set_worker(name, up), f"tell of {name}")

    def _hear(self, stamped: Stamped) -> None:
        """Whoever moves to other phones, or back to the own ones, is looked at."""
        event = stamped.event
        if isinstance(event, PhoneTaken | AgentChanged) and getattr(event, "now", OFFLINE) == OFFLINE:
            asyncio.get_running_loop().call_soon(self._changed, event.agent)

    # --- the edge's news --------------------------------------------------------------------------------

    def _changed(self, agent: str) -> None:
        if self.edge.state is EdgeState.STARTING:
            return
        everybody = list(self._config.agents)
        for name in [each for each in everybody if agent in ("", each, self._place_of(each))]:
            if name not in self._acd.agents:
                continue
            why = self.edge.why_unreachable(self._place_of(name))
            if why:
                self._acd.hinder(name, NO_PHONE, why)
            else:
                self._acd.unhinder(name, NO_PHONE)
            self._acd.unhinder(name, UNKNOWN)

    def _referred(self, refer: Refer) -> None:
        leg = self._pool.leg_of(refer.call_id)
        if leg is None:
            log.info("phone at %s: wants to transfer a call that is over", refer.source)
            return
        try:
            leg.referrals.put_nowait(referral(refer.to))
        except ValueError as error:
            log.warning("phone at %s: its transfer is not understood: %s", refer.source, error)
            self._chore(_tell(leg, 400, "Bad Refer-To"), f"refuse a transfer of {leg.id}")

    # --- inside -------------------------------------------------------------------------------------------

    async def _prepared(self) -> None:
        try:
            await asyncio.to_thread(self.accounts.prepare)
            await asyncio.to_thread(self.accounts.set_phones, self._config.phones, list(self._config.agents))
        except (StoreError, OSError) as error:
            log.error("accounts: no phone can register with a new password: %s", error)

    async def _set_worker(self, name: str, up: bool) -> None:
        number = name.rpartition("-")[2]
        if not number.isdigit():
            return
        uri = f"sip:{self._config.sip.listen}:{self._config.sip.port + int(number)}"
        try:
            await self.edge.rpc.ask("dispatcher.set_state", "ap" if up else "ip", WORKER_SET, uri)
        except EdgeError as error:
            log.debug("worker %s: %s", name, error)

    def _chore(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


async def _tell(leg: SipLeg, code: int, reason: str) -> None:
    try:
        await leg.tell_referrer(code, reason, last=True)
    except (DriverError, LegEnded) as error:
        log.debug("leg %s: %s", leg.id, error)
