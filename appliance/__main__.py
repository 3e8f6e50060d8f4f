"""`callbox`: the one program an installer types. Parsing only; what the commands do lives beside them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from appliance.api.control import SOCKET, BrainAway, ask
from appliance.config.load import ConfigError, format_problems, load
from appliance.console import calls as calls_view
from appliance.console.agents import agents, queue, queue_options, supervise, supervise_options
from appliance.console.call_backs import call_backs, call_backs_options
from appliance.console.emergency_commands import emergency, emergency_options
from appliance.console.erlang import erlang, erlang_options
from appliance.console.figures import figures, figures_options, moment
from appliance.console.flow_commands import flow_options
from appliance.console.flow_figures import surveys_options, surveys_told
from appliance.console.line_commands import line, line_options, sms_options, ussd, ussd_options
from appliance.console.lost import lost_json, lost_table
from appliance.console.outbound_commands import outbound, outbound_options
from appliance.console.phones import phones, phones_options
from appliance.console.prompts import prompts, prompts_options
from appliance.console.recordings import record, record_options, recordings, recordings_options
from appliance.console.show import VIEWS, box_version, show
from appliance.console.simulate import simulate, simulate_options
from appliance.console.voicemail_commands import voicemail, voicemail_options
from appliance.console.why import why, why_options
from appliance.demo.run import DemoRefused, run_demo
from appliance.dialplan.alert_numbers import refused_alerts
from appliance.edge.programs import installed
from appliance.probing import Wish, probe_lines
from appliance.say.needed import unsaid
from appliance.say.spoken import recorded_prompts
from appliance.simulate.refused import SimulationRefused
from appliance.store.lost import read_lost
from appliance.store.opening import StoreError
from appliance.store.read import call_story, calls
from appliance.store.rebuild import rebuild
from appliance.supervisor import AlreadyRunning, Supervisor, programs
from drivers.discovery.sysfs import SYSFS
from drivers.wire import WireError

log = logging.getLogger(__name__)

BOX_CONFIG = Path("/etc/callbox/callbox.toml")  # present on a box, where /data keeps everything
LOST_SECONDS = 7 * 86_400  # callers who were lost are listed so far back
PROBE = """\
Asks every modem on USB who it is, all at a time, in some seconds, and prints what to put into the
configuration. No PIN is entered, no call is made (but see --call), nothing of a modem is changed, and a port
that another program holds is left alone and that program named. A modem on another serial port is asked
when it is named:

  callbox lines probe
  callbox lines probe > lines.toml
  callbox lines probe --call +491234567
  callbox lines probe /dev/ttyS1
"""
AGENT_COMMANDS = ("login", "logout", "pause", "ready", "end-wrap-up", "extend-wrap-up", "code")
RECORD_COMMANDS = ("record", "record-stop", "record-pause", "record-resume")
TALK_COMMANDS = ("transfer", "consult", "complete", "conference", "back", "hold", "resume", "hangup", "panic")


def main(argv: list[str] | None = None) -> int:
    """Parse, do, and turn every expected error into one clear line and exit code 1."""
    options = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = options.do
    try:
        return command(options)
    except ConfigError as error:
        sys.stderr.write(format_problems(error.problems) + "\n")
    except (AlreadyRunning, BrainAway, WireError, DemoRefused, SimulationRefused, StoreError) as error:
        sys.stderr.write(f"callbox: {error}\n")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="callbox", description="A call-centre box for one small centre.")
    parser.add_argument("--version", action="version", version=f"callbox {box_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    shared = _shared_options()

    def add(name: str, do: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, parents=[shared], help=help, description=help)
        sub.set_defaults(do=do)
        return sub

    run = add("run", _run, "start the box and keep it running until Ctrl-C")
    run.add_argument("--sysfs", type=Path, default=SYSFS, metavar="DIR", help="where USB is seen (/sys)")
    _demo_options(add("demo", _demo, "a whole centre with emulated lines, callers and phones"))
    check = add("check", _check, "check a configuration file and print all errors at once")
    check.add_argument("file", nargs="?", type=Path, help="the file (default: that of --config)")
    _calls_options(add("calls", _calls, "list calls, or tell the whole story of one"))
    flow_options(commands.add_parser("flow", help="try, draw and count flows; what happens when"), shared)
    surveys_options(add("surveys", surveys_told, "what callers answered after their calls: NPS, CSAT, CES"))
    prompts_options(add("prompts", prompts, "what the box says: list it, find what is missing, export it"))
    figures_options(add("figures", figures, "how well callers were served, every figure with its formula"))
    simulate_options(add("simulate", simulate, "a day on a fake clock, and what if"))
    erlang_options(add("erlang", erlang, "agents and lines for a load, by Erlang B, C and A"))
    look = add("show", _show, "what the box is doing now")
    look.add_argument("what", choices=[*VIEWS, "limits", "sip", "media", "processes", "version"])
    line_options(add("line", line, "reset a line, tell how it was, or ask for its balance"))
    sms_options(commands.add_parser("sms", help="send and read text messages"), shared)
    ussd_options(add("ussd", ussd, "talk to a line's network by USSD: callbox ussd gsm-1 '*100#'"))
    phones_options(add("phones", phones, "who is registered; passwords, and tokens for phones' settings"))
    outbound_options(add("outbound", outbound, "what calls out cost, who may dial what, unlock"))
    why_options(add("why", why, "why callers still wait, and who is rung for whom"))
    call_backs_options(add("callbacks", call_backs, "who is to be called back with the place kept; cancel"))
    emergency_options(add("emergency", emergency, "the emergency mode: one switch, its state and its log"))
    record_options(add("record", record, "record a call that is going on, pause that, or stop it"))
    recordings_options(add("recordings", recordings, "list, export, keep, audit and erase recordings"))
    voicemail_options(add("voicemail", voicemail, "messages of callers: list, play, export, delete"))
    _probe_options(commands.add_parser("lines", help="find modems and say what to configure"), shared)
    agent = add("agent", _agent, "log an agent in or out, pause, resume, end wrap-up, transfer, confer")
    agent.add_argument("name", help="the agent's name in the configuration")
    agent.add_argument("command", choices=(*AGENT_COMMANDS, *TALK_COMMANDS, *RECORD_COMMANDS))
    agent.add_argument(
        "reason", nargs="?", default="", help="why a pause; whom to transfer to or ask; a code of the queue"
    )
    agent.add_argument("--by", default="", metavar="WHO", help="somebody else wants it so: journalled")
    agent.add_argument("--hold", action="store_true", help="with --by: a pause that the agent cannot end")
    add("agents", agents, "what every agent does, since when, and how long today; who supervises")
    supervise_options(add("supervise", supervise, "listen to an agent, whisper, barge in, take over"))
    queue_options(add("queue", queue, "give an agent to a queue, or take one from it, while the box runs"))
    return parser


def _shared_options() -> argparse.ArgumentParser:
    on_a_box = BOX_CONFIG.exists()
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--config",
        type=Path,
        default=BOX_CONFIG if on_a_box else Path("config/callbox.toml"),
        metavar="FILE",
        help="configuration file (default: %(default)s)",
    )
    shared.add_argument(
        "--state",
        type=Path,
        default=Path("/data") if on_a_box else Path("var"),
        metavar="DIR",
        help="folder for database, recordings and sockets (default: %(default)s)",
    )
    shared.add_argument("--json", action="store_true", help="print JSON, for scripts")
    return shared


def _demo_options(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--seconds", type=float, default=0, help="stop after so long (default: until Ctrl-C)")
    demo.add_argument("--lines", type=int, default=6, help="emulated lines (default: %(default)s)")
    demo.add_argument("--agents", type=int, default=4, help="agents with phones (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=None, help="the same callers every time")


def _probe_options(lines: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    verbs = lines.add_subparsers(title="commands", required=True, metavar="COMMAND")
    probe = verbs.add_parser(
        "probe",
        parents=[shared],
        help="ask every modem who it is",
        description=PROBE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probe.set_defaults(do=_probe)
    probe.add_argument("ports", nargs="*", metavar="PORT", help="look at these only (default: all on USB)")
    probe.add_argument(
        "--listen-seconds", type=float, default=1.0, metavar="S", help="listen at audio ports so long (1)"
    )
    probe.add_argument("--call", default="", metavar="NUMBER", help="make a test call with every modem")
    probe.add_argument(
        "--talk-seconds", type=float, default=5.0, metavar="S", help="length of a test call (5)"
    )
    probe.add_argument("--sysfs", type=Path, default=SYSFS, metavar="DIR", help="where USB is seen (/sys)")


def _calls_options(listing: argparse.ArgumentParser) -> None:
    listing.add_argument(
        "verb",
        nargs="?",
        choices=["show", "lost", "rebuild"],
        help="show ID: one call, line by line; lost: who gave up or was not let in, and what became of them",
    )
    listing.add_argument("id", nargs="?", default="", help="a call's id, or its beginning")
    listing.add_argument(
        "--since", type=moment, metavar="TIME", help='with lost: from "2026-11-22" on (default: 7 days)'
    )
    listing.add_argument("--csv", action="store_true", help="print CSV, for a spreadsheet")
    listing.add_argument(
        "--limit", type=int, default=50, help="how many, newest first (default: %(default)s)"
    )


def _run(options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(levelname)s %(message)s")
    loaded = load(options.config)
    state = options.state.resolve()
    edge = installed()
    if loaded.config.edge.start == "auto" and (complaint := edge.complaint()):
        log.warning("%s", complaint)
    children = programs(loaded.config, options.config.resolve(), state, options.sysfs.resolve(), edge=edge)
    supervisor = Supervisor(children, state=state)
    asyncio.run(_until_signal(supervisor))
    return 0


async def _until_signal(supervisor: Supervisor) -> None:
    running = asyncio.ensure_future(supervisor.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def _demo(options: argparse.Namespace) -> int:
    return run_demo(
        state=options.state.resolve(),
        seconds=options.seconds,
        lines=options.lines,
        agents=options.agents,
        seed=options.seed,
        as_json=options.json,
    )


def _check(options: argparse.Namespace) -> int:
    file = options.file or options.config
    try:
        loaded = load(file)
    except ConfigError as error:
        if options.json:
            print(json.dumps({"ok": False, "problems": [problem.plain() for problem in error.problems]}))
            return 1
        raise
    config = loaded.config
    counts = {
        "lines": len(config.lines),
        "menus": len(config.menus),
        "queues": len(config.queues),
        "agents": len(config.agents),
    }
    prompts_here = recorded_prompts(config, loaded.folder)
    warnings = [*refused_alerts(config, datetime.now()), *unsaid(config, prompts_here)]
    for warning in warnings if not options.json else ():
        sys.stderr.write(f"warning: {warning}\n")
    if options.json:
        print(json.dumps({"ok": True, **counts, "warnings": warnings}))
    else:
        print(f"{file}: good. " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    return 0


def _calls(options: argparse.Namespace) -> int:
    database = options.state / "callbox.db"
    if options.verb == "show":
        row, events = call_story(database, options.id)
        print(calls_view.story_json(row, events) if options.json else calls_view.story(row, events))
    elif options.verb == "lost":
        callers = read_lost(database, options.since or time.time() - LOST_SECONDS)
        print(lost_json(callers) if options.json else lost_table(callers))
    elif options.verb == "rebuild":
        print(f"{rebuild(database)} calls derived again from their events")
    else:
        rows = calls(database, limit=options.limit)
        form = calls_view.calls_json if options.json else calls_view.calls_csv if options.csv else None
        print((form or calls_view.calls_table)(rows))
    return 0


def _show(options: argparse.Namespace) -> int:
    print(show(options.what, options.state / "run", as_json=options.json))
    return 0


def _probe(options: argparse.Namespace) -> int:
    return probe_lines(
        Wish(
            config=options.config,
            sysfs=options.sysfs,
            ports=options.ports,
            listen_seconds=min(max(options.listen_seconds, 0.1), 60.0),
            call=options.call,
            talk_seconds=min(max(options.talk_seconds, 1.0), 60.0),
            as_json=options.json,
        )
    )


def _agent(options: argparse.Namespace) -> int:
    if options.hold and not options.by:
        sys.stderr.write("callbox: agent: --hold needs --by. Say who holds the pause.\n")
        return 2
    forced = {"by": options.by, "hold": options.hold} if options.by else {}
    ask(
        options.state / "run" / SOCKET,
        "force" if options.by else "agent",
        agent=options.name,
        command=options.command,
        reason=options.reason,
        **forced,
    )
    print(json.dumps({"done": True}) if options.json else f"agent {options.name}: {options.command} done")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
