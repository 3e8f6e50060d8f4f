"""`python -m tests.chaos`: a whole box with emulated modems, minutes of everything going wrong at once."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.chaos.box_run import Chaos


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="of trouble; healing comes on top (5)")
    parser.add_argument("--lines", type=int, default=16, help="three of four GSM, the others V.253 (16)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random (1)")
    parser.add_argument("--logs", type=Path, help="where the log and what each fault left in it go")
    return parser.parse_args()


async def main() -> int:
    """Exit code 1 when something did not hold."""
    given = options()
    logs = given.logs or Path(tempfile.mkdtemp(prefix="callbox-chaos-logs-"))
    logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="callbox-chaos-") as folder:
        chaos = Chaos(Path(folder), seconds=given.minutes * 60, lines=given.lines, seed=given.seed, say=say)
        try:
            wrong = await chaos.run()
        finally:
            (logs / "box.log").write_bytes((Path(folder) / "box.log").read_bytes())
            (logs / "faults.txt").write_text(chaos.log())
    say(chaos.report())
    say(f"logs       {logs}/box.log, by fault: {logs}/faults.txt")
    say("\n".join(f"NOT HELD   {what}" for what in wrong) or "all held")
    return 1 if wrong else 0


def say(text: str) -> None:
    """To the terminal, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
