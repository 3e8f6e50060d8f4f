"""There is one door: lines are dialled in one file, which the guard stands before."""

from __future__ import annotations

from pathlib import Path

APPLIANCE = Path(__file__).parents[3] / "appliance"
DOORS = {"calls/dial_out.py", "calls/phone.py"}  # lines, by a permit; agents' own phones


def test_nothing_else_dials() -> None:
    sources = {str(path.relative_to(APPLIANCE)): path.read_text() for path in APPLIANCE.rglob("*.py")}
    assert {name for name, text in sources.items() if ".dial(" in text} == DOORS
    lines = sources["calls/dial_out.py"]
    assert lines.index("guard.call(permit)") < lines.index(".dial(")
