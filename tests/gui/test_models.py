"""Every model of the window keeps the rules of Qt's models, empty and full."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QTest
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

import wasmstate_gui
from gui_support import WAIT, OpenWindow
from wasmstate_gui.window.main_window import MainWindow


def models_of(window: MainWindow) -> list[QAbstractItemModel]:
    found = window.findChildren(QAbstractItemModel)
    return [each for each in found if type(each).__module__.startswith("wasmstate_gui")]


def all_kinds() -> set[str]:
    """The names of all classes of models."""
    names = [each.name for each in pkgutil.walk_packages(wasmstate_gui.__path__, "wasmstate_gui.")]
    modules = [
        importlib.import_module(name) for name in names if name.endswith(("_model", "_models"))
    ]
    return {
        kind.__name__
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, QAbstractItemModel)
        and kind.__module__ == module.__name__
        and not kind.__name__.startswith("_")
    }


@pytest.mark.parametrize("is_damaged", [False, True])
def test_every_model_keeps_the_rules(
    qtbot: QtBot,
    bandit: Path,
    is_damaged: bool,
    open_window: OpenWindow,
    qtmodeltester: ModelTester,
) -> None:
    if is_damaged:
        content = bytearray(bandit.read_bytes())
        content[-100] ^= 4
        bandit.write_bytes(content)
    window = open_window(bandit)
    window.panels.tensors.tabs.setCurrentWidget(window.panels.tensors.tabs.diff)
    QTest.keyClick(window, Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not window.module_lists.is_busy, timeout=WAIT)
    if not is_damaged:
        with qtbot.waitSignal(window.idle, timeout=WAIT):
            QTest.keyClick(window, Qt.Key.Key_F10)
    models = models_of(window)
    assert {type(model).__name__ for model in models} == all_kinds()
    assert sum(model.rowCount() > 0 for model in models) >= (3 if is_damaged else 4)
    for model in models:
        qtmodeltester.check(model)  # type: ignore[no-untyped-call]
