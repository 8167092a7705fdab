"""Take from the pages of the notebooks what changes from run to run, or is not for readers.

Charts say when they were drawn, lines end in spaces, and blank lines stand in heaps.

nbconvert makes the pages when make notebooks runs. myst-nb would do so whenever the site is
built, but brings 43 packages into every environment that builds it.
"""

import re
from pathlib import Path

FOLDER = Path(__file__).parent

for page in FOLDER.glob("*_files/*.svg"):
    text = re.sub(r" *<dc:date>.*</dc:date>\n", "", page.read_text(encoding="utf-8"))
    page.write_text(re.sub(r"[ \t]+$", "", text, flags=re.M), encoding="utf-8")
for page in FOLDER.glob("*.ipynb"):
    text = re.sub(r" *<dc:date>.*?</dc:date>\\n", "", page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")
    page = page.with_suffix(".md")
    text = re.sub(r"[ \t]+$", "", page.read_text(encoding="utf-8"), flags=re.M)
    page.write_text(re.sub(r"\n{4,}", "\n\n", text).rstrip() + "\n", encoding="utf-8")
