"""Loads the templates in ``reports/``, which lay out pages and Markdown in the current language."""

import base64
import hashlib
from collections.abc import Callable
from functools import cache as once
from importlib.metadata import version
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from logdiag.files import cache
from logdiag.files.resources import folder
from logdiag.i18n import gettext, ngettext
from logdiag.report import labels, sentences

_JINJA = version("jinja2").encode()


class _TemplateCache(BytecodeCache):
    """Compiled templates, cached between runs: compiling them takes longer than rendering a small report.

    Jinja checks that the text of a template is the one that was compiled.
    """

    def __init__(self, kind: str) -> None:
        """Keep the templates of a kind of environment: constants in a template are escaped already."""
        self._kind = kind

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load a template; leave the bucket empty if nothing usable is cached."""
        # This user's logdiag wrote these bytes: `cache.kept` checks owner and digest.
        if (body := cache.kept_by_this_code(self._file(bucket), _JINJA)) is not None:
            bucket.bytecode_from_string(body)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template."""
        cache.keep_by_this_code(self._file(bucket), bucket.bytecode_to_string(), _JINJA)

    def _file(self, bucket: Bucket) -> str:
        # Jinja's key is made of the name and the path of the template.
        return f"template-{hashlib.sha256(f'{self._kind} {bucket.key}'.encode()).hexdigest()[:32]}"


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
        bytecode_cache=_TemplateCache(f"{escape.__module__}.{escape.__qualname__}"),
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


@once
def assets(styles: tuple[str, ...], script: str) -> dict[str, str]:
    """Return a page's style and script, and the digests by which its policy allows them and no others."""
    style, code = "".join(map(asset, styles)), asset(script)
    return {
        "style": Markup(style),  # noqa: S704 - our own files, which hold no value
        "script": Markup(code),  # noqa: S704
        "style_hash": _csp_hash(style),
        "script_hash": _csp_hash(code),
    }


def asset(name: str) -> str:
    """Return a style or a script from ``reports/``."""
    return (folder("reports") / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
