"""Sessions: bounded, forgotten in time, and never trusted blindly from the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.web.sessions import MOST_OF_ONE_AGENT, SESSION_SECONDS, Sessions


class Wall:
    """A clock on the wall that the test turns."""

    now = 1.7e9

    def __call__(self) -> float:
        return self.now


def test_a_token_finds_its_session_until_the_shift_is_over(tmp_path: Path) -> None:
    wall = Wall()
    sessions = Sessions(tmp_path / "kept", agents=["ana"], wall=wall)
    token, session, _ = sessions.begin("ana")
    assert sessions.find(token) is session
    assert sessions.find(token[:-1]) is None
    wall.now += SESSION_SECONDS
    assert sessions.find(token) is None
    assert sessions.too_old() == [session]
    assert sessions.too_old() == []


def test_one_agent_has_so_many_browsers_and_the_oldest_goes(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "kept", agents=["ana", "ben"], wall=Wall())
    sessions.begin("ben")
    begun = [sessions.begin("ana") for _ in range(MOST_OF_ONE_AGENT + 2)]
    assert [ended for _, _, ended in begun[:MOST_OF_ONE_AGENT]] == [[]] * MOST_OF_ONE_AGENT
    assert [ended for _, _, ended in begun[MOST_OF_ONE_AGENT:]] == [[begun[0][1]], [begun[1][1]]]
    assert len(sessions.all()) == MOST_OF_ONE_AGENT + 1


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"a": 1}', '{"a": {"agent": "ana"}}', '{"a": {"x": 1}}'])
def test_a_file_that_is_not_ours_is_no_sign_in(tmp_path: Path, kept: str) -> None:
    (tmp_path / "kept").write_text(kept)
    assert Sessions(tmp_path / "kept", agents=["ana"], wall=Wall()).all() == []


def test_an_agent_who_is_gone_from_the_configuration_is_signed_out(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "kept", agents=["ana", "ben"], wall=Wall())
    tokens = {agent: sessions.begin(agent)[0] for agent in ("ana", "ben")}
    sessions.save(sessions.text())
    again = Sessions(tmp_path / "kept", agents=["ben"], wall=Wall())
    assert again.find(tokens["ana"]) is None
    assert again.find(tokens["ben"]) is not None


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = Sessions(tmp_path / "gone" / "kept", agents=["ana"], wall=Wall())
    token, session, _ = sessions.begin("ana")
    sessions.save(sessions.text())
    assert sessions.find(token) is session
    assert "not kept over a restart" in caplog.text
