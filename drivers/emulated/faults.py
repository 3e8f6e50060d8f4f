"""The faults an emulated modem can be told to have, by their number in the failure catalogue."""

from __future__ import annotations

FAULTS: dict[str, str] = {
    "F1": "a URC stands between every command and its OK",
    "F2": "the answer to the next command comes 7 s late, and all after it in their order",
    "F3": "a URC cuts the echo of every command in two (echo is on)",
    "F4": "a URC is glued to every OK",
    "F5": "echo stays on, whatever ATE0 says",
    "F6": "every line ends in CR CR LF and begins with CR CR LF",
    "F7a": "RING comes without +CLIP, and +CLCC is not reported by itself",
    "F7b": "+CLIP comes before RING",
    "F7c": "+CLIP comes with an empty number",
    "F7d": "+CRING: VOICE comes in place of RING",
    "F7e": "+CLIP comes 400 ms after RING",
    "F7f": "+CLIP comes without RING",
    "F8": "nothing is said when a call ends",
    "F11": "no command is answered, URCs go on",
    "F11s": "no command is answered, and nothing is said at all",
    "F11g": "every command is answered by noise",
    "F11h": "every command is answered by half a line",
    "cure-esc": "ESC ends F11 and its kin",
    "cure-reset": "the reset command is obeyed in spite of F11 and its kin, and ends them",
    "cure-power": "only taking its power ends F11 and its kin",
    "F12": "the audio port is dead: it gives no byte",
    "F12w": "the audio port takes no byte",
    "F13": "the first audio start of a call is refused, until a reset",
    "F13x": "every audio start is refused, until a reset",
    "F14a": "the audio stream begins with one odd byte",
    "F14b": "300 ms of old audio come at the start of a call",
    "F14c": "an NMEA sentence stands in the audio now and then",
    "F15": "the modem is unplugged (same as op unplug)",
    "F16": "brown-out: the modem reboots at the next dial or answer",
    "F17": "the message memory is full, whatever is in it",
    "F17a": "messages are stored in the other memory than AT+CPMS asked for",
    "F17b": "+CMTI is not said",
    "F18": "at a start, and with every message that comes, +CMTI is said again for all",
    "F19": "AT+CMGR of an empty place is answered by OK alone",
    "F19e": "AT+CMGR of an empty place is answered by ERROR and then OK",
    "F20": "the prompt for a message's text sticks: only ESC ends it",
    "F25": "AT+CHUP is not answered and does nothing",
    "F27": "ATH answers OK and does nothing, whatever AT+CVHU says",
    "F28": "the SIM is busy (+CME ERROR: 14)",
    "class0-direct": "messages of class 0 are handed over by +CMT, whatever AT+CNMI says",
    "undeletable": "AT+CMGD answers OK and deletes nothing",
    "ussd-mute": "the network never answers USSD",
    "no-sim": "no SIM is inserted (+CME ERROR: 10)",
    "not-registered": "the network does not take the SIM (+CREG: 0,3)",
}
#: Faults that a reset of the modem (AT+CRESET) heals.
HEALED_BY_RESET = frozenset({"F11", "F11s", "F11g", "F11h", "F13", "F13x", "F16"})
#: Ways to hang. Without a cure they end only when they are switched off.
HANGS = frozenset({"F11", "F11s", "F11g", "F11h"})
CURES = frozenset({"cure-esc", "cure-reset", "cure-power"})
