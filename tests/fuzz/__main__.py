"""`python -m tests.fuzz`: many inputs by a seed; the ones that fail are kept in tests/fuzz/kept."""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.targets import TARGETS

KEPT = Path(__file__).parent / "kept"
MOST_FAILURES = 20


def fuzz(name: str, inputs: int, seed: int) -> list[bytes]:
    """Run one target; gives the inputs that failed, each one kept and told."""
    target, failed = TARGETS[name], list[bytes]()
    luck = random.Random(f"{name}:{seed}")
    for _ in range(inputs):
        data = target.make(luck)
        try:
            target.check(data)
        except Exception:  # any escape at all is what is looked for
            failed.append(data)
            _keep(name, data)
            if len(failed) == MOST_FAILURES:
                break
    return failed


def _keep(name: str, data: bytes) -> None:
    path = KEPT / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    KEPT.mkdir(exist_ok=True)
    path.write_bytes(data)
    sys.stdout.write(f"{name}: {data!r}\n{traceback.format_exc()}kept as {path}\n")


def main() -> int:
    """The program; 1 when anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="over all targets (100000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only this one, or these")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # drivers say much about such modems
    names = options.target or list(TARGETS)
    shares = sum(TARGETS[name].share for name in names)
    failures = 0
    for name in names:
        inputs = options.inputs * TARGETS[name].share // shares
        began = time.monotonic()
        failed = fuzz(name, inputs, options.seed)
        seconds = time.monotonic() - began
        sys.stdout.write(f"{name:8} {inputs:8} inputs, {len(failed)} failed, {seconds:.0f} s\n")
        sys.stdout.flush()
        failures += len(failed)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
