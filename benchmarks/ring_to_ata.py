"""From a modem's RING to our ATA when the flow answers at once: the whole box, real ptys, a call at a time.

The emulated modem says RING and +CLIP together, as a SIM7600 does, and tells how long after its RING the call
was up, which is `ANSWER_SECONDS` after it read ATA; pty and the emulator's own loop are in the figure.

    python -m benchmarks.ring_to_ata [--calls 200] [--json]
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from benchmarks.rig.box import Box
from benchmarks.rig.report import Report, options
from drivers.emulated.modem import ANSWER_SECONDS

LINES = 4
GOAL_P50_MS = 5.0
ANSWER_WAIT_SECONDS = 5.0


async def measure(calls: int) -> list[float]:
    """Milliseconds from RING to ATA, a value a call."""
    answered: asyncio.Queue[float] = asyncio.Queue()

    def heard(message: Mapping[str, Any]) -> None:
        if message["event"] == "answered":
            answered.put_nowait(message["after_s"])

    found = []
    async with Box(phones=1, lines=LINES) as box:
        box.on_news = heard
        for number in range(calls):
            line = box.lines[number % LINES]
            call = await box.rings(line)
            async with asyncio.timeout(ANSWER_WAIT_SECONDS):
                found.append((await answered.get() - ANSWER_SECONDS) * 1000)
                await box.hangs_up(call)
                await box.line_free(line)
    return found


def main() -> None:
    """The benchmark."""
    parser = options(__doc__)
    parser.add_argument("--calls", type=int, default=200, help="how many (default: %(default)s)")
    chosen = parser.parse_args()
    report = Report("RING to ATA")
    report.spread("RING to ATA", asyncio.run(measure(chosen.calls)), "ms", p50=GOAL_P50_MS)
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
