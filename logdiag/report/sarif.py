"""The findings as SARIF 2.1.0, within the limits of GitHub's code scanning.

Every result stands at a line of a member. What was not read or judged is a notification.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

from logdiag.i18n import gettext, ngettext
from logdiag.model import Diagnosis, Evidence, Finding, Severity, to_plain
from logdiag.report import sentences
from logdiag.report.locations import Place, Places, place_of
from logdiag.report.sanitize import defuse

MOST_RESULTS = 5000
"""Results that GitHub shows of a run; it takes 25,000, and refuses a file with more."""
MOST_LOCATIONS = 1000
"""Locations that GitHub takes of a result."""
MOST_NOTIFICATIONS = 1000
LONGEST = 1000
"""Characters that are shown of one value."""

_LEVELS: dict[Severity, str] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "info": "note",
}
_KINDS = ("gap", "fault", "not-judged", "left-out")


def render(diagnosis: Diagnosis) -> str:
    """Return the SARIF log for ``diagnosis``."""
    places = Places(diagnosis)
    shown = diagnosis.findings[:MOST_RESULTS]
    worst: dict[str, Finding] = {}
    for finding in shown:
        worst.setdefault(finding.rule, finding)
    numbers = {rule: number for number, rule in enumerate(worst)}
    run = {
        "tool": {
            "driver": {
                "name": "logdiag",
                "version": _line(diagnosis.tool.version),
                "properties": {"library": _line(diagnosis.tool.library)},
                "rules": [_rule(finding) for finding in worst.values()],
                "notifications": [{"id": kind} for kind in _KINDS],
            }
        },
        "language": _line(diagnosis.language),
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(diagnosis)],
        "results": [
            _result(finding, numbers[finding.rule], places, "baseline" in diagnosis.command.options)
            for finding in shown
        ],
    }
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _rule(finding: Finding) -> dict[str, Any]:
    """A rule as GitHub shows it beside each of its results; what to do is told of its worst."""
    rule = _line(finding.rule)
    steps = [f"{number}. {_line(step.do)}" for number, step in enumerate(finding.remedy, start=1)]
    more = gettext("`logdiag rules show {rule}` tells what it means, when it fires, and what to do.")
    help_ = [
        _line(finding.title),
        *steps,
        *(_line(reference) for reference in finding.references),
        more.format(rule=rule),
    ]
    return {
        "id": rule,
        "shortDescription": {"text": rule},
        "help": {"text": "\n".join(help_)},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        # GitHub takes no more than ten tags of a rule.
        "properties": {"tags": [rule.split("/")[0], finding.severity, finding.basis]},
    }


def _result(finding: Finding, number: int, places: Places, has_baseline: bool) -> dict[str, Any]:
    told = [finding.title, finding.explanation]
    if finding.known:
        told.append(gettext("It is known from the baseline."))
    result: dict[str, Any] = {
        "ruleId": _line(finding.rule),
        "ruleIndex": number,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(_line(text) for text in told if text)},
        "locations": [_location(places.of(finding))],
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
        result["codeFlows"] = [{"threadFlows": _flows(finding.evidence, places)}]
    if finding.requested:
        explained = gettext("It is explained by requested work.")
        result["suppressions"] = [{"kind": "external", "justification": explained}]
    if has_baseline:
        result["baselineState"] = "unchanged" if finding.known else "new"
    return result


def _flows(evidence: Sequence[Evidence], places: Places) -> list[dict[str, Any]]:
    """A flow for each peer that has its say, its records in their order among all."""
    flows: dict[str, list[dict[str, Any]]] = {}
    # The result's own location counts, too.
    for order, record in enumerate(evidence[: MOST_LOCATIONS - 1], start=1):
        flows.setdefault(places.peer(record), []).append(
            {
                "location": {**_location(place_of(record)), "message": {"text": _line(record.text) or " "}},
                "executionOrder": order,
                **({"executionTimeUtc": to_plain(record.time)} if record.time else {}),
            }
        )
    return [{"id": _line(peer), "locations": locations} for peer, locations in flows.items()]


def _location(place: Place) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": place.uri},
            "region": {"startLine": place.line},
        }
    }


def _invocation(diagnosis: Diagnosis) -> dict[str, Any]:
    notes = list(itertools.islice(_notifications(diagnosis), MOST_NOTIFICATIONS + 1))
    if len(notes) > MOST_NOTIFICATIONS:
        said = gettext("More notifications than {most}: write the findings with -o FILE.json.")
        notes[-1] = _notification("left-out", "warning", said.format(most=f"{MOST_NOTIFICATIONS:,}"))
    return {
        # A part of the inputs is no success, though what was found in it holds.
        "executionSuccessful": diagnosis.exit.code in (0, 1),
        "exitCode": diagnosis.exit.code,
        "toolExecutionNotifications": notes,
    }


def _notifications(diagnosis: Diagnosis) -> Iterator[dict[str, Any]]:
    left = len(diagnosis.findings) - MOST_RESULTS
    if left > 0:
        yield _notification("left-out", "warning", sentences.more(left, "findings"))
    cut = sum(len(one.evidence) >= MOST_LOCATIONS for one in diagnosis.findings[:MOST_RESULTS])
    if cut:
        said = ngettext(
            "{number} finding has more records than are shown.",
            "{number} findings have more records than are shown.",
            cut,
        )
        yield _notification("left-out", "warning", said.format(number=f"{cut:,}"))
    for member in diagnosis.coverage.members:
        for fault in member.faults:
            said = gettext("Not whole: {member}: {fault}").format(member=member.source, fault=fault.text)
            place = Place(member.snapshot, member.source, 1)
            yield {**_notification("fault", "warning", said), "locations": [_location(place)]}
    for gap in diagnosis.coverage.gaps:
        yield _notification("gap", "note", sentences.gap(gap))
    for one in diagnosis.not_checked:
        note = _notification("not-judged", "note", f"{one.rule}: {one.reason}")
        yield {**note, "associatedRule": {"id": _line(one.rule)}}


def _notification(kind: str, level: str, text: str) -> dict[str, Any]:
    return {"descriptor": {"id": kind}, "level": level, "message": {"text": _line(text)}}


def _line(text: str) -> str:
    return defuse(" ".join(sentences.clipped(text, LONGEST).split()))
