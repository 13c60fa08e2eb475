"""The straight line: inputs -> snapshots -> records -> findings -> incidents -> report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from logdiag.cluster import Cluster, find_clusters, with_alarms
from logdiag.cluster.alarms import alarm_events, alarm_states, with_whole_lists
from logdiag.cluster.changes import find_changes
from logdiag.cluster.coverage import (
    NOTHING_READ,
    PARTIAL,
    coverage,
    is_empty,
    partial_reasons,
    why_nothing_read,
)
from logdiag.cluster.dump_tables import sources
from logdiag.cluster.facts import find_facts
from logdiag.cluster.membership import add_membership, strangers
from logdiag.compare.baseline import Baseline, marked
from logdiag.conditions import Log
from logdiag.errors import InputError
from logdiag.i18n import ENGLISH, gettext, ngettext, speaking
from logdiag.incidents import Told, tell, together
from logdiag.incidents.verdict import verdict, wanted
from logdiag.model import (
    SEVERITIES,
    AlarmEvent,
    Change,
    ClusterView,
    Command,
    Diagnosis,
    Exit,
    Finding,
    NotChecked,
    Reason,
    Severity,
    Silent,
    Tool,
)
from logdiag.reading import Engine, Tables, read, without_other_logs
from logdiag.reading.deduplicate import counted_once
from logdiag.records import RECORDS, Want
from logdiag.redaction import Form, Redactor, check, redacted
from logdiag.rules.events import Case
from logdiag.rules.findings import MOST_OF_ALL, judge
from logdiag.rules.library import Library, load
from logdiag.rules.nearest import nearest_miss
from logdiag.rules.schema import Rule
from logdiag.rules.selection import want_of
from logdiag.rules.translation import in_language
from logdiag.snapshots import Limits, Snapshot, find_snapshots
from logdiag.snapshots.deadline import Deadline

if TYPE_CHECKING:
    import pandas as pd

FINDINGS = 1
"""The exit code of a run that found what ``fail_on`` names."""


READING, RULES = 0.7, 0.9
"""How much of the seconds of a run is used up when reading ends, and when judging ends, at the latest.

Records are worth nothing until rules have judged them, and findings until a report shows them. The report
is always written.
"""


@dataclass(frozen=True)
class Options:
    """How a diagnosis is made. ``min_coverage`` is a percentage of the bytes of log members.

    All but ``jobs``, the cores that are used, change the answer.
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
    """What is known already and no worse does not count for ``fail_on``."""


@dataclass(frozen=True)
class Report:
    """A diagnosis and its views; with a ``redactor``, one that says nothing of who the customer is."""

    diagnosis: Diagnosis
    redactor: Redactor | None = field(default=None, repr=False)

    def redacted(self) -> "Report":
        """The report with numbered words for addresses, names, users, aliases, keys and secrets."""
        return self if self.redactor is not None else Report(*redacted(self.diagnosis))

    def to_html(self) -> str:
        """One self-contained page.

        Raises:
            RedactionError: of a redacted report, something is left that was to be replaced.

        """
        from logdiag.report import html

        with speaking(self.diagnosis.language):
            return self._checked(html.render(self.diagnosis), "html")

    def to_json(self) -> str:
        """The findings file, `logdiag.findings/2`. Raises as `to_html` does."""
        from logdiag.report import json_

        return self._checked(json_.render(self.diagnosis), "json")

    def to_jsonl(self) -> str:
        """The findings file by the line: JSON objects that say of what type they are.

        Raises as `to_html` does.
        """
        from logdiag.report import jsonl

        return self._checked(jsonl.render(self.diagnosis), "json")

    def to_markdown(self) -> str:
        """A report for a ticket. Raises as `to_html` does."""
        from logdiag.report import markdown

        with speaking(self.diagnosis.language):
            return self._checked(markdown.render(self.diagnosis), "markdown")

    def to_text(self, *, color: bool = False, width: int = 100) -> str:
        """A summary for a terminal. Raises as `to_html` does."""
        from logdiag.report import text

        with speaking(self.diagnosis.language):
            return self._checked(text.render(self.diagnosis, color=color, width=width), "text")

    def to_junit(self) -> str:
        """JUnit's XML: a case for each rule."""
        from logdiag.report import junit

        with speaking(self.diagnosis.language):
            return self._checked(junit.render(self.diagnosis), "html")

    def to_sarif(self) -> str:
        """The findings as SARIF 2.1.0."""
        from logdiag.report import sarif

        with speaking(self.diagnosis.language):
            return self._checked(sarif.render(self.diagnosis), "json")

    def to_annotations(self) -> str:
        """The worst findings as commands of GitHub Actions."""
        from logdiag.report import github

        with speaking(self.diagnosis.language):
            return self._checked(github.annotations(self.diagnosis), "text")

    def to_step_summary(self, *, taken: int = 0) -> str:
        """The Markdown, as far as GitHub takes it where a step has told ``taken`` bytes already."""
        from logdiag.report import github

        with speaking(self.diagnosis.language):
            return github.summary(self.to_markdown(), taken)

    def said(self, text: str) -> str:
        """A line about the report, which may tell no more than the report does."""
        return text if self.redactor is None else self.redactor.text(text)

    def _checked(self, output: str, form: Form) -> str:
        if self.redactor is not None:
            check(output, form, self.redactor)
        return output

    @property
    def findings(self) -> "pd.DataFrame":
        """The findings as a pandas frame, a row each, for a notebook."""
        import pandas as pd

        from logdiag.model import to_plain, written

        rows = [to_plain(finding) for finding in self.diagnosis.findings]
        frame = pd.DataFrame(rows, columns=[field.name for field in written(Finding)])
        return frame.assign(first=pd.to_datetime(frame["first"]), last=pd.to_datetime(frame["last"]))


VIEWS: dict[str, Callable[[Report], str]] = {
    ".html": Report.to_html,
    ".md": Report.to_markdown,
    ".json": Report.to_json,
    ".jsonl": Report.to_jsonl,
    ".xml": Report.to_junit,
    ".sarif": Report.to_sarif,
}
"""What is written to a file, by its suffix."""


def parse(
    inputs: Sequence[str | Path] | str | Path,
    *,
    columns: Sequence[str] | None = None,
    jobs: int | None = None,
    engine: Engine = "auto",
) -> "pa.Table":
    """The records of the inputs as an Arrow table (`logdiag.records.RECORDS`).

    Args:
        inputs: files, folders, archives, URLs.
        columns: those that are wanted, in the order of the whole table; all by itself. Fewer take less time.
        jobs: the cores that are used; all of them by itself.
        engine: ``lark`` is the reference and takes long, ``compiled`` gives the same in much less time,
            ``auto`` takes what is sooner done.

    Raises:
        InputError: an input or a column does not exist.

    """
    want = Want(columns=None if columns is None else columns_of(columns))
    return read(find_snapshots(_several(inputs)), want=want, engine=engine, jobs=jobs).records


def columns_of(names: Iterable[str]) -> frozenset[str]:
    """Columns of the records table, by their names.

    Raises:
        InputError: there is no such column.

    """
    wanted = frozenset(names)
    if unknown := sorted(wanted.difference(RECORDS.names)):
        said = gettext("no such column: {names}; there are {columns}")
        raise InputError(said.format(names=", ".join(unknown), columns=", ".join(RECORDS.names)))
    return wanted


Reading = Callable[[Sequence[Snapshot], Want], Tables | None]
"""What may know the tables of some snapshots."""


def diagnose(
    inputs: Sequence[str | Path] | str | Path, options: Options | None = None, reading: Reading | None = None
) -> Report:
    """The main job. With ``reading`` snapshots are read here only where it gives nothing.

    Raises:
        InputError: an input or the language does not exist.
        LibraryError: a rule is wrong.

    """
    options = options or Options()
    with speaking(options.language):
        deadline = Deadline(options.limits.seconds)
        library = in_language(load(options.rules), options.language)
        snapshots = find_snapshots(_several(inputs))
        want = want_of(library, explain=options.explain)
        tables = reading(snapshots, want) if reading is not None else None
        if tables is None:
            tables = read(
                snapshots, options.limits, want=want, jobs=options.jobs, deadline=deadline, share=READING
            )
        diagnosis = examine(tables, library, explain=options.explain, deadline=deadline)
        if options.baseline is not None:
            diagnosis = marked(diagnosis, options.baseline)
        exit_ = _exit(diagnosis, snapshots, options)
        return Report(replace(diagnosis, command=_command(options), exit=exit_))


def examine(
    tables: Tables, library: Library, *, explain: bool = False, deadline: Deadline | None = None
) -> Diagnosis:
    """From tables to the diagnosis, in the library's language.

    ``exit`` says no more than what the ``deadline`` left out.
    """
    with speaking(library.language):
        return _diagnosis(tables, library, explain=explain, deadline=deadline)


def _diagnosis(tables: Tables, library: Library, *, explain: bool, deadline: Deadline | None) -> Diagnosis:
    """Cluster by cluster, and what is told of all of them."""

    def is_late() -> bool:
        return deadline is not None and deadline.has_passed(RULES)

    # What overlapping logs repeat happened once; the ledger still counts every record.
    tables, repeated = counted_once(without_other_logs(tables))
    clusters = find_clusters(tables)
    most = MOST_OF_ALL // len(clusters)
    examined = [_examine(cluster, part, library, most, is_late) for cluster, part in clusters]
    told = together([one.told for one in examined])
    peers = tuple(peer for one in examined for peer in one.cluster.peers)
    fired = {finding.rule for finding in told.findings} | {incident.rule for incident in told.incidents}
    return Diagnosis(
        tool=Tool(version("logdiag"), library.digest),
        command=Command("diagnose"),
        exit=_late(examined, library, explain=explain and is_late()),
        verdict=verdict(told, [one.cluster for one in examined], tables),
        cluster=ClusterView(peers, tuple(one for part in examined for one in strangers(part.case.facts))),
        alarm_events=tuple(
            sorted((e for one in examined for e in one.alarm_events), key=lambda e: (e.time, e.peer, e.alarm))
        ),
        capped=tuple(sorted({rule for one in examined for rule in one.capped})),
        coverage=coverage(tables, clusters, repeated=repeated),
        changes=tuple(
            sorted((c for one in examined for c in one.changes), key=lambda c: (c.time, c.peer, c.what))
        ),
        wanted=tuple(dict.fromkeys(item for one in examined for item in wanted(one.told, one.cluster))),
        incidents=told.incidents,
        findings=told.findings,
        not_checked=_not_checked(examined),
        silent=tuple(
            Silent(name, _nearest(rule, examined) if explain and not is_late() else None)
            for name, rule in sorted(library.rules.items())
            if name not in fired
        ),
        language=library.language,
    )


def _not_checked(examined: Sequence["_Examined"]) -> tuple[NotChecked, ...]:
    """What could not be judged in any cluster, each with the clusters where that is so."""
    where: dict[NotChecked, set[str]] = {}
    for one in examined:
        names = {peer.cluster for peer in one.cluster.peers if peer.cluster is not None}
        for item in one.not_checked:
            where.setdefault(item, set()).update(names)
    ordered = sorted(where, key=lambda item: (item.rule, item.reason))
    return tuple(replace(item, clusters=tuple(sorted(where[item]))) for item in ordered)


def _late(examined: Sequence["_Examined"], library: Library, *, explain: bool) -> Exit:
    """What was left out because the time was used up."""
    reasons = []
    late = sorted({rule for one in examined for rule in one.late})
    if late:
        judged = sum(rule.incident is None for rule in library.rules.values())
        said = gettext("the time is used up (seconds): {number} of {all} rules were not judged, first {rule}")
        reasons.append(said.format(number=len(late), all=judged, rule=late[0]))
    if explain:
        reasons.append(gettext("the time is used up (seconds): how near silent rules came was not looked at"))
    return Exit(PARTIAL if reasons else 0, tuple(Reason(PARTIAL, text) for text in reasons))


def _nearest(rule: Rule, examined: Sequence["_Examined"]) -> str | None:
    """The nearest that a silent rule came in any cluster."""
    return next((text for one in examined if (text := nearest_miss(rule, one.case)) is not None), None)


@dataclass(frozen=True)
class _Examined:
    """What is known of one cluster."""

    cluster: Cluster
    case: Case
    told: Told
    changes: tuple[Change, ...]
    alarm_events: tuple[AlarmEvent, ...]
    not_checked: tuple[NotChecked, ...]
    capped: tuple[str, ...]
    late: tuple[str, ...]


def _examine(
    cluster: Cluster, part: Tables, library: Library, most: int, is_late: Callable[[], bool]
) -> _Examined:
    log = Log(part.records)
    cluster = with_alarms(cluster, alarm_states(log, cluster), set(with_whole_lists(cluster)))
    facts = add_membership(find_facts(part, log, cluster), log, cluster)
    case = Case(sources(part, log, cluster), cluster, facts)
    judged = judge(library, case, most, is_late)
    return _Examined(
        cluster,
        case,
        tell(judged.findings, library, cluster),
        find_changes(log, cluster),
        alarm_events(log, cluster),
        tuple(judged.not_checked),
        capped=tuple(judged.capped),
        late=tuple(judged.late),
    )


def _several(inputs: Sequence[str | Path] | str | Path) -> Sequence[str | Path]:
    return [inputs] if isinstance(inputs, str | Path) else inputs


def _command(options: Options) -> Command:
    given = {
        "fail_on": options.fail_on,
        "min_coverage": None if options.min_coverage is None else f"{options.min_coverage:g}",
        "explain": "true" if options.explain else None,
        "allow_partial": "true" if options.allow_partial else None,
        "limits": options.limits.differing(),
        "baseline": None if options.baseline is None else options.baseline.digest,
    }
    return Command("diagnose", {name: value for name, value in given.items() if value is not None})


def _exit(diagnosis: Diagnosis, snapshots: Sequence[Snapshot], options: Options) -> Exit:
    """The exit code by the contract: the first of 4, 5 and 1 that holds; the reasons are all of them."""
    holds: list[tuple[int, str]] = []
    coverage = diagnosis.coverage
    if is_empty(coverage.members):
        holds.append((NOTHING_READ, why_nothing_read(coverage.members)))
    holds += [(PARTIAL, reason) for reason in partial_reasons(coverage.members, snapshots)]
    holds += [(reason.code, reason.text) for reason in diagnosis.exit.reasons]
    part = gettext("{rule} looked at a part of what it matches")
    holds += [(PARTIAL, part.format(rule=rule)) for rule in diagnosis.capped]
    logs = sum(member.size for member in coverage.members if member.kind == "log")
    if options.min_coverage is not None and logs:
        percent = 100 * (logs - coverage.unparsed_bytes) / logs
        if percent < options.min_coverage:
            under = gettext("records cover {percent} % of the logs, under {wanted} %")
            said = under.format(percent=f"{percent:.1f}", wanted=f"{options.min_coverage:g}")
            holds.append((PARTIAL, said))
    if options.fail_on is not None:
        level = SEVERITIES.index(options.fail_on)
        counted = [one for one in diagnosis.findings if not one.requested and not one.known]
        worst = sum(SEVERITIES.index(one.severity) >= level for one in counted)
        if worst:
            found = ngettext(
                "{number} finding at {level} or above", "{number} findings at {level} or above", worst
            )
            if options.baseline is not None:
                found = ngettext(
                    "{number} finding at {level} or above is new or worse",
                    "{number} findings at {level} or above are new or worse",
                    worst,
                )
            holds.append((FINDINGS, found.format(number=worst, level=options.fail_on)))
    codes = [code for code, _ in holds if not (code == PARTIAL and options.allow_partial)]
    code = next((code for code in (NOTHING_READ, PARTIAL, FINDINGS) if code in codes), 0)
    return Exit(code, tuple(Reason(code, text) for code, text in holds))
