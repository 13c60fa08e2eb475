"""How the site is built: ``sphinx-build -W -b html docs OUT``, without a network."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from made import completed, with_links_at_home
from pygments.lexers.special import TextLexer

project = "logdiag"
author = "The logdiag developers"
project_copyright = author
release = version = version_of("logdiag")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

smartquotes_action = "D"  # dashes alone: quotes are as they are typed
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
html_show_search_summary = False  # it would be fetched, which a browser refuses for files
html_theme_options = {"top_of_page_buttons": []}


def _read(app, name, source):
    """What the program says itself is put into the page as it is read: no file is made for it."""
    source[0] = with_links_at_home(completed(source[0]), Path(app.srcdir) / f"{name}.md")


def setup(app):
    """Called by Sphinx."""
    app.add_lexer("log", TextLexer)
    app.connect("source-read", _read)
