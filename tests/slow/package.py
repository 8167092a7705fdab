"""The wheel and the source archive that ``make package`` built: what is in them, and a first walk.

``WASMSTATE_PYTHONS`` names further interpreters, with commas between.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from transcripts import differences, prepare

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "build" / "package" / "dist"
PYTHONS = [sys.executable, *filter(None, os.environ.get("WASMSTATE_PYTHONS", "").split(","))]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]


def wheel() -> Path:
    """The wheel."""
    return next(DIST.glob("*.whl"))


def test_the_wheel_holds_the_two_packages_and_nothing_else() -> None:
    names = zipfile.ZipFile(wheel()).namelist()
    tops = {name.partition("/")[0] for name in names}
    packages = {top for top in tops if not top.endswith((".dist-info", ".data"))}
    assert packages == {"wasmstate", "wasmstate_gui"}
    for name in ("applications/wasmstate-inspector.desktop", "mime/packages/wasmstate.xml"):
        assert any(each.endswith(f".data/data/share/{name}") for each in names), name
    assert [name for name in names if re.search(r"(^|/)(tests?|build|__pycache__)/", name)] == []


def test_the_source_archive_holds_what_is_tracked() -> None:
    with tarfile.open(next(DIST.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()} - {"PKG-INFO", ""}
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    assert inside - set(listed.stdout.split("\0")) == set()


@pytest.fixture(scope="module", params=PYTHONS)
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a bare environment with the wheel."""
    folder = tmp_path_factory.mktemp("bare") / "env"
    subprocess.run([request.param, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, str(wheel())], check=True)
    return folder / "bin"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_walked_with_the_wheel_alone(
    page: Path, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    prepare(tmp_path, text)
    assert differences(text, programs) == []
    sessions = "\n".join(re.findall(r"^```pycon\n(.*?)^```", text, re.M | re.S))
    if sessions:
        (tmp_path / "session.txt").write_text(sessions)
        flags = ["-o", "ELLIPSIS", "-o", "IGNORE_EXCEPTION_DETAIL"]
        subprocess.run(
            [str(programs / "python"), "-m", "doctest", *flags, "session.txt"], check=True
        )


def test_a_python_module_starts_it_too(programs: Path) -> None:
    said = subprocess.run(
        [str(programs / "python"), "-m", "wasmstate", "--version"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert re.fullmatch(r"wasmstate, version [\d.]+\n", said.stdout)


def test_each_command_has_a_manual_page() -> None:
    from wasmstate.cli import COMMANDS

    pages = {path.stem for path in (ROOT / "build" / "package" / "man").glob("*.1")}
    assert {f"wasmstate-{name}" for name in COMMANDS} | {"wasmstate"} <= pages
