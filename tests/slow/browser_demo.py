"""The page in js/demo: a model is dropped, learns, the browser is killed, and S is there again."""

from __future__ import annotations

from pathlib import Path

from browser import Browser, Site, needs_chromium
from models import FIXTURES
from node import JS

pytestmark = needs_chromium

SCRIPT = """
const say = (value) => fetch("/said", { method: "POST", body: JSON.stringify(value) });
const until = (did) => new Promise((resolve) => {
  const look = () => (document.body.dataset.did === did ? resolve() : requestAnimationFrame(look));
  look();
});
const find = (selector) => document.querySelector(selector);
const tell = () => say({
  summary: find("#summary").textContent,
  answer: find("#answer").textContent,
  rows: Array.from(document.querySelectorAll("tbody tr"), (row) => row.textContent),
});
const call = async (name, ...values) => {
  document.body.dataset.did = "";
  const form = find(`#call-${name}`);
  values.forEach((value, i) => { form.elements[i].value = value; });
  form.requestSubmit();
  await until("call");
};
await until("open");
await tell();
if (find("main").hidden) {
  const files = new DataTransfer();
  files.items.add(new File([await (await fetch("/model.wasm")).arrayBuffer()], "model.wasm"));
  find("#drop input").files = files.files;
  find("#drop input").dispatchEvent(new Event("change"));
  await until("replace");
  await call("update", "2", "1.0");
  await call("update", "2", "0.0");
  await call("update", "9", "1.0");
  await tell();
}
"""


def test_a_model_in_the_page_outlives_the_browser(tmp_path: Path) -> None:
    index = (JS / "demo/index.html").read_text(encoding="utf-8")
    pages = {
        "/demo/try.html": f"{index}<script type=module src=/try.js></script>".encode(),
        "/try.js": SCRIPT.encode(),
        "/model.wasm": (FIXTURES / "bandit.wasm").read_bytes(),
    }
    with Site(pages) as site:
        browser = Browser(tmp_path / "profile", f"{site.url}/demo/try.html")
        try:
            assert site.next_said() == {"summary": "", "answer": "", "rows": []}
            said = site.next_said()
        finally:
            browser.kill()
        assert said["summary"] == "Generation 2, 2 updates"
        assert said["answer"] == "update trapped: unreachable; S is what it was"
        assert said["rows"][0] == "successesf64[4]1  1  2  1"
        browser = Browser(tmp_path / "profile", f"{site.url}/demo/try.html")
        try:
            again = site.next_said()
        finally:
            browser.kill()
    assert again == {**said, "answer": "It was here: this is what it has learned."}
