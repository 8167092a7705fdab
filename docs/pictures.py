"""Draw the pictures of the documentation, with the window itself: make screenshots."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from large_module import large_module
from PySide6.QtCore import QEventLoop, QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from wasmstate import Session, models
from wasmstate_gui.kit.theme import DARK, LIGHT, Theme
from wasmstate_gui.run import make_application
from wasmstate_gui.window.main_window import MainWindow

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = QSize(1280, 800)
_RATES = (0.3, 0.5, 0.2, 0.7)


class Stage:
    """A window to be drawn."""

    def __init__(self, theme: Theme) -> None:
        self.window = MainWindow()
        self.window.set_theme(theme)
        self.window.resize(SIZE)
        self.window.show()
        self.window.panels.reset_layout()
        self._loop = QEventLoop()
        self.window.idle.connect(self._loop.quit)

    def wait_for(self, action: Callable[[], object]) -> None:
        """Do something, and wait until all of it is shown."""
        action()
        self._loop.exec()

    def open(self, path: Path) -> None:
        """Show a file."""
        self.wait_for(lambda: self.window.open(path))
        while self.window.overview_reader.is_busy:
            QApplication.processEvents()

    def run_rows(self, path: Path, watch: str = "") -> None:
        """Call update() for each row of a table, and watch for drift if a detector is named."""
        self.wait_for(lambda: self.window.table_rows.read(str(path)))
        options = self.window.panels.step.options.watch
        options.setCurrentIndex(options.findData(watch))
        self.wait_for(self.window.panels.step.run)

    def show_module(self) -> None:
        """Show the list of functions, and the instructions of the first one."""
        self.window.panels.docks["Module"].show()
        self.window.panels.docks["Module"].raise_()
        loop = QEventLoop()
        self.window.module_lists.settled.connect(loop.quit)
        self.window.module_lists.show_first()
        loop.exec()


@contextmanager
def stage(name: str, theme: Theme) -> Iterator[Stage]:
    """A window, of which a picture is kept when everything is set."""
    it = Stage(theme)
    try:
        yield it
        draw(it.window, name)
    finally:
        it.window.close_jobs()


def draw(widget: QWidget, name: str) -> None:
    """Keep a picture of a widget."""
    QApplication.processEvents()  # what was changed last finds its place
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    if not image.save(str(IMAGES / f"{name}.png"), quality=0):  # 0 is the smallest file
        sys.exit(f"{name}.png cannot be written")


def clicks(bandit: Path, table: Path, count: int) -> Path:
    """What a bandit meets that shows adverts: the arm it chose, and whether somebody clicked."""
    dice = np.random.default_rng(11)
    lines = ["arm,reward"]
    with Session.open(bandit, persist="manual") as session:
        for _ in range(count):
            arm = session.predict()
            reward = float(dice.random() < _RATES[arm])
            session.update(arm, reward)
            lines.append(f"{arm},{reward}")
    table.write_text("\n".join(lines) + "\n")
    return table


def learned(folder: Path) -> None:
    """A bandit that has learned from 300 clicks, in both themes."""
    bandit = ROOT / "fixtures" / "bandit.wasm"
    table = clicks(bandit, folder / "clicks.csv", 300)
    for name, theme in {"inspector": LIGHT, "inspector-dark": DARK}.items():
        with stage(name, theme) as it:
            it.open(bandit)
            it.run_rows(table)
            it.window.selection_model.show_changed_tensor()


def damaged(folder: Path) -> None:
    """A bandit with a flipped bit, and how it is mended."""
    path = folder / "bandit.wasm"
    content = bytearray((ROOT / "fixtures" / "bandit.wasm").read_bytes())
    content[-100] ^= 4
    path.write_bytes(content)
    with stage("inspector-damaged", DARK) as it:
        it.open(path)
        repair = it.window.panels.problems.findChild(QPushButton)
        assert repair is not None
        it.wait_for(repair.click)
        dialog = it.window.repairer.dialog
        assert dialog is not None
        dialog.name.setText("bandit-repaired.wasm")  # not where this was drawn
        draw(dialog, "inspector-repair")
        dialog.reject()


def module(_folder: Path) -> None:
    """The functions of a module."""
    with stage("inspector-module", LIGHT) as it:
        it.open(ROOT / "fixtures" / "bandit.wasm")
        it.show_module()


def overview(folder: Path) -> None:
    """A module of a Rust program: what it is, and how large its parts are."""
    spec = find_spec("vt100wasm")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = folder / "vt100.wasm"
    shutil.copy(Path(spec.submodule_search_locations[0]) / "_vt100.wasm", path)
    with stage("inspector-overview", LIGHT) as it:
        it.open(path)
        it.window.panels.docks["Overview"].raise_()


def network(folder: Path) -> None:
    """The weights of a small network, as a heatmap."""
    path = folder / "network.wasm"
    path.write_bytes(models.new("mlp", features=8, classes=3, hidden=24, seed=3).to_bytes())
    dice = np.random.default_rng(2)
    lines = [",".join([*(f"x[{i}]" for i in range(8)), "label"])]
    for _ in range(400):
        x = [dice.normal() for _ in range(8)]
        label = int(x[0] + x[1] > 0) + int(x[2] > 0.8)
        lines.append(",".join([*(f"{each:.4f}" for each in x), str(label)]))
    table = folder / "rows.csv"
    table.write_text("\n".join(lines) + "\n")
    with stage("inspector-heatmap", DARK) as it:
        it.open(path)
        it.run_rows(table)
        panel = it.window.panels.tensors
        names = [row.tensor.name for row in panel.list_model.rows]
        panel.list.selectRow(names.index("first_weights"))
        panel.tabs.setCurrentIndex(1)


def drift(folder: Path) -> None:
    """A model whose world turns around after 600 rows: the detector tells, the weights follow."""
    path = folder / "changing.wasm"
    path.write_bytes(models.new("logistic", features=3, lr=0.05).to_bytes())
    dice = np.random.default_rng(4)
    lines = ["x[0],x[1],x[2],label"]
    for row in range(1000):
        x = dice.normal(size=3)
        label = (x @ (1.0, 0.5, 0.0) > 0) == (row < 600)
        lines.append(f"{x[0]:.4f},{x[1]:.4f},{x[2]:.4f},{int(label)}")
    table = folder / "changing.csv"
    table.write_text("\n".join(lines) + "\n")
    with stage("inspector-drift", LIGHT) as it:
        it.open(path)
        it.run_rows(table, watch="ddm")
        it.window.actions_.previous_mark.trigger()


def large(folder: Path) -> None:
    """A file of 105 MB, with 89,060 functions."""
    path = folder / "large.wasm"
    large_module(path)
    with stage("inspector-large", LIGHT) as it:
        it.open(path)
        it.show_module()


def empty(_folder: Path) -> None:
    """The window before a file is open."""
    with stage("inspector-empty", LIGHT):
        pass


def main() -> None:
    """Draw them all."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = make_application()
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as name:
        for picture in (learned, damaged, overview, module, network, drift, large, empty):
            picture(Path(name))
    del app


if __name__ == "__main__":
    main()
