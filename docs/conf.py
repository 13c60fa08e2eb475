"""Configure Sphinx: ``sphinx-build -W -b html docs OUT`` builds the site without a network."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generated import insert_generated, resolve_links
from pygments.lexers.special import TextLexer

project = "logdiag"
author = "The logdiag developers"
project_copyright = author
release = version = version_of("logdiag")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

smartquotes_action = "D"  # dashes only: quotes in examples must stay straight
default_role = "code"  # docstrings write names in single backticks
myst_heading_anchors = 4
autodoc_typehints = "description"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"logdiag {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it is fetched, which browsers refuse for file: pages
html_theme_options = {"top_of_page_buttons": []}


def _read(app, name, source):
    """Insert the generated parts into a page when Sphinx reads it. No file is written."""
    source[0] = resolve_links(insert_generated(source[0]), Path(app.srcdir) / f"{name}.md")


def setup(app):
    """Register the hooks. Sphinx calls this function."""
    app.add_lexer("log", TextLexer)
    app.connect("source-read", _read)
