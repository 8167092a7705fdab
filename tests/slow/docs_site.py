"""The built pages in a browser, wide and narrow: nothing is cut off, no link is dead.

Run by ``make check``, after the pages are built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import pytest

from browser import Browser, Site, has_chromium

BUILD = Path(__file__).resolve().parents[2] / "docs" / "build"
WIDTHS = (1280, 390)
# Sphinx's own lists of names have no text of ours.
PAGES = sorted(
    path.relative_to(BUILD).as_posix()
    for path in BUILD.rglob("*.html")
    if not re.match(r"_|genindex|py-modindex|search", path.relative_to(BUILD).as_posix())
)

# A frame is as wide as a window would be. What sticks out of its box and cannot be scrolled is cut
# off; a block of code must not even scroll, nor may the page.
LOOK = """<!doctype html><body><script>
const say = (found) => fetch('/said', {method: 'POST', body: JSON.stringify(found)});
const load = (path, width) => new Promise((done, fail) => {
  const frame = document.createElement('iframe');
  frame.width = width; frame.height = 900;
  frame.onload = () => done(frame); frame.onerror = fail; frame.src = '/' + path;
  document.body.replaceChildren(frame);
});
const look = async (path, width) => {
  const {contentDocument: page} = await load(path, width);
  const found = [];
  const root = page.scrollingElement;
  if (root.scrollWidth > root.clientWidth + 1) found.push(`the page is ${root.scrollWidth} wide`);
  for (const pre of page.querySelectorAll('.highlight pre'))
    if (pre.scrollWidth > pre.clientWidth + 1) found.push('code: ' + pre.textContent.slice(0, 60));
  for (const table of page.querySelectorAll('article table')) {
    const box = table.closest('.table-wrapper') ?? table;
    const hidden = !['auto', 'scroll'].includes(page.defaultView.getComputedStyle(box).overflowX);
    if (hidden && table.scrollWidth > box.clientWidth + 4)
      found.push('table: ' + table.textContent.slice(0, 60));
  }
  for (const image of page.querySelectorAll('article img'))
    if (image.complete && !image.naturalWidth) found.push('no picture: ' + image.src);
  return found.map((each) => `${path} at ${width}: ${each}`);
};
(async () => {
  for (const width of WIDTHS) {
    const found = [];
    for (const path of PAGES) found.push(...await look(path, width));
    await say({found, pages: PAGES.length});
  }
})().catch((error) => say({error: String(error.stack)}));
</script>"""


class Links(HTMLParser):
    """The links of a page, and what they can lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what has an address or a name."""
        given = dict(attrs)
        if given.get("id"):
            self.anchors.add(str(given["id"]))
        for key in ("href", "src"):
            if given.get(key):
                self.targets.append(str(given[key]))


def dead(pages: dict[str, Links]) -> Iterator[str]:
    """The links within the site that lead nowhere."""
    for path, page in pages.items():
        for target in page.targets:
            if re.match(r"[a-z]+:|//", target) or path == "404.html":
                continue
            to, anchor = urldefrag(unquote(urljoin(path, target)))
            if to in pages:
                if anchor not in pages[to].anchors:
                    yield f"{path}: {target}"
            elif not (BUILD / to.split("?")[0]).exists():
                yield f"{path}: {target}"


@pytest.mark.skipif(not PAGES, reason="the documentation is not built: make docs")
def test_no_link_is_dead() -> None:
    everything = {path: Links((BUILD / path).read_text(encoding="utf-8")) for path in PAGES}
    assert list(dead(everything)) == []


@has_chromium
@pytest.mark.skipif(not PAGES, reason="the documentation is not built: make docs")
def test_nothing_is_cut_off(tmp_path: Path) -> None:
    script = LOOK.replace("WIDTHS", json.dumps(WIDTHS)).replace("PAGES", json.dumps(PAGES))
    with Site({"/look.html": script.encode()}, BUILD) as site:
        browser = Browser(tmp_path, f"{site.url}/look.html")
        try:
            said: list[dict[str, Any]] = [site.next_said() for _ in WIDTHS]
        finally:
            browser.kill()
    assert said == [{"found": [], "pages": len(PAGES)} for _ in WIDTHS]
