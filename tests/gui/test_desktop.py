"""What desktops know of the window: its entry, the type of its files, and other windows."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui_support import WAIT, OpenWindow
from wasmstate_gui.window.main_window import MainWindow

ROOT = Path(__file__).resolve().parents[2]
SHARE = ROOT / "gui" / "share"
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"
CHECKS = {
    "desktop-file-validate": ["wasmstate-inspector.desktop"],
    # Without a site of its own the program has no reverse domain name.
    "appstreamcli": [
        "validate",
        "--no-net",
        "--override=cid-desktopapp-is-not-rdns=info",
        "wasmstate-inspector.metainfo.xml",
    ],
}


def test_the_wheel_installs_each_file_for_desktops() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert all((ROOT / source).is_file() for source in shared)
    assert {path.name for path in SHARE.iterdir()} <= {Path(source).name for source in shared}


@pytest.mark.usefixtures("qapp")
def test_the_entry_names_a_program_a_type_and_an_icon_that_are_installed() -> None:
    lines = (SHARE / "wasmstate-inspector.desktop").read_text().splitlines()[1:]
    entry = dict(line.split("=", 1) for line in lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert entry["Exec"].split()[0] in project["project"]["gui-scripts"]
    mime = ElementTree.parse(SHARE / "wasmstate-mime.xml").getroot().find(f"{MIME}mime-type")
    assert mime is not None
    assert entry["MimeType"] == f"{mime.get('type')};"
    assert QApplication.desktopFileName() == entry["Icon"] == "wasmstate-inspector"


@pytest.mark.parametrize("program", CHECKS)
def test_the_validators_of_freedesktop_accept_the_files(program: str) -> None:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [path, *CHECKS[program]], cwd=SHARE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ctrl_shift_n_opens_a_window_that_is_closed_alone(
    qtbot: QtBot, bandit: Path, open_window: OpenWindow
) -> None:
    window = open_window(bandit)
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_N, modifiers)
    (other,) = (
        each
        for each in QApplication.topLevelWidgets()
        if isinstance(each, MainWindow) and each.isVisible() and each is not window
    )
    qtbot.addWidget(other)
    with qtbot.waitSignal(other.idle, timeout=WAIT):
        other.open(bandit)
    other.close()
    assert window.isVisible()
    assert window.picture is not None
