"""Renders procedures: for a terminal, and as HTML, Markdown and JSON for a file."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from rich.console import RenderableType
from rich.text import Text

from logdiag.i18n import gettext
from logdiag.model import to_plain
from logdiag.procedure import ProcedurePage
from logdiag.report import html, labels, markdown, sentences
from logdiag.report.sanitize import one_line
from logdiag.report.terminal import MIN_WIDTH, SOFT, item, print_parts, section, step_item

SCHEMA = "logdiag.procedures/1"
MAX_VALUE_LENGTH = 4000
"""Characters that are shown of one text: a step has to be readable to its end."""

_line = partial(one_line, max_length=MAX_VALUE_LENGTH)


def to_list(pages: Sequence[ProcedurePage]) -> str:
    """Return the names and titles of procedures, in groups by their kind."""
    longest = max(len(page.name) for page in pages)
    lines = []
    for kind, of_kind in itertools.groupby(pages, key=lambda page: page.kind):
        lines += [labels.PROCEDURES[kind]]
        lines += [f"  {_line(page.name):<{longest}}  {_line(page.title)}" for page in of_kind]
    return "\n".join([*lines, ""])


def to_text(pages: Sequence[ProcedurePage], *, color: bool, width: int) -> str:
    """Return procedures laid out for ``width`` columns, with ANSI colours if ``color``."""
    parts = [part for page in pages for part in _page(page)]
    return print_parts(parts, color=color, width=max(width, MIN_WIDTH))


def _page(page: ProcedurePage) -> Iterator[RenderableType]:
    yield Text(_line(page.title), style="bold")
    yield Text(_line(page.name), style=SOFT)
    if page.before:
        yield from section(gettext("Before you begin"), *(item("-", Text(_line(one))) for one in page.before))
    for cluster in page.clusters:
        yield from section(
            sentences.cluster_title(cluster), *([Text(_line(cluster.note))] if cluster.note else [])
        )
        for number, step in enumerate(cluster.steps, start=1):
            notes = sentences.notes(step, brief=False)
            yield step_item(number, sentences.where(step), step, notes, max_length=MAX_VALUE_LENGTH)
    if page.references:
        yield from section(
            gettext("References"), *(item("-", Text(_line(one), style=SOFT)) for one in page.references)
        )


def to_html(pages: Sequence[ProcedurePage], language: str) -> str:
    """Return procedures as one page, which needs no other file."""
    return html.render_page("procedures.html.jinja", pages=pages, language=language, title=_title(pages))


def to_markdown(pages: Sequence[ProcedurePage], language: str) -> str:
    """Return procedures as a Markdown document."""
    return markdown.render_document("procedures.md.jinja", pages=pages, title=_title(pages))


def to_json(pages: Sequence[ProcedurePage], language: str) -> str:
    """Return procedures for a program."""
    found = {"schema": SCHEMA, "language": language, "procedures": to_plain(pages)}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


VIEWS: dict[str, Callable[[Sequence[ProcedurePage], str], str]] = {
    ".md": to_markdown,
    ".html": to_html,
    ".json": to_json,
}
"""The outputs that are written to a file, by the suffix of the file."""


def _title(pages: Sequence[ProcedurePage]) -> str:
    return pages[0].title if len(pages) == 1 else gettext("Procedures")
