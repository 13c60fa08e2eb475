"""The diagnosis for a ticket, as Markdown that GitHub, GitLab and Jira take.

Every value goes through `inline` or `fenced`; all markup stands in this module.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from logdiag.i18n import gettext, ngettext
from logdiag.model import Diagnosis, Finding, Incident, Step
from logdiag.report import labels, sentences
from logdiag.report.actions import first_steps
from logdiag.report.limits import Limits, limited
from logdiag.report.markdown_escape import fenced, inline

LIMITS = Limits(incidents=20, findings=150, changes=100, wanted=30, peers=60, members=50, gaps=50, reasons=50)
MOST_RECORDS = 8
"""Records that are shown of a finding."""
LONGEST = 4000
"""Characters that are shown of one value."""


def render(diagnosis: Diagnosis) -> str:
    """Return the report on ``diagnosis``, a Markdown document."""
    cut, left_out = limited(diagnosis, LIMITS)
    parts = (
        _head(cut),
        _first(cut),
        _cluster(cut, left_out),
        _incidents(cut, left_out),
        _changes(cut, left_out),
        _wanted(cut, left_out),
        _read(cut, diagnosis, left_out),
        _unjudged(cut),
        _foot(cut),
    )
    return "\n".join(line for part in parts for line in part)


def _head(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.incidents:
        yield from (*_heading(1, diagnosis.verdict.headline), _severity(diagnosis.incidents[0]), "")
        if diagnosis.verdict.detail:
            yield from (_said(diagnosis.verdict.detail), "")
    else:
        yield from _heading(1, gettext("Expressway cluster report"))
        yield from (_said(diagnosis.verdict.text), "")


def _first(diagnosis: Diagnosis) -> Iterator[str]:
    if not diagnosis.incidents or not diagnosis.incidents[0].remedy:
        return
    steps = first_steps(diagnosis)
    yield from _heading(2, gettext("Do this first"))
    yield from _steps(steps, brief=True)
    left = len(diagnosis.incidents[0].remedy) - len(steps)
    if not steps:
        said = gettext("The remedy begins with a step that destroys data: read incident 1 to its end first.")
        yield from (said, "")
    elif left:
        more = ngettext("{number} more step at incident 1.", "{number} more steps at incident 1.", left)
        yield from (more.format(number=left), "")


def _cluster(diagnosis: Diagnosis, left_out: Limits) -> Iterator[str]:
    peers = diagnosis.cluster.peers
    if not peers:
        return
    several = any(peer.cluster is not None for peer in peers)
    headings = [
        gettext("Peer"),
        gettext("Role"),
        gettext("Software"),
        gettext("Log, in UTC"),
        gettext("Alarms raised"),
        gettext("Address"),
    ]
    rows = [
        [
            *([peer.cluster or ""] if several else []),
            peer.name,
            sentences.role(peer),
            sentences.software(peer),
            sentences.log_of(peer),
            ", ".join(filter(None, sentences.alarms(peer))),
            ", ".join(filter(None, (peer.fqdn, *peer.addresses))) or gettext("not known"),
        ]
        for peer in peers
    ]
    yield from _heading(2, gettext("Cluster"))
    yield from _table([*([gettext("Cluster")] if several else []), *headings], rows)
    yield from _more(left_out.peers, "peers")


def _incidents(diagnosis: Diagnosis, left_out: Limits) -> Iterator[str]:
    left = {finding.id: finding for finding in diagnosis.findings}
    if diagnosis.incidents:
        yield from _heading(2, gettext("Incidents"))
    for number, incident in enumerate(diagnosis.incidents, start=1):
        own = [left.pop(id_) for id_ in incident.findings if id_ in left]
        yield from (*_heading(3, incident.title, f"{number}. "), _severity(incident), "")
        yield from (_said(incident.summary), "")
        done = len(first_steps(diagnosis)) if number == 1 else 0
        if incident.remedy[done:]:
            yield from _heading(4, gettext("What to do next") if done else gettext("What to do"))
            yield from _steps(incident.remedy[done:], brief=False, start=done + 1)
        yield from _findings(own, f"{number}.")
    yield from _more(left_out.incidents, "incidents")
    if left:
        beside = gettext("Beside the incidents") if diagnosis.incidents else gettext("For the record")
        yield from _heading(2, beside)
        yield from _findings(list(left.values()), "")
    yield from _more(left_out.findings, "findings")


def _findings(findings: Sequence[Finding], prefix: str) -> Iterator[str]:
    headings = [
        gettext("No."),
        gettext("Finding"),
        gettext("Rule"),
        gettext("Severity"),
        gettext("State"),
        gettext("Basis"),
        gettext("First, in UTC"),
        gettext("Last, in UTC"),
        gettext("Count"),
        gettext("Id"),
    ]
    rows = [
        [
            f"{prefix}{number}",
            one.title,
            one.rule,
            sentences.SEVERITIES[one.severity],
            labels.STATES[one.state],
            labels.BASES[one.basis],
            _milliseconds(one.first) if one.first else "",
            _milliseconds(one.last) if one.last else "",
            f"{one.count:,}",
            one.id,
        ]
        for number, one in enumerate(findings, start=1)
    ]
    yield from _table(headings, rows)
    for number, one in enumerate(findings, start=1):
        yield from _heading(4, one.title, f"{prefix}{number} ") if prefix else _heading(3, one.title)
        if one.explanation:
            yield from (_said(one.explanation), "")
        if one.requested:
            yield from (gettext("It is explained by requested work."), "")
        if one.known:
            yield from (gettext("It is known from the baseline."), "")
        for record in one.evidence[:MOST_RECORDS]:
            time = f", {_milliseconds(record.time)} UTC" if record.time else ""
            yield from (_said(f"{record.source}:{record.line}{time}"), "")
            yield from (*fenced(sentences.clipped(record.text, LONGEST)), "")
        yield from _more(len(one.evidence[MOST_RECORDS:]), "records")
        if not prefix:
            yield from _steps(one.remedy, brief=False)


def _steps(steps: Sequence[Step], *, brief: bool, start: int = 1) -> Iterator[str]:
    """Steps as a numbered list; a destructive one has a warning in the place of its command."""
    for number, step in enumerate(steps, start=start):
        sign = f"{number}. "
        indent = " " * len(sign)
        yield from (f"{sign}{_said(sentences.where(step))}", "", f"{indent}{_said(step.do)}", "")
        if step.risk == "destructive":
            warning = gettext(
                "This step destroys data and cannot be taken back. Do not run it without support at hand, "
                "a system snapshot and a backup."
            )
            yield from (f"{indent}**{warning}**", "")
        elif step.command is not None:
            yield from (*fenced(step.command[:LONGEST], indent), "")
        notes = [
            (gettext("Impact: {impact}").format(impact=step.impact), step.impact and step.risk != "read"),
            (gettext("Done when: {verify}").format(verify=step.verify), step.verify and not brief),
            (gettext("Wait: {wait}").format(wait=step.wait), step.wait and not brief),
        ]
        for note in (note for note, is_told in notes if is_told):
            yield from (f"{indent}{_said(note)}", "")


def _changes(diagnosis: Diagnosis, left_out: Limits) -> Iterator[str]:
    if not diagnosis.changes:
        return
    rows = [
        [sentences.utc(one.time), one.peer, labels.CHANGES[one.kind], one.what, sentences.who(one)]
        for one in diagnosis.changes
    ]
    yield from _heading(2, gettext("Changes and restarts"))
    headings = gettext("When, in UTC"), gettext("Peer"), gettext("Kind"), gettext("What"), gettext("Who")
    yield from _table(headings, rows)
    yield from _more(left_out.changes, "changes")


def _wanted(diagnosis: Diagnosis, left_out: Limits) -> Iterator[str]:
    if not diagnosis.wanted:
        return
    yield from _heading(2, gettext("Ask the customer for"))
    for one in diagnosis.wanted:
        yield f"- {_said(one.what)}  "
        yield f"  {_said(one.why)}"
    yield ""
    yield from _more(left_out.wanted, "things")


def _read(diagnosis: Diagnosis, whole: Diagnosis, left_out: Limits) -> Iterator[str]:
    yield from (*_heading(2, gettext("What was read")), _said(sentences.read_in_all(whole.coverage)), "")
    if whole.coverage.repeated:
        yield from (_said(sentences.repeated(whole.coverage)), "")
    if diagnosis.exit.reasons:
        yield from (_said(sentences.ended(diagnosis.exit, left_out.reasons)), "")
    for gap in diagnosis.coverage.gaps:
        yield f"- {_said(sentences.gap(gap))}"
    if diagnosis.coverage.gaps:
        yield ""
    yield from _more(left_out.gaps, "gaps")
    headings = [
        gettext("Member"),
        gettext("Snapshot"),
        gettext("Kind"),
        gettext("Bytes"),
        gettext("Records or values"),
        gettext("Lines without a record"),
        gettext("From – to, in UTC"),
        gettext("Notes"),
    ]
    rows = []
    for member in diagnosis.coverage.members:
        notes = [
            *(gettext("not whole: {fault}").format(fault=fault.text) for fault in member.faults),
            *filter(None, (member.repair, member.reason)),
            *(sentences.lines(count, reason) for reason, count in member.reasons.items()),
        ]
        rows.append(
            [
                member.source,
                member.snapshot,
                labels.KINDS[member.kind],
                f"{member.size:,}",
                f"{member.records or member.settings:,}",
                f"{member.unparsed:,}",
                sentences.covers(member.first, member.last) if member.first is not None else "",
                "; ".join(notes),
            ]
        )
    if rows:
        yield from _table(headings, rows)
    yield from _more(left_out.members, "members")


def _unjudged(diagnosis: Diagnosis) -> Iterator[str]:
    yield from _heading(2, gettext("What could not be judged"))
    rules: dict[str, list[str]] = {}
    for one in diagnosis.not_checked:
        rules.setdefault(one.reason, []).append(one.rule)
    for reason, names in rules.items():
        yield f"- {_said(', '.join(names))}: {_said(reason)}"
    if rules:
        yield ""
    said = gettext("Rules: {silent} found nothing, {unjudged} could not be judged.")
    silent, unjudged = f"{len(diagnosis.silent):,}", f"{len(diagnosis.not_checked):,}"
    yield from (_said(said.format(silent=silent, unjudged=unjudged)), "")
    misses = [one for one in diagnosis.silent if one.nearest_miss is not None]
    if misses:
        yield from _heading(3, gettext("Nearest misses"))
        yield from (f"- {_said(one.rule)}: {_said(one.nearest_miss or '')}" for one in misses)
        yield ""


def _foot(diagnosis: Diagnosis) -> Iterator[str]:
    made = gettext("logdiag {version}, rules {library}")
    made = made.format(version=diagnosis.tool.version, library=diagnosis.tool.library)
    note = gettext("All times are UTC. Control characters in log text are shown as signs such as {sign}.")
    yield from ("---", "", f"{_said(made)}. {_said(note.format(sign=chr(92) + 'x1b'))}", "")


def _heading(level: int, title: str, number: str = "") -> tuple[str, str]:
    return f"{'#' * level} {number}{_said(title)}", ""


def _severity(incident: Incident) -> str:
    """The line below an incident's title: how bad it is, how it stands, whom it is about."""
    facts = [
        f"{labels.STATES[incident.state]}: {sentences.since_until(incident)}",
        ", ".join(incident.peers) or gettext("peers not known"),
        incident.rule,
    ]
    severity = sentences.SEVERITIES[incident.severity].upper()
    return " · ".join((f"**{severity}**", *map(_said, facts)))


def _table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    headings = list(headings)
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(map(_said, row))} |"
    yield ""


def _more(number: int, things: sentences.Things) -> Iterator[str]:
    if number:
        yield from (sentences.more(number, things), "")


def _milliseconds(time: datetime) -> str:
    return f"{sentences.utc(time)}.{time.microsecond // 1000:03d}"


def _said(text: str) -> str:
    return inline(sentences.clipped(text, LONGEST))
