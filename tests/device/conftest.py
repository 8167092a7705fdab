"""One driver, compiled with sanitizers, for all tests of the header."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from c_driver import DRIVER, SANITIZERS, Driver, compile_c


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The driver as a program."""
    return compile_c(DRIVER, tmp_path_factory.mktemp("device") / "driver", *SANITIZERS)


@pytest.fixture
def driver(program: Path) -> Iterator[Driver]:
    """A driver that runs."""
    with Driver(program) as running:
        yield running
