"""What Kamailio and rtpengine are told follows from the configuration, and Kamailio accepts all of it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from appliance.config.schema import Config
from appliance.edge import render
from appliance.edge.certificates import Pair
from appliance.edge.programs import Installed, edge_commands, installed
from tests.peers.edge import needs_kamailio

PAIR = Pair(Path("/box.crt"), Path("/box.key"), own=True)
OURS = render.Secrets("r" * 48, "n" * 48)
TRUNK = {"driver": "sip", "hosts": ["192.0.2.20"], "number": "+4930100", "to": "hangup"}
CONFIGS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "public": {"edge": {"address": "192.0.2.7", "public_address": "203.0.113.9"}},
    "one worker": {"sip": {"workers": 1, "port": 7000}},
    "trunks": {
        "lines": {"gold": TRUNK, "silver": TRUNK | {"registers": True, "user": "u", "password": 'p"$x\\'}}
    },
    "tls trunk": {
        "lines": {"gold": TRUNK | {"transport": "tls", "hosts": ["sip.example.com", "192.0.2.21:5071"]}}
    },
}


def made(values: dict[str, Any], folder: Path = Path("/state"), *, browsers: bool = True) -> dict[str, str]:
    config = Config.model_validate(values)
    return render.kamailio(config, folder, browsers=browsers, pair=PAIR, ours=OURS)


@pytest.mark.parametrize("browsers", [True, False], ids=["browsers", "no browsers"])
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.slow
@needs_kamailio
def test_kamailio_accepts_what_is_made(tmp_path: Path, name: str, browsers: bool) -> None:
    (tmp_path / "run").mkdir()
    for file, text in made(CONFIGS[name], tmp_path, browsers=browsers).items():
        (tmp_path / "run" / file).write_text(text)
    command = [installed().kamailio, "-c", "-f", str(tmp_path / "run" / "kamailio.cfg")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "ERROR" not in checked.stderr
    assert "WARNING" not in checked.stderr, checked.stderr


async def test_it_listens_where_the_configuration_says_and_inside_on_loopback(tmp_path: Path) -> None:
    text = made({"edge": {"address": "192.0.2.7", "sip_port": 6060, "internal_port": 7090}})["kamailio.cfg"]
    listens = [line.removeprefix("listen=") for line in text.splitlines() if line.startswith("listen=")]
    assert listens == [
        "udp:127.0.0.1:7090",
        "udp:192.0.2.7:6060",
        "tcp:192.0.2.7:6060",
        "tls:192.0.2.7:5061",
        "tls:192.0.2.7:5062",
    ]


async def test_without_rtpengine_there_is_no_port_for_browsers() -> None:
    text = made({}, browsers=False)["kamailio.cfg"]
    assert ":5062" not in text
    assert "websocket.so" not in text


async def test_every_worker_is_a_destination() -> None:
    text = made({"sip": {"workers": 3, "port": 7000}})["dispatcher.list"]
    assert [line.split()[1] for line in text.splitlines() if line.startswith("1 ")] == [
        f"sip:127.0.0.1:{port}" for port in (7000, 7001, 7002)
    ]


async def test_secrets_are_made_once_and_kept_for_the_boxs_user_alone(tmp_path: Path) -> None:
    ours = render.secrets_of(tmp_path)
    assert render.secrets_of(tmp_path) == ours
    assert ours.route != ours.nonce
    assert (tmp_path / "edge.secrets").stat().st_mode & 0o777 == 0o600
    (tmp_path / "edge.secrets").write_text("half")
    assert render.secrets_of(tmp_path) != ours


@pytest.mark.parametrize("folder", ['/a"b', "/a b", "/a$b", "/a;b", "/a\nb", "/a\\b"])
async def test_a_folder_that_kamailio_cannot_be_told_is_refused(folder: str) -> None:
    with pytest.raises(render.RenderError, match="--state"):
        made({}, Path(folder))


async def test_rtpengine_speaks_to_kamailio_alone_and_tells_browsers_the_address_they_reach() -> None:
    values = {"address": "192.0.2.7", "public_address": "203.0.113.9", "internal_port": 7090}
    text = render.rtpengine(Config.model_validate({"edge": values}), Path("/state"))["rtpengine.conf"]
    assert "listen-ng = 127.0.0.1:7092\n" in text
    assert "interface = 192.0.2.7!203.0.113.9\n" in text


async def test_what_is_missing_is_said_in_one_line_with_how_to_install_it() -> None:
    nothing = Installed("", "", for_phones=("kamailio",), for_browsers=("rtpengine-daemon",))
    said = nothing.complaint()
    assert "no phone can register" in said
    assert said.endswith("apt-get install kamailio rtpengine-daemon")
    assert "\n" not in said
    assert "browsers" in Installed("/k", "", for_browsers=("rtpengine-daemon",)).complaint()
    assert Installed("/k", "/r").complaint() == ""


async def test_what_is_started_follows_from_what_is_installed() -> None:
    config, file, state = Config(), Path("/c.toml"), Path("/s")
    assert list(edge_commands(config, file, state, Installed("/k", "/r"))) == ["rtpengine", "kamailio"]
    only_phones = Installed("/k", "", for_browsers=("rtpengine-daemon",))
    assert list(edge_commands(config, file, state, only_phones)) == ["kamailio"]
    assert edge_commands(config, file, state, Installed("", "/r", for_phones=("kamailio",))) == {}
