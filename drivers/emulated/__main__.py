"""`python -m drivers.emulated`: modems that talk back, on ptys, with callers to ring them."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from drivers.emulated.control import Control
from drivers.emulated.families import FAMILIES
from drivers.emulated.faults import FAULTS
from drivers.emulated.modem import Identity
from drivers.emulated.network import Network, NetworkError, Plan, Sound
from drivers.emulated.sysfs import LOOKS, UsbSocket, UsbTree, place_of
from drivers.emulated.unit import BOOT_SECONDS, Unit
from drivers.emulated.v253.chips import CHIPS
from drivers.emulated.v253.faults import VOICE_FAULTS
from drivers.emulated.v253.line import FarEnd, LineOptions, read_zone
from drivers.emulated.v253.unit import VoiceUnit
from drivers.emulated.voice import BadSpeech, read_speech
from dsp.tones import ToneError

MOST_MODEMS = 64
SERIAL = "0123456789ABCDEF"  # all SIM7600 have this one, so that by-id names do not tell them apart
EPILOG = """\
Each modem N has two serial ports, named gsm-N-at (commands) and gsm-N-audio (voice: s16le, 8 kHz, mono,
320 bytes every 20 ms) in DIR; each voice modem one, fxo-N. Point any program at them, for example:

  gammu: [gammu] device=DIR/gsm-1-at connection=at115200
  Callbox: driver = "sim7600", port = "DIR/gsm-1-at", audio_port = "DIR/gsm-1-audio"
  vm:    vm record -t -l DEVICE hello.rmd, where DIR/fxo-1 leads to /dev/DEVICE
  or, with --sysfs SYS, as if on USB: callbox lines probe --sysfs SYS

Examples:
  python -m drivers.emulated --dir /tmp/modems --modems 2 --ring-every 20 --wav hello.wav
  python -m drivers.emulated --dir /tmp/modems --modems 6 --drift-ppm 100,-80 --control /tmp/modems/control
  python -m drivers.emulated --dir /tmp/modems --modems 3 --family huawei,quectel,sim7600
  python -m drivers.emulated --dir /tmp/modems --modems 0 --v253 2 --chip usr5637 --country uk

Over the control socket (one JSON object a SOCK_SEQPACKET packet) a program places calls, presses keys,
pulls cables and switches faults: see drivers/emulated/README.md. The faults are:
"""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    faults = {**FAULTS, **VOICE_FAULTS}
    width = max(map(len, faults))
    parser = argparse.ArgumentParser(
        prog="python -m drivers.emulated",
        description="Emulated GSM and V.253 modems on ptys, with a telephone network behind them.",
        epilog=EPILOG + "\n".join(f"  {name:{width}}  {text}" for name, text in faults.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dir", type=Path, required=True, help="where the ports appear")
    parser.add_argument("--modems", type=int, default=1, metavar="N", help="how many (1)")
    parser.add_argument(
        "--family",
        default="sim7600",
        metavar="LIST",
        help=f"what they are, the list is used in turn: {', '.join(FAMILIES)} (sim7600)",
    )
    _voice_arguments(parser)
    parser.add_argument(
        "--drift-ppm",
        default="0",
        metavar="LIST",
        help="audio clocks, fast > 0; the list is used in turn (0)",
    )
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="frames come up to this late (0)")
    parser.add_argument("--boot-seconds", type=float, default=BOOT_SECONDS, help="a reset takes this (3)")
    parser.add_argument("--sysfs", type=Path, metavar="DIR", help="make a tree like /sys to find them in")
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="remote control by a unix socket")
    parser.add_argument("--ring-every", type=float, metavar="S", help="call the modems in turn, every S s")
    parser.add_argument("--wav", default="", help="what those callers say (a WAV file of 8 kHz)")
    parser.add_argument("--talk-seconds", type=float, default=30.0, help="those callers hang up after (30)")
    parser.add_argument("--verbose", action="store_true", help="log every call event to stderr")
    parsed = parser.parse_args(argv)
    _check(parser, parsed)
    return parsed


def _check(parser: argparse.ArgumentParser, parsed: argparse.Namespace) -> None:
    """Ends the program with a reason where values make no sense; lists and zones are read into `parsed`."""
    if min(parsed.modems, parsed.v253) < 0 or not 1 <= parsed.modems + parsed.v253 <= MOST_MODEMS:
        parser.error(f"--modems {parsed.modems} --v253 {parsed.v253}: 1 to {MOST_MODEMS} are possible in all")
    try:
        parsed.zone = read_zone(parsed.country)
    except ToneError as error:
        parser.error(f"--country {parsed.country}: {error}")
    try:
        parsed.drifts = [float(ppm) for ppm in parsed.drift_ppm.split(",")]
    except ValueError:
        parser.error(f"--drift-ppm {parsed.drift_ppm}: numbers separated by commas are expected, as 100,-80")
    parsed.families, parsed.chips = parsed.family.split(","), parsed.chip.split(",")
    for option, names, known in (("family", parsed.families, FAMILIES), ("chip", parsed.chips, CHIPS)):
        if unknown := sorted(set(names) - set(known)):
            parser.error(
                f"--{option} {','.join(names)}: {unknown[0]!r} is none, there are {', '.join(known)}"
            )
    try:
        if parsed.wav:
            read_speech(parsed.wav)
    except BadSpeech as error:
        parser.error(f"--wav: {error}")


def _voice_arguments(parser: argparse.ArgumentParser) -> None:
    """What V.253 modems and their lines are like."""
    parser.add_argument("--v253", type=int, default=0, metavar="N", help="how many V.253 voice modems (0)")
    parser.add_argument(
        "--chip",
        default="cx93001",
        metavar="LIST",
        help=f"what they are, used in turn, of {', '.join(CHIPS)} (cx93001)",
    )
    parser.add_argument("--country", default="us", help="of their lines: a zone of config/tones (us)")
    parser.add_argument(
        "--far-end",
        choices=[way.value for way in FarEnd],
        default=FarEnd.BUSY.value,
        metavar="HOW",
        help="a far end that hangs up shows: " + ", ".join(way.value for way in FarEnd) + " (busy tone)",
    )


def identity(number: int) -> Identity:
    """A modem and SIM like no other."""
    return Identity(
        imei=f"8675840300{number:05d}",
        imsi=f"26207000{number:07d}",
        iccid=f"894902000010{number:08d}",
        number=f"+491590000{number:04d}",
    )


class Emulator:
    """All modems of one process."""

    def __init__(self, options: argparse.Namespace) -> None:
        loop = asyncio.get_running_loop()
        self._control: Control | None = None
        self.network = Network(later=loop.call_later, clock=loop.time, news=self._news)
        tree = UsbTree(options.sysfs) if options.sysfs is not None else None
        self.units: dict[str, Unit | VoiceUnit] = {
            f"gsm-{n}": Unit(
                f"gsm-{n}",
                options.dir,
                self.network,
                identity=identity(n),
                drift_ppm=options.drifts[(n - 1) % len(options.drifts)],
                jitter_ms=options.jitter_ms,
                boot_seconds=options.boot_seconds,
                usb=UsbSocket(tree, place_of(n), LOOKS[family], SERIAL) if tree is not None else None,
                family=FAMILIES[family],
            )
            for n, family in zip(
                range(1, options.modems + 1), itertools.cycle(options.families), strict=False
            )
        }
        for n in range(1, options.v253 + 1):
            place = place_of(options.modems + n)
            self.units[f"fxo-{n}"] = VoiceUnit(
                f"fxo-{n}",
                options.dir,
                self.network,
                chip=CHIPS[options.chips[(n - 1) % len(options.chips)]],
                line=LineOptions(zone=options.zone, far_end=FarEnd(options.far_end), seed=n),
                drift_ppm=options.drifts[(n - 1) % len(options.drifts)],
                jitter_ms=options.jitter_ms,
                usb=UsbSocket(tree, place, LOOKS["v253"]) if tree is not None else None,
            )
        if options.control is not None:
            self._control = Control(options.control, self.units, self.network)

    def close(self) -> None:
        """End calls, take the ports away."""
        for unit in self.units.values():
            unit.close()
        if self._control is not None:
            self._control.close()

    async def ring_in_turn(self, every: float, plan: Plan) -> None:
        """A caller for the next modem every `every` seconds, for ever."""
        number = 0
        while True:
            for unit in self.units.values():
                number += 1
                with contextlib.suppress(NetworkError):  # engaged, or nobody has opened it yet
                    self.network.place(unit.modem, f"+4917012{number % 100000:05d}", plan)
                await asyncio.sleep(every)

    def _news(self, name: str, values: dict[str, object]) -> None:
        if self._control is not None:
            self._control.news(name, values)


async def run(options: argparse.Namespace) -> None:
    """Until SIGTERM or Ctrl-C."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    emulator = Emulator(options)
    for unit in emulator.units.values():
        sys.stdout.write(f"{unit.name}: {unit.where}\n")
    if options.control is not None:
        sys.stdout.write(f"control: {options.control}\n")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    tasks = []
    if options.ring_every:
        plan = Plan(sound=Sound(wav=options.wav, loop=True), hang_up_after_s=options.talk_seconds)
        tasks.append(asyncio.create_task(emulator.ring_in_turn(options.ring_every, plan)))
    await stop.wait()
    for task in tasks:
        task.cancel()
    emulator.close()


def main(argv: Sequence[str] | None = None) -> None:
    """The program."""
    options = arguments(argv)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(asctime)s %(name)s %(message)s"
    )
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
