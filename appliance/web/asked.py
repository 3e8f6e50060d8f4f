"""Reading what a page sends: a small JSON object of short words, or a refusal."""

from __future__ import annotations

import json

from aiohttp import web

MOST_BYTES = 4096
LONGEST_WORD = 256


class Refused(Exception):
    """The request is answered with these words; `status` is HTTP's."""

    def __init__(self, words: str, status: int = 400, *, wait_seconds: float = 0.0) -> None:
        super().__init__(words)
        self.status = status
        self.wait_seconds = wait_seconds


async def words(request: web.Request, *names: str) -> list[str]:
    """The values of these names, each a string of at most LONGEST_WORD characters; "" for one left out.

    Raises Refused for anything else, web.HTTPException for a body that is too long.
    """
    if request.content_type != "application/json":
        raise Refused("The request is not JSON. Load the page again.", 415)
    try:
        body = json.loads(await request.text())
    except (ValueError, RecursionError, LookupError):  # LookupError: a charset there is not
        raise Refused("The request is not JSON. Load the page again.") from None
    if not isinstance(body, dict):
        raise Refused("The request is not an object. Load the page again.")
    values = [body.get(name, "") for name in names]
    if not all(_is_word(value) for value in values):
        raise Refused(f"Each value is a text of at most {LONGEST_WORD} characters.")
    return values


def _is_word(value: object) -> bool:
    """JSON may carry half of a surrogate pair (RFC 8259 8.2), which no database and no log takes."""
    if not isinstance(value, str) or len(value) > LONGEST_WORD:
        return False
    return not any("\ud800" <= letter <= "\udfff" for letter in value)
