"""What was found in the sound of a serial port lately: kept by the engine for a brain that was not there.

A sign of a hang-up is told once: a code of the modem, the beginning of a busy tone. A brain that is killed
over it, or starts only afterwards, gets it with the port.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from drivers.port import AudioNews
from drivers.wire import Message

MOST = 24  # news of a port; sixty ports fit into one message
SECONDS = 30.0  # older news have been acted upon, or never will be
#: Events of the engine about the sound of a port: what they are, and the field that holds their value.
AUDIO_NEWS: Mapping[str, tuple[AudioNews, str]] = {
    "audio_dead": (AudioNews.DEAD, "seconds"),
    "audio_alive": (AudioNews.ALIVE, "seconds"),
    "modem_code": (AudioNews.CODE, "code"),
    "tone_found": (AudioNews.TONE, "tone"),
    "tone_ended": (AudioNews.TONE_OVER, "tone"),
    "silence_found": (AudioNews.SILENCE, "seconds"),
    "silence_ended": (AudioNews.SILENCE_OVER, "seconds"),
}


class History:
    """Of one port, from its first declaration on; times in seconds of one clock."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._news: deque[tuple[float, str, str]] = deque(maxlen=MOST)

    def note(self, event: Message, now: float) -> None:
        """The engine tells this of the port."""
        if event["event"] in AUDIO_NEWS:
            news, field = AUDIO_NEWS[event["event"]]
            self._news.append((now, news.value, str(event[field])))

    def plain(self, now: float) -> Message:
        """How long the port is there, and what was heard how long ago, oldest first."""
        heard = [[round(now - at, 2), news, value] for at, news, value in self._news if now - at <= SECONDS]
        return {"seconds": round(now - self._began, 2), "heard": heard}


def heard(state: Mapping[str, Any]) -> tuple[tuple[float, AudioNews, str], ...]:
    """`plain` read again, by a brain: seconds ago, what, its value."""
    return tuple((float(ago), AudioNews(news), str(value)) for ago, news, value in state.get("heard", []))
