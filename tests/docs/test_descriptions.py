"""The descriptions for Kaitai Struct and ImHex have the fields of docs/format.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).resolve().parents[2] / "docs"
SIZES = {"u1": 1, "u2": 2, "u4": 4, "u8": 8}
WORDS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "char": 1, "RegionKind": 4}

Fields = list[tuple[str, int]]


def of_the_format(heading: str) -> Fields:
    """Names and sizes in the table below a heading."""
    text = (DOCS / "format.md").read_text(encoding="utf-8").partition(f"\n### {heading}\n")[2]
    rows = re.findall(r"^\| \d+ \| (\d+) \| `(\w+)` \|", text.partition("\n### ")[0], re.M)
    return [(name, int(size)) for size, name in rows]


def of_kaitai(type: str) -> Fields:
    """Names and sizes of a type in the description for Kaitai Struct."""
    description = yaml.safe_load((DOCS / "descriptions/wasmstate.ksy").read_text("utf-8"))
    return [
        (
            field["id"],
            SIZES.get(field.get("type"), 0) or field.get("size") or len(field["contents"]),
        )
        for field in description["types"][type]["seq"]
    ]


def of_imhex(type: str) -> Fields:
    """Names and sizes of a struct in the pattern for ImHex."""
    text = (DOCS / "descriptions/wasmstate.hexpat").read_text(encoding="utf-8")
    body = text.partition(f"struct {type} {{")[2].partition("};")[0]
    rows = re.findall(r"^ +(\w+) (\w+)(?:\[(\d+)\])?;", body, re.M)
    return [(name, WORDS[word] * int(count or 1)) for word, name, count in rows]


@pytest.mark.parametrize(
    ("heading", "kaitai", "imhex", "size"),
    [("Header", "header", "Header", 256), ("Region table", "region", "Region", 40)],
)
def test_a_part_of_a_record_has_the_fields_of_the_format(
    heading: str, kaitai: str, imhex: str, size: int
) -> None:
    expected = of_the_format(heading)
    assert sum(width for _, width in expected) == size
    assert of_kaitai(kaitai) == expected
    assert of_imhex(imhex) == expected


def test_the_trailer_has_the_same_fields_in_both() -> None:
    assert of_kaitai("trailer") == of_imhex("Trailer")
    assert sum(size for _, size in of_kaitai("trailer")) == 32
