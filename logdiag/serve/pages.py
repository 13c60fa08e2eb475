"""Renders the pages of the server from the templates in ``reports/``, with their content policy."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, HTMLResponse, Response

from logdiag.i18n import N_, language
from logdiag.report.html import render_page
from logdiag.report.labels import Labels
from logdiag.report.templates import assets
from logdiag.serve.workers import Reason, TaskError

_STYLES, _SCRIPT = ("report.css", "overview.css", "serve.css"), "serve.js"
_REASONS: Labels[Reason] = Labels(
    {
        "mistake": N_("logdiag cannot use what it was given."),
        "memory": N_(
            "There was not enough memory. Send fewer files at a time, or start logdiag serve with a larger "
            "--memory."
        ),
        "disk": N_(
            "The disk is full, so the result could not be written. Delete earlier diagnoses, or make room on "
            "the disk, and send the files again."
        ),
        "time": N_("The time for one task is used up, so it was ended. Send fewer files at a time."),
        "killed": N_(
            "The process that did the work was ended from outside or crashed, perhaps for want of memory. "
            "No other diagnosis is affected. Send the files again, fewer at a time."
        ),
        "cancelled": N_("It was cancelled."),
        "internal": N_("This is a mistake in logdiag. Please report it with the text below."),
    }
)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page. Its policy allows its own style and script, forms to the server, and nothing else."""
    content = render_page(
        template, _STYLES, _SCRIPT, language=language(), version=version("logdiag"), **values
    )
    parts = assets(_STYLES, _SCRIPT)
    policy = (
        f"default-src 'none'; style-src '{parts['style_hash']}'; script-src '{parts['script_hash']}'; "
        "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(content, status, {"Content-Security-Policy": policy})


def message(title: str, *lines: str, status: int, back: str = "", refresh: str = "") -> HTMLResponse:
    """Return a page with a title and some sentences, which leads ``back`` or opens another page."""
    return page("serve_message.html.jinja", status, title=title, lines=lines, back=back, refresh=refresh)


def explain(failure: TaskError) -> tuple[str, ...]:
    """Return the sentences about a task that has no result."""
    return failure.said if failure.reason == "mistake" else (_REASONS[failure.reason], *failure.said)


def report(path: Path, after: BackgroundTask | None = None) -> Response:
    """Return a file with a report or a procedure, which may run the scripts of logdiag and no others.

    The report has an origin of its own: nothing in it can ask the server for anything, whatever is in it.
    """
    policy = (
        "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"style-src 'unsafe-inline'; script-src '{assets(('report.css',), 'report.js')['script_hash']}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    # Without a policy of its own for openers, links out of the report open as they do from a file.
    headers = {"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "unsafe-none"}
    return FileResponse(path, media_type="text/html", headers=headers, background=after)
