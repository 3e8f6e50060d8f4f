"""Who types a command, for the records of what was done."""

from __future__ import annotations

import getpass
import os


def who_types() -> str:
    """The user's name; its number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
