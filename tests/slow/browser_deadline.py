"""A model in a Worker of Chromium: a call that never returns is ended, S outlives it."""

from __future__ import annotations

from pathlib import Path

from browser import Browser, Site, needs_chromium
from models import FIXTURES
from node import JS

pytestmark = needs_chromium

WORKER = """
import { OpfsStore, open } from "/dist/index.js";
import { serve } from "/dist/remote.js";
await serve(async () => {
  const bytes = new Uint8Array(await (await fetch("/model.wasm")).arrayBuffer());
  return open(await OpfsStore.open("endless", bytes));
});
"""
SCRIPT = """
import { openRemote } from "/dist/remote.js";
const say = (value) => fetch("/said", { method: "POST", body: JSON.stringify(value) });
try {
  const start = () => new Worker("/worker.js", { type: "module" });
  const model = await openRemote(start, { seconds: 0.5 });
  const codes = [];
  for (const how of [0, 1, 2, 0, 1, 1, 0])
    await model.update(how).then(() => codes.push("done"), (error) => codes.push(error.code));
  const [n, generation] = [await model.predict(), await model.generation()].map(Number);
  await say({ codes, n, generation });
  const broken = openRemote(() => new Worker("/none.js", { type: "module" }));
  await say(await broken.catch((error) => ({ code: error.code, message: error.message })));
} catch (error) {
  await say({ error: `${error.code} ${error.stack}` });
}
"""


def test_endless_calls_end_and_the_store_opens_again(tmp_path: Path) -> None:
    assert (JS / "dist/remote.js").is_file()
    pages = {
        "/model.wasm": (FIXTURES / "vectors/modules/endless.wasm").read_bytes(),
        "/worker.js": WORKER.encode(),
        "/run.js": SCRIPT.encode(),
        "/deadline.html": b"<!doctype html><script type=module src=/run.js></script>",
    }
    with Site(pages) as site:
        browser = Browser(tmp_path / "profile", f"{site.url}/deadline.html")
        try:
            found, broken = site.next_said(), site.next_said()
        finally:
            browser.kill()
    late = "deadline"
    assert found == {
        "codes": ["done", late, "trap", "done", late, late, "done"],
        "n": 3,
        "generation": 3,
    }
    assert broken["code"] == "link"
