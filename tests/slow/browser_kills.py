"""A browser is killed while a page commits: S is that of the last commit or of the one begun."""

from __future__ import annotations

from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from browser import Browser, Site, needs_chromium
from models import FIXTURES
from support import THOROUGH

pytestmark = needs_chromium

KILLS = 200 if THOROUGH else 10

SCRIPT = """
import { open, IndexedDbStore, OpfsStore } from "/dist/index.js";
const say = (value) => fetch("/said", { method: "POST", body: JSON.stringify(value) });
try {
  const bytes = new Uint8Array(await (await fetch("/model.wasm")).arrayBuffer());
  const store = await STORE.open("model", bytes);
  const model = await open(store);
  const files = [];
  for await (const name of (await navigator.storage.getDirectory()).keys()) files.push(name);
  const { updates, tensors } = model.state;
  const findings = await model.check();
  const count = Number(tensors.count.values[0]);
  await say({ updates: Number(updates), count, findings, files: files.sort() });
  for (;;) {
    await model.update(1);
    await say({ updates: Number(model.state.updates) });
  }
} catch (error) {
  await say({ error: `${error.code} ${error.stack}` });
}
"""


def pages(store: str) -> dict[str, bytes]:
    """A page that commits without end, OPFS in a worker."""
    run = (
        'new Worker("/run.js", { type: "module" })' if store == "OpfsStore" else 'import("/run.js")'
    )
    return {
        "/kills.html": f"<!doctype html><script type=module>{run}</script>".encode(),
        "/run.js": SCRIPT.replace("STORE", store).encode(),
        "/model.wasm": (FIXTURES / "welford.wasm").read_bytes(),
    }


@pytest.mark.parametrize("store", ["OpfsStore", "IndexedDbStore"])
def test_a_killed_browser_loses_no_commit(tmp_path: Path, store: str) -> None:
    acknowledged = 0
    with Site(pages(store)) as site:
        for kill in range(KILLS):
            browser = Browser(tmp_path / "profile", f"{site.url}/kills.html")
            try:
                opened = site.next_said()
                assert acknowledged <= opened["updates"] <= acknowledged + 1
                assert opened["count"] == opened["updates"]
                assert opened["findings"] == []
                assert opened["files"] == (["model.a", "model.b"] if store == "OpfsStore" else [])
                for _ in range(1 + kill % 7):
                    acknowledged = site.next_said()["updates"]
            finally:
                browser.kill()
            acknowledged = max([acknowledged, *_left(site)])
    assert acknowledged >= KILLS


def _left(site: Site) -> list[Any]:
    """What the page has said between the last look and its end."""
    found = []
    try:
        while True:
            found.append(site.said.get(timeout=0.2)["updates"])
    except Empty:
        return found
