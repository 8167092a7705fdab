"""What a byte of a file can belong to."""

from __future__ import annotations

KINDS = ("header", "declarations", "code", "data", "custom", "state", "unknown")
"""Each has its colour."""
