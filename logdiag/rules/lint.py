"""What is allowed in a library and still is a mistake: dead rules, things that nobody uses, lost words."""

from collections.abc import Iterator

from logdiag.conditions import AllOf, AnyOf, Condition, Not, Reference, Test, alarm_catalogue, references
from logdiag.i18n import gettext, languages, speaking, translated_texts
from logdiag.rules.checking import IN_PROCEDURES, PLACEHOLDER
from logdiag.rules.contradictions import contradictions
from logdiag.rules.library import Library
from logdiag.rules.match_schema import bound, patterns, proofs
from logdiag.rules.schema import Rule
from logdiag.rules.translation import texts


def lint(library: Library) -> Iterator[str]:
    """Complaints about a library that loads, each with the id it is about."""
    for name in library.replaced:
        yield f"{name}: replaces what the library already has under this name"
    used = {remedy.procedure for rule in library.rules.values() for remedy in rule.remedy}
    used |= {rule.before_outages for rule in library.rules.values() if rule.before_outages}
    for name in sorted(set(library.procedures) - used):
        yield f"procedures/{name}: no rule uses this procedure"
    proving = {signal for rule in library.rules.values() for match in rule.match for signal in proofs(match)}
    for name in sorted(set(library.signals) - proving):
        yield f"signals/{name}: no rule uses this signal"
    for name, problem in contradictions(library):
        yield f"{name}: {problem}"
    asked = _asked_for(library)
    for name, rule in sorted(library.rules.items()):
        for binding in sorted(_unused(rule) - asked.get(name, set())):
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
    yield from _mistranslated(library)


def _not_required(rule: Rule) -> set[tuple[str, str]]:
    """Bound names, each with its key, that some records lack and that have no word for that.

    One alternative asks for the key and another does not, or the name is part of the key of findings: then a
    record without it is dropped.
    """
    return {
        (name, binding.source)
        for match in rule.match
        for _, pattern in patterns(match)
        for name, binding in pattern.bind.items()
        if binding.source not in (None, "host") and binding.missing is None and not binding.optional
        if not _requires(pattern.condition, key := Reference.parse(binding.source))
        # A record that names no other peer is not about one: a rule about peers drops it on purpose.
        if key in references(pattern.condition) or (name in match.by and binding.kind != "peer")
    }


def _requires(condition: Condition, reference: Reference) -> bool:
    """Whether whatever meets a condition has a value for a reference."""
    match condition:
        case AllOf(terms):
            return any(_requires(term, reference) for term in terms)
        case AnyOf(terms):
            return all(_requires(term, reference) for term in terms)
        case Not():
            return False
        case Test():
            return condition.reference == reference and (
                condition.modifier != "exists" or condition.values == ("true",)
            )


def untranslated(library: Library) -> Iterator[str]:
    """The texts that a language lacks: the file of each, and the places there."""
    for language in languages()[1:]:
        missing: dict[str, list[str]] = {}
        known = translated_texts(language, library.folders)
        for file, path, english in texts(library):
            if english not in known:
                missing.setdefault(file, []).append(".".join(map(str, path)))
        for alarm in alarm_catalogue.load().values():
            for column in ("title", "meaning", "remedy"):
                if getattr(alarm, column) not in known:
                    missing.setdefault(f"alarms.csv: {alarm.id}", []).append(column)
        for file, places in missing.items():
            yield f"{file}: not translated into {language}: {', '.join(places)}"


def _mistranslated(library: Library) -> Iterator[str]:
    """Translations with other placeholders than the English."""
    for language in languages()[1:]:
        with speaking(language, library.folders):
            for file, path, english in texts(library):
                own, other = (set(PLACEHOLDER.findall(text)) for text in (english, gettext(english)))
                for name in sorted(own ^ other):
                    place = ".".join(map(str, path))
                    where = "lacks" if name in own else "alone has"
                    yield f"{file}: {place}: the translation into {language} {where} {{{name}}}"


def _asked_for(library: Library) -> dict[str, set[str]]:
    """The bound names of each rule that remedies, steps and incidents make conditions of."""
    asked: dict[str, set[str]] = {}
    whens = [remedy.when for rule in library.rules.values() for remedy in rule.remedy]
    whens += [step.when for procedure in library.procedures.values() for step in procedure.steps]
    for when in whens:
        if when is not None and when.finding is not None:
            asked.setdefault(when.finding, set()).update(when.values)
    for _, _, match in library.incidents():
        for cause in match.causes:
            asked.setdefault(cause, set()).update(match.values)
    return asked


def _unused(rule: Rule) -> set[str]:
    texts = rule.title + rule.why
    used = {name for match in rule.match for name in match.by}
    used |= {match.count.distinct for match in rule.match if match.count and match.count.distinct}
    used |= {match.peers.value for match in rule.match if match.peers and match.peers.value}
    used |= {name for explains in rule.explains for name in explains.values}
    used |= {
        name
        for match in rule.match
        for _, pattern in patterns(match)
        for names in pattern.older.items()
        for name in names
    }
    # A bound peer is used without being named: it says whom the finding is about.
    used |= {
        name
        for match in rule.match
        for _, pattern in patterns(match)
        for name, binding in pattern.bind.items()
        if binding.kind in ("peer", "peers", "place")
    }
    return {
        name for name in bound(rule.match) if f"{{{name}}}" not in texts and name not in used
    } - IN_PROCEDURES
