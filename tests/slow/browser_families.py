"""Every model learns a thousand rows in Python and in Chromium: the files have the same bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from browser import Browser, Site, needs_chromium
from thousand_rows import MODULES, learn_in_python

pytestmark = needs_chromium

SCRIPT = """
import { MemoryStore, open } from "/dist/wasmstate.min.js";
const say = (value) => fetch("/said", { method: "POST", body: JSON.stringify(value) });
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
try {
  const found = {};
  for (const [name, rows] of Object.entries(await (await fetch("/rows.js")).json())) {
    const bytes = new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());
    const store = new MemoryStore(bytes);
    const model = await open(store, { persist: "on-close" });
    for (const row of rows) await model.update(...row);
    await model.close();
    found[name] = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", store.bytes)));
  }
  await say(found);
} catch (error) {
  await say({ error: `${error.code} ${error.stack}` });
}
"""


def test_a_thousand_updates_leave_the_same_bytes(tmp_path: Path) -> None:
    rows = learn_in_python(tmp_path / "python")
    pages = {f"/{name}": (MODULES / name).read_bytes() for name in rows}
    pages["/rows.js"] = json.dumps(rows).encode()
    pages["/run.js"] = SCRIPT.encode()
    pages["/families.html"] = b"<!doctype html><script type=module src=/run.js></script>"
    with Site(pages) as site:
        browser = Browser(tmp_path / "profile", f"{site.url}/families.html")
        try:
            found = site.next_said()
        finally:
            browser.kill()
    for name in rows:
        file = (tmp_path / "python" / name).read_bytes()
        assert hashlib.sha256(file).hexdigest() == found[name], name
