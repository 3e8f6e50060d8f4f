"""The reference of options is that of the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.config.reference import main, reference, with_reference
from appliance.config.schema import Agent, Config, Queue
from appliance.config.serial_lines import GSM_LINES

PAGE = Path(__file__).parents[3] / "config" / "README.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_reference(page) == page, "run: python -m appliance.config.reference config/README.md"


def test_every_option_stands_in_it() -> None:
    text = reference()
    for section in (Config, *GSM_LINES.values(), Queue, Agent):
        assert all(f"`{name}`" in text or f"[{name}" in text for name in section.model_fields)
    assert (
        "| `ring_seconds` | a number, 1 to 300 | `20.0` | how long a phone rings before the next agent |"
        in text
    )


def test_a_page_out_of_date_is_written_anew_and_the_rest_of_it_kept(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8").replace("1 to 300", "1 to 30"), encoding="utf-8")
    main([str(page)])
    assert page.read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the lines"):
        with_reference("# nothing")
