"""How Sphinx builds these pages: ``make docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from wasmstate import __version__  # noqa: E402 - the sources, not an installed copy

project = "wasmstate"
author = "the wasmstate authors"
copyright = author
version = release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "extensions.references",
]
exclude_patterns = ["build"]

html_theme = "furo"
html_title = f"wasmstate {version}"
html_static_path = ["static"]
html_css_files = ["wasmstate.css"]
templates_path = ["templates"]
html_additional_pages = {"404": "404.html"}
html_copy_source = False
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autosummary_generate = False  # the tables stand in pages that are written by hand
napoleon_google_docstring = True
napoleon_use_ivar = True  # attributes as a list, like arguments
python_maximum_signature_line_length = 80

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# "$ " is no part of a command, and what a command prints is not copied.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

# Only the names that these pages use, in the inventories' plain format: nothing is downloaded.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", "inventories/python.inv"),
    "numpy": ("https://numpy.org/doc/stable", "inventories/numpy.inv"),
}

nitpicky = True
