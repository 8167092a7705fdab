"""The most memory that this process has had, as Linux counts it."""

from __future__ import annotations

from pathlib import Path


def peak() -> int:
    """The peak since the process began, or since :func:`reset_peak`, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return found << 10


def reset_peak() -> int:
    """Let the peak begin with what the process has now; gives that, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()
