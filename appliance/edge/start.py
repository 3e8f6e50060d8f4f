"""`python -m appliance.edge.start kamailio|rtpengine`: prepares what the program needs, then becomes it.

The supervisor and systemd start the edge this way, so that whatever was changed holds from the next start on.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from appliance.config.load import ConfigError, Loaded, format_problems, load
from appliance.edge import render, trunk_sets
from appliance.edge.certificates import current
from appliance.edge.locations import prepare
from appliance.edge.programs import installed
from appliance.store.accounts import FILE as ACCOUNTS
from appliance.store.accounts import Accounts
from appliance.store.opening import StoreError

log = logging.getLogger(__name__)

KAMAILIO_SHARED_MB = 128
KAMAILIO_PRIVATE_MB = 16


class NotInstalled(Exception):
    """A program is not here; the message says what is missing and how to install it."""


def kamailio(loaded: Loaded, state: Path) -> list[str]:
    """Write what Kamailio reads; its command line: in the foreground, no pid file, its words on stderr."""
    config, run = loaded.config, state / "run"
    found = installed()
    if not found.kamailio:
        raise NotInstalled(found.complaint())
    Accounts(state / ACCOUNTS, realm=config.edge.realm).prepare()
    prepare(state / "location.db")
    ours = render.secrets_of(state)
    names = trunk_sets.hosts_file()
    trunk_sets.write_registrations(config, state / trunk_sets.FILE, ours.route, names)
    trunk_sets.write_authorities(config, loaded.folder, run / trunk_sets.AUTHORITIES)
    files = render.kamailio(
        config,
        state,
        browsers=found.browsers,
        pair=current(config, loaded.folder, state),
        ours=ours,
    )
    for name, text in files.items():
        render.write(run / name, text)
    (run / "kamailio.rpc").unlink(missing_ok=True)
    memory = ("-m", str(KAMAILIO_SHARED_MB), "-M", str(KAMAILIO_PRIVATE_MB))
    return [found.kamailio, "-f", str(run / "kamailio.cfg"), "-DD", "-E", "-Y", str(run), *memory]


def rtpengine(loaded: Loaded, state: Path) -> list[str]:
    """The same for rtpengine."""
    run, found = state / "run", installed()
    if not found.rtpengine:
        raise NotInstalled(found.complaint())
    for name, text in render.rtpengine(loaded.config, state).items():
        render.write(run / name, text)
    return [found.rtpengine, "--config-file", str(run / "rtpengine.conf"), "--foreground"]


def main(argv: list[str] | None = None) -> int:
    """Prepare and exec; comes back only when that fails."""
    parser = argparse.ArgumentParser(prog="callbox-edge", description=__doc__)
    parser.add_argument("program", choices=["kamailio", "rtpengine"])
    parser.add_argument("--config", type=Path, required=True, help="configuration file")
    parser.add_argument("--state", type=Path, required=True, help="folder for databases and sockets")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s edge %(levelname)s %(message)s")
    try:
        state = options.state.resolve()
        (state / "run").mkdir(parents=True, exist_ok=True)
        loaded = load(options.config)
        command = kamailio(loaded, state) if options.program == "kamailio" else rtpengine(loaded, state)
        os.execv(command[0], command)
    except ConfigError as error:
        sys.stderr.write(format_problems(error.problems) + "\n")
    except (NotInstalled, render.RenderError, StoreError, OSError) as error:
        log.error("%s cannot be started: %s", options.program, error)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
