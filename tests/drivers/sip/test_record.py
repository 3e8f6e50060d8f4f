"""Addresses and codes of SIP as a worker reads them."""

from __future__ import annotations

import pytest

from drivers.port import EndCause, LegState
from drivers.sip.record import LegRecord, address, cause_of, free_slot, plain


def leg(**fields: object) -> LegRecord:
    return LegRecord(**{"leg": "a", "peer": "", "called": "", "inbound": False, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (486, EndCause.BUSY),
        (600, EndCause.BUSY),
        (408, EndCause.NO_ANSWER),
        (480, EndCause.NO_ANSWER),
        (603, EndCause.REJECTED),
        (488, EndCause.REJECTED),
        (500, EndCause.FAILED),
        (0, EndCause.FAILED),
    ],
)
def test_a_leg_of_ours_that_was_not_answered_ends_by_its_code(code: int, cause: EndCause) -> None:
    assert cause_of(leg(state=LegState.RINGING), code) is cause


def test_after_the_answer_the_far_end_hung_up_whatever_the_code() -> None:
    assert cause_of(leg(state=LegState.UP), 408) is EndCause.REMOTE


def test_a_caller_who_cancels_hung_up() -> None:
    assert cause_of(leg(state=LegState.RINGING, inbound=True), 487) is EndCause.REMOTE


def test_what_we_ended_is_ours_whatever_the_code() -> None:
    assert cause_of(leg(state=LegState.UP, ended_by_us=True), 200) is EndCause.LOCAL


def test_a_display_name_is_quoted() -> None:
    assert address("127.0.0.1:5061", "18", 'Queue "A" \\') == '"Queue \\"A\\" \\\\" <sip:18@127.0.0.1:5061>'


@pytest.mark.parametrize(
    ("user", "name"),
    [("a@b", ""), ("a b", ""), ("18>\r\nX: y", ""), ("18", "evil\r\nX: y"), ("ä", "")],
)
def test_what_would_break_the_header_is_refused(user: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"control character|only letters"):
        address("h", user, name)


def test_plain_text_passes_unchanged() -> None:
    assert plain("<sip:box>;answer-after=0") == "<sip:box>;answer-after=0"


def test_the_lowest_free_slot_is_given_and_a_full_page_refused() -> None:
    assert free_slot({-1, 0, 2}, 4) == 1
    with pytest.raises(ValueError, match="all 2 slots"):
        free_slot({0, 1}, 2)
