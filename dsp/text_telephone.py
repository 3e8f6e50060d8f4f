"""Five-bit text telephone (Baudot, TTY, TDD): ITU-T V.18 Annex A, the text in 8 kHz samples and back.

The work is done by dsp/_native/baudot.c and baudot_send.c. As a program, `python -m dsp.text_telephone` reads
s16le 8 kHz mono from standard input and prints characters as they come; `--send TEXT` writes samples.
"""

import argparse
import json
import sys
import unicodedata
from dataclasses import dataclass

from dsp._native.baudot_line import BaudotRx, BaudotTx
from dsp.samples import PIECE_BYTES, Pieces, stream

RATE = 8000  # samples a second
LEVEL_DBM0 = -10.0  # of a tone we send
FLUSH_SAMPLES = 480  # 60 ms: the last character is known 25 ms after its first stop bit
# V.18 Table A.2: what stands for a sign of ASCII that the code does not have
ASCII_STAND_INS = str.maketrans(
    "#%&*<>[]{}\\^`_~@|\t\v\f\x1c\x1d\x1e\x1f\x1a", "$/+.()()()/''  X! \n\n\n\n\n ?"
)
# and for others, which Unicode does not take apart into a letter and its accent
STAND_INS = str.maketrans(
    {"Æ": "AE", "Œ": "OE", "Ø": "O", "Đ": "D", "Ð": "D", "Ł": "L", "Þ": "TH", "’": "'", "‘": "'", "–": "-"}
    | {
        "—": "-",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "„": '"',
        "‚": "'",
        "€": "E",
        "£": "L",
        "¿": "?",
        "¡": "!",
    }
)
SENDABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \b\r\n-$'!:(\")=?+./;,")  # V.18 Table A.1


@dataclass(frozen=True, slots=True)
class Character:
    """One character. `start_sample`, of its start bit, counts from the receiver's first sample."""

    character: str
    start_sample: int


def fold(text: str) -> str:
    """The text in the characters there are: upper case, no accents, V.18 Table A.2's stand-ins for other
    ASCII, "?" for what has none. Control characters are left out but for BS and CR; a line's end is CR LF.
    """
    apart = unicodedata.normalize("NFKD", text.replace("\r\n", "\n").upper().translate(STAND_INS))
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign)).translate(ASCII_STAND_INS)
    signs = (sign if sign in SENDABLE else "?" * sign.isprintable() for sign in plain)
    return "".join(signs).replace("\n", "\r\n")


class Receiver:
    """Finds characters in one channel; each is reported about 25 ms after its first stop bit.

    Until two clear characters came (`caller`) it takes only clear ones: speech and music give no text.
    """

    def __init__(self, baud: int | None = None) -> None:
        """`baud` is 45 (which is 45.45), 50, or None: found by itself. Raises ValueError for others."""
        self._receiver = BaudotRx(0 if baud is None else _checked(baud))
        self._pieces = Pieces()

    @property
    def baud(self) -> int | None:
        """45 or 50; None before the first character."""
        return self._receiver.baud or None

    @property
    def caller(self) -> bool:
        """True once the caller is known to be at a text telephone."""
        return self._receiver.caller

    def feed(self, samples: bytes | bytearray | memoryview) -> list[Character]:
        """Any number of bytes of s16 samples, host order; half a sample waits for its other half."""
        return [Character(*found) for found in self._receiver.feed(self._pieces.take(samples))]

    def mute(self, count: int) -> None:
        """Forgets what is no whole character yet, and receives nothing in the next `count` samples."""
        self._receiver.mute(count)

    def flush(self) -> list[Character]:
        """At the end of the samples: a character that sounds to the very end."""
        return self.feed(self._pieces.silence(FLUSH_SAMPLES))


class Sender:
    """Makes the samples of text: carrier 150 ms before and 300 ms after it, the shifts of V.18 A.4."""

    def __init__(self, baud: int = 45, level_dbm0: float = LEVEL_DBM0) -> None:
        """`baud` is 45 (which is 45.45) or 50; `level_dbm0` is of the tones. Raises ValueError for others."""
        if not -40.0 <= level_dbm0 <= 3.0:
            raise ValueError(
                f"level_dbm0: {level_dbm0} is no level of a tone on a line. Use -40 to 3, as -10."
            )
        self._sender = BaudotTx(_checked(baud), level_dbm0)
        self._waiting = b""

    @property
    def busy(self) -> bool:
        """True while there is carrier on the line or text to be sent."""
        return self._sender.busy

    def send(self, text: str) -> None:
        """Adds text, of any length, to what is to be sent; it is folded (see `fold`)."""
        self._waiting += fold(text).encode("ascii")
        self._top_up()

    def samples(self, count: int) -> bytes:
        """The next `count` samples (s16), silence where there is nothing to be sent."""
        made = bytearray()
        while count > 0:  # in pieces shorter than what the queue holds
            piece = min(count, RATE)
            made += self._sender.fill(piece)
            self._top_up()
            count -= piece
        return bytes(made)

    def _top_up(self) -> None:
        taken = self._sender.put(self._waiting)
        self._waiting = self._waiting[taken:]


class TextTelephone:
    """Both directions of a line, one at a time: what we send, and its echo, is not received (V.18 A.1)."""

    def __init__(self, *, receiver: Receiver, sender: Sender) -> None:
        self.receiver = receiver
        self.sender = sender

    def exchange(self, heard: bytes | bytearray | memoryview) -> tuple[bytes, list[Character]]:
        """Takes what was heard (s16) and gives as many samples to be sent, and the characters received."""
        count = len(heard) // 2
        if self.sender.busy:
            self.receiver.mute(count)
        return self.sender.samples(count), self.receiver.feed(heard)


def _checked(baud: int) -> int:
    if baud not in (45, 50):
        raise ValueError(f"baud: {baud} is no speed of five-bit text telephones. Use 45 or 50.")
    return baud


def _receive(baud: int | None, as_json: bool) -> None:
    receiver = Receiver(baud)
    heard_bytes = 0
    announced = False
    for piece in stream(sys.stdin.fileno()):
        heard_bytes += len(piece)
        _print(receiver.feed(piece), receiver, as_json)
        if as_json and receiver.caller and not announced:
            announced = True
            _line({"caller": True, "sample": heard_bytes // 2})
    _print(receiver.flush(), receiver, as_json)


def _print(characters: list[Character], receiver: Receiver, as_json: bool) -> None:
    for found in characters:
        if as_json:
            _line({"character": found.character, "sample": found.start_sample, "baud": receiver.baud})
        else:
            sys.stdout.write(found.character)
    sys.stdout.flush()


def _line(content: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


def _send(text: str, baud: int, level_dbm0: float) -> None:
    sender = Sender(baud, level_dbm0)
    sender.send(text)
    while sender.busy:
        sys.stdout.buffer.write(sender.samples(PIECE_BYTES // 2))
    sys.stdout.buffer.flush()


def main() -> None:
    """`python -m dsp.text_telephone`."""
    parser = argparse.ArgumentParser(prog="python -m dsp.text_telephone", description=__doc__)
    parser.add_argument("--baud", type=int, choices=(45, 50), help="45 is 45.45; default: either, send at 45")
    parser.add_argument(
        "--json", action="store_true", help="a line a character, with its sample and the speed"
    )
    parser.add_argument("--send", metavar="TEXT", help="write s16le samples of this text to standard output")
    parser.add_argument("--level", type=float, default=LEVEL_DBM0, metavar="DBM0", help="of what is sent")
    options = parser.parse_args()
    if options.send is None:
        _receive(options.baud, options.json)
        return
    try:
        _send(options.send, options.baud or 45, options.level)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
