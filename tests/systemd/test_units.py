"""The units start what `callbox run` starts, as nobody special, and systemd understands every line."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.config.schema import Config
from appliance.edge.programs import Installed, edge_commands

UNITS = Path(__file__).parents[2] / "systemd"
EDGE = ("kamailio", "rtpengine")


def service(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / f"callbox-{name}.service")
    return parser["Service"]


@pytest.mark.parametrize("name", EDGE)
async def test_a_unit_starts_what_the_supervisor_starts(name: str) -> None:
    told = edge_commands(
        Config(), Path("/etc/callbox/callbox.toml"), Path("/data"), Installed("/kamailio", "/rtpengine")
    )
    assert service(name)["ExecStart"].split()[1:] == list(told[name])[1:]


@pytest.mark.parametrize("name", EDGE)
async def test_a_unit_has_no_rights_and_ends_as_a_whole(name: str) -> None:
    unit = service(name)
    assert unit["User"] == "callbox"
    assert unit["CapabilityBoundingSet"] == ""
    assert unit["NoNewPrivileges"] == "yes"
    assert unit["ProtectSystem"] == "strict"
    assert unit["KillMode"] == "control-group"
    assert "PIDFile" not in unit
    assert unit["Restart"] == "always"


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt-get install systemd"
)
@pytest.mark.parametrize("name", EDGE)
def test_systemd_understands_every_line(tmp_path: Path, name: str) -> None:
    unit = tmp_path / f"callbox-{name}.service"
    text = (UNITS / unit.name).read_text()
    unit.write_text(text.replace("/opt/callbox/bin/python", shutil.which("python3") or "/usr/bin/python3"))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    about_it = [line for line in said.stderr.splitlines() if unit.name in line]
    assert about_it == []
