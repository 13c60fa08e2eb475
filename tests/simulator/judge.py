"""Compare a diagnosis with the truth of its case."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from logdiag.model import Diagnosis, Finding, Incident

from .advice import actions, all_steps, dangerous
from .scenarios import Played
from .truth import Advice, Expected, Headline

Key = tuple[str, ...]
"""A rule and the compared peers: host, or host and peer."""

_ANYWHERE = frozenset({"dns/peer-unresolved"})
"""Rules whose findings are always effects of another fault. They are not judged."""


@dataclass
class Verdict:
    """The result of one case. Numbers count expected or found keys."""

    scenario: str
    seed: int
    right: int = 0
    missed: int = 0
    wrong: int = 0
    states_right: int = 0
    states: int = 0
    headline: bool = False
    remedy: bool | None = None
    """None if the case neither requires nor forbids advice."""
    danger: int = 0
    misses: list[str] = field(default_factory=list)
    rules: dict[str, list[str]] = field(default_factory=dict)
    """A line for each expected and each found item, by rule."""


def judge(played: Played, diagnosis: Diagnosis) -> Verdict:
    """Compare a diagnosis with the truth."""
    verdict = Verdict(played.name, played.seed)
    _judge_findings(verdict, played, diagnosis.findings)
    _judge_headline(verdict, played.truth.headline, diagnosis.incidents)
    _judge_remedy(verdict, played, diagnosis)
    for danger in dangerous(all_steps(diagnosis), played.dangers):
        verdict.danger += 1
        verdict.misses.append(f"DANGER {danger}")
    found: list[Finding | Incident] = [*diagnosis.findings, *diagnosis.incidents]
    for item in found:
        verdict.rules.setdefault(item.rule, []).append(f"found    {_describe(item)}")
    return verdict


# ── findings ────────────────────────────────────────────────────────────────────────────────


def _judge_findings(verdict: Verdict, played: Played, findings: Sequence[Finding]) -> None:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    expected: dict[str, list[Expected]] = {}
    for one in played.truth.expected:
        expected.setdefault(one.rule, []).append(one)
        verdict.rules.setdefault(one.rule, []).append(
            f"expected {one.level}: {' '.join(one.hosts)} {one.peer or ''} {'/'.join(one.states)}"
        )
    for rule, wanted in expected.items():
        _judge_rule(verdict, wanted, by_rule.get(rule, []), more=rule in played.truth.allowed)
    for rule, found in by_rule.items():
        if rule not in expected and rule not in played.truth.allowed | _ANYWHERE:
            _count_wrong(verdict, {key for f in found if _counts(f) for key in _keys(f, "host")}, found)


def _judge_rule(verdict: Verdict, wanted: list[Expected], found: list[Finding], *, more: bool) -> None:
    level = wanted[0].level
    keys: dict[Key, tuple[str, ...]] = {}
    for one in wanted:
        for host in one.hosts:
            keys[(one.rule, host, one.peer) if one.peer else (one.rule, host)] = one.states
    for key, states in keys.items():
        having = [finding for finding in found if key in _keys(finding, level)]
        if not having:
            verdict.missed += 1
            verdict.misses.append(
                f"missing {_describe_key(key)}; of this rule: {[_describe(f) for f in found]}"
            )
            continue
        verdict.right += 1
        if states:
            newest = max(having, key=lambda finding: (finding.first, finding.id))
            verdict.states += 1
            verdict.states_right += newest.state in states
            if newest.state not in states:
                verdict.misses.append(
                    f"state of {_describe_key(key)}: {newest.state} and not {'/'.join(states)}"
                )
    if level != "about" and not more:
        others = {key for finding in found if _counts(finding) for key in _keys(finding, level)} - set(keys)
        _count_wrong(verdict, others, found)


def _count_wrong(verdict: Verdict, keys: Iterable[Key], found: list[Finding]) -> None:
    for key in sorted(keys):
        verdict.wrong += 1
        reported = [
            _describe(finding) for finding in found if set(key[1:]) <= {*finding.hosts, *finding.peers}
        ]
        verdict.misses.append(f"wrong {_describe_key(key)}: {reported}")


def _counts(finding: Finding) -> bool:
    """Return whether a finding reports a problem."""
    return finding.severity != "info" and not finding.requested


def _keys(finding: Finding, level: str) -> set[Key]:
    if level == "host":
        return {(finding.rule, host) for host in finding.hosts}
    if level == "pair":
        return {(finding.rule, host, peer) for host in finding.hosts for peer in finding.peers}
    return {(finding.rule, name) for name in (*finding.hosts, *finding.peers)}


# ── headline and remedy ─────────────────────────────────────────────────────────────────────


def _judge_headline(verdict: Verdict, wanted: Headline | None, incidents: Sequence[Incident]) -> None:
    first = incidents[0] if incidents else None
    if wanted is None:
        verdict.headline = first is None or first.severity == "info"
        if not verdict.headline:
            verdict.misses.append(f"headline: nothing is wrong; found {_describe(first)}")
        return
    verdict.headline = (
        first is not None
        and first.rule in wanted.rules
        and first.severity in wanted.severity.split()
        and first.state in wanted.states
        and bool(first.peers)
        and set(wanted.peers) <= set(first.peers) <= {*wanted.peers, *wanted.among}
    )
    if not verdict.headline:
        may = f" (of {' '.join(wanted.among)})" if wanted.among else ""
        expected = f"{' or '.join(wanted.rules)} {wanted.severity} {'/'.join(wanted.states)} {' '.join(wanted.peers)}{may}"
        verdict.misses.append(f"headline: {expected}; found {_describe(first)}")


def _judge_remedy(verdict: Verdict, played: Played, diagnosis: Diagnosis) -> None:
    truth = played.truth
    if not truth.advice and not truth.never:
        return
    wrong = [line for advice in truth.advice for line in _wrong_advice(advice, diagnosis)]
    for step in all_steps(diagnosis):
        for action in sorted(actions(step) & truth.never):
            wrong.append(f"{action} is forbidden here; the step is for {list(step.where)}: {step.do[:90]}")
    verdict.remedy = not wrong
    verdict.misses += [f"remedy: {line}" for line in wrong]


def _wrong_advice(advice: Advice, diagnosis: Diagnosis) -> list[str]:
    steps = [
        step for incident in diagnosis.incidents for step in incident.remedy if advice.action in actions(step)
    ]
    advised = {peer for step in steps for peer in step.where}
    if not advised or (not advised <= set(advice.peers) if advice.any_of else advised != set(advice.peers)):
        return [f"{advice.action} on {sorted(advice.peers)}; found {sorted(advised) or 'none'}"]
    if advice.first is not None and steps[0].where != (advice.first,):
        return [f"{advice.action} begins with {advice.first}; found {list(steps[0].where)}"]
    return []


def _describe_key(key: Key) -> str:
    return f"{key[0]} {' -> '.join(key[1:])}"


def _describe(item: Finding | Incident | None) -> str:
    if item is None:
        return "nothing"
    hosts = f"{','.join(item.hosts)} -> " if isinstance(item, Finding) else ""
    requested = " requested" if isinstance(item, Finding) and item.requested else ""
    return f"{item.rule} {item.severity} {item.state}{requested} {hosts}{','.join(item.peers)}"
