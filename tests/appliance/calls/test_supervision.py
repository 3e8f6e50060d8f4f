"""Want 14: who hears whom is a matrix of caller, agent, third and supervisor, exact in every mode."""

from __future__ import annotations

from itertools import product

import pytest

from appliance.calls.supervision import Mode, Seat, Watcher, hearing

WHO = ("caller", "agent", "third", "sup")
#: Rows speak, columns hear, in the order of WHO.
TABLES = {
    "conference": {
        Mode.LISTEN: ("0111", "1011", "1101", "0000"),
        Mode.WHISPER: ("0111", "1011", "1101", "0100"),
        Mode.BARGE: ("0111", "1011", "1101", "1110"),
    },
    "held by the agent's command": {
        Mode.LISTEN: ("0010", "0001", "1000", "0000"),
        Mode.WHISPER: ("0010", "0001", "1000", "0100"),
        Mode.BARGE: ("0011", "0001", "1001", "1110"),
    },
    "held by the agent's phone": {
        Mode.LISTEN: ("0010", "0000", "1000", "0000"),
        Mode.WHISPER: ("0010", "0000", "1000", "0000"),
        Mode.BARGE: ("0011", "0000", "1001", "1010"),
    },
    "asking the third, the caller hears music": {
        Mode.LISTEN: ("0000", "0011", "0101", "0000"),
        Mode.WHISPER: ("0000", "0011", "0101", "0100"),
        Mode.BARGE: ("0000", "0011", "0101", "0110"),
    },
    "the supervisor's phone holds": {mode: ("0110", "1010", "1100", "0000") for mode in Mode},
}
SEATS = {
    "conference": {},
    "held by the agent's command": {"agent": {"room": False}},
    "held by the agent's phone": {"agent": {"open": False}},
    "asking the third, the caller hears music": {"caller": {"room": False}},
    "the supervisor's phone holds": {},
}


@pytest.mark.parametrize(("place", "mode"), list(product(SEATS, Mode)))
def test_the_matrix_is_exact_in_every_mode_and_place(place: str, mode: Mode) -> None:
    seats = [Seat(name, **SEATS[place].get(name, {})) for name in WHO[:3]]
    watcher = Watcher("sup", "agent", mode, open=place != "the supervisor's phone holds")
    heard = hearing(seats, [watcher])
    table = tuple("".join(str(int((one, other) in heard)) for other in WHO) for one in WHO)
    assert table == TABLES[place][mode]


def test_without_a_supervisor_all_in_the_room_hear_each_other() -> None:
    heard = hearing([Seat(name) for name in WHO[:3]])
    assert heard == {(one, other) for one, other in product(WHO[:3], repeat=2) if one != other}


def test_two_supervisors_hear_each_other_only_when_both_have_barged_in() -> None:
    seats = [Seat("caller"), Seat("agent")]
    pairs = {
        (one, other): ("a", "b") in hearing(seats, [Watcher("a", "agent", one), Watcher("b", "agent", other)])
        for one, other in product(Mode, repeat=2)
    }
    assert [pair for pair, heard in pairs.items() if heard] == [(Mode.BARGE, Mode.BARGE)]
