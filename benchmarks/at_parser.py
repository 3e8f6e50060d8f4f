"""How quickly the AT parser and channel get through a torture log, beside a peer's reader in the same run.

The log is made from a seed: URCs of three families, answers, messages with their PDUs, glued finals,
echoes, doubled CRs, noise and over-long lines, fed in portions of 64 bytes (a UART's) and 4096 (USB's).
The peer is python-gsmmodem-new's read loop, which takes a byte at a time from its port. A plain bytes.split
with decoding is the floor: what any reader in Python pays before it understands anything.

    python -m benchmarks.at_parser [--megabytes 2] [--json]
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from gsmmodem.serial_comms import SerialComms

from benchmarks.rig.report import Report, options
from drivers.at.channel import Channel
from drivers.at.parser import Parser
from drivers.gsm.simcom import SIM7600

GOAL_MBPS = 1.0  # 48 modems at 115200 baud without a pause are 0.55 MB/s
PEER_BYTES = 200_000  # it is slow
ROUNDS = 3
PDU = "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"
LINES = [
    *("OK", "ERROR", "+CME ERROR: 10", "RING", '+CLIP: "+4917012345678",145,"",0,"",0', "NO CARRIER"),
    *('+CLCC: 1,1,4,0,0,"+4917012345678",145', "+CSQ: 20,99", '+CREG: 1,"1A2B","0C3D01",7', "^RSSI:20"),
    *('^HCSQ:"LTE",50,40,100,20', "^CEND:1,12,104,16", '+QIND: "csq",20,99', '+CMTI: "SM",3', "+RXDTMF: 5"),
    *(f"+CMGL: 3,1,,26\r\n{PDU}", f"+CMT: ,26\r\n{PDU}", '+CREG: 1,"1A2B","0C3D01",7OK', "OK+CREG: 1"),
    *("AT+CSQ\r", "VOICE CALL: BEGIN", "SIMCOM_SIM7600E-H", '+CUSD: 1,"1. Yes\n2. No",15'),
]


def torture_log(size: int) -> bytes:
    """So many bytes, always the same."""
    luck = random.Random(7)
    log = bytearray()
    while len(log) < size:
        end = luck.choice((b"\r\n", b"\r\n", b"\r\r\n"))
        log += end + luck.choice(LINES).encode() + end
        if luck.random() < 0.02:
            log += luck.randbytes(luck.randint(1, 60)) + end
        if luck.random() < 0.001:
            log += b"x" * luck.randint(2000, 9000) + end
    return bytes(log[:size])


def portions(log: bytes, size: int) -> list[bytes]:
    """As a port gives them."""
    return [log[at : at + size] for at in range(0, len(log), size)]


def best_mbps(work: Callable[[], None], size: int) -> float:
    """The quickest of some rounds."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return size / 1e6 / min(seconds)


def parse(pieces: list[bytes]) -> None:
    feed = Parser().feed
    for piece in pieces:
        feed(piece)


def channel(pieces: list[bytes]) -> None:
    """Parser, channel, and what the port makes of each line."""
    meanings = SIM7600.meaning
    other = Channel("bench", write=lambda data: None, on_urc=lambda text: None)
    other._on_urc = meanings  # type: ignore[assignment]
    for piece in pieces:
        other.feed(piece)


def split(pieces: list[bytes]) -> None:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line.decode("utf-8", "replace").strip()


class Replay:
    """A serial port for the peer, which reads it byte by byte until its end."""

    def __init__(self, log: bytes, stop: Callable[[], None]) -> None:
        self._log = log
        self._stop = stop
        self._at = 0

    def read(self, count: int) -> bytes:
        data = self._log[self._at : self._at + count]
        self._at += count
        if not data:
            self._stop()
        return data

    def inWaiting(self) -> int:  # the name is pyserial's
        return len(self._log) - self._at


def peer(log: bytes) -> None:
    comms = SerialComms("none", notifyCallbackFunc=lambda lines: None)
    comms.alive = True
    comms.serial = Replay(log, lambda: setattr(comms, "alive", False))
    comms._readLoop()


def main() -> None:
    """Measure and print."""
    parser = options(__doc__)
    parser.add_argument("--megabytes", type=float, default=2.0)
    chosen = parser.parse_args()
    log = torture_log(int(chosen.megabytes * 1e6))
    plain = bytes(byte for byte in log[:PEER_BYTES] if byte < 128)  # it stops at bytes that are no text
    theirs = best_mbps(lambda: peer(plain), len(plain))
    report = Report("AT parser")
    for size in (4096, 64):
        pieces = portions(log, size)
        floor = best_mbps(lambda: split(pieces), len(log))  # noqa: B023  # called before the next round
        ours = best_mbps(lambda: parse(pieces), len(log))  # noqa: B023  # as above
        beside = f"python-gsmmodem-new {theirs:.2f}, split and decode alone {floor:.1f}"
        report.figure(
            f"parser, portions of {size} bytes", round(ours, 2), "MB/s", least=GOAL_MBPS, peer=beside
        )
        whole = best_mbps(lambda: channel(pieces), len(log))  # noqa: B023  # as above
        report.figure(f"parser, channel and dialect, portions of {size} bytes", round(whole, 2), "MB/s")
    report.show(as_json=chosen.json)


if __name__ == "__main__":
    main()
