"""Cases with their records changed: what a rule finds must change as its case says.

Without the records that it rests on, no finding may be left: that holds for every case and needs no
word in it.
"""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from logdiag.model import Diagnosis, Evidence, Finding, Incident
from logdiag.reading import Tables
from logdiag.rules.cases import Outcome, files_of, found_by, tables_of
from logdiag.rules.library import Library
from logdiag.rules.schema import Case, Mutation, Rule

OTHER_PEER = "zz-other-peer"
"""The host that a moved record is logged on."""

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_UTC_TIME = re.compile(r'UTCTime="([^"]*)"')

Files = dict[str, str]
Examine = Callable[[Tables, Library], Diagnosis]


def run_mutations(
    library: Library, examine: Examine, only: Collection[str] | None = None
) -> Iterator[Outcome]:
    """Every mutation of every case that fires, of all rules or of some, in the order of their ids."""
    for name, rule in sorted(library.rules.items()):
        for case in rule.cases:
            if case.expect and (only is None or name in only):
                problems = tuple(_problems(name, rule, case, library, examine))
                yield Outcome(name, f"{case.name} (mutated)", problems)


def _problems(name: str, rule: Rule, case: Case, library: Library, examine: Examine) -> Iterator[str]:
    files = files_of(case)
    before = examine(tables_of(files), library)
    found = found_by(name, library, before)
    if not found:
        return
    evidence = _evidence(found[0], before)
    if not evidence:
        return
    left = found_by(name, library, examine(tables_of(_without(files, evidence)), library))
    if any(one.id == found[0].id for one in left):
        yield "is found without the records that it rests on"
    for mutation, outcome in case.mutate.items():
        changed = _mutated(mutation, files, evidence, rule)
        after = found_by(name, library, examine(tables_of(changed), library))
        became = _became(found, after)
        if outcome not in became:
            yield f"{mutation}: is {' and '.join(sorted(became))}, expected {outcome}"


def _evidence(item: Finding | Incident, diagnosis: Diagnosis) -> list[Evidence]:
    if isinstance(item, Finding):
        return list(item.evidence)
    members = {finding.id: finding for finding in diagnosis.findings}
    return [one for id_ in item.findings if id_ in members for one in members[id_].evidence]


def _became(before: list[Finding | Incident], after: list[Finding | Incident]) -> set[str]:
    if not after:
        return {"silent"}
    same = [(one.state, one.first, one.last) for one in before] == [
        (one.state, one.first, one.last) for one in after
    ]
    return {after[0].state, *(["same"] if same else [])}


# ── mutations ───────────────────────────────────────────────────────────────────────────────


def _mutated(mutation: Mutation, files: Files, evidence: list[Evidence], rule: Rule) -> Files:
    first, last = evidence[0], evidence[-1]
    match mutation:
        case "drop":
            return _without(files, [first])
        case "drop-last":
            return _without(files, [last])
        case "swap" if len(evidence) > 1 and evidence[1].time and first.time:
            apart = evidence[1].time - first.time
            return _shifted(_shifted(files, first, apart), evidence[1], -apart)
        case "stretch":
            return _shifted(files, last, _span(rule) + timedelta(seconds=1))
        case "move":
            return _changed(files, last, lambda text: re.sub(r"^(\S+) \S+", rf"\1 {OTHER_PEER}", text))
        case "cut" if first.time:
            return _cut(files, first.time)
    return files


def _span(rule: Rule) -> timedelta:
    spans = [
        part.within
        for match in rule.match
        for part in (match.count, match.sequence, match.absence, match.peers, match.incident)
        if part is not None
    ]
    return max(spans, default=rule.settling)


def _changed(files: Files, place: Evidence, change: Callable[[str], str]) -> Files:
    """The files with the first line of one record changed."""
    name = place.snapshot if place.snapshot in files else f"{place.snapshot}/{place.source}"
    lines = files[name].splitlines(keepends=True)
    lines[place.line - 1] = change(lines[place.line - 1])
    return {**files, name: "".join(lines)}


def _without(files: Files, evidence: list[Evidence]) -> Files:
    places = {(one.snapshot, one.line): one for one in evidence}
    for _, place in sorted(places.items(), reverse=True):
        files = _changed(files, place, lambda _: "")
    return files


def _shifted(files: Files, place: Evidence, by: timedelta) -> Files:
    def later(text: str) -> str:
        stamp = _STAMP.match(text)
        if stamp is None:
            return text
        moved = (datetime.fromisoformat(stamp[0]) + by).isoformat(timespec="milliseconds")
        text = moved + text[stamp.end() :]
        return _UTC_TIME.sub(lambda found: f'UTCTime="{_utc(found[1], by)}"', text, count=1)

    return _changed(files, place, later)


def _utc(written: str, by: timedelta) -> str:
    moment = datetime.fromisoformat(written.replace(",", ".")) + by
    return moment.isoformat(" ", "milliseconds").replace(".", ",")


def _cut(files: Files, moment: datetime) -> Files:
    """The records up to a moment; what is no record (a dump) stays whole."""
    kept: Files = {}
    for name, text in files.items():
        lines = text.splitlines(keepends=True)
        keep = True
        parts = []
        for line in lines:
            stamp = _STAMP.match(line)
            if stamp is not None:
                keep = datetime.fromisoformat(stamp[0]) <= moment + timedelta(milliseconds=10)
            parts.append(line if keep else "")
        kept[name] = "".join(parts)
    return kept
