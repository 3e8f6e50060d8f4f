"""A caller on an emulated modem presses keys through a flow: digits, a lookup over HTTP, a queue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from appliance.store.read import call_story, calls
from tests.appliance.flows.hostile import Hostile
from tests.end_to_end.box import Box

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(60)]

FLOW = """
[flows.orders]
start = "number"

[flows.orders.nodes.number]
do = "digits"
prompt = "welcome"
into = "order"
least = 3
next = "known"

[flows.orders.nodes.known]
do = "lookup"
lookup = "crm"
music = "music"
next = "class"
error = "hangup"

[flows.orders.nodes.class]
do = "when"
cases = [{ facts = { customer = "Ana" }, go = "queue:sales" }]
otherwise = "hangup"

[lookups.crm]
url = "URL"
facts = { customer = "data.name" }
"""


async def test_want_keys_in_the_sound_lead_through_a_flow_with_a_lookup_to_a_queue(tmp_path: Path) -> None:
    async with Hostile().serving() as server:
        box = Box(tmp_path, phones={"ana": "sip:ana@127.0.0.1:9"}, ready=False)
        text = box.config_file.read_text().replace('1 = "queue:sales"', '1 = "flow:orders"')
        flow = FLOW.replace("URL", server.url("orders/{order}?by={caller}"))
        box.config_file.write_text(text + flow)
        async with box:
            digits = [[1.5 + 0.3 * at, key] for at, key in enumerate("1471#")]  # most while a prompt plays
            plan = {"number": "+15550123", "tone_hz": 0, "digits": digits}
            caller = (await box.network.request("call", modem="gsm-1", **plan))["call"]
            await box.until_stage("waiting")
            await box.hangs_up(str(caller))
            [row] = await box.until_over()
        [(method, path, _, _)] = server.seen
    assert (method, path) == ("GET", "/orders/471?by=%2B15550123")
    assert row["outcome"] == "abandoned"
    _, events = call_story(box.database, calls(box.database)[0].call_id)
    told = json.dumps([vars(stamped.event) for stamped in events])
    assert '"name": "order", "value": "471"' in told
    assert '"node": "class", "by": "case 1", "to": "queue:sales"' in told
