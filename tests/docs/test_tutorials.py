"""The README and the tutorials, walked from an empty folder: all prints what the page says."""

from __future__ import annotations

import doctest
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from transcripts import Step, differences, prepare, recorded

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorials").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_prints_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page.read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    prepare(tmp_path, text)
    assert differences(text) == []
    sessions = "\n".join(re.findall(r"^```pycon\n(.*?)^```", text, re.M | re.S))
    test = doctest.DocTestParser().get_doctest(sessions, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    said: list[str] = []
    runner.run(test, out=said.append)
    assert "".join(said) == ""


def test_a_line_of_dots_stands_for_any_lines() -> None:
    step = Step("ls", ("a", "...", "z"))
    assert step.matches(["a", "z"])
    assert step.matches(["a", "b", "c", "z"])
    assert not step.matches(["a", "b"])


def test_what_a_command_prints_is_recorded_in_its_place() -> None:
    page = "before\n```console\n$ printf 'one\\ntwo\\n'\nzero\n$ true \\\n  twice\n```\nafter\n"
    assert recorded(page) == page.replace("zero", "one\ntwo")
    assert [each.splitlines()[1:] for each in differences(page)] == [["one", "two"]]


def test_the_moving_picture_shows_the_commands_of_the_readme() -> None:
    spec = spec_from_file_location("animation", ROOT / "docs" / "animation.py")
    assert spec is not None
    assert spec.loader is not None
    animation = module_from_spec(spec)
    spec.loader.exec_module(animation)
    drawn = animation.draw(animation.first_block())
    assert animation.PICTURE.read_text(encoding="utf-8") == drawn, "make screenshots"
