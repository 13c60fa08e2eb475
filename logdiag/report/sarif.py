"""Renders the findings as SARIF 2.1.0, within the limits of GitHub's code scanning.

Every result is at a line of a member. What was not read or judged is a notification.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from logdiag.i18n import gettext, ngettext
from logdiag.model import Diagnosis, Evidence, Finding, to_plain
from logdiag.report import sentences
from logdiag.report.labels import LEVELS
from logdiag.report.locations import LineLocation, Origins, location_of
from logdiag.report.sanitize import one_line

MAX_RESULTS = 5000
"""Results that GitHub shows of a run; it takes 25,000, and refuses a file with more."""
MAX_LOCATIONS = 1000
"""Locations that GitHub takes of a result."""
MAX_NOTIFICATIONS = 1000
MAX_VALUE_LENGTH = 1000

_KINDS = ("gap", "fault", "not-judged", "left-out")


def render(diagnosis: Diagnosis) -> str:
    """Return the SARIF log for ``diagnosis``."""
    origins = Origins(diagnosis)
    shown = diagnosis.findings[:MAX_RESULTS]
    worst: dict[str, Finding] = {}
    for finding in shown:
        worst.setdefault(finding.rule, finding)
    numbers = {rule: number for number, rule in enumerate(worst)}
    driver = {
        "name": "logdiag",
        "version": _line(diagnosis.tool.version),
        "properties": {"library": _line(diagnosis.tool.library)},
        "rules": [_rule(finding) for finding in worst.values()],
        "notifications": [{"id": kind} for kind in _KINDS],
    }
    has_baseline = "baseline" in diagnosis.command.options
    run = {
        "tool": {"driver": driver},
        "language": _line(diagnosis.language),
        # Python counts characters in code points; the default of SARIF counts UTF-16 units.
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(diagnosis)],
        "results": [_result(one, numbers[one.rule], origins, has_baseline) for one in shown],
    }
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    """Return a rule as GitHub shows it next to each of its results, with the steps of its worst finding."""
    rule = _line(finding.rule)
    steps = [f"{number}. {_line(step.do)}" for number, step in enumerate(finding.remedy, start=1)]
    more = gettext("`logdiag rules show {rule}` explains what it means, when it fires, and what to do.")
    help_ = [
        _line(finding.title),
        *steps,
        *map(_line, sentences.linked(finding)),
        more.format(rule=rule),
    ]
    return {
        "id": rule,
        "shortDescription": {"text": rule},
        "help": {"text": "\n".join(help_)},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        # GitHub takes no more than ten tags of a rule.
        "properties": {"tags": [rule.split("/")[0], finding.severity, finding.basis]},
    }


def _result(finding: Finding, number: int, origins: Origins, has_baseline: bool) -> dict[str, Any]:
    said = [finding.title, finding.explanation, gettext(sentences.KNOWN) if finding.known else ""]
    result: dict[str, Any] = {
        "ruleId": _line(finding.rule),
        "ruleIndex": number,
        "level": LEVELS[finding.severity],
        "message": {"text": "\n".join(_line(text) for text in said if text)},
        "locations": [_location(origins.location(finding))],
        "occurrenceCount": max(finding.count, 1),
        "partialFingerprints": {
            # By this one GitHub knows a result again.
            "primaryLocationLineHash": _line(finding.id),
            "logdiagFingerprint/v1": _line(finding.fingerprint),
            "logdiagId/v1": _line(finding.id),
        },
        "properties": {
            "severity": finding.severity,
            "state": finding.state,
            "basis": finding.basis,
            "first": to_plain(finding.first),
            "last": to_plain(finding.last),
        },
    }
    if len(finding.evidence) > 1:
        result["codeFlows"] = [{"threadFlows": _flows(finding.evidence, origins)}]
    if finding.requested:
        result["suppressions"] = [{"kind": "external", "justification": gettext(sentences.REQUESTED)}]
    if has_baseline:
        result["baselineState"] = "unchanged" if finding.known else "new"
    return result


def _flows(evidence: Sequence[Evidence], origins: Origins) -> list[dict[str, Any]]:
    """Return a flow for each peer with records in the evidence; indexes give the order of all records."""
    flows: dict[str, list[dict[str, Any]]] = {}
    # The result's own location counts, too.
    for order, record in enumerate(evidence[: MAX_LOCATIONS - 1], start=1):
        flows.setdefault(origins.peer(record), []).append(
            {
                "location": {
                    **_location(location_of(record)),
                    "message": {"text": _line(record.text) or " "},
                },
                "executionOrder": order,
                **({"executionTimeUtc": to_plain(record.time)} if record.time else {}),
            }
        )
    return [{"id": _line(peer), "locations": locations} for peer, locations in flows.items()]


def _location(at: LineLocation) -> dict[str, Any]:
    uri = quote(at.path, safe="/", errors="replace")
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": at.line}}}


def _invocation(diagnosis: Diagnosis) -> dict[str, Any]:
    notes = list(itertools.islice(_notifications(diagnosis), MAX_NOTIFICATIONS + 1))
    if len(notes) > MAX_NOTIFICATIONS:
        said = gettext("More notifications than {most}: write the findings with -o FILE.json.")
        notes[-1] = _notification("left-out", "warning", said.format(most=f"{MAX_NOTIFICATIONS:,}"))
    return {
        # A partial run is no success, though its results are right.
        "executionSuccessful": diagnosis.exit.code in (0, 1),
        "exitCode": diagnosis.exit.code,
        "toolExecutionNotifications": notes,
    }


def _notifications(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    left = len(diagnosis.findings) - MAX_RESULTS
    if left > 0:
        yield _notification("left-out", "warning", sentences.more(left, "findings"))
    cut = sum(len(one.evidence) >= MAX_LOCATIONS for one in diagnosis.findings[:MAX_RESULTS])
    if cut:
        said = ngettext(
            "{number} finding has more records than are shown.",
            "{number} findings have more records than are shown.",
            cut,
        )
        yield _notification("left-out", "warning", said.format(number=f"{cut:,}"))
    for member in diagnosis.coverage.members:
        for fault in member.faults:
            location = _location(LineLocation(member.snapshot, member.source, 1))
            said = sentences.not_whole(member.source, fault.text)
            yield {**_notification("fault", "warning", said), "locations": [location]}
    for gap in diagnosis.coverage.gaps:
        yield _notification("gap", "note", sentences.gap(gap))
    for one in diagnosis.not_checked:
        note = _notification("not-judged", "note", f"{one.rule}: {one.reason}")
        yield {**note, "associatedRule": {"id": _line(one.rule)}}


def _notification(kind: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": kind}, "level": level, "message": {"text": _line(text)}}


def _line(text: str) -> str:
    return one_line(text, MAX_VALUE_LENGTH).strip()
