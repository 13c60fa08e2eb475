"""The options of a diagnosis."""

from dataclasses import dataclass, field
from pathlib import Path

from logdiag.compare.baseline import Baseline
from logdiag.i18n import ENGLISH
from logdiag.model import Command, Severity
from logdiag.snapshots import Limits


@dataclass(frozen=True)
class Options:
    """How a diagnosis is made. ``min_coverage`` is a percentage of the bytes of log members.

    All but ``jobs``, the number of cores to use (default: all), change the answer.
    """

    fail_on: Severity | None = None
    min_coverage: float | None = None
    explain: bool = False
    allow_partial: bool = False
    rules: tuple[Path, ...] = ()
    jobs: int | None = None
    limits: Limits = field(default_factory=Limits)
    language: str = ENGLISH
    baseline: Baseline | None = None
    """Findings that are known and no worse do not count for ``fail_on``."""
    brief: bool = False
    """Outputs for people have the short form: verdict, steps, and what is missing."""
    case: str | None = None
    customer: str | None = None
    author: str | None = None

    def as_command(self) -> Command:
        """Return the subcommand and those options that differ from their defaults and change the answer."""
        # Not `jobs`, which changes no finding; the diagnosis has own fields for the language and the rules.
        given = {
            "fail_on": self.fail_on,
            "min_coverage": None if self.min_coverage is None else f"{self.min_coverage:g}",
            "explain": "true" if self.explain else None,
            "allow_partial": "true" if self.allow_partial else None,
            "limits": self.limits.differing(),
            "baseline": None if self.baseline is None else self.baseline.digest,
            "brief": "true" if self.brief else None,
            "case": self.case or None,
            "customer": self.customer or None,
            "author": self.author or None,
        }
        return Command("diagnose", {name: value for name, value in given.items() if value is not None})
