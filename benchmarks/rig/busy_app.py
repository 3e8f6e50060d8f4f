"""The brain with a thread that is busy for BUSY_SECONDS after SIGUSR1; the product has no such hook.

The thread is plain Python arithmetic: it fights for the interpreter's lock with the loop, as a report or a
careless plug-in would.
"""

from __future__ import annotations

import signal
import threading
import time

from appliance.app import main

BUSY_SECONDS = 10.0


def _busy() -> None:
    end, number = time.monotonic() + BUSY_SECONDS, 0
    while time.monotonic() < end:
        number = (number * 31 + 7) % 1_000_003


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=_busy, name="busy", daemon=True).start())
    raise SystemExit(main())
