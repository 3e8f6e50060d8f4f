"""What the engine keeps of the sound of a serial port, and what a brain reads of it."""

from __future__ import annotations

from appliance.media.history import MOST, History, heard
from drivers.port import AudioNews


def test_what_was_told_lately_is_told_again_with_its_age() -> None:
    history = History(100.0)
    history.note({"event": "tone_found", "port": "fxo-1", "tone": "busy", "tick": 1}, 110.0)
    history.note({"event": "modem_code", "port": "fxo-1", "code": "l"}, 150.0)
    history.note({"event": "digit", "port": "fxo-1", "digit": "1"}, 151.0)
    history.note({"event": "tone_found", "port": "fxo-1", "tone": "dial"}, 152.5)
    state = history.plain(155.0)
    assert state["seconds"] == 55.0
    assert heard(state) == ((5.0, AudioNews.CODE, "l"), (2.5, AudioNews.TONE, "dial"))


def test_it_does_not_grow() -> None:
    history = History(0.0)
    for number in range(10 * MOST):
        history.note({"event": "modem_code", "port": "fxo-1", "code": "b"}, number / 1000)
    assert len(history.plain(1.0)["heard"]) == MOST


def test_an_engine_that_keeps_nothing_is_one_that_heard_nothing() -> None:
    assert heard({}) == ()
