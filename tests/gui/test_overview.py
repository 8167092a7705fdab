"""The overview: what a file is, what takes how much of it, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar
from pytestqt.qtbot import QtBot

from support import real_bytes
from wasmstate import Module, bake
from wasmstate_gui.core.document.snapshot import read_snapshot
from wasmstate_gui.core.module.heading import heading
from wasmstate_gui.core.module.overview import overview
from wasmstate_gui.core.module.treemap import Area, squarified
from wasmstate_gui.window.main_window import MainWindow

OpenWindow = Callable[[Path], MainWindow]
WAIT = 15_000


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A module of a Rust program, as a toolchain has made it."""
    path = tmp_path / "vt100.wasm"
    path.write_bytes(real_bytes("vt100wasm"))
    return path


def shown(qtbot: QtBot, window: MainWindow) -> MainWindow:
    """The window, when the overview is read."""
    window.panels.show("Overview")
    qtbot.waitUntil(lambda: "Memory" in window.panels.overview.facts.text(), timeout=WAIT)
    return window


def facts_of(text: str) -> dict[str, str]:
    """The facts of a module in the text format."""
    return dict(overview(Module.from_bytes(bytes(wasmtime.wat2wasm(text)))).facts)


def test_who_made_a_module_and_what_it_needs_and_offers(plain: Path) -> None:
    facts = dict(overview(Module.open(plain)).facts)
    assert facts["Made by"].startswith("rustc 1.")
    assert facts["Language"] == "Rust, C11"
    assert "bulk-memory" in facts["Features"].split(", ")
    assert facts["Memory"] == "17 pages, 1.1 MiB, grows without a limit of its own"
    wasi = "WASI preview 1: environ_get, environ_sizes_get, fd_write, proc_exit"
    assert facts["Imports"] == wasi
    assert facts["Exports"].startswith("memory: memory\nfunc: create, destroy, process")
    assert facts["Functions"] == "222 of its own, 4 imported, 226 with a name"


def test_what_a_module_does_not_state_is_not_guessed() -> None:
    facts = facts_of('(module (import "env" "f" (func)) (memory 1 2) (func (export "run")))')
    assert facts["Made by"] == facts["Language"] == facts["Features"] == "not stated"
    assert facts["Memory"] == "1 page, 64 KiB, grows to 128 KiB"
    assert facts["Imports"] == "env (of the C toolchain): f"
    assert facts["Functions"] == "1 of its own, 1 imported, 2 with a name"
    assert facts_of("(module)")["Imports"] == "none: it runs anywhere"


def test_of_many_names_the_first_are_listed_and_long_ones_shortened() -> None:
    exports = "".join(f'(func (export "f{i}"))' for i in range(20))
    text = facts_of(f'(module {exports} (func (export "{"x" * 500}")))')["Exports"]
    assert text.endswith("f11 and 9 more")
    assert max(map(len, facts_of(f'(module (func (export "{"x" * 500}")))').values())) < 80


def test_sections_functions_and_segments_are_tiles_the_largest_first(plain: Path) -> None:
    module = Module.open(plain)
    found = overview(module)
    assert [tile.name for tile in found.tiles[:3]] == ["code", "data", "name"]
    assert sum(tile.size for tile in found.tiles) == module.size - 8
    code = found.tiles[0].children
    assert (len(code), code[1].name, code[1].size) == (222, "dlmalloc", 5382)
    assert found.largest == code[:10]


def test_of_very_many_functions_the_smallest_are_one_tile() -> None:
    functions = "(func nop)" * 299 + "(func nop nop nop)"
    module = Module.from_bytes(bytes(wasmtime.wat2wasm(f"(module {functions})")))
    code = next(tile for tile in overview(module).tiles if tile.name == "code").children
    assert (len(code), code[0].name, code[-1].name) == (251, "function 299", "50 smaller functions")


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=60),
    st.integers(1, 900),
    st.integers(1, 900),
)
def test_the_areas_of_tiles_are_their_shares(sizes: list[int], width: int, height: int) -> None:
    sizes.sort(reverse=True)
    whole = Area(0, 0, width, height)
    areas = squarified(sizes, whole)
    for size, area in zip(sizes, areas, strict=True):
        share = width * height * size / sum(sizes)
        assert area.width * area.height == pytest.approx(share, rel=1e-3, abs=1e-3)
        assert -1e-6 <= area.x <= area.x + area.width <= width * (1 + 1e-6)
        assert -1e-6 <= area.y <= area.y + area.height <= height * (1 + 1e-6)


def test_badges_and_advice_follow_from_the_file(bandit: Path, plain: Path) -> None:
    def said(path: Path) -> tuple[list[str], list[str]]:
        found = heading(read_snapshot(path), "well-formed")
        return [each.text for each in found.badges], [each.command for each in found.advice]

    assert said(plain) == (["well-formed", "no state"], ["attach", "graft", "verify"])
    assert said(bandit) == (
        ["well-formed", "carries state, generation 0"],
        ["step", "bake", "verify"],
    )
    data = bytearray(bandit.read_bytes())
    baked = bandit.with_name("baked.wasm")
    baked.write_bytes(bake(Module.from_bytes(bytes(data))).to_bytes())
    assert said(baked)[0][-1] == "baked"
    data[-100] ^= 4
    bandit.write_bytes(data)
    assert said(bandit) == (["1 problem", "state unreadable"], ["repair", "graft", "verify"])


def test_a_plain_module_opens_with_its_overview_in_front_and_a_model_with_its_tensors(
    qtbot: QtBot, bandit: Path, plain: Path, open_window: OpenWindow
) -> None:
    window = open_window(plain)
    docks = window.panels.docks

    def in_front() -> set[str]:
        bars = window.findChildren(QTabBar)
        return {bar.tabText(bar.currentIndex()) for bar in bars if bar.isVisible()}

    qtbot.waitUntil(lambda: in_front() >= {"Overview"}, timeout=WAIT)
    assert docks["Step"].isHidden()
    assert docks["Timeline"].isHidden()
    docks["Layout"].hide()
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.open(bandit)
    qtbot.waitUntil(lambda: in_front() >= {"Tensors"}, timeout=WAIT)
    assert docks["Step"].isVisible()
    assert docks["Timeline"].isVisible()
    assert docks["Layout"].isVisible(), "a model has panes of its own"
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.open(plain)
    assert docks["Layout"].isHidden(), "closed panes stay closed"


def test_a_file_can_be_looked_at_in_the_workspace_of_the_other_kind(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    docks, actions = window.panels.docks, window.actions_
    assert actions.workspace_model.isChecked()
    QTest.keyClick(
        window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    )
    assert (docks["Step"].isHidden(), actions.workspace_module.isChecked()) == (True, True)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_F10)
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    assert docks["Step"].isHidden(), "as long as the same file is shown"
    actions.workspace_model.trigger()
    assert docks["Step"].isVisible()


@pytest.mark.parametrize("size", [(960, 540), (1366, 768), (1920, 1080)])
def test_nothing_of_a_model_is_cut_off(qtbot: QtBot, bandit: Path, size: tuple[int, int]) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    window.fit(QSize(*size), None)
    first = window.size()
    window.show()
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        window.open(bandit)
    for key in (Qt.Key.Key_F10, Qt.Key.Key_F4):
        with qtbot.waitSignal(window.idle, timeout=WAIT):
            QTest.keyClick(window, key)
    QApplication.processEvents()
    assert window.panels.docks["Why"].isVisible()
    assert window.size() == first
    bar = window.panels.step
    assert bar.verticalScrollBar().maximum() == 0
    for name in ("tensors", "timeline", "step"):
        panel = getattr(window.panels, name)
        below = panel.mapTo(window, panel.rect().bottomRight())
        assert below.y() < window.statusBar().y(), name
        assert below.x() < window.width(), name
    window.close_jobs()


def test_a_click_on_a_tile_or_a_function_goes_to_its_bytes(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    window = shown(qtbot, open_window(plain))
    panel, view = window.panels.overview, window.panels.page.hex
    malloc = overview(Module.open(plain)).largest[1]
    place = panel.treemap.place_of("dlmalloc").toPoint()
    QTest.mouseClick(panel.treemap, Qt.MouseButton.LeftButton, pos=place)
    assert view.selection == (malloc.start, malloc.end)
    first = overview(Module.open(plain)).largest[0]
    panel.largest.linkActivated.emit(f"{first.start}-{first.end}")
    assert view.selection == (first.start, first.end)
    panel.treemap.setFocus()
    QTest.keyClick(panel.treemap, Qt.Key.Key_Right)
    assert window.panels.layout.currentIndex().data() == "data"


def test_what_is_advised_is_done_by_its_button(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = shown(qtbot, open_window(bandit))
    buttons = {button.text(): button for button in window.panels.overview.buttons}
    with qtbot.waitSignal(window.idle, timeout=WAIT):
        QTest.mouseClick(buttons["Step"], Qt.MouseButton.LeftButton)
    assert window.panels.timeline.place.text() == "step 1 / 1"


def test_names_in_the_overview_are_not_markup(
    qtbot: QtBot, tmp_path: Path, open_window: OpenWindow
) -> None:
    path = tmp_path / "<b>.wasm"
    text = '(module (import "<img src=x>" "<i>" (func)) (memory 1))'
    path.write_bytes(bytes(wasmtime.wat2wasm(text)))
    panel = shown(qtbot, open_window(path)).panels.overview
    assert "&lt;img src=x&gt;: &lt;i&gt;" in panel.facts.text()
    assert "&lt;b&gt;.wasm" in panel.title.text()


def test_what_is_malformed_is_said_and_the_rest_is_shown(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    data = bytearray(plain.read_bytes())
    at = data.index(b"\x09producers") + 10
    data[at] = 0x7F  # a count of fields that are not there
    plain.write_bytes(data)
    facts = dict(overview(Module.open(plain, strict=False)).facts)
    assert facts["Made by"] == "malformed: see the problems"
    assert facts["Memory"].startswith("17 pages")


def test_a_narrow_panel_has_facts_under_their_headings_and_breaks_long_words(
    qtbot: QtBot, plain: Path, open_window: OpenWindow
) -> None:
    window = shown(qtbot, open_window(plain))
    panel, docks = window.panels.overview, window.panels.docks
    for width in (260, 420):
        window.resizeDocks([docks["Overview"]], [width], Qt.Orientation.Horizontal)
        qtbot.waitUntil(lambda: abs(panel.width() - width) < 20, timeout=WAIT)  # noqa: B023 (it waits)
        is_narrow = width == 260
        assert ("Made by</span><br>" in panel.facts.text()) is is_narrow
        assert ("222fc11f2b8f25f6\u200b" in panel.facts.text()) is is_narrow
