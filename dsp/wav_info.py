"""What a recording tells of itself: a JSON object in a LIST chunk of kind INFO, as its comment (ICMT).

RIFF as in Microsoft's Multimedia Programming Interface 1.0; players show the comment or pass it over.
"""

import json
import os
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

MOST_BYTES = 1024  # of the whole chunk, recorder.h
MOST_CHUNKS = 100  # before the samples
MOST_TEXT = 65536  # of one that others wrote


class InfoError(Exception):
    """The words do not fit into a file's head."""


def chunk(told: Mapping[str, Any]) -> bytes:
    """The chunk that tells `told`; raises InfoError when it is over MOST_BYTES."""
    text = json.dumps(told, separators=(",", ":")).encode() + b"\0"
    text += b"\0" * (len(text) & 1)
    whole = b"LIST" + struct.pack("<I4s4sI", len(text) + 12, b"INFO", b"ICMT", len(text)) + text
    if len(whole) > MOST_BYTES:
        raise InfoError(f"a recording's words: {len(whole)} bytes, the most is {MOST_BYTES}. Shorten them")
    return whole


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What the file tells, {} where it tells nothing of this kind. Raises OSError."""
    with open(path, "rb") as file:
        text = _comment(file)
    try:
        told = json.loads(text) if text else {}
    except ValueError:  # UnicodeDecodeError is one too
        return {}
    return told if isinstance(told, dict) else {}


def _comment(file: BinaryIO) -> bytes:
    at = 12
    for _ in range(MOST_CHUNKS):
        file.seek(at)
        head = file.read(12)
        if len(head) < 8 or head[:4] == b"data":
            return b""
        size = int.from_bytes(head[4:8], "little")
        if head[:4] == b"LIST" and head[8:] == b"INFO":
            return _item(file.read(min(size, MOST_TEXT) - 4))
        at += 8 + size + (size & 1)
    return b""


def _item(items: bytes) -> bytes:
    at = 0
    while at + 8 <= len(items):
        size = int.from_bytes(items[at + 4 : at + 8], "little")
        if items[at : at + 4] == b"ICMT":
            return items[at + 8 : at + 8 + size].rstrip(b"\0")
        at += 8 + size + (size & 1)
    return b""
