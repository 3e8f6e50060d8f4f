"""Keys of one question, one after another, until it is answered."""

from __future__ import annotations

from appliance.flows.actions import Ask


class Keys:
    """`typed` so far, without the terminator; a terminator alone is typed as itself."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.typed = ""

    def press(self, key: str) -> bool:
        """Take a key; False when the question is answered."""
        ask = self._ask
        if key == ask.terminator and self.typed:
            return False
        self.typed += key
        if key == ask.terminator or len(self.typed) >= ask.most:
            return False
        return ask.going_on is None or self.typed in ask.going_on


def answer(ask: Ask, keys: list[str]) -> str:
    """What these keys answer when nothing is waited for; those not needed stay in the list."""
    taking = Keys(ask)
    while keys and taking.press(keys.pop(0)):
        pass
    return taking.typed
