"""How long a process takes from its start to its first picture, beside the least that could do.

The programs do what ``wasmstate inspect`` does, draw once, and end. They find their bytecode, as
what pip has installed does, whatever the environment says.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

FIXTURE = Path(__file__).resolve().parents[1] / "fixtures" / "bandit.wasm"

BARE = """
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow
app = QApplication([])
window = QMainWindow()
window.resize(1440, 900)
window.setCentralWidget(QLabel())
for area in list(Qt.DockWidgetArea)[:4] + [Qt.DockWidgetArea.LeftDockWidgetArea]:
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, QDockWidget("panel"))
window.show()
window.grab()
__import__("os")._exit(0)
"""
_LOADED = """
import wasmstate.cli.commands.inspect
from wasmstate_gui.app import load
load(for_file={})
from wasmstate_gui.run import make_application
from wasmstate_gui.window.main_window import MainWindow
app = make_application()
window = MainWindow()
"""
WINDOW = f"""{_LOADED.format(False)}
window.show()
window.grab()
window.close_jobs()
__import__("os")._exit(0)
"""
FILE = f"""{_LOADED.format(True)}
from pathlib import Path
from PySide6.QtCore import QEventLoop
window.make_panels()
loop = QEventLoop()
window.controller.opened.connect(loop.quit)
window.open(Path({str(FIXTURE)!r}))
loop.exec()
window.show()
window.grab()
window.close_jobs()
__import__("os")._exit(0)
"""


def start_times(programs: Mapping[str, str], rounds: int = 11) -> dict[str, tuple[float, float]]:
    """The median seconds of each program, run in turn: by the clock, and of processor time."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    with TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPYCACHEPREFIX": folder,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for program in programs.values():
            _run(program, environment)
        for _ in range(rounds):
            for name, program in programs.items():
                times[name].append(_run(program, environment))
    return {
        name: (statistics.median(w for w, _ in each), statistics.median(c for _, c in each))
        for name, each in times.items()
    }


def _run(program: str, environment: Mapping[str, str]) -> tuple[float, float]:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure() -> list[tuple[str, float, str, float]]:
    """What was started, its seconds, against what, and the seconds of that."""
    found = start_times({"bare": BARE, "window": WINDOW, "file": FILE})
    rows = []
    for kind, how in enumerate(("by the clock", "processor time")):
        for name, what in (
            ("window", "start to the window's first picture"),
            ("file", "start to the first picture of a file"),
        ):
            rows.append(
                (f"{what}, {how}", found[name][kind], "five empty docks", found["bare"][kind])
            )
    return rows
