"""A desk phone fetches its settings from the box and registers with what it got."""

from __future__ import annotations

import asyncio
import ssl
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.end_to_end.edge_box import EdgeBox
from tests.peers.baresip import Baresip, needs_baresip
from tests.peers.edge import needs_kamailio

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.slow,
    needs_kamailio,
    needs_baresip,
    pytest.mark.timeout(60),
]

PHONE = '[phones.ana-desk]\nagent = "ana"\nmodel = "yealink"\nmac = "80:5E:C0:01:02:03"\n'


def fetched(box: EdgeBox, url: str) -> dict[str, str]:
    """The settings, as the phone reads them, trusting the box's authority alone."""
    trust = ssl.create_default_context(cafile=box.state / "tls" / "ca.crt")
    with urllib.request.urlopen(f"{url}805ec0010203.cfg", context=trust, timeout=5) as answer:
        header, *lines = answer.read().decode().splitlines()
    assert header.startswith("#!version")
    return dict(line.split(" = ", 1) for line in lines)


async def test_a_phone_registers_with_the_settings_it_fetched_once(tmp_path: Path) -> None:
    async with EdgeBox(tmp_path, agents=["ana"], more=PHONE) as box:
        await box.until_page()
        url = str((await box.request("phone_token", phone="ana-desk"))["url"])
        settings = await asyncio.to_thread(fetched, box, url)
        with pytest.raises(urllib.error.HTTPError, match="404"):
            await asyncio.to_thread(fetched, box, url)
        proxy = "{}:{}".format(
            settings["account.1.outbound_proxy.1.address"], settings["account.1.outbound_proxy.1.port"]
        )
        phone = Baresip(
            tmp_path / "ana",
            user=settings["account.1.user_name"],
            password=settings["account.1.password"],
            registrar=proxy,
        )
        async with phone:
            await box.until_status(lambda status: status["agents"][0]["state"] == "ready")
            await box.rings()
            await phone.event("CALL_INCOMING")
