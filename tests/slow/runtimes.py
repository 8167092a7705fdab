"""Python, Node and C commit to one file 300 times, and are killed 30 times: no commit is lost."""

from __future__ import annotations

from pathlib import Path

from alternate import commit_until_killed
from c_driver import DRIVER, compile_c, needs_compiler
from models import copy_fixture
from node import needs_package


@needs_package
def test_no_commit_of_python_and_node_is_lost(tmp_path: Path) -> None:
    path = copy_fixture("welford", tmp_path)
    assert commit_until_killed(path, rounds=30, acknowledged=10) >= 300


@needs_package
@needs_compiler
def test_no_commit_of_python_node_and_c_is_lost(tmp_path: Path) -> None:
    driver = compile_c(DRIVER, tmp_path / "driver", "-O2")
    path = copy_fixture("welford", tmp_path)
    assert commit_until_killed(path, rounds=30, acknowledged=10, driver=driver) >= 300
