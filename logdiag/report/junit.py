"""Renders the diagnosis as JUnit XML: a suite for each cluster, a case for each rule.

A rule fails with a finding at medium or above that no requested work explains, whatever `--fail-on` is.
A rule that could not be judged is an error, one that is not for these peers is skipped.
"""

from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from logdiag.i18n import gettext
from logdiag.model import SEVERITIES, Diagnosis, Finding, Incident, NotChecked
from logdiag.report import labels, sentences
from logdiag.report.locations import Origins, location_of
from logdiag.report.sanitize import one_line

MAX_FINDINGS, MAX_RECORDS = 100, 100
"""Findings that are shown of a rule, and records of a finding."""
MAX_VALUE_LENGTH = 1000

# What XML cannot contain and `defuse` does not change, since a terminal does not mind.
_NO_CHARACTERS = {code: f"\\u{code:04x}" for code in (0xFFFE, 0xFFFF)}
_FAILS = SEVERITIES[SEVERITIES.index("medium") :]


def render(diagnosis: Diagnosis) -> str:
    """Return the XML for ``diagnosis``."""
    origins = Origins(diagnosis)
    everything: list[Finding | Incident] = [*diagnosis.findings, *diagnosis.incidents]
    found: dict[tuple[str | None, str], list[Finding | Incident]] = {}
    for one in everything:
        # An incident without a rule of its own has the rule of its cause, which is among the findings.
        if isinstance(one, Finding) or one.rule.startswith("incident/"):
            found.setdefault((origins.cluster(one), one.rule), []).append(one)
    reasons: dict[tuple[str | None, str], list[NotChecked]] = {}
    for reason in diagnosis.not_checked:
        for cluster in reason.clusters or origins.clusters:
            reasons.setdefault((cluster, reason.rule), []).append(reason)
    rules = {one.rule for one in everything} | {one.rule for one in diagnosis.not_checked}
    rules |= {one.rule for one in diagnosis.silent}
    report = JUnitXml("logdiag")
    for cluster, peers in origins.clusters.items():
        suite = TestSuite(_line(cluster or ", ".join(peers) or gettext("no peer")))
        for rule in sorted(rules):
            suite.add_testcase(_case(rule, found.get((cluster, rule), []), reasons.get((cluster, rule), [])))
        report.add_testsuite(suite)
    report.update_statistics()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{report.tostring().decode()}\n'


def _case(rule: str, found: Sequence[Finding | Incident], reasons: Sequence[NotChecked]) -> TestCase:
    name = _line(rule)
    case = TestCase(name, ".".join(("logdiag", *name.split("/")[:-1])))
    wrong = [one for one in found if _fails(one)]
    harmless = [one for one in found if not _fails(one)]
    unjudged = [one.reason for one in reasons if one.applies]
    others = [one.reason for one in reasons if not one.applies]
    if wrong:
        failure = Failure(_line(wrong[0].title), wrong[0].severity)
        failure.text = _all(wrong)
        case.result = [failure]
    elif unjudged:
        error = Error(_line(unjudged[0]), "not judged")
        error.text = "\n".join(map(_line, (*unjudged, *others)))
        case.result = [error]
    elif others and not found:
        skipped = Skipped(_line(others[0]), "does not apply")
        skipped.text = "\n".join(map(_line, others))
        case.result = [skipped]
    if harmless:
        case.system_out = _all(harmless)
    return case


def _all(found: Sequence[Finding | Incident]) -> str:
    texts = ["\n".join(_lines(one)) for one in found[:MAX_FINDINGS]]
    if len(found) > MAX_FINDINGS:
        texts.append(sentences.more(len(found) - MAX_FINDINGS, "findings"))
    return "\n\n".join(texts)


def _lines(one: Finding | Incident) -> list[str]:
    lines = [_line(one.title), _line(f"{labels.SEVERITIES[one.severity]}, {sentences.state(one)}")]
    if isinstance(one, Incident):
        return [*lines, _line(one.summary)]
    lines += sentences.explained(one)
    if one.explanation:
        lines.append(_line(one.explanation))
    lines += map(_line, sentences.linked(one))
    for record in one.evidence[:MAX_RECORDS]:
        location = location_of(record)
        lines.append(f"{_line(location.path)}:{location.line}")
    if len(one.evidence) > MAX_RECORDS:
        lines.append(sentences.more(len(one.evidence) - MAX_RECORDS, "records"))
    return lines


def _fails(one: Finding | Incident) -> bool:
    # An incident that requested work explains is at info.
    return one.severity in _FAILS and not (isinstance(one, Finding) and one.requested)


def _line(text: str) -> str:
    """Return ``text`` on one line, without anything that XML cannot contain."""
    return one_line(text, MAX_VALUE_LENGTH).strip().translate(_NO_CHARACTERS)
