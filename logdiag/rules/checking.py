"""What the schema cannot say: that whatever a rule, a signal or a procedure names exists."""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from pydantic import BaseModel

from logdiag.conditions import Reference, check_extraction, check_regular_expression, find_mistakes
from logdiag.rules import versions
from logdiag.rules.match_schema import (
    ACROSS,
    AlarmMatch,
    Audit,
    IncidentMatch,
    Lasts,
    Match,
    OnlyIf,
    StateMatch,
    list_bound,
)
from logdiag.rules.patterns import Binding, Pattern
from logdiag.rules.schema import (
    DoneWhen,
    Effect,
    Effects,
    Explains,
    Procedure,
    ProcedureStep,
    Remedy,
    Requested,
    Rule,
    Signal,
    When,
)
from logdiag.rules.types import KeyPath, list_parts

ALWAYS_BOUND = frozenset({"host", "hosts", "peers", "count", "first", "last", "duration"})
"""Placeholders that every finding has."""

IN_PROCEDURES = frozenset({"where", "hosts", "peers", "primary", "unaffected", "advice", "found"})
"""Placeholders that the steps of a procedure have."""

IN_AS_EFFECT = ("cause", "peers", "duration")
"""Placeholders of the titles that name a rule as an effect."""

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
"""A placeholder in a text; its group is the name."""

_NAMES: dict[tuple[type[BaseModel], str], str] = {
    (Explains, "rule unless only_with not_before"): "rule",
    (Explains, "effects"): "effects",
    (Effect, "rule"): "rule",
    (Requested, "unless shown_by told_under"): "rule",
    (IncidentMatch, "causes state_of requires draws"): "rule",
    (When, "finding goes_on over fires silent without"): "rule",
    (Procedure, "reported_by"): "rule",
    (Rule, "before_outages"): "procedures",
    (Remedy, "procedure"): "procedures",
    (StateMatch, "over_by gone_by"): "signals",
    (Lasts, "over_by"): "signals",
    (ProcedureStep, "where"): "role",
    (Audit, "of"): "fact",
    (OnlyIf, "of"): "fact",
    (DoneWhen, "fact"): "fact",
    (DoneWhen, "rule not_while after"): "rule",
}
"""The keys of which parts hold names, and of what."""

_TEXTS_OF_STEP = ("do", "why", "command", "impact", "verify", "wait", "avoid")

_Complaints = Iterator[tuple[KeyPath, str]]


@dataclass(frozen=True)
class KnownNames:
    """The rules of a library, and all names in it by their kind: also of files that cannot be read."""

    rules: Mapping[str, Rule]
    names: Mapping[str, AbstractSet[str]]


def check(item: Rule | Signal | Procedure | Effects, known: KnownNames) -> _Complaints:
    """Yield every mistake in what an item names, with the place of it."""
    for path, part in list_parts(item):
        yield from _check_names(part, path, known)
        match part:
            case Pattern() | AlarmMatch():
                yield from (((*path, "where", *one.path), str(one)) for one in find_mistakes(part.where))
            case Binding():
                yield from _check_binding(part, path)
            case Match():
                yield from _check_match(part, path)
            case Audit():
                yield from _check_audit(part, path)
            case When():
                yield from _check_when(part, path, known)
            case Procedure():
                for number, text in enumerate(part.before):
                    yield from _placeholders(text, (), ("before", number))
            case ProcedureStep():
                for name in _TEXTS_OF_STEP:
                    yield from _placeholders(getattr(part, name) or "", IN_PROCEDURES, (*path, name))
    match item:
        case Rule():
            yield from _check_rule(item, known)
        case Signal():
            if item.match.kind not in ("record", "sequence", "state"):
                yield ("match",), "the match of a signal is record, sequence or state"
            if "with" in list_bound(item.match) and "peer" not in list_bound(item.match):
                yield ("match",), "with says with whom: a signal that binds it binds peer"


def _check_names(part: BaseModel, path: KeyPath, known: KnownNames) -> _Complaints:
    for (model, fields), kind in _NAMES.items():
        for field in fields.split() if type(part) is model else ():
            value = getattr(part, field)
            for place, name in enumerate(value or ()) if not isinstance(value, str) else [(0, value)]:
                if name not in known.names[kind]:
                    yield (*path, field, place), _unknown(kind.removesuffix("s"), name, known.names[kind])
    for field in ("applies_to", "version", "versions"):
        for place, spec in enumerate(getattr(part, field, None) or ()):
            if not versions.is_valid(spec):
                problem = f"{spec!r} is no version such as >=X14, <X8.8 or X14.2"
                yield (*path, field, place), problem


def _check_binding(binding: Binding, path: KeyPath) -> _Complaints:
    name = path[-1]
    if name in (*ALWAYS_BOUND, "took", "found"):
        yield path, f"{name!r} means something already: choose another name"
    try:
        if binding.source is not None:
            Reference.parse(binding.source)
        if binding.re is not None:
            check_extraction(binding.re)
    except ValueError as error:
        yield path, str(error)


def _check_match(match: Match, path: KeyPath) -> _Complaints:
    names = list_bound(match)
    wanted: dict[KeyPath, str | None] = {("by", index): name for index, name in enumerate(match.by)}
    if match.count is not None:
        wanted["count", "distinct"] = match.count.distinct
    for place, name in wanted.items():
        if name and name not in names:
            yield (*path, *place), _unknown("bound name", name, names)


def _check_audit(audit: Audit, path: KeyPath) -> _Complaints:
    if audit.of.startswith("logged_") and audit.must in ACROSS and audit.within is None:
        yield path, "what is logged changes with time: comparing it needs within"
    for index, pattern in enumerate(audit.exempt):
        try:
            check_regular_expression(pattern)
        except ValueError as error:
            yield (*path, "exempt", index), str(error)


def _check_when(when: When, path: KeyPath, known: KnownNames) -> _Complaints:
    for rule in when.finding or ():
        names = list_bound(known.rules[rule].match) if rule in known.rules else set(when.values)
        for name in sorted(set(when.values) - names):
            yield (*path, "values", name), _unknown("bound name", name, names)
    if when.finding is None and when.values:
        yield path, "values need a finding that binds them"


def _check_rule(rule: Rule, known: KnownNames) -> _Complaints:
    names = ALWAYS_BOUND | list_bound(rule.match)
    if any(match.sequence for match in rule.match):
        names |= {"took"}
    incident = rule.incident
    if incident is not None:
        bound_by = [list_bound(known.rules[cause].match) for cause in incident.causes if cause in known.rules]
        names |= {"primary"}.union(set.intersection(*bound_by) if bound_by else ())
        if len(bound_by) < len(known.names["rule"] & set(incident.causes)):
            return  # a cause that cannot be read may bind anything
        for of_cause in bound_by:
            for name in sorted(set(incident.values) - of_cause):
                yield ("match", "incident", "values", name), _unknown("bound name", name, of_cause)
    for path, text in rule.texts():
        if path[0] != "match":
            yield from _placeholders(text, IN_AS_EFFECT if path[0] == "as_effect" else names, path)
    for index, effect in enumerate(rule.explains):
        for name in sorted(set(effect.values) - names):
            yield ("explains", index, "values", name), _unknown("bound name", name, names)


def _placeholders(text: str, names: Collection[str], path: KeyPath) -> _Complaints:
    if not {"{", "}"}.isdisjoint(PLACEHOLDER.sub("", text)):
        yield path, "a brace that belongs to no placeholder"
    for name in PLACEHOLDER.findall(text):
        if name not in names:
            yield path, f"{{{name}}} is bound by nothing; {_unknown('placeholder', name, names)}"


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0)
    return f"unknown {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
