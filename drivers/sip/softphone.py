"""Desk phones that are not there: they ring, answer, speak a recording, hang up. For demo and practice.

    python -m drivers.sip.softphone --port 5071 --user ana ben --play speech.wav --talk-seconds 5 20

Each user is a phone with one line, sip:ana@127.0.0.1:5071. Lines on standard input are commands:
`ana dial sip:*41@127.0.0.1:5061`, `ana digits 12#`, `ana answer`, `ana hangup`; without a name the
first phone does it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import pjsua2 as pj

from drivers.sip.library import Library, call_param, log_and_forget

log = logging.getLogger(__name__)

POLL_SECONDS = 0.01
GOODBYE_SECONDS = 0.2


class Phone:
    """One user's phone, at most one call; `answer_after` and `talk_seconds` are what it does by itself."""

    def __init__(
        self,
        user: str,
        *,
        library: Library,
        play: Path | None,
        answer_after: float,
        talk_seconds: tuple[float, float] | None,
        dice: random.Random,
    ) -> None:
        self.user = user
        self._answer_after = answer_after
        self._talk_seconds = talk_seconds
        self._dice = dice
        self._call: _Call | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._player: pj.AudioMediaPlayer | None = None
        if play is not None:
            self._player = pj.AudioMediaPlayer()
            self._player.createPlayer(str(play))
        self._account = _Account(self)
        library.account(self._account, f"sip:{user}@{library.listen}:{library.port}")

    def dial(self, to: str) -> None:
        """Call a SIP address."""
        if self._call is not None:
            log.warning("phone %s: it is in a call already", self.user)
            return
        self._call = _Call(self, self._account, pj.PJSUA_INVALID_ID)
        try:
            self._call.makeCall(to, call_param())
        except pj.Error as error:
            self._call = None
            log.warning("phone %s: cannot dial %s: %s", self.user, to, error.reason)

    def answer(self) -> None:
        """Take the call that rings."""
        self._respond(200)

    def digits(self, digits: str) -> None:
        """Press keys."""
        if self._call is not None:
            self._call.dialDtmf(digits)

    def hangup(self) -> None:
        """End the call there is."""
        if self._call is not None:
            self._call.hangup(pj.CallOpParam())

    def close(self) -> None:
        """Hang up and let go of everything of the library's."""
        self.hangup()
        self._player = None
        self._account.shutdown()

    # --- the library's callbacks ---------------------------------------------------------------------

    def came_in(self, call_id: int) -> None:
        """An INVITE: ring and answer in a while, or say that we are busy."""
        call = _Call(self, self._account, call_id)
        param = pj.CallOpParam()
        if self._call is not None:
            param.statusCode = 486
            call.hangup(param)
            return
        self._call = call
        self._respond(180)
        log.info("phone %s: rings", self.user)
        self._after(self._answer_after, self.answer)

    def state_changed(self, call: _Call, state: int, reason: str) -> None:
        """PJSIP_INV_STATE_* of a call, which may be one that was refused as busy."""
        if call is not self._call:
            return
        if state == pj.PJSIP_INV_STATE_CONFIRMED:
            log.info("phone %s: talks", self.user)
            if self._talk_seconds is not None:
                self._after(self._dice.uniform(*self._talk_seconds), self.hangup)
        elif state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._call = None
            self._after(0, None)
            log.info("phone %s: free (%s)", self.user, reason)

    def media_changed(self, call: _Call) -> None:
        """Speak into the stream, a new one after every re-INVITE."""
        if self._player is not None and call is self._call:
            self._player.startTransmit(call.getAudioMedia(-1))

    def _respond(self, code: int) -> None:
        if self._call is not None:
            try:
                self._call.answer(call_param(code))
            except pj.Error as error:  # the caller has gone this very moment
                log.info("phone %s: %d could not be sent: %s", self.user, code, error.reason)

    def _after(self, seconds: float, do: Callable[[], None] | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, do) if do is not None else None


class _Account(pj.Account):  # type: ignore[misc]
    def __init__(self, phone: Phone) -> None:
        super().__init__()
        self._phone = phone

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:
        self._phone.came_in(prm.callId)


class _Call(pj.Call):  # type: ignore[misc]
    def __init__(self, phone: Phone, account: _Account, call_id: int) -> None:
        super().__init__(account, call_id)
        self._phone = phone

    def onCallState(self, prm: pj.OnCallStateParam) -> None:
        info = self.getInfo()
        self._phone.state_changed(self, info.state, info.lastReason)

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:
        info = self.getInfo()  # kept: `media` points into it
        if any(
            media.dir & pj.PJMEDIA_DIR_ENCODING for media in info.media if media.type == pj.PJMEDIA_TYPE_AUDIO
        ):
            self._phone.media_changed(self)


def command(phones: dict[str, Phone], line: str) -> None:
    """Run one line of standard input."""
    words = line.split()
    if not words:
        return
    phone = phones[words.pop(0)] if words[0] in phones else next(iter(phones.values()))
    match words:
        case ["dial", to]:
            phone.dial(to)
        case ["digits", digits]:
            phone.digits(digits)
        case ["answer"]:
            phone.answer()
        case ["hangup"]:
            phone.hangup()
        case _:
            log.warning("%r is not understood; [name] dial URI | digits 12# | answer | hangup", line.strip())


def check_sound(path: Path) -> None:
    """Raise ValueError when the phones cannot play the file."""
    try:
        with wave.open(str(path)) as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
    except (OSError, EOFError, wave.Error) as error:
        raise ValueError(f"--play {path}: {error}. Give a WAV file, 8 kHz, mono, 16 bits") from error
    if shape != (8000, 1, 2):
        rate, channels, width = shape
        raise ValueError(
            f"--play {path}: {rate} Hz, {channels} channels, {8 * width} bits; the phones play 8 kHz, mono, "
            f"16 bits only. Convert it: sox {path} -r 8000 -c 1 -b 16 {path.stem}-8k.wav"
        )


async def serve(options: argparse.Namespace) -> None:
    """Run the phones until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    library = Library(listen=options.listen, port=options.port, rtp_port=options.rtp_port)
    library.endpoint.audDevManager().setNullDev()
    library.start()
    dice = random.Random(options.seed)
    phones = {
        user: Phone(
            user,
            library=library,
            play=options.play,
            answer_after=options.answer_after,
            talk_seconds=tuple(options.talk_seconds) if options.talk_seconds else None,
            dice=dice,
        )
        for user in options.user
    }
    for phone in phones.values():
        log.info("phone %s: sip:%s@%s:%d", phone.user, phone.user, options.listen, options.port)
    reading = asyncio.create_task(_read_commands(phones))
    signalling = library.signalling_fd()
    loop.add_reader(signalling, library.poll)
    while not stop.is_set():
        library.poll()
        await asyncio.sleep(POLL_SECONDS)
    loop.remove_reader(signalling)
    reading.cancel()
    for phone in phones.values():
        phone.close()
    for _ in range(int(GOODBYE_SECONDS / POLL_SECONDS)):
        library.poll()
        await asyncio.sleep(POLL_SECONDS)
    phones.clear()
    del phone
    library.close()


async def _read_commands(phones: dict[str, Phone]) -> None:
    if os.fstat(sys.stdin.fileno()).st_rdev == os.stat(os.devnull).st_rdev:
        return
    reader = asyncio.StreamReader()
    try:
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
    except (OSError, ValueError):
        log.debug("standard input is no pipe or terminal: no commands")
        return
    while line := await reader.readline():
        command(phones, line.decode(errors="replace"))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m drivers.sip.softphone",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--user", nargs="+", required=True, help="names of the phones, four at most a process"
    )
    parser.add_argument("--listen", default="127.0.0.1", help="address (default %(default)s)")
    parser.add_argument("--port", type=int, default=5071, help="SIP port, UDP (default %(default)s)")
    parser.add_argument("--rtp-port", type=int, default=0, help="first RTP port (default: from --port)")
    parser.add_argument("--play", type=Path, help="what they say, in a loop: WAV, 8 kHz, mono, 16 bits")
    parser.add_argument(
        "--answer-after", type=float, default=1.0, metavar="SECONDS", help="default %(default)s"
    )
    parser.add_argument(
        "--talk-seconds",
        nargs=2,
        type=float,
        metavar=("MIN", "MAX"),
        help="hang up after so long (default: never)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the talk times (default %(default)s)")
    options = parser.parse_args(arguments)
    if len(options.user) > 4:
        parser.error(
            f"--user: {len(options.user)} phones; four at most, the library as a wheel has no more calls"
        )
    if options.play is not None:
        try:
            check_sound(options.play)
        except ValueError as error:
            parser.error(str(error))
    if not options.rtp_port:
        options.rtp_port = 20000 + options.port % 100 * 200
    return options


def main() -> int:
    """Entry point."""
    options = parse()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    sys.excepthook = log_and_forget
    try:
        asyncio.run(serve(options))
    except OSError as error:
        log.error("phones: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
