"""From rules and a log to findings, each with its evidence and its explanation."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from logdiag.model import Evidence, Finding, NotChecked
from logdiag.records import instant
from logdiag.rules.episodes import Episode, answers
from logdiag.rules.events import Case, Collected, Key
from logdiag.rules.library import Library, patterns
from logdiag.rules.matchers import Event
from logdiag.rules.schema import Match, Rule
from logdiag.rules.texts import fill, placeholders, unbound
from logdiag.wording import stretch

EVIDENCE = 100
"""Records that a finding shows at most; ``count`` counts them all."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass
class Judged:
    """What came of judging rules: findings, and what could not be judged."""

    findings: list[Finding] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)


def judge(library: Library, case: Case) -> Judged:
    """Every rule's findings but those of incidents, in the order of the contract."""
    judged = Judged()
    for name, rule in sorted(library.rules.items()):
        if rule.match.incident is None:
            _judge_rule(name, rule, library, case, judged)
    return judged


def _judge_rule(name: str, rule: Rule, library: Library, case: Case, judged: Judged) -> None:
    collected = Collected(case)
    signals = [library.signals[name].match for name in (rule.match.state.over_by if rule.match.state else [])]
    for key, episode in answers(rule, collected, signals):
        judged.findings.append(_finding(name, rule, key, episode, case))
    if collected.left_out:
        reason = (
            f"{collected.left_out} matching records do not say which peer they are about and are left out"
        )
        judged.not_checked.append(NotChecked(name, reason))


def _finding(name: str, rule: Rule, key: Key, episode: Episode, case: Case) -> Finding:
    values: dict[str, str] = {}
    for event in episode.events:
        for bound, value in event.values.items():
            values.setdefault(bound, value)
    values.update({part: value for part, value in key if part != "host"})
    about = _peer_names(rule.match)
    names = {peer.name for peer in case.cluster.peers}
    # The record that proves an end may be the lost peer's own: it is evidence, not a report.
    hosts = tuple(sorted({event.peer for event in episode.events if _reports(event, key)}))
    named = {value for event in episode.events for bound, value in event.values.items() if bound in about}
    peers = tuple(sorted(named & names - set(hosts)))
    fingerprint = hashlib.sha256("\0".join([name, *(f"{k}={v}" for k, v in key)]).encode()).hexdigest()[:16]
    first, last = instant(episode.first), instant(episode.last)
    absent = unbound(rule.match)
    if episode.took is not None:
        values["took"] = stretch(episode.took * _MICROSECOND)
    texts = {**absent, **placeholders(values, hosts, peers, episode.count, first, last)}
    return Finding(
        fingerprint=fingerprint,
        id=f"{fingerprint}@{first:%Y%m%dT%H%M%S}.{first.microsecond // 1000:03d}Z",
        rule=name,
        title=fill(rule.title, texts),
        severity=rule.severity,
        state=episode.state,
        hosts=hosts,
        peers=peers,
        first=first,
        last=last,
        count=episode.count,
        evidence=tuple(_evidence(event, case) for event in _shown(episode.events)),
        explanation=" ".join(part for part in (fill(rule.why, texts), episode.note) if part),
        basis=rule.basis,
        remedy=(),
        references=tuple(rule.references),
        outcome=episode.note,
        values=dict(sorted({**_said(absent), **values}.items())),
    )


def _said(absent: dict[str, str]) -> dict[str, str]:
    """Of what is unbound, that which its rule has words for."""
    return {name: text for name, text in absent.items() if text != f"(no {name})"}


def _reports(event: Event, key: Key) -> bool:
    return dict(key).get("host", event.peer) == event.peer


def _peer_names(match: Match) -> set[str]:
    """The bound names that are peers."""
    return {
        name
        for _, pattern in patterns(match)
        for name, binding in pattern.bind.items()
        if binding.kind == "peer"
    }


def _shown(events: tuple[Event, ...]) -> Iterable[Event]:
    if len(events) <= EVIDENCE:
        return events
    return [*events[: EVIDENCE - EVIDENCE // 4], *events[-(EVIDENCE // 4) :]]


def _evidence(event: Event, case: Case) -> Evidence:
    return Evidence(event.snapshot, event.source, event.line, instant(event.time), case.text(event.row))
