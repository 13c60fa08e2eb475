"""Loads the templates in ``reports/``, which lay out pages and Markdown in the current language."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from logdiag.files.resources import folder
from logdiag.i18n import gettext, ngettext
from logdiag.report import labels, sentences


def make_environment(escape: Callable[[str], str]) -> Environment:
    """Return an environment whose templates print a string only through ``escape``, unless it is `Markup`.

    If ``escape`` returns no `Markup`, Jinja's escaping for HTML comes after it.
    """

    def printed(value: Any) -> Any:
        if value is None:
            return ""
        return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    # Translations are trusted, values are not: only the values are escaped.
    def filled(text: str, values: dict[str, Any]) -> Markup:
        return Markup(text).format(**{name: printed(value) for name, value in values.items()})  # noqa: S704

    def translated(text: str, /, **values: Any) -> Markup:
        return filled(gettext(text), values)

    def translated_by_number(one: str, several: str, number: int, /, **values: Any) -> Markup:
        return filled(ngettext(one, several, number), values)

    environment = Environment(
        loader=FileSystemLoader(folder("reports")),
        autoescape=True,
        # A misspelled name ends in an error, not in an empty place in the report.
        undefined=StrictUndefined,
        finalize=printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        _=translated, ngettext=translated_by_number, labels=labels, sentences=sentences
    )
    environment.filters["number"] = "{:,}".format
    return environment


def assets(styles: tuple[str, ...], script: str) -> dict[str, str]:
    """Return a page's style and script, and the digests by which its policy allows them and no others."""
    style, code = "".join(map(asset, styles)), asset(script)
    return {
        "style": Markup(style),  # noqa: S704 - our own files, which hold no value
        "script": Markup(code),  # noqa: S704
        "style_hash": _csp_hash(style),
        "script_hash": _csp_hash(code),
    }


@cache
def asset(name: str) -> str:
    """Return a style or a script from ``reports/``."""
    return (folder("reports") / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
