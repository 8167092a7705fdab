"""Starting :mod:`hostile.measured`, and reading what it reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WARNINGS = "error,default::UserWarning"
"""``predict()`` that changes S is warned of; any other warning is an error."""

_TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Measured:
    """What a process did, and what it took.

    Attributes:
        output: standard output.
        errors: standard error.
        report: of :mod:`hostile.measured`.
    """

    output: str
    errors: str
    report: dict[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.report["seconds"])

    @property
    def memory(self) -> int:
        """Bytes beyond what Python and the libraries take."""
        return int(self.report["memory"])


def measured(folder: Path, *arguments: str) -> Measured:
    """Run and measure; fails if the process ends in any other way than the report says."""
    report = folder / "report.json"
    environment = os.environ | {"PYTHONPATH": str(_TESTS), "PYTHONWARNINGS": WARNINGS}
    done = subprocess.run(
        [sys.executable, _TESTS / "hostile" / "measured.py", report, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, f"status {done.returncode}\n{done.stderr}"
    return Measured(done.stdout, done.stderr, json.loads(report.read_text()))
