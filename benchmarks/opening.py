"""What it takes to open a file: time and memory up to the first picture, and after the checks.

Run as a program it opens the file that it is given in a window of its own process and prints what
it measured; :func:`measure` does so for a bare window and for a large file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def peak() -> int:
    """The most bytes that it had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    return 0


def main(name: str) -> None:
    """Open a file and print seconds and bytes."""
    from PySide6.QtCore import QEventLoop  # noqa: PLC0415 (the caller runs without Qt)

    from wasmstate_gui.run import make_application  # noqa: PLC0415
    from wasmstate_gui.window.main_window import MainWindow  # noqa: PLC0415

    app = make_application()
    window = MainWindow()
    window.show()
    window.make_panels()
    app.processEvents()
    found: dict[str, float] = {"bare": resident()}
    if name:
        loop = QEventLoop()
        window.controller.opened.connect(loop.quit)
        started = time.perf_counter()
        window.open(Path(name))
        loop.exec()
        window.grab()
        found |= {"seconds": time.perf_counter() - started, "painted": resident()}
        if window.controller.is_busy:
            window.idle.connect(loop.quit)
            loop.exec()
        found |= {"checked_seconds": time.perf_counter() - started, "checked": resident()}
    found["peak"] = peak()
    window.controller.close()
    print(json.dumps(found))


def measure(path: Path) -> dict[str, float]:
    """The figures of one file, each process started anew."""
    words = [sys.executable, __file__, str(path)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
