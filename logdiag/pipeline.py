"""The straight line: inputs -> snapshots -> records -> findings -> incidents -> report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from logdiag.alarms import alarm_states
from logdiag.changes import find_changes
from logdiag.cluster import Cluster, find_cluster, with_alarms
from logdiag.conditions import Log
from logdiag.incidents import tell
from logdiag.model import (
    SEVERITIES,
    ClusterView,
    Command,
    Coverage,
    Diagnosis,
    Exit,
    Finding,
    MemberCoverage,
    NotChecked,
    Severity,
    Silent,
    Tool,
)
from logdiag.records import Tables, read
from logdiag.records.overlaps import counted_once
from logdiag.rules.events import Case
from logdiag.rules.findings import judge
from logdiag.rules.library import Library, load
from logdiag.snapshots import Snapshot, find_snapshots
from logdiag.telling import verdict, wanted

if TYPE_CHECKING:
    import pandas as pd

FINDINGS, LIBRARY, NOTHING_READ, PARTIAL = 1, 3, 4, 5
"""Exit codes, as a run of `diagnose` can have them."""


@dataclass(frozen=True)
class Options:
    """What changes the answer. ``min_coverage`` is a percentage of the bytes of log members."""

    fail_on: Severity | None = None
    min_coverage: float | None = None
    allow_partial: bool = False
    rules: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Report:
    """A diagnosis and its views."""

    diagnosis: Diagnosis

    def to_html(self) -> str:
        """One self-contained page."""
        from logdiag.report import html

        return html.render(self.diagnosis)

    def to_json(self) -> str:
        """The findings file, `logdiag.findings/1`."""
        from logdiag.report import json_

        return json_.render(self.diagnosis)

    def to_text(self, *, color: bool = False, width: int = 100) -> str:
        """A summary for a terminal."""
        from logdiag.report import text

        return text.render(self.diagnosis, color=color, width=width)

    @property
    def findings(self) -> "pd.DataFrame":
        """The findings as a pandas frame, a row each, for a notebook."""
        import pandas as pd

        from logdiag.report.json_ import plain

        rows = [plain(finding) for finding in self.diagnosis.findings]
        frame = pd.DataFrame(rows, columns=list(Finding.__dataclass_fields__))
        return frame.assign(first=pd.to_datetime(frame["first"]), last=pd.to_datetime(frame["last"]))


def parse(inputs: Sequence[str | Path] | str | Path) -> "pa.Table":
    """The records of the inputs as an Arrow table (`logdiag.records.RECORDS`).

    Raises:
        InputError: an input does not exist.

    """
    return read(find_snapshots(_several(inputs))).records


def diagnose(inputs: Sequence[str | Path] | str | Path, options: Options | None = None) -> Report:
    """The main job.

    Raises:
        InputError: an input does not exist.
        LibraryError: a rule is wrong.

    """
    options = options or Options()
    library = load(options.rules)
    snapshots = find_snapshots(_several(inputs))
    tables = read(snapshots, keep_texts=True)
    diagnosis = examine(tables, library)
    exit_ = _exit(diagnosis, snapshots, options)
    return Report(replace(diagnosis, command=_command(options), exit=exit_))


def examine(tables: Tables, library: Library) -> Diagnosis:
    """From tables to everything that is told about them."""
    # What overlapping logs repeat happened once; the ledger still counts every record.
    kept = pa.array(counted_once(tables))
    log = Log(tables.records.filter(kept))
    cluster = find_cluster(tables)
    cluster = with_alarms(cluster, alarm_states(log, cluster))
    texts = tables.texts.filter(kept) if tables.texts is not None else None
    case = Case(log, cluster, lambda row: "" if texts is None else str(texts[row].as_py()).rstrip("\r\n"))
    judged = judge(library, case)
    told = tell(judged.findings, library, cluster)
    fired = {finding.rule for finding in told.findings} | {incident.rule for incident in told.incidents}
    return Diagnosis(
        tool=Tool(version("logdiag"), library.digest),
        command=Command("diagnose"),
        exit=Exit(0),
        verdict=verdict(told.incidents, told.findings, cluster),
        cluster=ClusterView(cluster.peers),
        coverage=_coverage(tables, cluster, repeated=tables.records.num_rows - len(log)),
        changes=find_changes(log, cluster),
        wanted=wanted(told.incidents, told.findings, cluster),
        incidents=told.incidents,
        findings=told.findings,
        not_checked=tuple(sorted(judged.not_checked, key=_rule)),
        silent=tuple(Silent(rule) for rule in sorted(library.rules) if rule not in fired),
    )


def _rule(item: NotChecked) -> str:
    return item.rule


def _several(inputs: Sequence[str | Path] | str | Path) -> Sequence[str | Path]:
    return [inputs] if isinstance(inputs, str | Path) else inputs


def _coverage(tables: Tables, cluster: Cluster, *, repeated: int) -> Coverage:
    members = tuple(sorted(tables.members, key=lambda member: (member.snapshot, member.source)))
    return Coverage(
        size=sum(member.size for member in members),
        records=sum(member.records for member in members),
        repeated=repeated,
        unparsed=sum(member.unparsed for member in members),
        unparsed_bytes=sum(member.unparsed_bytes for member in members),
        members=members,
        gaps=cluster.gaps(),
    )


def _command(options: Options) -> Command:
    given = {
        "fail_on": options.fail_on,
        "min_coverage": None if options.min_coverage is None else f"{options.min_coverage:g}",
        "allow_partial": "true" if options.allow_partial else None,
    }
    return Command("diagnose", {name: value for name, value in given.items() if value is not None})


def partial_reasons(members: Sequence[MemberCoverage], snapshots: Sequence[Snapshot]) -> list[str]:
    """In what way inputs were not read whole: those without a record among others, and every fault."""
    read_from = {member.snapshot for member in members if member.records}
    useful = {snapshot.given for snapshot in snapshots if snapshot.name in read_from}
    useless = sorted({snapshot.given for snapshot in snapshots} - useful) if read_from else []
    return [
        *(f"{Path(given).name or given} holds no log record" for given in useless),
        *(f"{member.snapshot}: {member.source}: {fault}" for member in members for fault in member.faults),
    ]


def _exit(diagnosis: Diagnosis, snapshots: Sequence[Snapshot], options: Options) -> Exit:
    """The exit code by the contract: the first of 4, 5 and 1 that holds; the reasons are all of them."""
    holds: list[tuple[int, str]] = []
    coverage = diagnosis.coverage
    if not coverage.records:
        holds.append((NOTHING_READ, "no log record was found in any input"))
    holds += [(PARTIAL, reason) for reason in partial_reasons(coverage.members, snapshots)]
    logs = sum(member.size for member in coverage.members if member.kind == "log")
    if options.min_coverage is not None and logs:
        percent = 100 * (logs - coverage.unparsed_bytes) / logs
        if percent < options.min_coverage:
            wanted_percent = f"{options.min_coverage:g} %"
            holds.append((PARTIAL, f"records cover {percent:.1f} % of the logs, under {wanted_percent}"))
    if options.fail_on is not None:
        level = SEVERITIES.index(options.fail_on)
        worst = [f for f in diagnosis.findings if SEVERITIES.index(f.severity) >= level and not f.requested]
        if worst:
            holds.append((FINDINGS, f"{len(worst)} findings at {options.fail_on} or above"))
    codes = [code for code, _ in holds if not (code == PARTIAL and options.allow_partial)]
    code = next((code for code in (NOTHING_READ, PARTIAL, FINDINGS) if code in codes), 0)
    return Exit(code, tuple(f"{code}: {reason}" for code, reason in holds))
