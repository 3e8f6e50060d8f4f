"""What Kamailio is told of the SIP workers: the brain knows at once, its own probes after two seconds.

A new call does not wait for a worker that is gone, and comes to one that is back; the phones of calls whose
worker died are told so, as nobody else would tell them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from appliance.edge.rpc import EdgeAway, EdgeError, EdgeRefused, EdgeRpc

log = logging.getLogger(__name__)

WORKERS = 1  # the dispatcher's set: config/kamailio/dispatcher.list.j2
ACTIVE, INACTIVE = "ap", "ip"  # and probed on, so that a wrong word of ours lasts two seconds at most
PROFILE = "worker"  # of Kamailio's dialogs, by the worker's address: config/kamailio/dialogs.cfg.j2


async def worker_up(port: int, rpc: EdgeRpc) -> None:
    """The worker at 127.0.0.1:port takes calls. Never raises: Kamailio finds it by itself."""
    await _set_state(ACTIVE, port, rpc)


async def worker_lost(port: int, rpc: EdgeRpc) -> None:
    """The worker at 127.0.0.1:port is gone: no more calls to it, and BYE to both ends of those it had.

    Calls that began before Kamailio's last start are not known to it. Never raises.
    """
    await _set_state(INACTIVE, port, rpc)
    try:
        found = await rpc.ask("dlg.profile_list", PROFILE, _uri(port))
    except EdgeError as error:
        log.log(_level(error), "calls of the worker at %d cannot be ended: %s", port, error)
        return
    rows = found if isinstance(found, list) else [found]
    for row in rows:
        if isinstance(row, Mapping) and "call-id" in row:
            await _end(row, rpc)


async def _set_state(state: str, port: int, rpc: EdgeRpc) -> None:
    try:
        await rpc.ask("dispatcher.set_state", state, WORKERS, _uri(port))
    except EdgeError as error:
        log.log(_level(error), "the worker at %d: %s", port, error)


def _uri(port: int) -> str:
    return f"sip:127.0.0.1:{port}"


def _level(error: EdgeError) -> int:
    return logging.DEBUG if isinstance(error, EdgeAway) else logging.WARNING  # a box without an edge


async def _end(row: Mapping[str, Any], rpc: EdgeRpc) -> None:
    try:
        await rpc.ask("dlg.terminate_dlg", row["call-id"], row["caller"]["tag"], row["callee"]["tag"])
    except EdgeRefused as error:
        log.debug("call %s of a lost worker has ended meanwhile: %s", row["call-id"], error)
    except EdgeAway as error:
        log.warning("call %s of a lost worker cannot be ended: %s", row["call-id"], error)
