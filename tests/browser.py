"""Chromium without a window: pages of ours, which say what they see, and its sudden end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self

import pytest

from node import JS, needs_package

CHROMIUM = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)
has_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
needs_chromium = [needs_package, has_chromium]


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, said: Queue[Any], pages: dict[str, bytes], **named: Any) -> None:
        self._said = said
        self._pages = pages
        super().__init__(*args, **named)

    def do_GET(self) -> None:
        page = self._pages.get(self.path)
        if page is None:
            super().do_GET()
            return
        kind = {"html": "text/html", "wasm": "application/wasm"}
        self.send_response(200)
        self.send_header("Content-Type", kind.get(self.path.rpartition(".")[2], "text/javascript"))
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self) -> None:
        self._said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that is killed breaks its connections."""


class Site:
    """The files of a folder and some pages more, on a port of localhost.

    Args:
        pages: the contents of further pages, by their paths.
        folder: whose files it gives; ``js/`` if not given.

    Attributes:
        said: what pages have sent to ``/said``, as JSON.
        url: of its top.
    """

    def __init__(self, pages: dict[str, bytes], folder: Path = JS) -> None:
        self.said: Queue[Any] = Queue()
        handler = partial(_Handler, directory=str(folder), said=self.said, pages=pages)
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next_said(self) -> Any:
        """What is said next; an error of the page fails the test."""
        said = self.said.get(timeout=60)
        assert "error" not in said, said
        return said


class Browser:
    """A browser on one page, which keeps its data in a folder.

    Args:
        profile: the folder.
        url: of the page.
    """

    def __init__(self, profile: Path, url: str) -> None:
        assert CHROMIUM is not None
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        flags += ["--no-first-run", "--disable-extensions", f"--user-data-dir={profile}"]
        flags.append("--remote-debugging-port=0")  # else it ends when the page is loaded
        self._process = subprocess.Popen(
            [CHROMIUM, *flags, url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End all its processes at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
