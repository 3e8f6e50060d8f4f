"""`callbox demo`: a whole centre on one machine, with callers, phones and a live board."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from appliance.api.control import SOCKET, BrainAway, ask_once
from appliance.config.load import load
from appliance.console.board import Screen, draw
from appliance.demo.callers import Callers
from appliance.demo.site import NAMES, VISITOR, Site, make_site
from appliance.demo.speech import caller_speech
from appliance.edge.programs import installed
from appliance.store.figures import day_figures
from appliance.store.read import calls
from appliance.supervisor import Supervisor, programs
from drivers.wire import WireError

BOARD_SECONDS = 0.5
CALLER_EVERY_SECONDS = 4.0  # for six lines; fewer lines, fewer callers
START_SECONDS = 30.0


class DemoRefused(Exception):
    """The demo cannot run as asked; the message says what to change."""


@dataclass
class Seen:
    """What was last heard of the box: its status and the engine's counters."""

    status: Mapping[str, Any]
    counters: Mapping[str, Any]
    invitation: str = ""  # to take calls in a browser


def run_demo(*, state: Path, seconds: float, lines: int, agents: int, seed: int | None, as_json: bool) -> int:
    """Run until Ctrl-C, or for `seconds`; prints the figures at the end. Returns the exit code."""
    if not 1 <= lines <= 30:
        raise DemoRefused(f"--lines {lines}: 1 to 30 are possible")
    if not 1 <= agents <= len(NAMES):
        raise DemoRefused(f"--agents {agents}: 1 to {len(NAMES)} are possible")
    site = make_site(state / "demo", lines=lines, agents=agents)
    site.write_config()
    log_file = site.state / "log" / "demo.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.INFO, filename=log_file, format="%(asctime)s demo %(levelname)s %(message)s"
    )
    began = time.time()
    seen = asyncio.run(_play(site, seconds, random.Random(seed), log_file))
    _report(site, began, seen, as_json=as_json)
    return 0 if seen.status else 1


async def _play(site: Site, seconds: float, dice: random.Random, log_file: Path) -> Seen:
    speech = await asyncio.to_thread(caller_speech, site.state.parent / "speech")
    loaded = load(site.config_file)
    outside = site.outside_world(speech, seed=dice.randrange(10**6))
    edge = installed()
    if complaint := edge.complaint():
        sys.stderr.write(f"{complaint}\n")
    box = programs(loaded.config, site.config_file, site.state, edge=edge)
    seen = Seen({}, {})
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = Supervisor([*outside, *box], state=site.state, log_file=log_file)
    callers = Callers(
        site.modems_socket,
        site.lines,
        speech,
        every_seconds=CALLER_EVERY_SECONDS * 6 / len(site.lines),
        dice=dice,
    )
    keeping = asyncio.create_task(supervisor.run(), name="supervisor")
    watching = asyncio.create_task(_watch(site, seen), name="board")
    try:
        await _until_ready(seen, stop, log_file, keeping)
        await _agents_ready(site, seen)
        await _invite(site, seen)
        ringing = asyncio.create_task(callers.run(), name="callers")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                await stop.wait()
        ringing.cancel()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await _look(site, seen)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    return seen


async def _until_ready(seen: Seen, stop: asyncio.Event, log_file: Path, keeping: asyncio.Task[None]) -> None:
    """Callers come when every line and the phones' side can take them."""
    missing = "the brain does not answer"
    for _ in range(int(START_SECONDS / 0.1)):
        if keeping.done():
            await keeping
        if seen.status:
            ports = [*seen.status["lines"], {"line": "sip", **seen.status["sip"]}]
            ill = [port for port in ports if port["state"] != "idle"]
            missing = "; ".join(f"{port['line']} is {port['state']}: {port['reason']}" for port in ill)
        if stop.is_set() or not missing:
            return
        await asyncio.sleep(0.1)
    raise DemoRefused(f"not ready within {START_SECONDS:.0f} s: {missing}. The log says why: {log_file}")


async def _agents_ready(site: Site, seen: Seen) -> None:
    """Everybody begins ready, whatever an earlier demo left them in."""
    for agent in seen.status.get("agents", []):
        command = {"offline": "login", "paused": "ready"}.get(agent["state"])
        if command:
            await _ask(site.state / "run" / SOCKET, "agent", agent=agent["agent"], command=command)


async def _invite(site: Site, seen: Seen) -> None:
    """Let who looks at the demo take calls too, where there is an edge for browsers."""
    if seen.status.get("edge", {}).get("state") != "up" or not installed().browsers:
        return
    password = secrets.token_hex(4)
    if await _ask(site.state / "run" / SOCKET, "agent_password", agent=VISITOR, password=password):
        seen.invitation = f"take calls: {site.page} as {VISITOR}, {password}"


async def _watch(site: Site, seen: Seen) -> None:
    """Look and draw, twice a second."""
    screen = Screen()
    screen.open()
    try:
        while True:
            await _look(site, seen)
            if seen.status:
                recent = calls(site.state / "callbox.db", limit=screen.height)
                screen.show(
                    draw(
                        seen.status,
                        [asdict(row) for row in recent],
                        height=screen.height,
                        note=seen.invitation,
                    )
                )
            await asyncio.sleep(BOARD_SECONDS)
    finally:
        screen.close()


async def _look(site: Site, seen: Seen) -> None:
    """Ask the brain and the engine; what does not answer leaves what was seen last."""
    seen.status = await _ask(site.state / "run" / SOCKET, "status") or seen.status
    seen.counters = await _ask(site.state / "run" / "media.sock", "counters") or seen.counters


async def _ask(socket: Path, op: str, **fields: Any) -> Mapping[str, Any]:
    """One answer, {} when there is none: the board goes on without."""
    with contextlib.suppress(TimeoutError, BrainAway, WireError):
        async with asyncio.timeout(2):
            return await ask_once(socket, op, **fields)
    return {}


def _report(site: Site, began: float, seen: Seen, *, as_json: bool) -> None:
    figures = day_figures(site.state / "callbox.db", began)
    recordings = [
        path for path in (site.state / "recordings").rglob("*.wav") if path.stat().st_mtime >= began
    ]
    said = {
        **{
            key: figures[key]
            for key in ("offered", "answered", "abandoned", "service_level_20", "asa_s", "aht_s")
        },
        "recordings": len(recordings),
        "late_ticks": seen.counters.get("late_ticks"),
        "breaches": seen.status.get("breaches"),
    }
    if as_json:
        sys.stdout.write(json.dumps(said) + "\n")
        return
    sys.stdout.write("\nThe day's figures\n")
    for name, value in said.items():
        sys.stdout.write(f"  {name:<17} {'-' if value is None else value}\n")
    sys.stdout.write(f"Recordings: {site.state / 'recordings'}\nCalls: callbox calls --state {site.state}\n")
    sys.stdout.write(f"Log: {site.state / 'log' / 'demo.log'}\n")
