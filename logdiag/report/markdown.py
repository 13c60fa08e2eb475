"""Renders the diagnosis for a ticket, as Markdown for GitHub, GitLab and Jira.

The layout is ``reports/report.md.jinja``; each value that it prints goes through `inline` or `fenced`.
"""

from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from logdiag.model import Diagnosis
from logdiag.report import markdown_escape
from logdiag.report.actions import find_actions, find_prohibitions, find_repeated
from logdiag.report.limits import DOCUMENT, grouped, limited, rules_by_reason
from logdiag.report.sanitize import clipped
from logdiag.report.templates import make_environment

MAX_RECORDS = 8
"""Records that are shown of a finding."""
MAX_VALUE_LENGTH = 4000


def render(diagnosis: Diagnosis) -> str:
    """Return the report on ``diagnosis``, a Markdown document."""
    cut, left_out = limited(diagnosis, DOCUMENT)
    return render_document(
        "report.md.jinja",
        d=cut,
        whole=diagnosis.coverage,
        left_out=left_out,
        actions=find_actions(cut),
        prohibitions=find_prohibitions(cut),
        repeated=find_repeated(cut),
        groups=grouped(cut),
        unjudged=rules_by_reason(cut),
        max_records=MAX_RECORDS,
        max_length=MAX_VALUE_LENGTH,
    )


def render_document(template: str, **values: Any) -> str:
    """Return a document from a template in ``reports/``; each value that it prints is escaped."""
    return f"{_environment().get_template(template).render(**values)}\n"


@cache
def _environment() -> Environment:
    environment = make_environment(_inline)
    environment.globals["fenced"] = _fenced
    environment.filters["clipped"] = clipped
    return environment


def _inline(text: str) -> Markup:
    return Markup(markdown_escape.inline(clipped(text, MAX_VALUE_LENGTH)))  # noqa: S704 - escaped for Markdown


def _fenced(text: str, indent: str = "") -> Markup:
    return Markup("\n".join(markdown_escape.fenced(clipped(text, MAX_VALUE_LENGTH), indent)))  # noqa: S704
