"""The reference has each public name, once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import wasmstate

PAGES = Path(__file__).resolve().parents[2] / "docs" / "api"


def test_each_public_name_is_documented_on_one_page() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("*.md")))
    found = Counter(re.findall(r"\.\. auto\w+:: (?:wasmstate\.)?(\w+)(?:\(\))?$", text, re.M))
    assert {name: found[name] for name in wasmstate.__all__ if found[name] != 1} == {
        "__version__": 0
    }
