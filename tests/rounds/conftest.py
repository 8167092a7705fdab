"""A fleet with a repository in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tuf", reason="needs wasmstate[pull]")

from rounds_support import Fleet


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """A fleet whose first round is published."""
    return Fleet.new(tmp_path)
