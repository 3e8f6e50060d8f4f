"""The process callbox-sip@N: SIP and RTP for a bounded number of legs, on loopback, at the brain's word.

It serves `--socket` by drivers/wire.py and decides nothing. When the brain dies its legs go on; the next
`hello` says what is there.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.port import DriverError
from drivers.sip.account import Through, account_of
from drivers.sip.agent import UserAgent
from drivers.sip.library import CODECS, Library, library_name, library_path, log_and_forget, without_dns
from drivers.wire import Message, Peer, Server, WireError
from dsp._native.stream_audio import StreamAudio

log = logging.getLogger(__name__)

NEWS_A_PACKET = 16  # a farewell may be as long as a SIP message, 8 kB; wire.PACKET_BYTES
PATIENT = {"farewell"}  # news that may wait for others, or for the next poll
WATCH_SECONDS = 1.0  # how often the legs' packets are counted
POLL_SECONDS = 0.02  # the library's timers and digits; SIP itself is polled as it arrives
IDLE_POLL_SECONDS = 0.05  # without a leg; each poll costs 0.2 ms of a core
GOODBYE_SECONDS = 0.2  # for the BYEs of a worker that is told to end


class Worker:
    """The user agent behind a socket."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.name: str = options.name
        self.library = Library(
            listen=options.listen,
            port=options.port,
            rtp_port=options.rtp_port,
            media_address=options.media_address,
        )
        self.audio = StreamAudio(library_path(), priority=options.priority)
        self.library.start()
        self.agent = UserAgent(
            name=self.name,
            library=self.library,
            audio=self.audio,
            max_legs=options.max_legs,
            tell=self._tell,
            edge=options.edge,
            public_address=options.public_address,
        )
        self.server = Server(options.socket, on_request=self._request)
        self._news: list[Message] = []
        self._flushes = False
        self._ops: dict[str, Callable[[Message], Message | None]] = {
            "dial": self._dial,
            "accounts": lambda m: self.agent.set_accounts([account_of(row) for row in m["accounts"]]),
            "progress": lambda m: self.agent.progress(m["leg"]),
            "label": lambda m: self.agent.label(m["leg"], str(m["label"])),
            "notify": lambda m: self.agent.notify(
                m["leg"], int(m["code"]), str(m["reason"]), bool(m["last"])
            ),
            "ring": lambda m: self.agent.ring(m["leg"]),
            "answer": lambda m: self.agent.answer(m["leg"]),
            "hangup": lambda m: self.agent.hangup(m["leg"], int(m.get("code", 603))),
            "digits": lambda m: self.agent.send_digits(m["leg"], str(m["digits"])),
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then end the legs."""
        loop = asyncio.get_running_loop()
        signalling = self.library.signalling_fd()
        loop.add_reader(signalling, self.library.poll)
        try:
            watch_at = loop.time()
            while not stop.is_set():
                self.library.poll()
                self._flush()
                if loop.time() >= watch_at:
                    self.agent.watch()
                    watch_at += WATCH_SECONDS
                await asyncio.sleep(POLL_SECONDS if self.agent.legs else IDLE_POLL_SECONDS)
        finally:
            loop.remove_reader(signalling)
            await self._close()

    async def _close(self) -> None:
        self.agent.close()
        for _ in range(int(GOODBYE_SECONDS / POLL_SECONDS)):
            self.library.poll()
            await asyncio.sleep(POLL_SECONDS)
        self.server.close()
        self.audio.close()
        self.library.close()

    def _tell(self, event: Message) -> None:
        """News of this turn of the loop go out together: each packet wakes the brain."""
        shown = {**event, "digit": "*"} if "digit" in event else event  # it may be of a card
        log.debug("worker %s: %s", self.name, shown)
        self._news.append(event)
        if event["event"] not in PATIENT and not self._flushes:
            self._flushes = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushes = False
        news, self._news = self._news, []
        up = {event["leg"] for event in news if event["event"] == "up"}
        news = [event for event in news if event["event"] != "early" or event["leg"] not in up]
        for begin in range(0, len(news), NEWS_A_PACKET):
            part = news[begin : begin + NEWS_A_PACKET]
            self.server.broadcast(part[0] if len(part) == 1 else {"event": "several", "news": part})

    def _request(self, peer: Peer, message: Message, fds: list[int]) -> tuple[Message, Sequence[int]]:
        op = message["op"]
        if op == "hello":
            return self._hello(), [self.audio.memfd]
        if op == "counters":
            return dict(self.audio.counters()), ()
        do = self._ops.get(op)
        if do is None:
            raise WireError(
                f"worker {self.name}: no op {op!r}; there are hello, counters, {', '.join(self._ops)}"
            )
        try:
            return do(message) or {}, ()
        except DriverError as error:
            raise WireError(str(error)) from None
        finally:
            if self._flushes:  # what the request brought about is known before its reply
                self._flush()

    def _hello(self) -> Message:
        self.agent.tell_farewells()  # after the reply, which they could make too long
        return {
            "version": 1,
            "pid": os.getpid(),
            "worker": self.name,
            "library": library_name(self.audio.version),
            "max_legs": self.agent.max_legs,
            "address": f"{self.library.listen}:{self.library.port}",
            "rt": self.audio.realtime,
            "calls": self.audio.max_calls,
            "accounts": self.agent.accounts.most,
            "codecs": list(CODECS),
            "legs": [record.describe() for record in self.agent.legs.values()],
        }

    def _dial(self, message: Message) -> Message:
        call_id = self.agent.dial(
            message["leg"],
            message["to"],
            from_user=message.get("from_user", ""),
            from_name=message.get("from_name", ""),
            label=message.get("label", ""),
            headers=message.get("headers", {}),
            account=message.get("account", ""),
            through=Through(message.get("through", "direct")),
            srtp=message.get("srtp", "off"),
        )
        return {"call_id": call_id}


async def serve(options: argparse.Namespace) -> None:
    """Run one worker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.edge:
        without_dns()
    worker = Worker(options)
    log.info(
        "worker %s: %s at %s:%d, %d legs, real time %s",
        worker.name,
        library_name(worker.audio.version),
        options.listen,
        options.port,
        worker.agent.max_legs,
        "yes" if worker.audio.realtime else "NO: give it CAP_SYS_NICE or LimitRTPRIO",
    )
    await worker.run(stop)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="callbox-sip", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where the brain finds it")
    parser.add_argument("--name", required=True, help="its name, sip-0")
    parser.add_argument("--listen", default="127.0.0.1", help="address for SIP (default %(default)s)")
    parser.add_argument(
        "--media-address", default="", help="address for RTP, the box's own (default: --listen)"
    )
    parser.add_argument("--public-address", default="", help="what trunks are told for RTP instead")
    parser.add_argument(
        "--edge", default="", help="HOST:PORT of the SIP edge: calls go through it, others get 403"
    )
    parser.add_argument("--port", type=int, default=5061, help="SIP port, UDP (default %(default)s)")
    parser.add_argument("--rtp-port", type=int, default=0, help="first RTP port (default: from --port)")
    parser.add_argument("--max-legs", type=int, default=32, help="legs at once (default %(default)s)")
    parser.add_argument("--priority", type=int, default=40, help="SCHED_FIFO of the audio, 0: ordinary")
    parser.add_argument("--verbose", action="store_true", help="log every event")
    options = parser.parse_args(arguments)
    if not options.listen.startswith("127."):
        parser.error(f"--listen {options.listen}: only loopback, the SIP edge stands before the workers")
    if not options.rtp_port:
        options.rtp_port = 20000 + options.port % 100 * 200
    return options


def main() -> int:
    """Entry point of callbox-sip."""
    options = parse()
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    sys.excepthook = log_and_forget
    try:
        asyncio.run(serve(options))
    except OSError as error:
        log.error("worker %s: %s", options.name, error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
