"""What the window takes: frames, jumps through the steps, live calls, memory, and the start.

Medians; CPU is that of the window's own thread, for the machine may have other work. Of calls and
edits the longest turn of the events is looked for, in each of several windows: what is given is the
median of these.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import starting
import wasmtime
from hex_frames import frame_times
from PySide6.QtCore import QAbstractTableModel, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QTableView, QWidget
from rich.console import Console
from rich.table import Table
from turns import Watched, live, long_model, model, raw_edit

from wasmstate import Module, State, attach
from wasmstate_gui.core.tensors.tensor_table import TensorRow, TensorTable, tensor_rows
from wasmstate_gui.core.timeline.plot_series import HistoryView, Line
from wasmstate_gui.core.timeline.timeline import MOST_BYTES
from wasmstate_gui.kit.theme import LIGHT
from wasmstate_gui.run import make_application
from wasmstate_gui.tensors.cells_view import CellsView
from wasmstate_gui.tensors.heatmap_view import HeatmapView
from wasmstate_gui.tensors.tensor_models import TensorTableModel
from wasmstate_gui.timeline.plot_view import PlotView

STEPS = 10_000
FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def model_of_rows(path: Path) -> Path:
    """A file with a tensor of 1,000,000 rows, and a small one."""
    module = Module.from_bytes(bytes(wasmtime.wat2wasm('(module (memory (export "memory") 520))')))
    path.write_bytes(attach(module, ["w:f32[1000000,8]@1024", "n:i64[8]@64"]).to_bytes())
    return path


def painter_of(widget: QWidget, width: int, height: int) -> Callable[[int], object]:
    """Draws a widget to a picture."""
    widget.resize(width, height)
    widget.show()
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    return lambda _frame: widget.render(image)


def plot_times() -> list[float]:
    """Of a line along 10,000 steps: ours, and one that goes through every step."""
    values = np.cumsum(np.random.default_rng(3).normal(size=STEPS))
    plot = PlotView()
    plot.show_view(HistoryView(STEPS, 0, STEPS // 2, "", (Line("theta", values.tolist()),), ()))
    image = QImage(800, 400, QImage.Format.Format_ARGB32_Premultiplied)
    x = np.linspace(64, 788, STEPS)
    y = 22 + (values.max() - values) * 352 / np.ptp(values)

    def every_step(_frame: int) -> None:
        image.fill(QColor("white"))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("black"), 1.6))
        painter.drawPolyline(QPolygonF([QPointF(*p) for p in zip(x, y, strict=True)]))
        painter.end()

    return frame_times(painter_of(plot, 800, 400), every_step)


def row_of(shape: str) -> TensorRow:
    """A tensor of random numbers."""
    module = bytes(wasmtime.wat2wasm('(module (memory (export "memory") 520))'))
    state = State.of(attach(Module.from_bytes(module), [f"w:f32[{shape}]@1024"]))
    count = state["w"].shape
    values = np.random.default_rng(5).normal(size=count).astype(np.float32)
    state = state.with_values({"w": values})
    (row,) = tensor_rows(state, state, 0)
    return row


def heatmap_time() -> float:
    """Of a heatmap of 512 by 512."""
    view = HeatmapView()
    view.set_theme(LIGHT)
    view.show_row(row_of("512,512"))
    return frame_times(painter_of(view, 620, 560))[0]


class _Plain(QAbstractTableModel):
    """What one would write at first."""

    def __init__(self, values: np.ndarray[Any, Any]) -> None:
        super().__init__()
        self._values = values

    def rowCount(self, _parent: object = None) -> int:  # noqa: N802 (Qt's name)
        return len(self._values)

    def columnCount(self, _parent: object = None) -> int:  # noqa: N802 (Qt's name)
        return len(self._values[0])

    def data(self, index: Any, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{self._values[index.row(), index.column()]:+.5f}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None


def table_times() -> list[float]:
    """Of a frame of a table of 1,000,000 rows that scrolls: ours, and a plain model."""
    row = row_of("1000000,8")
    model = TensorTableModel()
    model.show(TensorTable(row))
    ours, plain = CellsView(model), QTableView()
    plain_model = _Plain(row.values)
    plain.setModel(plain_model)
    painters = []
    for table in (ours, plain):
        table.setWordWrap(False)
        table.verticalHeader().setDefaultSectionSize(24)
        table.resize(900, 40 * 24)
        table.show()
        image = QImage(table.size(), QImage.Format.Format_ARGB32_Premultiplied)

        def paint(frame: int, table: QTableView = table, image: QImage = image) -> None:
            table.verticalScrollBar().setValue(frame * 777)
            table.viewport().render(image)

        painters.append(paint)
    return frame_times(*painters)


def chosen_time(path: Path) -> float:
    """Median seconds from choosing a tensor in the list to its first picture."""
    watched = Watched(path)
    panel, times = watched.window.panels.tensors, []
    panel.grab()
    for _ in range(9):
        panel.list.selectRow(1)
        panel.grab()
        started = time.thread_time()
        panel.list.selectRow(0)
        panel.grab()
        times.append(time.thread_time() - started)
    watched.close()
    return statistics.median(times)


def jump_time(watched: Watched) -> float:
    """Median seconds of a jump to any of the steps, to the end of painting it."""
    times = []
    slider = watched.window.panels.timeline.slider
    for target in (0, STEPS, STEPS // 2, 1, STEPS - 1, 499, 7777, 3):
        started = time.perf_counter()
        slider.setValue(target)
        if watched.window.controller.is_busy:
            watched.wait_until_idle()
        watched.window.grab()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> None:
    """Measure, and print a table."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = make_application()
    table = Table("what", "measured", "against, or limit", "", "ratio")

    def against(what: str, ours: float, other: str, theirs: float) -> None:
        cells = (f"{ours * 1e3:.1f} ms", other, f"{theirs * 1e3:.1f} ms", f"{ours / theirs:.2f}")
        table.add_row(what, *cells)

    against("a frame of the plot, 10,000 steps", *_with("a line to each step", plot_times()))
    against(
        "a frame of a table that scrolls, 1,000,000 rows", *_with("a plain model", table_times())
    )
    against("a frame of a heatmap, 512 x 512", heatmap_time(), "limit", 0.004)
    for row in starting.measure():
        against(*row)
    Path("build").mkdir(exist_ok=True)  # on a disk, as a folder for temporary files may not be
    with TemporaryDirectory(dir="build") as name:
        folder = Path(name)
        seconds, turn, _ = live(FIXTURES / "bandit.wasm", STEPS - 1)
        rate = f"{(STEPS - 1) / seconds:,.0f} a second"
        table.add_row("live calls of bandit's update(), shown", rate, "at least", "2,000", "")
        against("one turn of the window meanwhile, at most", turn, "a frame of 30", 1 / 30)
        small = Watched(FIXTURES / "bandit.wasm")
        small.step(STEPS)
        against("a jump through 10,000 steps", jump_time(small), "limit", 0.1)
        small.close()
        million = model_of_rows(folder / "million.wasm")
        against(
            "a tensor of 1,000,000 rows, chosen and painted", chosen_time(million), "limit", 0.06
        )
        stuck = Watched(model(folder / "stuck.wasm", 64 << 10))
        stuck.window.panels.step.fields[0].edit.setText("-1")
        stuck.window.panels.step.step()
        with stuck.watched():
            stuck.wait(1500)
        against("one turn while a call never returns, at most", max(stuck.gaps), "limit", 0.05)
        stuck.close()
        for title, path, steps in (
            ("4 MB, all changed", model(folder / "large.wasm", 4 << 20), 12),
            ("64 KiB, 1 % changed", model(folder / "few.wasm", 64 << 10, 400), STEPS),
            ("64 KiB, all changed", model(folder / "all.wasm", 64 << 10), STEPS),
        ):
            seconds, turn, held = live(path, steps)
            what = f"{title}: memory of {steps:,} steps"
            limit = f"{MOST_BYTES / 1e6:.0f} MB", f"{held / MOST_BYTES:.2f}"
            table.add_row(what, f"{held / 1e6:.0f} MB", "limit", *limit)
            rate = f"{steps / seconds:,.0f} a second"
            table.add_row(f"{title}: calls", rate, "", "", "")
            against(f"{title}: one turn, at most", turn, "limit", 0.05)
        turn = raw_edit(long_model(folder / "long.wasm"))
        against("a raw edit in a file of 67 MB: one turn, at most", turn, "limit", 0.05)
    Console(width=140).print(table)
    del app


def _with(other: str, times: list[float]) -> tuple[float, str, float]:
    return times[0], other, times[1]


if __name__ == "__main__":
    main()
