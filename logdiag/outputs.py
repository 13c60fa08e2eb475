"""A diagnosis and its outputs: HTML, Markdown, JSON, JUnit, SARIF, text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from logdiag.i18n import speaking
from logdiag.model import Diagnosis, Finding, to_plain, written

if TYPE_CHECKING:
    import pandas as pd

    from logdiag.redaction import Form, Redactor


VIEWS: dict[str, tuple[str, "Form"]] = {
    ".html": ("html", "html"),
    ".md": ("markdown", "markdown"),
    ".json": ("json_", "json"),
    ".jsonl": ("jsonl", "json"),
    ".xml": ("junit", "html"),
    ".sarif": ("sarif", "json"),
}
"""The views that are written to a file, by the suffix of the file: the module of ``logdiag.report`` that
renders a view, and the form in which the leak check reads it."""


@dataclass(frozen=True)
class Report:
    """A diagnosis and its views; with a ``redactor``, they do not identify the customer."""

    diagnosis: Diagnosis
    redactor: "Redactor | None" = field(default=None, repr=False)

    def redacted(self) -> "Report":
        """Return the report with pseudonyms for addresses, names, users, aliases, keys and secrets."""
        from logdiag.redaction import redacted

        return self if self.redactor is not None else Report(*redacted(self.diagnosis))

    def render(self, suffix: str) -> str:
        """Return the view for files with a suffix of `VIEWS`.

        Raises:
            RedactionError: a redacted report still contains something that was to be replaced.

        """
        module, form = VIEWS[suffix]
        # A module of a view is imported when it is used: templates and XML take long to load.
        render: Callable[[Diagnosis], str] = import_module(f"logdiag.report.{module}").render
        with speaking(self.diagnosis.language):
            return self._checked(render(self.diagnosis), form)

    def to_html(self) -> str:
        """Return one self-contained page. Raises as `render` does."""
        return self.render(".html")

    def to_json(self) -> str:
        """Return the findings file, `logdiag.findings/2`. Raises as `render` does."""
        return self.render(".json")

    def to_jsonl(self) -> str:
        """Return the findings file as JSON lines, each with its type. Raises as `render` does."""
        return self.render(".jsonl")

    def to_markdown(self) -> str:
        """Return a report for a ticket. Raises as `render` does."""
        return self.render(".md")

    def to_junit(self) -> str:
        """Return JUnit XML: a case for each rule. Raises as `render` does."""
        return self.render(".xml")

    def to_sarif(self) -> str:
        """Return the findings as SARIF 2.1.0. Raises as `render` does."""
        return self.render(".sarif")

    def to_text(self, *, color: bool = False, width: int = 100) -> str:
        """Return a summary for a terminal of ``width`` columns. Raises as `render` does."""
        from logdiag.report import text

        with speaking(self.diagnosis.language):
            return self._checked(text.render(self.diagnosis, color=color, width=width), "text")

    def to_annotations(self) -> str:
        """Return the worst findings as commands of GitHub Actions."""
        from logdiag.report import github

        with speaking(self.diagnosis.language):
            return self._checked(github.annotations(self.diagnosis), "text")

    def to_step_summary(self, *, taken: int = 0) -> str:
        """Return the Markdown as far as GitHub accepts it after the ``taken`` bytes of the same step."""
        from logdiag.report import github

        with speaking(self.diagnosis.language):
            return github.summary(self.to_markdown(), taken)

    def said(self, text: str) -> str:
        """Return a line about the report, redacted if the report is."""
        return text if self.redactor is None else self.redactor.text(text)

    def _checked(self, output: str, form: "Form") -> str:
        # The leak check reads the finished output, so that it also finds the mistakes of a view.
        if self.redactor is not None:
            from logdiag.redaction import check

            check(output, form, self.redactor)
        return output

    @property
    def findings(self) -> "pd.DataFrame":
        """The findings as a pandas frame with a row for each, for a notebook."""
        import pandas as pd

        rows = [to_plain(finding) for finding in self.diagnosis.findings]
        frame = pd.DataFrame(rows, columns=[one.name for one in written(Finding)])
        return frame.assign(first=pd.to_datetime(frame["first"]), last=pd.to_datetime(frame["last"]))
