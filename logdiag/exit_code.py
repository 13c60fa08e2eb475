"""Decides the exit code of a diagnosis, with its reasons."""

from collections.abc import Iterable, Iterator, Sequence

from logdiag.cluster.coverage import NOTHING_READ, PARTIAL, is_empty, partial_reasons, why_nothing_read
from logdiag.i18n import gettext, ngettext
from logdiag.model import SEVERITIES, Diagnosis, Exit, Reason
from logdiag.options import Options
from logdiag.rules.library import Library
from logdiag.snapshots import Snapshot

FINDINGS = 1
"""The exit code of a run with findings at the level of ``fail_on`` or above."""


def exit_of(diagnosis: Diagnosis, snapshots: Sequence[Snapshot], options: Options) -> Exit:
    """Return the exit code: the first of 4, 5 and 1 that holds. The reasons are all that hold."""
    reasons = tuple(_reasons(diagnosis, snapshots, options))
    # --allow-partial drops the code and not the reason: the report still shows what was not read.
    codes = [reason.code for reason in reasons if not (reason.code == PARTIAL and options.allow_partial)]
    return Exit(next((code for code in (NOTHING_READ, PARTIAL, FINDINGS) if code in codes), 0), reasons)


def _reasons(diagnosis: Diagnosis, snapshots: Sequence[Snapshot], options: Options) -> Iterator[Reason]:
    coverage = diagnosis.coverage
    if is_empty(coverage.members):
        yield Reason(NOTHING_READ, why_nothing_read(coverage.members))
    for text in partial_reasons(coverage.members, snapshots):
        yield Reason(PARTIAL, text)
    yield from diagnosis.exit.reasons
    part = gettext("{rule} looked at a part of what it matches")
    for rule in diagnosis.capped:
        yield Reason(PARTIAL, part.format(rule=rule))
    logs = sum(member.size for member in coverage.members if member.kind == "log")
    # Only logs count. A dump is read by its own grammar, and an input without logs has nothing to cover.
    percent = 100 * (logs - coverage.unparsed_bytes) / logs if logs else 100
    if options.min_coverage is not None and percent < options.min_coverage:
        under = gettext("records cover {percent} % of the logs, under {wanted} %")
        yield Reason(PARTIAL, under.format(percent=f"{percent:.1f}", wanted=f"{options.min_coverage:g}"))
    if number := _failing(diagnosis, options):
        found = ngettext(
            "{number} finding at {level} or above", "{number} findings at {level} or above", number
        )
        if options.baseline is not None:
            found = ngettext(
                "{number} finding at {level} or above is new or worse",
                "{number} findings at {level} or above are new or worse",
                number,
            )
        yield Reason(FINDINGS, found.format(number=number, level=options.fail_on))


def _failing(diagnosis: Diagnosis, options: Options) -> int:
    """Return the number of findings that neither requested work nor the baseline explains."""
    if options.fail_on is None:
        return 0
    level = SEVERITIES.index(options.fail_on)
    # Requested work and findings of the baseline are known to the user: they must not fail a scheduled run.
    counted = (one for one in diagnosis.findings if not one.requested and not one.known)
    return sum(SEVERITIES.index(one.severity) >= level for one in counted)


def late_exit(late: Iterable[str], library: Library, *, explain: bool) -> Exit:
    """Return the exit of a run whose time was used up; ``explain`` if near misses were not looked at."""
    reasons = []
    if rules := sorted(set(late)):
        # Composite rules have no matches of their own, so they do not count as judged rules.
        judged = sum(rule.incident is None for rule in library.rules.values())
        said = gettext("the time is used up (seconds): {number} of {all} rules were not judged, first {rule}")
        reasons.append(said.format(number=len(rules), all=judged, rule=rules[0]))
    if explain:
        reasons.append(gettext("the time is used up (seconds): how near silent rules came was not looked at"))
    return Exit(PARTIAL if reasons else 0, tuple(Reason(PARTIAL, text) for text in reasons))
