"""Ptys that stand for the serial ports of an emulated modem, at paths that stay the same when replugged."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable
from pathlib import Path

READ_BYTES = 4096


class Pty:
    """One port. `path` is a symlink to the pty the host opens; `unplug` takes it away like a pulled cable.

    We keep the host's side open too, so that a host that closes and opens again disturbs nothing.
    """

    def __init__(self, path: Path, on_bytes: Callable[[bytes], None] | None = None) -> None:
        self.path = path
        self.fd = -1  # ours; -1 while unplugged
        self._host_fd = -1
        self._on_bytes = on_bytes
        self._unsent = b""
        self.dropped_bytes = 0  # the host did not read in time

    def plug(self) -> None:
        """Make the port and its symlink."""
        if self.fd >= 0:
            return
        self.fd, self._host_fd = os.openpty()
        tty.setraw(self._host_fd)
        os.set_blocking(self.fd, False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(self.path.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._host_fd))
        fresh.replace(self.path)
        if self._on_bytes is not None:
            asyncio.get_running_loop().add_reader(self.fd, self._readable)

    def unplug(self) -> None:
        """The host reads EIO from now on and the path is gone."""
        if self.fd < 0:
            return
        if self._on_bytes is not None:
            asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)
        os.close(self._host_fd)
        self.fd = self._host_fd = -1
        self._unsent = b""
        self.path.unlink(missing_ok=True)

    def hold(self, on: bool) -> None:
        """Take nothing from the host for a while, as a modem does with CTS: its writes fill up."""
        if self.fd < 0 or self._on_bytes is None:
            return
        if on:
            asyncio.get_running_loop().remove_reader(self.fd)
        else:
            asyncio.get_running_loop().add_reader(self.fd, self._readable)

    def write(self, data: bytes) -> None:
        """Bytes to the host, whole or not at all: what does not fit is dropped and counted."""
        if self.fd < 0:
            return
        if self._unsent:
            self._unsent = self._unsent[self._put(self._unsent) :]
        if self._unsent:
            self.dropped_bytes += len(data)
            return
        sent = self._put(data)
        if sent:
            self._unsent = data[sent:]
        else:
            self.dropped_bytes += len(data)

    def read(self, size: int = READ_BYTES) -> bytes:
        """What the host wrote, b"" when nothing waits."""
        with contextlib.suppress(OSError):
            return os.read(self.fd, size) if self.fd >= 0 else b""
        return b""

    def _put(self, data: bytes) -> int:
        with contextlib.suppress(OSError):
            return os.write(self.fd, data)
        return 0

    def _readable(self) -> None:
        data = self.read()
        if data and self._on_bytes is not None:
            self._on_bytes(data)
