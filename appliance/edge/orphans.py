"""Calls whose SIP worker died: their phones are told, as nobody else would tell them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from appliance.edge.rpc import EdgeError, EdgeRefused, EdgeRpc

log = logging.getLogger(__name__)

PROFILE = "worker"  # of Kamailio's dialogs, by the worker's address: config/kamailio/dialogs.cfg.j2


async def end_calls_of(worker_port: int, rpc: EdgeRpc) -> int:
    """Have Kamailio send BYE to both ends of every call of the worker at 127.0.0.1:port; how many there were.

    Calls that began before Kamailio's last start are not known to it. Never raises: what is there to end
    without Kamailio?
    """
    try:
        found = await rpc.ask("dlg.profile_list", PROFILE, f"sip:127.0.0.1:{worker_port}")
    except EdgeError as error:
        log.warning("calls of the worker at %d cannot be ended: %s", worker_port, error)
        return 0
    rows = found if isinstance(found, list) else [found]
    return sum([await _end(row, rpc) for row in rows if isinstance(row, Mapping) and "call-id" in row])


async def _end(row: Mapping[str, Any], rpc: EdgeRpc) -> int:
    try:
        await rpc.ask("dlg.terminate_dlg", row["call-id"], row["caller"]["tag"], row["callee"]["tag"])
    except EdgeRefused:  # it ended meanwhile
        return 0
    except EdgeError as error:
        log.warning("call %s of a lost worker cannot be ended: %s", row["call-id"], error)
        return 0
    return 1
