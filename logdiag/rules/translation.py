"""The library in another language: which texts there are, and what stands for each.

Korean stands in the files themselves, under ``ko``. A text without it is looked up in the catalogue
of the language (`logdiag.i18n.catalogue`) by its English, which is where those of any further language are.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from logdiag.i18n import ENGLISH, gettext, speaking
from logdiag.rules.checking import PLACEHOLDER
from logdiag.rules.library import Library
from logdiag.rules.match_schema import OTHER_WORDS, Match, Words, patterns
from logdiag.rules.schema import Procedure, ProcedureStep, Rule, StepWording, Wording

KOREAN = "ko"

_IN_A_STEP = ("do", "why", "impact", "verify", "wait")


class Text(NamedTuple):
    """A text that a report can show: whose it is, where it stands there, and its Korean if it has one."""

    owner: str
    place: str
    english: str
    korean: str | None


def texts(library: Library) -> Iterator[Text]:
    """Every text of a library that is to be translated, in the order of the ids."""
    for name, rule in sorted(library.rules.items()):
        for place, english, korean in [*_of_rule(rule), *_of_match(name, rule, library)]:
            yield Text(name, place, english, korean or None)
    for name, procedure in sorted(library.procedures.items()):
        for place, english, korean in _of_procedure(procedure):
            yield Text(f"procedures/{name}", place, english, korean or None)


_Said = Iterator[tuple[str, str, str | None]]


def _of_rule(rule: Rule) -> _Said:
    ko = rule.ko
    yield "title", rule.title, ko.title if ko else None
    yield "why", rule.why, ko.why if ko else None
    for name in OTHER_WORDS:
        words, other = getattr(rule.incident, name, None), getattr(ko, name, None)
        if words is not None:
            yield f"{name}: title", words.title, other.title if other else None
            yield f"{name}: why", words.why, other.why if other else None


def _of_match(name: str, rule: Rule, library: Library) -> _Said:
    ko = rule.ko
    for match in rule.match:
        if match.cannot_tell is not None:
            yield "cannot_tell", match.cannot_tell, ko.cannot_tell if ko else None
    for said in sayings(name, library):
        yield f"says {said!r}", said, ko.says.get(said) if ko else None


def _of_procedure(procedure: Procedure) -> _Said:
    yield "title", procedure.title, procedure.ko.title if procedure.ko else None
    for number, step in enumerate(procedure.steps):
        wording = procedure.ko.steps[number] if procedure.ko else None
        for field in _IN_A_STEP:
            if field in step.model_fields_set and getattr(step, field):
                korean = getattr(wording, field) if wording else None
                yield f"step {number + 1}: {field}", getattr(step, field), korean


def sayings(name: str, library: Library) -> list[str]:
    """The short texts of a rule's match that its texts, or those of incidents it causes, can show."""
    rule = library.rules[name]
    shown = _placeholders(rule)
    for _, above, incident in library.incidents():
        if name in incident.causes:
            shown |= _placeholders(above)
    said: list[str | None] = []
    for match in rule.match:
        for _, pattern in patterns(match):
            for bound, binding in pattern.bind.items():
                if bound in shown:
                    said += [binding.missing, binding.value, *binding.say.values()]
        if match.audit is not None:
            said += [match.audit.unknown, *match.audit.say.values()]
            said += [platform.name for platform in match.audit.platforms]
    # A question mark is one in every language.
    return list(dict.fromkeys(text for text in said if text and any(letter.isalpha() for letter in text)))


def _placeholders(rule: Rule) -> set[str]:
    written = [rule.title, rule.why]
    for name in OTHER_WORDS:
        if (words := getattr(rule.incident, name, None)) is not None:
            written += [words.title, words.why]
    return {name for text in written for name in PLACEHOLDER.findall(text)}


def in_language(library: Library, language: str) -> Library:
    """The same library with its texts in another language; those that it lacks stay English.

    Raises:
        InputError: there is no such language.

    """
    with speaking(language):
        if language == ENGLISH:
            return library
        korean = language == KOREAN
        return replace(
            library,
            language=language,
            rules={name: _rule(rule, rule.ko if korean else None) for name, rule in library.rules.items()},
            procedures={name: _procedure(one, korean) for name, one in library.procedures.items()},
            says={name: _says(name, library, korean) for name in library.rules},
        )


def _says(name: str, library: Library, korean: bool) -> dict[str, str]:
    wording = library.rules[name].ko if korean else None
    own = wording.says if wording is not None else {}
    return {said: own.get(said) or gettext(said) for said in sayings(name, library)}


def _rule(rule: Rule, wording: Wording | None) -> Rule:
    return rule.model_copy(
        update={
            "title": wording.title if wording else gettext(rule.title),
            "why": wording.why if wording else gettext(rule.why),
            "match": [_match(match, wording) for match in rule.match],
        }
    )


def _match(match: Match, wording: Wording | None) -> Match:
    """A match that says the same in other words and matches the same: what is bound stays as it is."""
    if match.cannot_tell is not None:
        own = wording.cannot_tell if wording else None
        return match.model_copy(update={"cannot_tell": own or gettext(match.cannot_tell)})
    if match.incident is not None:
        others = {
            name: getattr(wording, name, None) or Words(title=gettext(words.title), why=gettext(words.why))
            for name in OTHER_WORDS
            if (words := getattr(match.incident, name)) is not None
        }
        return match.model_copy(update={"incident": match.incident.model_copy(update=others)})
    if (audit := match.audit) is not None:
        says = wording.says if wording else {}
        say = {part: says.get(said) or gettext(said) for part, said in audit.say.items()}
        unknown = audit.unknown and (says.get(audit.unknown) or gettext(audit.unknown))
        platforms = [
            platform.model_copy(update={"name": says.get(platform.name) or gettext(platform.name)})
            for platform in audit.platforms
        ]
        texts = {"say": say, "unknown": unknown, "platforms": platforms}
        return match.model_copy(update={"audit": audit.model_copy(update=texts)})
    return match


def _procedure(procedure: Procedure, korean: bool) -> Procedure:
    wording = procedure.ko if korean else None
    worded: list[StepWording | None] = [*wording.steps] if wording else [None] * len(procedure.steps)
    return procedure.model_copy(
        update={
            "title": wording.title if wording else gettext(procedure.title),
            "steps": [_step(step, own) for step, own in zip(procedure.steps, worded, strict=True)],
        }
    )


def _step(step: ProcedureStep, wording: StepWording | None) -> ProcedureStep:
    said = {
        field: (getattr(wording, field) if wording else None) or gettext(getattr(step, field))
        for field in _IN_A_STEP
    }
    return step.model_copy(update=said)
