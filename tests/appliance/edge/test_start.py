"""Nothing is started that is not here; what is missing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.load import load
from appliance.edge import start
from appliance.edge.programs import Installed

NOTHING = Installed("", "", for_phones=("kamailio",), for_browsers=("rtpengine-daemon",))


@pytest.mark.parametrize("program", ["kamailio", "rtpengine"])
async def test_a_program_that_is_missing_is_named_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, program: str
) -> None:
    monkeypatch.setattr(start, "installed", lambda: NOTHING)
    file = tmp_path / "callbox.toml"
    file.write_text("[box]\n")
    with pytest.raises(start.NotInstalled, match="apt-get install kamailio rtpengine-daemon"):
        getattr(start, program)(load(file), tmp_path)
    assert start.main([program, "--config", str(file), "--state", str(tmp_path)]) == 1
    assert f"{program} cannot be started: edge: kamailio" in caplog.text


async def test_a_configuration_that_cannot_be_read_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "callbox.toml"
    file.write_text("[edge]\nsip_port = 1\n")
    assert start.main(["kamailio", "--config", str(file), "--state", str(tmp_path)]) == 1
    assert f"{file}:2" in capsys.readouterr().err
