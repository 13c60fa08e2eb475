"""What is allowed in a library and still is a mistake: dead rules, things that nobody uses, lost words."""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from logdiag.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Not,
    Reference,
    Test,
    alarm_catalogue,
    find_references,
    holds,
)
from logdiag.i18n import gettext, languages, speaking, translated_texts
from logdiag.rules.checking import IN_PROCEDURES, PLACEHOLDER
from logdiag.rules.library import Library
from logdiag.rules.match_schema import list_bindings, list_bound, list_peer_names, list_signals
from logdiag.rules.references import complain
from logdiag.rules.schema import Rule
from logdiag.rules.translation import collect_texts, names_shown


def lint(library: Library) -> Iterator[str]:
    """Complaints about a library that loads, each with the id it is about."""
    for name in library.replaced:
        yield f"{name}: replaces what the library already has under this name"
    rules = library.rules.values()
    used = {name for rule in rules for name in rule.procedures}
    used |= {name for name, procedure in library.procedures.items() if procedure.kind == "planned"}
    for name in sorted(set(library.procedures) - used):
        yield f"procedures/{name}: no rule uses this procedure"
    proving = {signal for rule in rules for match in rule.match for signal in list_signals(match)}
    for name in sorted(set(library.signals) - proving):
        yield f"signals/{name}: no rule uses this signal"
    grouped = {one.effects for rule in rules for one in rule.explains}
    for name in sorted(set(library.effects) - grouped):
        yield f"effects/{name}: no rule uses these effects"
    for name, problem in (*find_contradictions(library), *_causal_mistakes(library)):
        yield f"{name}: {problem}"
    used_names = _used(library)
    for name, rule in sorted(library.rules.items()):
        for binding in sorted(list_bound(rule.match) - used_names[name]):
            yield f"{name}: the bound name {binding!r} is used nowhere"
        for binding, key in sorted(_not_required(rule)):
            yield (
                f"{name}: the bound name {binding!r} needs {key}, which one of the alternatives does not "
                "require: say what is missing there, or require it everywhere"
            )
        if rule.severity != "info" and not rule.remedy:
            yield f"{name}: a rule at {rule.severity} needs a remedy"
        if not rule.references:
            yield f"{name}: has no references"
    cited = {name: rule.references for name, rule in library.rules.items()}
    cited |= {f"procedures/{name}": one.references for name, one in library.procedures.items()}
    for name, references_ in sorted(cited.items()):
        yield from (f"{name}: {problem}" for problem in map(complain, references_) if problem)
    yield from _mistranslated(library)


def _not_required(rule: Rule) -> set[tuple[str, str]]:
    """Bound names, each with its key, that some records lack and that have no word for that.

    One alternative asks for the key and another does not, or the name is part of the key of findings: then a
    record without it is dropped.
    """
    return {
        (name, binding.source)
        for match in rule.match
        for _, pattern in match.patterns
        for name, binding in pattern.bind.items()
        if binding.source not in (None, "host") and binding.missing is None and not binding.optional
        if not _requires(pattern.condition, key := Reference.parse(binding.source))
        # A record that names no other peer is not about one: a rule about peers drops it on purpose.
        if key in find_references(pattern.condition) or (name in match.by and binding.kind != "peer")
    }


def _requires(condition: Condition, reference: Reference) -> bool:
    """Return whether whatever meets a condition has a value for a reference."""
    match condition:
        case AllOf(terms):
            return any(_requires(term, reference) for term in terms)
        case AnyOf(terms):
            return all(_requires(term, reference) for term in terms)
        case Test(tested, modifier, values):
            return tested == reference and (modifier != "exists" or values == ("true",))
    return False


def find_untranslated(library: Library) -> Iterator[str]:
    """Yield the texts that a language lacks: the file of each, and the places there."""
    for language in languages()[1:]:
        missing: dict[str, list[str]] = {}
        known = translated_texts(language, library.folders)
        for file, path, english in collect_texts(library):
            if english not in known:
                missing.setdefault(file, []).append(".".join(map(str, path)))
        for alarm in alarm_catalogue.load().values():
            for column in ("title", "meaning", "remedy"):
                if getattr(alarm, column) not in known:
                    missing.setdefault(f"alarms.csv: {alarm.id}", []).append(column)
            for row in alarm_catalogue.notes().get(alarm.id, ()):
                if row.note not in known:
                    missing.setdefault(f"alarm-notes.csv: {alarm.id}", []).append(row.versions)
        for file, places in missing.items():
            yield f"{file}: not translated into {language}: {', '.join(places)}"


def _mistranslated(library: Library) -> Iterator[str]:
    """Translations with other placeholders than the English."""
    for language in languages()[1:]:
        with speaking(language, library.folders):
            for file, path, english in collect_texts(library):
                own, other = (set(PLACEHOLDER.findall(text)) for text in (english, gettext(english)))
                for name in sorted(own ^ other):
                    place = ".".join(map(str, path))
                    where = "lacks" if name in own else "alone has"
                    yield f"{file}: {place}: the translation into {language} {where} {{{name}}}"


def _used(library: Library) -> dict[str, set[str]]:
    """For each rule the bound names that something uses."""
    used: dict[str, set[str]] = {}
    for name, rule in library.rules.items():
        # A bound peer is used without being named: it says whom the finding is about.
        used[name] = {*names_shown(rule), *IN_PROCEDURES, *list_peer_names(rule.match)}
        used[name] |= {value for effect in rule.explains for value in effect.values}
        for match in rule.match:
            used[name] |= {*match.by, getattr(match.count, "distinct", "")}
            for _, pattern in match.patterns:
                used[name] |= {*pattern.older, *pattern.older.values()}
    # Remedies, steps and incidents make conditions of them.
    asked = [remedy.when for rule in library.rules.values() for remedy in rule.remedies]
    asked += [step.when for procedure in library.procedures.values() for step in procedure.steps]
    for when in filter(None, asked):
        for name in when.finding or ():
            used[name].update(when.values)
    for rule in library.rules.values():
        for explained in rule.explains:
            if explained.rule is not None:
                used[explained.rule].update(explained.effect_values)
    for _, _, incident in library.incidents():
        for cause in incident.causes:
            used[cause].update(incident.values)
    return used


# ── causes and effects ──────────────────────────────────────────────────────────────────────


def _causal_mistakes(library: Library) -> Iterator[tuple[str, str]]:
    """Yield effects that no rule produces, and rules that are the cause of their own cause.

    A cause that depends on a condition (`unless`, `only_with`, `values`) is not part of a circle: conditions
    decide which of two rules is the cause of the other.
    """
    causes: dict[str, set[str]] = {}
    for name in sorted(library.rules):
        for effect, explains in library.explained_by(name):
            of_effect = library.rules[effect.rule]
            if of_effect.incident or any(match.cannot_tell for match in of_effect.match):
                yield name, f"explains {effect.rule}, which never has a finding"
            if not (explains.unless or explains.only_with or explains.values):
                causes.setdefault(effect.rule, set()).add(name)
    try:
        tuple(TopologicalSorter(causes).static_order())
    except CycleError as error:
        yield error.args[1][0], f"is the cause of its own cause: {' -> '.join(error.args[1])}"


# ── conditions that no record can meet ──────────────────────────────────────────────────────


def find_contradictions(library: Library) -> Iterator[tuple[str, str]]:
    """Yield what can never hold: the id of a rule or signal, and what it is about.

    Each complaint is certain; a condition that passes can still be one that nothing meets.
    """
    for name, match in library.matches():
        for path, pattern in match.patterns:
            for reason in _contradictions(pattern.condition):
                yield name, f"{'.'.join(map(str, path))} can never match: {reason}"
    for name, _, incident in library.incidents():
        for bound_name, wanted in sorted(incident.values.items()):
            causes = [match for cause in incident.causes for match in library.rules[cause].match]
            fixed = {binding.value for one, binding in list_bindings(causes) if one == bound_name}
            if fixed and None not in fixed and wanted not in fixed:
                yield name, f"can never be made: no cause binds {bound_name}: {wanted}"


def _contradictions(condition: Condition) -> Iterator[str]:
    """Yield why a condition, or one of its alternatives, cannot hold."""
    if isinstance(condition, AnyOf | AllOf):
        for term in condition.terms:
            yield from _contradictions(term)
    if not isinstance(condition, AllOf):
        return
    terms = list(_flat(condition.terms))
    denied = [term.term for term in terms if isinstance(term, Not)]
    if any(term in terms for term in denied):
        yield "it asks for a condition and for its contrary"
    tests: dict[Reference, list[Test]] = {}
    for term in terms:
        if isinstance(term, Test):
            tests.setdefault(term.reference, []).append(term)
    for reference, wanted in tests.items():
        existing = [test.values for test in wanted if test.modifier == "exists"]
        others = [test for test in wanted if test.modifier != "exists"]
        if ("true",) in existing and ("false",) in existing:
            yield f"{reference} cannot exist and be absent"
        elif existing and set(existing) == {("false",)} and others:
            yield f"{reference} is to be absent and to have a value"
        elif not _is_possible(
            others, [test for test in denied if isinstance(test, Test) and test.reference == reference]
        ):
            yield f"no value of {reference} meets all that is asked of it"


def _flat(terms: Iterable[Condition]) -> Iterator[Condition]:
    for term in terms:
        yield from _flat(term.terms) if isinstance(term, AllOf) else [term]


def _is_possible(tests: list[Test], denied: list[Test]) -> bool:
    """Return whether some value can meet all tests and none of those denied, as far as that can be known."""
    exact = next((test for test in tests if test.modifier == "is"), None)
    # Of texts that are not fully given, some value may always meet all tests.
    return exact is None or any(
        all(holds(test, value) for test in tests) and not any(holds(test, value) for test in denied)
        for value in exact.values
    )
