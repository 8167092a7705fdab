"""Look for phrases that the style guide forbids: ``python tests/wording.py FOLDER...``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FORBIDDEN = {
    r'"""(Of|As)\b': "a docstring begins with a noun or a verb",
    r"\banew\b": "write 'again', or 'a new'",
    r"\blearnt\b": "write 'learned'",
    r"\b(?<!here )is none\b(?! the worse)": "write 'invalid', or what it is",
    r"\bso many times\b": "name the number",
    r"\bcannot be by\b": "write 'invalid'",
    r"\bwas not used rightly\b": "write 'usage error'",
}
# The guide shows the phrases, the release notes quote old messages.
EXEMPT = {ROOT / "docs" / "contributing" / "style.md"}


def findings(path: Path) -> list[str]:
    """The forbidden phrases of a file, with line and advice."""
    text = path.read_text(encoding="utf-8")
    return [
        f"{path}:{text.count(chr(10), 0, found.start()) + 1}: '{found[0]}': {advice}"
        for pattern, advice in FORBIDDEN.items()
        for found in re.finditer(pattern, text)
    ]


def main(folders: list[str]) -> int:
    """Print what is found; gives the exit status."""
    files = [
        path
        for folder in folders
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix in {".py", ".md"} and path.resolve() not in EXEMPT
    ]
    found = [each for path in files for each in findings(path)]
    print("\n".join(found) or f"{len(files)} files are worded well")  # noqa: T201
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
