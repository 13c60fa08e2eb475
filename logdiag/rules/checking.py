"""What the schema cannot say: that whatever a rule, a signal or a procedure names is there."""

import difflib
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from logdiag.cluster.facts import FACTS
from logdiag.conditions import Reference, check_extraction, check_regular_expression, mistakes
from logdiag.rules import versions
from logdiag.rules.match_schema import ACROSS, OTHER_WORDS, Match, bound, patterns, proofs
from logdiag.rules.roles import ROLES
from logdiag.rules.schema import Procedure, Rule, Signal, When
from logdiag.rules.types import Place

ALWAYS_BOUND = frozenset({"host", "hosts", "peers", "count", "first", "last", "duration"})
"""Placeholders that every finding has."""

IN_PROCEDURES = frozenset({"where", "hosts", "peers", "primary", "unaffected", "advice", "found"})
"""Placeholders that the steps of a procedure have."""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
"""A placeholder in a text; its group is the name."""


_Complaints = Iterator[tuple[Place, str]]


@dataclass(frozen=True)
class Known:
    """What a library holds, and the names (``signals/…``, ``procedures/…``) of what cannot be read."""

    rules: Mapping[str, Rule]
    signals: Mapping[str, Signal]
    procedures: Mapping[str, Procedure]
    failed: AbstractSet[str]

    def rule(self, name: str) -> bool:
        """Whether a rule is there, or would be if its own mistakes were mended."""
        return name in self.rules or name in self.failed

    def signal(self, name: str) -> bool:
        """The same for a signal."""
        return name in self.signals or f"signals/{name}" in self.failed

    def procedure(self, name: str) -> bool:
        """The same for a procedure."""
        return name in self.procedures or f"procedures/{name}" in self.failed


def check(item: Rule | Signal | Procedure, known: Known) -> _Complaints:
    """Every mistake in what an item names, with the place of it."""
    match item:
        case Rule():
            for index, match in enumerate(item.match):
                yield from _check_match(match, ("match", index), known)
            for index, spec in enumerate(item.applies_to or []):
                if not versions.is_valid(spec):
                    yield ("applies_to", index), f"{spec!r} is no version such as >=X14, <X8.8 or X14.2"
            yield from _check_rule(item, known)
        case Signal():
            yield from _check_match(item.match, ("match",), known)
            if item.match.kind not in ("record", "sequence", "state"):
                yield ("match",), "the match of a signal is record, sequence or state"
            if "with" in bound(item.match) and "peer" not in bound(item.match):
                yield ("match",), "with says with whom: a signal that binds it binds peer"
        case Procedure():
            if item.reported_by and not known.rule(item.reported_by):
                yield ("reported_by",), _unknown("rule", item.reported_by, known.rules)
            for index, step in enumerate(item.steps):
                here: Place = ("steps", index)
                if step.where not in ROLES:
                    yield (*here, "where"), _unknown("role", step.where, ROLES)
                for name in ("do", "why", "command", "impact", "verify", "wait"):
                    text = getattr(step, name) or ""
                    yield from _placeholders(text, set(IN_PROCEDURES), (*here, name))
                yield from _check_when(step.when, here, known)


def _check_rule(rule: Rule, known: Known) -> _Complaints:
    names = set(ALWAYS_BOUND)
    incident = rule.incident
    if incident is not None:
        causes = [known.rules[cause] for cause in incident.causes if cause in known.rules]
        names |= set.intersection(*(bound(cause.match) for cause in causes)) if causes else set()
        names.add("primary")
        for field in ("causes", "state_of", "requires", "draws"):
            for index, name in enumerate(getattr(incident, field)):
                if not known.rule(name):
                    yield ("match", "incident", field, index), _unknown("rule", name, known.rules)
        if known.failed & set(incident.causes):
            return
    else:
        names |= bound(rule.match) | ({"took"} if any(match.sequence for match in rule.match) else set())
    for field in ("title", "why"):
        yield from _placeholders(getattr(rule, field), names, (field,))
        for other in OTHER_WORDS:
            words = getattr(incident, other, None)
            yield from _placeholders(getattr(words, field, ""), names, ("match", "incident", other, field))
    for index, effect in enumerate(rule.explains):
        for item, against in enumerate(effect.unless or []):
            if not known.rule(against):
                yield ("explains", index, "unless", item), _unknown("rule", against, known.rules)
        for item, witness in enumerate(effect.only_with or []):
            if not known.rule(witness):
                yield ("explains", index, "only_with", item), _unknown("rule", witness, known.rules)
        if not known.rule(effect.rule):
            yield ("explains", index), _unknown("rule", effect.rule, known.rules)
        for name in sorted(set(effect.values) - names):
            yield ("explains", index, "values", name), _unknown("bound name", name, names)
    for field in ("unless", "shown_by", "told_under"):
        for index, name in enumerate(getattr(rule.requested, field, [])):
            if not known.rule(name):
                yield ("requested", field, index), _unknown("rule", name, known.rules)
    if incident is not None:
        for cause in causes:
            for name in sorted(set(incident.values) - bound(cause.match)):
                yield (
                    ("match", "incident", "values", name),
                    _unknown("bound name", name, bound(cause.match)),
                )
    if rule.before_outages is not None and not known.procedure(rule.before_outages):
        yield ("before_outages",), _unknown("procedure", rule.before_outages, known.procedures)
    for index, remedy in enumerate(rule.remedy):
        if not known.procedure(remedy.procedure):
            yield ("remedy", index), _unknown("procedure", remedy.procedure, known.procedures)
        yield from _check_when(remedy.when, ("remedy", index), known)


def _check_when(when: When | None, path: Place, known: Known) -> _Complaints:
    for index, spec in enumerate((when.version if when else None) or []):
        if not versions.is_valid(spec):
            yield (*path, "when", "version", index), f"{spec!r} is no version such as >=X14, <X8.8 or X14.2"
    for field in ("goes_on", "over", "fires", "silent"):
        for index, rule in enumerate(getattr(when, field, None) or []):
            if not known.rule(rule):
                yield (*path, "when", field, index), _unknown("rule", rule, known.rules)
    if when is None or (when.finding is None and not when.values):
        return
    if when.finding is None:
        yield (*path, "when"), "values need a finding that binds them"
    elif not known.rule(when.finding):
        yield (*path, "when", "finding"), _unknown("rule", when.finding, known.rules)
    elif when.finding in known.rules:
        names = bound(known.rules[when.finding].match)
        for name in sorted(set(when.values) - names):
            yield (*path, "when", "values", name), _unknown("bound name", name, names)


def _check_match(match: Match, root: Place, known: Known) -> _Complaints:
    for path, pattern in patterns(match):
        for problem in mistakes(pattern.where):
            # The condition of an alarm stands behind the words that every alarm's record has.
            inner = problem.path[2:] if match.alarm and problem.path[:1] == ("any",) else problem.path
            yield (*root, *path, "where", *inner), str(problem)
        for name, binding in pattern.bind.items():
            here: Place = (*root, *path, "bind", name)
            if name in (*ALWAYS_BOUND, "took", "found"):
                yield here, f"{name!r} means something already: choose another name"
            try:
                if binding.source is not None:
                    Reference.parse(binding.source)
                if binding.re is not None:
                    check_extraction(binding.re)
            except ValueError as error:
                yield here, str(error)
    names = bound(match)
    wanted: list[tuple[Place, str]] = [((*root, "by", i), name) for i, name in enumerate(match.by)]
    if match.count and match.count.distinct:
        wanted.append(((*root, "count", "distinct"), match.count.distinct))
    if match.absence and match.absence.logged_by != "host":
        wanted.append(((*root, "absence", "logged_by"), match.absence.logged_by))
    if match.peers and match.peers.value:
        wanted.append(((*root, "peers", "value"), match.peers.value))
    for path, name in wanted:
        if name not in names:
            yield path, _unknown("bound name", name, names)
    kind = "alarm" if match.alarm else "lasts" if match.lasts else "state"
    for index, signal in enumerate(proofs(match)):
        if not known.signal(signal):
            yield (*root, kind, "over_by", index), _unknown("signal", signal, known.signals)
    if match.audit:
        for place, fact in (("of", match.audit.of), ("only_if", getattr(match.audit.only_if, "of", None))):
            if fact is not None and fact not in FACTS:
                yield (*root, "audit", place), _unknown("fact", fact, FACTS)
        if match.audit.of.startswith("logged_") and match.audit.must in ACROSS and match.audit.within is None:
            yield (*root, "audit"), "what is logged changes with time: comparing it needs within"
        for index, pattern_ in enumerate(match.audit.exempt):
            try:
                check_regular_expression(pattern_)
            except ValueError as error:
                yield (*root, "audit", "exempt", index), str(error)


def _placeholders(text: str, names: set[str], path: Place) -> _Complaints:
    if "{" in PLACEHOLDER.sub("", text) or "}" in PLACEHOLDER.sub("", text):
        yield path, "a brace that belongs to no placeholder"
    for name in PLACEHOLDER.findall(text):
        if name not in names:
            yield path, f"{{{name}}} is bound by nothing; {_unknown('placeholder', name, names)}"


def _unknown(kind: str, name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
    return f"unknown {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
