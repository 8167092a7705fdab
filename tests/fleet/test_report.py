"""The page about a table shows its health, its values, and who is far from all others."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="needs wasmstate[fleet]: make fleet")

import numpy as np

from cli_runner import run_command
from fleet_support import Devices, learned
from wasmstate import Module, State, fleet
from wasmstate.fleet.svg import bars, histogram, scatter


class Page(HTMLParser):
    """What a page holds; it has to be well-formed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, str]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs).get("class") or ""))
        if tag not in ("meta", "html"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_shows_health_learning_outliers_and_damage(devices: Devices, tmp_path: Path) -> None:
    poisoned = devices.sound[4]
    state = State.of(learned(Module.open(devices.base), 4)).with_values({"mean": [1e6, -1e6]})
    poisoned.write_bytes(
        Module.open(poisoned).with_custom("wasmstate.state", state.to_content()).to_bytes()
    )
    table, to = tmp_path / "fleet.parquet", tmp_path / "report.html"
    fleet.scan([str(devices.folder)], table, tensors=["mean"], stats=["mean:norm", "m2:norm"])
    fleet.report(table, to)
    page = Page(to)
    assert page.open == []
    assert "fleet.parquet: 25 files" in page.text
    for words in (
        "Health of the files",
        "Files by updates",
        "m2_norm",
        "Damaged and unreadable: 2",
    ):
        assert words in page.text
    outliers = page.text.split("robust standard deviations")[1].split("mean_norm")[0]
    assert str(poisoned) in outliers
    assert str(devices.sound[0]) not in outliers
    assert page.text.count("robust standard deviations") == 2
    assert ("circle", "outlier") in page.tags
    assert ("script", "") not in page.tags


def test_names_of_files_cannot_become_markup(devices: Devices, tmp_path: Path) -> None:
    (devices.folder / "<script>alert(1)<b>.wasm").write_bytes(b"no module")
    fleet.scan([str(devices.folder)], tmp_path / "f.parquet")
    fleet.report(tmp_path / "f.parquet", tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    assert "<script>alert(1)<b>.wasm: " not in page.text  # it is a cell of its own
    assert "<script>alert(1)<b>.wasm" in page.text
    assert ("script", "") not in page.tags


def test_a_page_is_not_replaced_unasked(devices: Devices, tmp_path: Path) -> None:
    table, to = tmp_path / "f.parquet", tmp_path / "r.html"
    fleet.scan([str(devices.folder)], table)
    command = ("fleet", "report", str(table), "-o", str(to))
    assert run_command(*command).exit_code == 0
    assert run_command(*command).exit_code == 1
    assert run_command(*command, "--force").exit_code == 0
    assert run_command("fleet", "report", str(table), "-o", str(table)).exit_code == 1
    fleet.summary_of(table)


def test_pictures_of_equal_and_of_few_values_are_drawn() -> None:
    same = np.full(3, 7.0)
    assert histogram(same, "x").count("<rect") == 1
    assert scatter(same, same, np.array([True, False, False]), "x", "y").count("<circle") == 3
    many = np.arange(10_000.0)
    drawn = scatter(many, many, many == 77, "x", "y")
    assert drawn.count('class="outlier"') == 1
    assert drawn.count('class="point"') <= 4000
    assert bars({"ok": 3, "<b>": 0}, {"ok": "good"}).count("<rect") == 2
