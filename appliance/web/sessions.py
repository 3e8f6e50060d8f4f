"""Who is signed in: a random token in a cookie, and what belongs to it here. Kept over a restart.

Only digests of tokens are kept, here and in the file. A session ends by itself after a shift.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)

COOKIE = "__Host-callbox"  # the prefix: the browser takes it only Secure, from this host, for all of it
SESSION_SECONDS = 12 * 3600.0  # a shift with its overtime
MOST_OF_ONE_AGENT = 5  # browsers; the oldest is signed out by the next
TOKEN_BYTES = 32


@dataclass(slots=True)
class Session:
    """One browser of one agent; `account` is its SIP user while it has one, `until_wall_s` since 1970."""

    agent: str
    until_wall_s: float
    account: str = ""


class Sessions:
    """`wall` gives seconds since 1970; `agents` are those the configuration knows."""

    def __init__(self, file: Path, *, agents: Collection[str], wall: Callable[[], float]) -> None:
        self._file = file
        self._wall = wall
        self._sessions: dict[str, Session] = {}
        self._load(agents)

    def all(self) -> list[Session]:
        """Those that are good now."""
        return [session for session in self._sessions.values() if session.until_wall_s > self._wall()]

    def begin(self, agent: str) -> tuple[str, Session, list[Session]]:
        """A new session: its token for the cookie, itself, and those it puts an end to."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        session = Session(agent, self._wall() + SESSION_SECONDS)
        mine = [key for key, other in self._sessions.items() if other.agent == agent]
        ended = [self._sessions.pop(key) for key in mine[: max(0, len(mine) - MOST_OF_ONE_AGENT + 1)]]
        self._sessions[_digest(token)] = session
        return token, session, ended

    def find(self, token: str) -> Session | None:
        """The session of this cookie, while it is good."""
        session = self._sessions.get(_digest(token))
        return session if session is not None and session.until_wall_s > self._wall() else None

    def end(self, session: Session) -> None:
        """Signed out, or too old."""
        self._sessions = {key: other for key, other in self._sessions.items() if other is not session}

    def too_old(self) -> list[Session]:
        """End those whose time is over, and tell which."""
        old = [session for session in self._sessions.values() if session.until_wall_s <= self._wall()]
        for session in old:
            self.end(session)
        return old

    def text(self) -> str:
        """What `save` writes."""
        return json.dumps({key: asdict(session) for key, session in self._sessions.items()})

    def save(self, text: str) -> None:
        """Write the file, readable by us alone; called in a thread. A full disk costs a sign-in, no more."""
        new = self._file.with_suffix(".new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(text)
            new.replace(self._file)
        except OSError as error:
            log.error("web: sessions are not kept over a restart: %s: %s", new, error.strerror)

    def _load(self, agents: Collection[str]) -> None:
        try:
            kept = json.loads(self._file.read_text())
            found = {str(key): Session(**row) for key, row in kept.items()}
            self._sessions = {
                key: session
                for key, session in found.items()
                if session.agent in agents and float(session.until_wall_s) > self._wall()
            }
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("web: %s cannot be read (%s): agents sign in again", self._file, error)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
