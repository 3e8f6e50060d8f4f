"""The reference of all options, made from the schema: the generated part of config/README.md.

`python -m appliance.config.reference config/README.md` writes it anew; a test fails while it is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from appliance.config.options import allowed_values, is_listed, is_named, sections_in, tag_of
from appliance.config.problem import shown
from appliance.config.schema import Config
from appliance.config.section import Destination, Section

BEGIN = "<!-- made from appliance/config/schema.py; below this line edit there -->\n"
END = "<!-- end of what is made -->\n"


def reference() -> str:
    """A table of options for each kind of section, in the order of the schema."""
    return "\n".join(line for name, field in Config.model_fields.items() for line in _part(name, field))


def with_reference(page: str) -> str:
    """The page with its generated part made anew. Raises ValueError when the page lacks the two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def _part(name: str, field: FieldInfo) -> Iterator[str]:
    sections = sections_in(field.annotation)
    if not sections:
        yield from (f"### `[{name}]`", "", f"{field.description}.", "")
    named = f"{name}.NAME" if is_named(field.annotation) else name
    for section in sections:
        option, tag = tag_of(section)
        header = f"[[{named}]]" if is_listed(field.annotation) else f"[{named}]"
        yield f"### `{header}`" + (f' with `{option} = "{tag}"`' if tag else "")
        yield from ("", (section.__doc__ or "").split("\n\n")[0], "", *_table(section), "")
        for inner, each in section.model_fields.items():
            if sections_in(each.annotation):
                yield from _part(f"{named}.{inner}", each)


def _table(section: type[Section]) -> Iterator[str]:
    yield "| option | may be | default | is |"
    yield "|---|---|---|---|"
    for name, field in section.model_fields.items():
        description = field.description or ("what it is" if name == "do" else "which driver serves the line")
        yield f"| `{name}` | {_cell(allowed_values(field))} | {_default(field)} | {_cell(description)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    value = str(value) if isinstance(value, Destination) else value
    return f"`{shown(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str]) -> None:
    """Write the generated part of each page anew."""
    for name in arguments:
        path = Path(name)
        path.write_text(with_reference(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
