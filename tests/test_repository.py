"""What the repository holds at its top."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

import wasmstate
from wasmstate.cli import COMMANDS
from wording import findings

ROOT = Path(__file__).resolve().parents[1]
NAMES = {
    ".ci",
    ".dockerignore",
    ".github",
    ".gitignore",
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "action.yml",
    "benchmarks",
    "changelog.d",
    "constraints.txt",
    "device",
    "docs",
    "examples",
    "fixtures",
    "gui",
    "js",
    "kernels",
    "packaging",
    "pyproject.toml",
    "tests",
    "wasmstate",
}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_nothing_else_is_tracked_at_the_top() -> None:
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert {path.partition("/")[0] for path in listed.split("\0") if path} <= NAMES


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/contributing/architecture.md"])
def test_the_files_that_contributors_are_sent_to_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_./]+/[a-z_]+\.(?:py|md))`", text)
    assert named
    places = [ROOT, ROOT / "wasmstate", ROOT / "gui/wasmstate_gui"]
    assert [name for name in named if not any((each / name).exists() for each in places)] == []


def test_a_forbidden_phrase_is_found_with_its_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("There is none.\nThe value is none; build it\nanew.\n", encoding="utf-8")
    assert findings(page) == [
        f"{page}:3: 'anew': write 'again', or 'a new'",
        f"{page}:2: 'is none': write 'invalid', or what it is",
    ]


INSIDE = 137
"""So many names our own programs take from inside the library. Lower it when the number falls."""


def test_our_programs_take_no_more_from_inside_the_library_than_before() -> None:
    taken: set[tuple[str, str]] = set()
    for folder in ("wasmstate/cli", "gui"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                    "wasmstate."
                ):
                    inside = str(node.module).removeprefix("wasmstate.").partition(".")[0]
                    if inside not in ("cli", "errors"):
                        names = {each.name for each in node.names} - set(wasmstate.__all__)
                        taken |= {(str(node.module), name) for name in names}
    assert len(taken) == INSIDE


def test_each_file_of_a_command_is_named_after_it() -> None:
    files = {path.stem for path in (ROOT / "wasmstate/cli/commands").glob("*.py")}
    assert files - {"__init__"} == set(COMMANDS)
