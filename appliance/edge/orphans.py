"""Calls whose SIP worker died: their phones are told, as nobody else would tell them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from appliance.edge.rpc import EdgeAway, EdgeError, EdgeRefused, EdgeRpc

log = logging.getLogger(__name__)

PROFILE = "worker"  # of Kamailio's dialogs, by the worker's address: config/kamailio/dialogs.cfg.j2


async def end_calls_of(worker_port: int, rpc: EdgeRpc) -> None:
    """Have Kamailio send BYE to both ends of every call of the worker at 127.0.0.1:port.

    Calls that began before Kamailio's last start are not known to it. Never raises: what is there to end
    without Kamailio?
    """
    try:
        found = await rpc.ask("dlg.profile_list", PROFILE, f"sip:127.0.0.1:{worker_port}")
    except EdgeError as error:
        log.log(_level(error), "calls of the worker at %d cannot be ended: %s", worker_port, error)
        return
    rows = found if isinstance(found, list) else [found]
    for row in rows:
        if isinstance(row, Mapping) and "call-id" in row:
            await _end(row, rpc)


def _level(error: EdgeError) -> int:
    return logging.DEBUG if isinstance(error, EdgeAway) else logging.WARNING  # a box without an edge


async def _end(row: Mapping[str, Any], rpc: EdgeRpc) -> None:
    try:
        await rpc.ask("dlg.terminate_dlg", row["call-id"], row["caller"]["tag"], row["callee"]["tag"])
    except EdgeRefused as error:
        log.debug("call %s of a lost worker has ended meanwhile: %s", row["call-id"], error)
    except EdgeAway as error:
        log.warning("call %s of a lost worker cannot be ended: %s", row["call-id"], error)
