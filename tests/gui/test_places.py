"""Back to the places that the user has been at."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui_support import OpenWindow
from wasmstate_gui.core.window.visited_places import VisitedPlaces


def test_the_way_back_is_that_of_a_browser() -> None:
    places = VisitedPlaces()
    assert places.go(-1) is None
    for offset in (0, 16, 5_000, 9_000):  # the first two are one place
        places.visit(offset)
    assert [places.go(-1), places.go(-1), places.go(-1)] == [5_000, 16, None]
    assert places.go(1) == 5_000
    places.visit(1_000)
    assert (places.go(1), places.go(-1), places.go(1)) == (None, 5_000, 1_000)


def test_keys_go_back_to_the_last_place_and_forward_again(
    bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    model = window.selection_model
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier

    def here() -> int:
        assert model.selection is not None
        return model.selection.start

    model.go_to_byte(0x100)
    model.select_range(0x800, 0x80F)
    QTest.keyClick(window, Qt.Key.Key_Left, modifiers)
    assert here() == 0x100
    QTest.keyClick(window, Qt.Key.Key_Right, modifiers)
    assert here() == 0x800
