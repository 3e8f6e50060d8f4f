"""The demo's own little centre: its configuration, its ports, the programs that play the outside world."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from appliance.supervisor import Program

VISITOR = "you"  # an agent without a phone: who looks at the demo may take calls in a browser
NAMES = ("ana", "ben", "cem", "dora", "emil", "fay", "gus", "hana", "ivo", "june", "kai", "lea")
PROMPTS = Path(__file__).resolve().parents[2] / "config" / "prompts"
ANSWER_AFTER = (0.8, 2.2, 1.4, 3.0)  # s; agents differ
SKILLS = (5, 1, 3, 2)  # levels in repairs; agents differ
FIRST_PORT = 15060  # away from a real box's 5060
EDGE_PORTS = 8  # the first of its seven, counted from the first worker's
FAMILIES = ("sim7600", "huawei", "quectel")  # of the GSM lines, in turn
CHIPS = ("cx93001", "usr5637")  # of the analogue ones
DRIFT_PPM = "120,-80,40,-150,200,-20"  # no two clocks agree; a demo in which they do proves little

CONFIG = """\
# Written by `callbox demo`; every run writes it again.
[box]
name = "callbox demo"

[sip]
port = {sip_port}
workers = 2

[edge]
sip_port = {edge_port}
tls_port = {tls_port}
wss_port = {wss_port}
https_port = {https_port}
internal_port = {internal_port}

{lines}
[menus.main]
prompt = "welcome"
wrong_key = "wrong-key"
wait_seconds = 4
attempts = 3
keys = {{ 1 = "queue:sales", 2 = "queue:support" }}

[queues.sales]
agents = [{agents}]
ring_seconds = 15
wrap_up_seconds = 4
greeting = "queue-greeting"
music = "music"
tell_position = true
tell_wait = true
tell_seconds = 15

[queues.support]
agents = [{agents}]
skills = {{ repairs = 3 }}
relax = [{{ after_seconds = 6, levels = -2 }}]
ring_seconds = 15
wrap_up_seconds = 6
greeting = "queue-greeting"
music = "music"
keys = {{ 0 = "voicemail:support" }}

[voicemail.support]
agents = [{agents}]

{phones}
[prompts]
{prompts}
"""


@dataclass(frozen=True)
class Site:
    """A demo centre in `state`: `lines` and `agents` are names, `sip_port` the first worker's UDP port."""

    state: Path
    lines: tuple[str, ...]
    agents: tuple[str, ...]
    sip_port: int

    @property
    def config_file(self) -> Path:
        """Where its configuration is written."""
        return self.state / "callbox.toml"

    @property
    def modems_socket(self) -> Path:
        """The emulated network's remote control."""
        return self.state / "run" / "modems.sock"

    def _count(self, kind: str) -> int:
        return sum(line.startswith(kind) for line in self.lines)

    def phone_port(self, agent: str) -> int:
        """The UDP port of an agent's phone."""
        return self.sip_port + 20 + self.agents.index(agent)

    def edge_ports(self) -> dict[str, int]:
        """The edge's ports, between the workers' and the phones'."""
        names = ("edge_port", "tls_port", "wss_port", "https_port", "internal_port")
        return {name: self.sip_port + EDGE_PORTS + number for number, name in enumerate(names)}

    @property
    def page(self) -> str:
        """Where a browser becomes a phone."""
        return f"https://127.0.0.1:{self.edge_ports()['https_port']}/"

    def write_config(self) -> None:
        """Write the configuration file."""
        ports = self.state / "ports"
        lines = "".join(
            f'[lines.{line}]\nnumber = "+1555010{number}"\nto = "menu:main"\n'
            + (_gsm_line(ports / line, number) if line.startswith("gsm") else _analogue_line(ports / line))
            for number, line in enumerate(self.lines)
        )
        phones = "".join(
            f'[agents.{agent}]\nphone = "sip:{agent}@127.0.0.1:{self.phone_port(agent)}"\n'
            f"skills = {{ repairs = {SKILLS[number % len(SKILLS)]} }}\nready_at_start = true\n\n"
            for number, agent in enumerate(self.agents)
        )
        phones += f'[agents.{VISITOR}]\nextension = "20"\nrole = "supervisor"\nready_at_start = true\n\n'
        prompts = "".join(f'{path.stem} = "{path}"\n' for path in sorted(PROMPTS.glob("*.wav")))
        self.config_file.parent.mkdir(parents=True, exist_ok=True)
        self.config_file.write_text(
            CONFIG.format(
                sip_port=self.sip_port,
                **self.edge_ports(),
                lines=lines,
                agents=", ".join(f'"{agent}"' for agent in (*self.agents, VISITOR)),
                phones=phones,
                prompts=prompts,
            )
        )

    def outside_world(self, speech: list[Path], *, seed: int) -> list[Program]:
        """The emulated modems with their network, and the agents' phones."""
        modems = [
            *("--dir", str(self.state / "ports"), "--family", ",".join(FAMILIES), "--chip", ",".join(CHIPS)),
            *("--modems", str(self._count("gsm")), "--v253", str(self._count("fxo"))),
            *("--drift-ppm", DRIFT_PPM, "--boot-seconds", "0.5", "--control", str(self.modems_socket)),
        ]
        phones = [
            Program(
                f"phone-{agent}",
                [
                    *(sys.executable, "-m", "drivers.sip.softphone"),
                    *("--user", agent, "--port", str(self.phone_port(agent))),
                    *("--play", str(speech[number % len(speech)])),
                    *("--answer-after", str(ANSWER_AFTER[number % len(ANSWER_AFTER)])),
                    *("--talk-seconds", "5", "20"),
                    *("--seed", str(seed + number)),
                ],
            )
            for number, agent in enumerate(self.agents)
        ]
        return [Program("modems", [sys.executable, "-m", "drivers.emulated", *modems]), *phones]


def make_site(state: Path, *, lines: int, agents: int) -> Site:
    """A site whose ports are free now."""
    names = tuple(NAMES[n] if n < len(NAMES) else f"agent-{n + 1}" for n in range(agents))
    analogue = lines // 3
    gsm = [f"gsm-{n + 1}" for n in range(lines - analogue)]
    fxo = [f"fxo-{n + 1}" for n in range(analogue)]
    return Site(state, (*gsm, *fxo), names, _free_ports(20 + agents))


def _gsm_line(port: Path, number: int) -> str:
    driver = FAMILIES[number % len(FAMILIES)]
    return f'driver = "{driver}"\nport = "{port}-at"\naudio_port = "{port}-audio"\n\n'


def _analogue_line(port: Path) -> str:
    return f'driver = "v253"\ncountry = "us"\nport = "{port}"\n\n'


def _free_ports(count: int) -> int:
    """The first of `count` UDP ports in a row that nobody uses."""
    for first in range(FIRST_PORT, 60000, 100):
        if all(_is_free(first + offset) for offset in range(count)):
            return first
    raise OSError("no free UDP ports on 127.0.0.1 for the demo's phones. Stop what uses them and try again.")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
