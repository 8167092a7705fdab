"""What all tests need."""

from __future__ import annotations

import os

# Without a display Qt aborts the process; the tests never need one.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
