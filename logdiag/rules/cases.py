"""Running the cases that stand inside the rules: raw records in, expected findings out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from logdiag.model import Diagnosis, Finding, Incident
from logdiag.records import Tables, read_texts
from logdiag.report.json_ import plain
from logdiag.rules.library import Library
from logdiag.rules.schema import Case, Expectation


@dataclass(frozen=True)
class Outcome:
    """What came of one case; ``problems`` is empty where it came out as expected."""

    rule: str
    case: str
    problems: tuple[str, ...]


def run_cases(library: Library, examine: Callable[[Tables, Library], Diagnosis]) -> Iterator[Outcome]:
    """Every case of every rule, in the order of their ids; ``examine`` is the straight line."""
    for name, rule in sorted(library.rules.items()):
        for case in rule.cases:
            diagnosis = examine(tables_of(case), library)
            yield Outcome(name, case.name, tuple(_problems(name, case, library, diagnosis)))


def tables_of(case: Case) -> Tables:
    """The records of a case; each of its logs is a snapshot of its own."""
    logs = {"case.log": case.log} if case.log is not None else case.logs or {}
    return read_texts({name: text.encode() for name, text in logs.items()})


def _problems(name: str, case: Case, library: Library, diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.coverage.unparsed:
        yield f"{diagnosis.coverage.unparsed} lines of its log are no records"
    # An incident that has no rule of its own repeats the rule of its cause: the finding is meant.
    found: list[Finding | Incident] = [f for f in diagnosis.findings if f.rule == name]
    if library.rules[name].match.incident is not None:
        found = [incident for incident in diagnosis.incidents if incident.rule == name]
    found.sort(key=lambda item: item.first)
    if len(found) != len(case.expect):
        yield f"expected {len(case.expect)} findings, found {len(found)}: {[item.title for item in found]}"
        return
    for number, (item, expected) in enumerate(zip(found, case.expect, strict=True), start=1):
        for problem in _compare(item, expected):
            yield f"finding {number}: {problem}"


def _compare(item: Finding | Incident, expected: Expectation) -> Iterator[str]:
    written = plain(item)
    for field in ("state", "severity", "title", "hosts", "peers", "first", "last", "count"):
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
