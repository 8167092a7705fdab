"""The program: its options, and that it ends as it should."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage, qRgb
from pytestqt.qtbot import QtBot

PROGRAM = [sys.executable, "-m", "wasmstate_gui"]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    env = {key: value for key, value in os.environ.items() if key not in hidden} | environment
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_screenshot_needs_no_display_and_has_the_size_asked_for(
    bandit: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "out.png"
    before = bandit.read_bytes()
    done = run(bandit, "--screenshot", picture, "--step", "3", "--light", "--size", "1100x700")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1100, 700)
    colours = {image.pixel(x, y) for x in range(0, 1100, 2) for y in range(0, 700, 2)}
    assert qRgb(0xF2, 0xE9, 0x5E) in colours, "the ground of changed bytes"
    assert qRgb(0xAA, 0x33, 0x77) in colours, "the state on the map"
    assert bandit.read_bytes() == before


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("99999999999x5", "99999999999x5 is too large: at most 8192x8192"),
        ("20000x20000", "20000x20000 is too large: at most 8192x8192"),
        ("0x5", "0x5 is no size: write it like 1440x900"),
    ],
)
def test_a_size_beyond_any_screen_is_misuse(
    bandit: Path, tmp_path: Path, size: str, said: str
) -> None:
    done = run(bandit, "--screenshot", tmp_path / "out.png", "--size", size)
    assert (done.returncode, said in done.stderr) == (2, True)
    assert not (tmp_path / "out.png").exists()


def test_a_window_that_is_larger_than_asked_for_says_so(bandit: Path, tmp_path: Path) -> None:
    done = run(bandit, "--screenshot", tmp_path / "out.png", "--size", "300x200")
    assert done.returncode == 0
    assert done.stderr == "The window is larger: it needs 1024x640\n"


def test_a_screenshot_replaces_a_picture_and_nothing_else(bandit: Path, tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("Dear Ada")
    link = tmp_path / "link.png"
    link.symlink_to(letter)
    for path in (letter, link):
        done = run(bandit, "--screenshot", path)
        assert (done.returncode, "exists and is no PNG picture" in done.stderr) == (2, True)
    assert letter.read_text() == "Dear Ada"
    picture = tmp_path / "out.png"
    for _ in range(2):
        assert run(bandit, "--screenshot", picture).returncode == 0


SCREENS = {  # width and height in logical pixels, what the window takes of it
    "1366x768": (1366, 768, (1366, 728)),
    "1920x1080": (1920, 1080, (1440, 900)),
    "1920x1080 at scale 2": (960, 540, (960, 500)),
}


@pytest.mark.parametrize("name", SCREENS)
def test_the_first_window_fits_on_the_screen(bandit: Path, tmp_path: Path, name: str) -> None:
    width, height, expected = SCREENS[name]
    screen = {"name": "one", "x": 0, "y": 0, "width": width, "height": height}
    config = tmp_path / "screens.json"
    config.write_text(json.dumps({"screens": [screen]}))
    sizes = window_sizes(bandit, tmp_path, f"offscreen:configfile={config}")
    assert sizes == {expected}
    # A size that is given counts more than the one of the last time.
    sizes = window_sizes(bandit, tmp_path, f"offscreen:configfile={config}", "--size", "1100x700")
    assert sizes == {(1100, 700)}


def test_steps_show_a_byte_that_they_changed(bandit: Path, tmp_path: Path) -> None:
    script = (
        "from wasmstate_gui.window.main_window import MainWindow\n"
        "grab = MainWindow.grab\n"
        "def say_and_grab(window):\n"
        "    first, end = window.panels.page.hex.visible_range()\n"
        "    start, last, *_ = window.panels.page.hex.selection\n"
        "    changed = [at for at in window.picture.changed if start <= at < last]\n"
        "    print(bool(changed) and first <= changed[0] < end)\n"
        "    return grab(window)\n"
        "MainWindow.grab = say_and_grab\n"
        "from wasmstate_gui.app import main\n"
        "main()\n"
    )
    for size in ("1366x768", "1024x640", "1280x800"):
        picture = tmp_path / f"{size}.png"
        options = ["--screenshot", str(picture), "--step", "3", "--size", size]
        done = subprocess.run(
            [sys.executable, "-c", script, bandit, *options],
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (size, done.returncode, done.stdout) == (size, 0, "True\n")


def window_sizes(file: Path, home: Path, platform: str, *options: str) -> set[tuple[int, int]]:
    """The sizes of the window that the command opens, whenever it is shown; then it is closed."""
    script = (
        "from PySide6.QtWidgets import QApplication\n"
        "from wasmstate_gui.window.main_window import MainWindow\n"
        "shown = MainWindow.showEvent\n"
        "def close_soon(window, event):\n"
        "    shown(window, event)\n"
        "    print(window.width(), window.height())\n"
        "    window.idle.connect(window.close)\n"
        "MainWindow.showEvent = close_soon\n"
        "from wasmstate_gui.app import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file), *options],
        env={**os.environ, "QT_QPA_PLATFORM": platform, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return {(int(w), int(h)) for w, h in map(str.split, done.stdout.splitlines())}


def test_a_damaged_file_opens_with_its_problems_in_front(bandit: Path, tmp_path: Path) -> None:
    content = bytearray(bandit.read_bytes())
    content[-100] ^= 4
    bandit.write_bytes(content)
    pictures = []
    for options in ([], ["--panel", "Problems"], ["--panel", "Module"]):
        picture = tmp_path / "out.png"
        assert run(bandit, "--screenshot", picture, *options).returncode == 0
        pictures.append(QImage(str(picture)))
    assert pictures[0] == pictures[1] != pictures[2]


def test_the_command_line_opens_it_in_its_own_process(bandit: Path, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from wasmstate.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print('wasmstate_gui.window.main_window' in sys.modules)\n"
    )
    words = [sys.executable, "-c", script, "inspect", str(bandit), "--screenshot"]
    picture = tmp_path / "out.png"
    done = subprocess.run(
        [*words, str(picture), "--size", "1100x700"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
    assert QImage(str(picture)).width() == 1100


def test_ctrl_c_ends_it_and_the_process_that_runs_calls(bandit: Path, qtbot: QtBot) -> None:
    script = "from wasmstate.cli import main; main()"
    words = [sys.executable, "-c", script, "inspect", str(bandit)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL) as window:
        try:
            children = Path(f"/proc/{window.pid}/task/{window.pid}/children")
            qtbot.waitUntil(lambda: children.read_text() != "", timeout=60_000)
            worker = Path("/proc", children.read_text().split()[0])
            window.send_signal(signal.SIGINT)
            assert window.wait(timeout=10) == -signal.SIGINT
            qtbot.waitUntil(lambda: not worker.exists(), timeout=10_000)
        finally:
            window.kill()


def test_a_panel_is_brought_to_the_front(bandit: Path, tmp_path: Path) -> None:
    pictures = []
    for panel in ("Timeline", "Problems", "Module"):
        picture = tmp_path / f"{panel}.png"
        done = run(bandit, "--screenshot", picture, "--panel", panel, "--size", "1024x640")
        assert (done.returncode, done.stderr) == (0, "")
        pictures.append(QImage(str(picture)))
    assert all(one != other for one, other in itertools.combinations(pictures, 2))
    done = run(bandit, "--screenshot", tmp_path / "out.png", "--panel", "Steps")
    assert done.returncode == 1
    names = "Layout, Tensors, Step, Timeline, Problems, Module, Overview, Why"
    assert done.stderr == f"Error: there is no panel Steps: {names}\n"


def test_without_a_display_the_program_says_what_would_help(bandit: Path) -> None:
    done = run(bandit)
    assert done.returncode == 2
    assert done.stderr == (
        "Error: there is no display (DISPLAY and WAYLAND_DISPLAY are not set).\n"
        "To draw the window to a picture instead: wasmstate inspect FILE --screenshot OUT.png\n"
    )


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "none.wasm", "--screenshot", tmp_path / "out.png")
    assert done.returncode == 1
    assert "none.wasm: No such file or directory" in done.stderr


def test_steps_that_cannot_be_made_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "plain.wasm"
    path.write_bytes(b"\0asm\x01\0\0\0")
    done = run(path, "--screenshot", tmp_path / "out.png", "--step", "1")
    assert done.returncode == 1
    assert done.stderr == "Error: there is no update() that could be called\n"


def test_a_picture_is_never_drawn_over_the_file_nor_over_a_module(tmp_path: Path) -> None:
    path = tmp_path / "named.png"
    path.write_bytes(b"\0asm\x01\0\0\0")
    done = run(path, "--screenshot", path)
    assert done.returncode == 2
    assert f"{path} is the file that is to be looked at" in done.stderr
    other = path.rename(tmp_path / "other.wasm")
    done = run(other, "--screenshot", other)
    assert done.returncode == 2
    assert "other.wasm: a picture is written as PNG: name it OUT.png" in done.stderr
    assert other.read_bytes() == b"\0asm\x01\0\0\0"


def test_without_qt_the_program_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['PySide6'] = None; from wasmstate_gui.app import main; main()"
    words = [sys.executable, "-c", hidden, "--screenshot", str(tmp_path / "out.png")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith("Error: the window needs Qt: pip install 'wasmstate[gui]'\n")


@pytest.mark.parametrize(
    ("library", "remedy"),
    [
        ("libglib-2.0.so.0", "on Debian: apt-get install libglib2.0-0"),
        ("libGL.so.1", "on Debian: apt-get install libgl1"),
        ("libwhatever.so.7", "install what has it"),
    ],
)
def test_a_missing_system_library_is_named_with_its_package(
    bandit: Path, tmp_path: Path, library: str, remedy: str
) -> None:
    planted = tmp_path / "PySide6"
    planted.mkdir()
    reason = f"{library}: cannot open shared object file: No such file or directory"
    (planted / "__init__.py").touch()
    (planted / "QtCore.py").write_text(f"raise ImportError({reason!r})")
    done = run(bandit, "--screenshot", tmp_path / "out.png", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.endswith(f"Error: Qt needs the system library {library}; {remedy}\n")


def test_a_system_without_fonts_is_an_error_with_a_remedy(bandit: Path, tmp_path: Path) -> None:
    fonts = tmp_path / "fonts.conf"
    fonts.write_text("<fontconfig></fontconfig>")
    done = run(bandit, "--screenshot", tmp_path / "out.png", FONTCONFIG_FILE=str(fonts))
    assert done.returncode == 2
    assert done.stderr.endswith("on Debian: apt-get install fonts-dejavu-core\n")
    assert not (tmp_path / "out.png").exists()


def test_a_size_that_is_none_is_refused(tmp_path: Path) -> None:
    done = run("--screenshot", tmp_path / "out.png", "--size", "big")
    assert done.returncode == 2
    assert "big is no size: write it like 1440x900" in done.stderr


def test_qt_does_not_lose_references_to_none() -> None:
    """PySide6 6.12.0 does on Python before 3.12: "Fatal Python error: none_dealloc"."""
    script = (
        "from PySide6.QtCore import QObject\n"
        "thing = QObject()\n"
        "for _ in range(20_000):\n"
        "    thing.setObjectName('x')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
