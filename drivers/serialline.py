"""Serial ports: pyserial opens and configures them, the asyncio loop reads and writes the descriptor.

Closing a port never hangs up a modem (HUPCL off), and nobody else can open it meanwhile (exclusive).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import select
import termios
from collections.abc import Callable
from typing import Protocol

import serial

from drivers.discovery.holders import holder
from drivers.port import PortLost, PortRefused

log = logging.getLogger(__name__)

BAUD = 115200  # USB modems ignore it, real UARTs of the supported modems start with it
READ_BYTES = 4096
QUEUE_BYTES = 4096  # commands a stuck modem may leave unsent; one command is under 100 bytes
BUSY = frozenset({errno.EAGAIN, errno.EBUSY})  # locked, or TIOCEXCL

FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


class PortBusy(PortRefused):
    """Somebody else has the port open."""


class PortForbidden(PortRefused):
    """This user may not open the port."""


class Line(Protocol):
    """What a driver holds of an open AT port."""

    def write(self, data: bytes) -> None:
        """Send without waiting, in order; raises PortLost when the port is gone or takes nothing."""

    def close(self) -> None:
        """Let go of the port; harmless twice."""


class SerialLine:
    """An open AT port: `on_bytes` gets what arrives, `on_lost` is told once when the port goes away.

    A port whose sound runs between its commands can be lent: `pause` stops the reading, `resume` goes on. An
    `fd` that is open already (and ours from now on) is taken over as lent.
    """

    def __init__(
        self,
        name: str,
        path: str,
        *,
        on_bytes: Callable[[bytes], None],
        on_lost: Callable[[PortLost], None],
        baud: int = BAUD,
        rtscts: bool = False,
        fd: int = -1,
    ) -> None:
        self.name = name
        self.path = path
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._outbox = bytearray()
        self._fd = fd if fd >= 0 else _open(name, path, baud, rtscts)
        self._loop = asyncio.get_running_loop()
        if fd < 0:
            self.resume()

    def write(self, data: bytes) -> None:
        """Send without waiting, in order; raises PortLost when the port is gone or takes nothing."""
        if self._fd < 0:
            raise self._gone("it is closed")
        if len(self._outbox) + len(data) > QUEUE_BYTES:
            raise self._gone(f"it has taken none of {len(self._outbox)} bytes (stuck modem or flow control)")
        self._outbox += data
        self._writable()

    def pause(self) -> int:
        """Read no more; the descriptor, still ours to close. A loss meanwhile is told by `alive` alone."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
        return self._fd

    def resume(self) -> None:
        """Read (again)."""
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._readable)

    @property
    def alive(self) -> bool:
        """Whether it is open, and still the device that its path names."""
        return self._fd >= 0 and is_alive(self._fd, self.path)

    def close(self) -> None:
        """Let go of the port; the modem keeps its calls. Harmless twice."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(str(error))
            return
        if data:
            self._on_bytes(data)
        else:
            self._lose("hung up")

    def _writable(self) -> None:
        try:
            sent = os.write(self._fd, self._outbox) if self._outbox else 0
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(str(error))
            return
        del self._outbox[:sent]
        if self._outbox:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _lose(self, why: str) -> None:
        self.close()
        self._on_lost(self._gone(why))

    def _gone(self, why: str) -> PortLost:
        return PortLost(
            f"port {self.name}: {self.path} went away ({why}). Check the cable and the modem's power; "
            "it is tried again by itself"
        )


def open_audio(name: str, path: str) -> int:
    """Open a PCM port and give its descriptor: raw, non-blocking, exclusive; the caller closes it.

    Raises PortRefused when it is missing or busy.
    """
    return _open(name, path, BAUD, rtscts=False)


def is_alive(fd: int, path: str) -> bool:
    """Whether `fd` is still an open way to the device that `path` names now."""
    try:
        same = os.fstat(fd).st_rdev == os.stat(path).st_rdev
    except OSError:
        return False
    poll = select.poll()
    poll.register(fd, 0)  # hang-up and error are always reported
    return same and not poll.poll(0)


def _open(name: str, path: str, baud: int, rtscts: bool) -> int:
    try:
        port = serial.Serial(path, baud, timeout=0, write_timeout=0, rtscts=rtscts, exclusive=True)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise _refusal(name, path, error) from error
    try:
        fd = os.dup(port.fileno())  # the lock belongs to the open file and goes along
    finally:
        port.close()
    try:
        _keep_calls(fd)
        termios.tcflush(fd, termios.TCIFLUSH)  # what the modem said to somebody before us
        os.set_blocking(fd, False)
    except (OSError, termios.error) as error:
        os.close(fd)
        raise _refusal(name, path, error) from error
    return fd


def _keep_calls(fd: int) -> None:
    """HUPCL off: closing must not drop DTR, which ends the call. CLOCAL on: no waiting for carrier.

    VMIN 1 lets a read tell "nothing yet" (EAGAIN) from "hung up" (no bytes).
    """
    settings = termios.tcgetattr(fd)
    settings[2] = (settings[2] | termios.CLOCAL | termios.CREAD) & ~termios.HUPCL
    settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, settings)


def _refusal(name: str, path: str, error: BaseException) -> PortRefused:
    code = getattr(error, "errno", None)
    if code in BUSY:
        other = holder(path)
        held = f"held by process {other}" if other else "held by another process"
        why, todo = f"is busy, {held}", "Stop that program; it is tried again by itself"
    elif code in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        why, todo = "is missing", "Plug the modem in or correct the path; it is tried again by itself"
    elif code in FORBIDDEN:
        why, todo = "may not be opened by this user", "Add the user to the group dialout"
    else:
        why, todo = f"cannot be opened ({error})", "Check that it is a serial port"
    kind = PortBusy if code in BUSY else PortForbidden if code in FORBIDDEN else PortRefused
    return kind(f"port {name}: {path} {why}. {todo}")
