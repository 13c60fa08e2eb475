"""From rules and a log to findings, each with its evidence and its explanation."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from logdiag.i18n import gettext
from logdiag.i18n.sentences import listed, stretch
from logdiag.model import SEVERITIES, STATES, UNDATED, Evidence, Finding, Incident, NotChecked
from logdiag.records import instant, micros
from logdiag.rules import versions
from logdiag.rules.evaluate import Answer, evaluate
from logdiag.rules.events import MAX_RECORDS, SEPARATOR, CaseData, Spans
from logdiag.rules.library import Library
from logdiag.rules.match_schema import list_peer_names
from logdiag.rules.placeholders import fill, fill_title, list_placeholders, unbound, without, worded
from logdiag.rules.references import cite
from logdiag.rules.schema import Rule
from logdiag.rules.time_logic import Event
from logdiag.rules.unclaimed_alarms import from_catalogue, notes_for, severity_of

MAX_EVIDENCE = 100
"""Records that a finding shows at most; ``count`` counts them all."""

MAX_FINDINGS_OF_RULE = 1000
MAX_FINDINGS = 5000
"""Findings that are reported, of one rule and of all: further ones make the run partial."""


@dataclass
class Judged:
    """The result of judging rules: at most ``most`` findings, and what could not be judged."""

    most: int = MAX_FINDINGS
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    capped: list[str] = field(default_factory=list)
    """Rules that looked at no more than a part of what they match."""
    late: list[str] = field(default_factory=list)
    """Rules that were not judged, as the time was used up."""

    def cap(self, rule: str, reason: str) -> None:
        """Take down that a rule's findings are a part of what there is."""
        if rule not in self.capped:
            self.capped.append(rule)
        if (said := NotChecked(rule, reason)) not in self.not_checked:
            self.not_checked.append(said)


def judge(
    library: Library,
    case: CaseData,
    most: int = MAX_FINDINGS,
    is_late: Callable[[], bool] = lambda: False,
) -> Judged:
    """Return every rule's findings but those of incidents; of more than ``most`` the worst.

    When it ``is_late``, the rules that are not judged yet are named.
    """
    judged = Judged(most)
    found_by = sorted(
        ((name, rule) for name, rule in library.rules.items() if rule.incident is None),
        key=lambda item: (item[1].requested is None, item[0]),
    )
    work_is_known = False
    for name, rule in found_by:
        if is_late():
            judged.late.append(name)
            judged.not_checked.append(NotChecked(name, gettext("the time is used up (seconds)")))
            continue
        if rule.requested is None and not work_is_known:
            # What begins after requested work is not joined to the noise of it.
            case, work_is_known = replace(case, work=_work(judged.findings, library)), True
        _judge(name, rule, library, case, judged)
        _cut(judged)
    return judged


def _work(findings: Iterable[Finding], library: Library) -> Spans:
    """Return the spans of requested work, each with the time that its noise may take."""
    spans: list[tuple[int, int]] = []
    for one in sorted(findings, key=lambda one: one.began):
        asked = library.rules[one.rule].requested
        if asked is None or asked.over_within is None or one.first is None or one.last is None:
            continue
        start, end = micros(one.first), micros(one.last + asked.over_within)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def sort_key(item: Finding | Incident) -> tuple[int, int, str, str]:
    """Return the order of the contract: severity, then state, then when it began."""
    return (
        -SEVERITIES.index(item.severity),
        STATES.index(item.state),
        (item.first or item.as_of or UNDATED).isoformat(),
        item.id,
    )


def _cut(judged: Judged) -> None:
    """Leave the worst of too many findings, and name the rules of the others."""
    if len(judged.findings) > judged.most:
        ordered = sorted(judged.findings, key=sort_key)
        judged.findings = ordered[: judged.most]
        most = gettext("no more than {most} findings of all rules are reported").format(
            most=f"{judged.most:,}"
        )
        for name in sorted({finding.rule for finding in ordered[judged.most :]}):
            judged.cap(name, most)


def _judge(name: str, rule: Rule, library: Library, case: CaseData, judged: Judged) -> None:
    evaluation = evaluate(rule, library, case)
    answers = evaluation.answers
    other_versions: list[str] = []
    if len(answers) > MAX_FINDINGS_OF_RULE:
        some = gettext("fires {count} times; {most} of them are reported")
        judged.cap(name, some.format(count=f"{len(answers):,}", most=f"{MAX_FINDINGS_OF_RULE:,}"))
        # What is not over first, then as it began.
        ordered = sorted(answers, key=lambda one: (STATES.index(one.episode.state), one.episode.first))
        answers = ordered[:MAX_FINDINGS_OF_RULE]
    for answer in answers:
        finding = _finding(name, rule, answer, case, library.says.get(name, {}))
        versions_of = [case.cluster.versions.get(host) for host in finding.hosts]
        applies = versions.applies_to_all(rule.applies_to, versions_of) if rule.applies_to else "applies"
        ranges, hosts = listed(rule.applies_to or []), listed(finding.hosts)
        if applies == "does not":
            other = gettext("is for {versions}, and {peers} has another version")
            other_versions.append(other.format(versions=ranges, peers=hosts))
            continue
        notes = [finding.explanation]
        if applies == "cannot tell":
            note = gettext("This holds for {versions}; which version {peers} has is not known.")
            notes.append(note.format(versions=ranges, peers=hosts))
        if answer.capped:
            note = gettext("More records match than are looked at ({most}): there may be more of it.")
            notes.append(note.format(most=f"{MAX_RECORDS:,}"))
        if rule.match[answer.number].is_of_others:
            alarm = finding.values.get("id", "")
            known, sources = notes_for(alarm, versions_of)
            notes += known
            references = (*finding.references, *cite(sources))
            severity = severity_of(alarm, finding.values.get("called", ""))
            finding = replace(finding, severity=severity, references=references)
        judged.findings.append(replace(finding, explanation=" ".join(notes)))
    if evaluation.capped and name not in judged.capped:
        judged.capped.append(name)
    judged.not_checked += [NotChecked(name, reason) for reason in dict.fromkeys(evaluation.reasons)]
    judged.not_checked += [NotChecked(name, said, False) for said in dict.fromkeys(other_versions)]


def _finding(name: str, rule: Rule, answer: Answer, case: CaseData, says: Mapping[str, str]) -> Finding:
    match, key, episode, told = rule.match[answer.number], answer.key, answer.episode, answer.told
    # The first event that binds a name says its value.
    values = {bound: value for event in reversed(episode.events) for bound, value in event.values.items()}
    values.update({part: value for part, value in key if part != "host" and value})
    about = list_peer_names(match)
    # The record that proves an end may be the lost peer's own: it is evidence, not a report.
    reporter = dict(key).get("host")
    reports = [event for event in episode.events if event not in episode.proofs] or episode.events
    hosts = tuple(sorted({event.peer for event in reports if reporter in (None, event.peer)}))
    named = {
        one
        for event in episode.events
        for bound, value in event.values.items()
        if bound in about
        for one in value.split(SEPARATOR)
    }
    peers = tuple(sorted((named & case.cluster.names) - set(hosts)))
    evidence = tuple(_evidence(event, case) for event in _shown(episode.events))
    if told is not None:
        hosts, peers = told.hosts, tuple(sorted({*peers, *told.peers} - set(told.hosts)))
        evidence = (*told.evidence, *evidence)
        values["found"] = told.found
    which = f"#{answer.number}" if answer.number else ""
    fingerprint = hashlib.sha256(
        "\0".join([name + which, *(f"{k}={v}" for k, v in key)]).encode()
    ).hexdigest()[:16]
    first, last = _times(answer)
    absent = unbound(rule.match)
    if match.is_of_others:
        values.update(from_catalogue(values))
    if episode.took is not None:
        values["took"] = stretch(timedelta(microseconds=episode.took))
    for bound in about & values.keys():
        values[bound] = listed(values[bound].split(SEPARATOR))
    texts = worded({**absent, **list_placeholders(values, hosts, peers, episode.count, first, last)}, says)
    missing = "" if rule.without_log is None else _without_log(rule.without_log, texts, peers, first, case)
    return Finding(
        fingerprint=fingerprint,
        id=f"{fingerprint}@{stamp(first)}",
        rule=name,
        title=fill_title(rule.title, texts, hosts, peers, case.cluster.names),
        severity=rule.severity,
        state=episode.state,
        hosts=hosts,
        peers=peers,
        first=first,
        last=last,
        count=episode.count,
        evidence=evidence,
        explanation=" ".join(part for part in (fill(rule.why, texts), missing, episode.note) if part),
        basis=rule.basis,
        remedy=(),
        references=cite(rule.references),
        outcome=episode.note,
        values=dict(sorted({**_said(absent), **values}.items())),
        as_of=_as_of(answer),
        anchor=instant(episode.first),
    )


def _without_log(
    text: str, texts: Mapping[str, str], peers: Iterable[str], first: datetime | None, case: CaseData
) -> str:
    """Return a text about the peers without a log that covers a time; nothing if each has one."""
    logs = case.cluster.observed
    missing = [name for name in peers if first and not (name in logs and logs[name].covers(first))]
    return fill(text, {**texts, "peers": listed(missing)}) if missing else ""


def stamp(first: datetime | None) -> str:
    """Return the part of an id that says when it began; what only a dump shows is one episode."""
    return "dump" if first is None else f"{first:%Y%m%dT%H%M%S}.{first.microsecond // 1000:03d}Z"


def _times(answer: Answer) -> tuple[datetime | None, datetime | None]:
    """Return when an episode began and was last seen; None if only a dump that states no time shows it."""
    episode = answer.episode
    events = sorted(episode.events)
    told = answer.told is None or answer.told.dated
    begun, ended = (events[0].dated, events[-1].dated) if events else (told, told)
    return instant(episode.first) if begun else None, instant(episode.last) if ended else None


def _as_of(answer: Answer) -> datetime | None:
    """Return when the newest dump was made that an episode rests on."""
    known = [event.as_of for event in answer.episode.events if event.as_of is not None]
    if answer.told is not None and answer.told.as_of is not None:
        known.append(answer.told.as_of)
    return max(known, default=None)


def _said(absent: dict[str, str]) -> dict[str, str]:
    """Of what is unbound, that which its rule has words for."""
    return {name: text for name, text in absent.items() if text and text != without(name)}


def _shown(events: tuple[Event, ...]) -> Iterable[Event]:
    if len(events) <= MAX_EVIDENCE:
        return events
    return [*events[: MAX_EVIDENCE - MAX_EVIDENCE // 4], *events[-(MAX_EVIDENCE // 4) :]]


def _evidence(event: Event, case: CaseData) -> Evidence:
    time = instant(event.time) if event.table == "records" else None
    return Evidence(event.snapshot, event.source, event.line, time, case.text(event))
