"""The examples of README and docs are run as a reader would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli_runner import run_command
from transcripts import steps
from wasmstate.samples import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "docs/python.md",
    "docs/cli.md",
    "docs/binaries.md",
    "docs/running.md",
    "docs/models.md",
    "docs/fleet.md",
    "docs/inspector.md",
]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for kind, body in _BLOCK.findall(text) if kind == language]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a reader of the docs would stand: beside a model and a file of clicks."""
    for sample in SAMPLES.values():
        for name, content in sample.files().items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_the_python_examples_of_a_page_run_one_after_the_other(page: str, folder: Path) -> None:
    script = "\n".join(blocks(page, "python"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_one_after_the_other(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page == "docs/cli.md":  # which begins with the command that writes them
        folder = folder / "empty"
        folder.mkdir()
    monkeypatch.chdir(folder)
    for step in (step for block in blocks(page, "console") for step in steps(block)):
        program, *words = step.argv
        if program != "wasmstate":
            continue
        if words[0] == "inspect":  # a window is a process of its own
            done = subprocess.run(
                [sys.executable, "-m", "wasmstate", *words], capture_output=True, text=True
            )
            assert done.returncode == 0, f"{step.command}\n{done.stderr}"
        else:
            result = run_command(*words)
            printed = [line.rstrip() for line in result.output.splitlines()]
            assert result.exit_code == 0, f"{step.command}\n{result.stderr}"
            assert not step.lines or step.matches(printed), (
                f"{step.command}\n{result.output}\nrecord it again: make transcripts"
            )


def test_the_example_of_the_readme_learns_and_keeps_it(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", blocks("README.md", "python")[0]], check=True, cwd=folder)
    shown = subprocess.run(
        [sys.executable, "-m", "wasmstate", "state", "learning.wasm"],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
    )
    assert shown.stdout.startswith("generation 1, 1 update, 80 bytes in 1 region")


def test_every_command_has_a_heading_in_its_page() -> None:
    from wasmstate.cli import COMMANDS

    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/cli.md").read_text(), re.M)
    assert headings == list(COMMANDS)


def test_every_error_is_in_the_page_about_the_library() -> None:
    import wasmstate

    text = (ROOT / "docs/python.md").read_text()
    errors = [name for name in wasmstate.__all__ if name.endswith("Error")]
    assert [name for name in errors if f"`{name}`" not in text] == []


def test_every_link_between_pages_leads_somewhere() -> None:
    dead = []
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "fixtures/README.md"]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                dead.append(f"{page.name}: {target}")
    assert dead == []


def test_no_two_decisions_have_one_number() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
    titles = [path.read_text(encoding="utf-8").split(".", 1)[0] for path in files]
    assert titles == [f"# {number}" for number in range(1, len(files) + 1)]
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
