"""What all tests need."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# Without a display Qt aborts the process; the tests never need one.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Widths and pictures depend on the fonts: the tests use DejaVu, which .ci/setup installs.
if any(Path("/usr/share/fonts").rglob("DejaVuSansMono.ttf")):
    os.environ["FONTCONFIG_FILE"] = str(Path(__file__).with_name("fonts.conf"))
# A job in the background of a shell ignores Ctrl+C, one under nohup SIGHUP, and so would each
# program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
# Tests leave the user's cache alone.
os.environ["WASMSTATE_CACHE"] = "off"


@pytest.fixture(scope="module", params=["fast calls", "public calls"])
def calls(request: pytest.FixtureRequest) -> Iterator[str]:
    """Either way into wasmtime, for tests that must pass with both."""
    from wasmstate.runtime.unchecked_call import public_calls

    if request.param == "fast calls":
        yield request.param
        return
    with public_calls():
        yield request.param
