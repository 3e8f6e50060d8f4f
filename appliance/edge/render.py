"""Kamailio's and rtpengine's configuration, made from ours by the templates in config/; no process here.

What comes of it lies in the state folder's `run`; two secrets of the box's own, which must outlive a restart
of Kamailio's in the middle of calls, in `edge.secrets`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from appliance.config.schema import Config
from appliance.edge.certificates import Pair
from appliance.edge.trunk_sets import hosts_file, servers, trunk_sets

TEMPLATES = Path(__file__).resolve().parents[2] / "config"
#: Name in the run folder: its template.
KAMAILIO_FILES = {
    "kamailio.cfg": "kamailio/kamailio.cfg.j2",
    "dispatcher.list": "kamailio/dispatcher.list.j2",
    "tls.cfg": "kamailio/tls.cfg.j2",
}
RTPENGINE_FILES = {"rtpengine.conf": "rtpengine/rtpengine.conf.j2"}
FLOOD_A_SECOND = 200  # messages of one address; 60 phones behind one, which all register at once, send 120
REFUSALS_A_MINUTE = 300  # of one address; a phone with a wrong password makes some twenty
WORKER_CALLS_A_SECOND = 60  # of one worker: four times what it is benchmarked with
TRUNK_CALLS_A_SECOND = 150  # of one trunk
SECRET_BYTES = 24
#: Who signs trunks' certificates: the folder, not the bundle, whose reading costs each process 0.1 s.
CA_FOLDER = "/etc/ssl/certs"


class RenderError(Exception):
    """The configuration cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Secrets:
    """What only this box knows: `route` signs the way back into a call, `nonce` its challenges."""

    route: str
    nonce: str


def secrets_of(state: Path) -> Secrets:
    """Those of this box, made at the first start."""
    path = state / "edge.secrets"
    state.mkdir(parents=True, exist_ok=True)
    words = path.read_text().split() if path.exists() else []
    if len(words) != 2 or any(len(word) != 2 * SECRET_BYTES or not word.isalnum() for word in words):
        words = [secrets.token_hex(SECRET_BYTES) for _ in range(2)]
        write(path, "\n".join(words) + "\n")
    return Secrets(*words)


def kamailio(config: Config, state: Path, *, browsers: bool, pair: Pair, ours: Secrets) -> dict[str, str]:
    """Name -> text of each file that Kamailio reads."""
    first = config.sip.port
    values = {
        "config": config,
        "edge": config.edge,
        "trunks": trunk_sets(config, ours.route, hosts_file()),
        "servers": servers(config, hosts_file()),
        "trunk_calls_a_second": TRUNK_CALLS_A_SECOND,
        "workers": list(range(first, first + config.sip.workers)),
        "state": _plain(state),
        "run": _plain(state / "run"),
        "browsers": browsers,
        "certificate": _plain(pair.certificate),
        "key": _plain(pair.key),
        "ca_folder": CA_FOLDER,
        "route_secret": ours.route,
        "nonce_secret": ours.nonce,
        "flood_a_second": FLOOD_A_SECOND,
        "refusals_a_minute": REFUSALS_A_MINUTE,
        "worker_calls_a_second": WORKER_CALLS_A_SECOND,
    }
    return _render(KAMAILIO_FILES, values)


def rtpengine(config: Config, state: Path) -> dict[str, str]:
    """Name -> text of each file that rtpengine reads."""
    return _render(RTPENGINE_FILES, {"edge": config.edge, "run": _plain(state / "run")})


def write(path: Path, text: str) -> None:
    """Whole or not at all, for our own user alone: secrets stand in it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def quoted(text: str) -> str:
    """A value between the quotes of a Kamailio string: no quote, `$` or line end of it means anything."""
    if any(ord(letter) < 32 for letter in text):
        raise RenderError(f"{text!r}: a control character cannot stand in Kamailio's configuration")
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")


def _render(files: Mapping[str, str], values: Mapping[str, object]) -> dict[str, str]:
    folders = FileSystemLoader([TEMPLATES, TEMPLATES / "kamailio"])
    environment = Environment(
        loader=folders, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["quoted"] = quoted
    return {name: environment.get_template(template).render(values) for name, template in files.items()}


def _plain(path: Path) -> str:
    """A path as it may stand in their files."""
    text = str(path)
    if any(letter in text for letter in "\"'$#;= \\") or not text.isprintable():
        raise RenderError(
            f"{text}: Kamailio cannot be told a path with a quote, a space or one of $ # ; = \\ in it. "
            "Choose another folder with --state."
        )
    return text
