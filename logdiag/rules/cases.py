"""Run the cases in the rules: raw records in, expected findings out."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from logdiag.model import UNDATED, Diagnosis, Finding, Incident, to_plain
from logdiag.reading import Tables, read_texts
from logdiag.rules.library import Library
from logdiag.rules.schema import Case, Expectation


@dataclass(frozen=True)
class CaseResult:
    """The result of one case; ``problems`` is empty if the findings are as expected."""

    rule: str
    case: str
    problems: tuple[str, ...]


# The host of a record is its second word.
_HEADER = re.compile(r"^\d{4}-\d\d-\d\dT\S+ (\S+) ", re.MULTILINE)


def run_cases(
    library: Library,
    examine: Callable[[Tables, Library], Diagnosis],
    only: Collection[str] | None = None,
) -> Iterator[CaseResult]:
    """Every case of every rule, or of some, in the order of their ids; ``examine`` is the straight line."""
    for name, rule in sorted(library.rules.items()):
        if only is not None and name not in only:
            continue
        for case in rule.cases:
            diagnosis = examine(tables_of(files_of(case)), library)
            yield CaseResult(name, case.name, tuple(_problems(name, case, library, diagnosis)))


def files_of(case: Case) -> dict[str, str]:
    """Return the files of a case; with ``until`` each host of a log has a last record then."""
    logs = {"case.log": case.log} if case.log is not None else dict(case.logs or {})
    if case.until is not None:
        for name, text in logs.items():
            hosts = dict.fromkeys(found[1] for found in _HEADER.finditer(text))
            last = "".join(f'{case.until} {host} tvcs: Detail="the log goes on"\n' for host in hosts)
            logs[name] = text.rstrip("\n") + "\n" + last if hosts else text
    return logs


def tables_of(files: Mapping[str, str]) -> Tables:
    """Return the tables of some files, each of which is a snapshot of its own."""
    return read_texts({name: text.encode() for name, text in files.items()})


def _problems(name: str, case: Case, library: Library, diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.coverage.unparsed:
        yield f"{diagnosis.coverage.unparsed} lines of its log are no records"
    found = find_results(name, library, diagnosis)
    if len(found) != len(case.expect):
        yield f"expected {len(case.expect)} findings, found {len(found)}: {[item.title for item in found]}"
        return
    for number, (item, expected) in enumerate(zip(found, case.expect, strict=True), start=1):
        for problem in _compare(item, expected):
            yield f"finding {number}: {problem}"


def find_results(name: str, library: Library, diagnosis: Diagnosis) -> list[Finding | Incident]:
    """Return what a rule found, in the order of time; what has no time comes last."""
    # An incident that has no rule of its own repeats the rule of its cause: the finding is meant.
    found: list[Finding | Incident] = [f for f in diagnosis.findings if f.rule == name]
    if library.rules[name].incident is not None:
        found = [incident for incident in diagnosis.incidents if incident.rule == name]
    return sorted(found, key=lambda item: item.first or UNDATED)


def _compare(item: Finding | Incident, expected: Expectation) -> Iterator[str]:
    written = to_plain(item)
    for field in ("state", "severity", "title", "hosts", "peers", "first", "last", "count", "requested"):
        wanted = getattr(expected, field)
        if wanted is not None and written.get(field) != wanted:
            yield f"{field} is {written.get(field)!r}, expected {wanted!r}"
    remedy = "\n".join(" ".join(str(part) for part in step.values()) for step in written["remedy"])
    for text in expected.remedy:
        if text not in remedy:
            yield f"the remedy does not say {text!r}"
    for text in expected.remedy_without:
        if text in remedy:
            yield f"the remedy says {text!r}"
