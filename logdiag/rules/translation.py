"""The texts of a library, and the library in another language.

Each text is looked up by its English in the catalogue of the language (`logdiag.i18n`).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel

from logdiag.errors import InputError
from logdiag.i18n import ENGLISH, gettext, speaking
from logdiag.rules.checking import PLACEHOLDER
from logdiag.rules.library import Library
from logdiag.rules.schema import Procedure, Rule
from logdiag.rules.types import KeyPath

_IN_A_STEP = ("do", "why", "impact", "verify", "wait", "avoid")

_M = TypeVar("_M", bound=BaseModel)
_Texts = Iterator[tuple[KeyPath, str]]


class Text(NamedTuple):
    """A text that a report can show: the name and the part of the file that has it, and the text."""

    file: str
    path: KeyPath
    english: str


def collect_texts(library: Library) -> Iterator[Text]:
    """Yield every text of a library that is to be translated, in the order of the ids."""
    for name, rule in sorted(library.rules.items()):
        for path, english in (*rule.texts(), *_of_bindings(name, library)):
            # A question mark is the same in every language.
            if any(letter.isalpha() for letter in english):
                yield Text(name, path, english)
    for name, procedure in sorted(library.procedures.items()):
        for path, english in _of_procedure(procedure):
            yield Text(f"procedures/{name}", path, english)


def in_language(library: Library, language: str) -> Library:
    """Return the same library with its texts in another language; those without a translation stay English.

    Raises:
        InputError: there is no such language, or a translation has a placeholder that the English lacks.

    """
    with speaking(language, library.folders):
        if language == ENGLISH:
            return library
        return replace(
            library,
            language=language,
            rules={name: _translated(rule, rule.texts()) for name, rule in library.rules.items()},
            procedures={
                name: _translated(one, _of_procedure(one)) for name, one in library.procedures.items()
            },
            # What is bound stays English in the rules, because conditions and the ids of findings use it.
            says={
                name: {english: _translation(english) for _, english in _of_bindings(name, library)}
                for name in library.rules
            },
        )


def _of_bindings(name: str, library: Library) -> _Texts:
    """Yield the texts bound by a rule that its texts, or those of incidents that it causes, can show."""
    rule = library.rules[name]
    shown = names_shown(rule)
    for _, above, incident in library.incidents():
        if name in incident.causes:
            shown |= names_shown(above)
    for index, match in enumerate(rule.match):
        for at, pattern in match.patterns:
            for bound, binding in pattern.bind.items():
                path = ("match", index, *at, "bind", bound)
                said: dict[KeyPath, str | None] = {("missing",): binding.missing, ("value",): binding.value}
                said |= {("say", key): text for key, text in binding.say.items()}
                yield from (((*path, *part), text) for part, text in said.items() if text and bound in shown)


def _of_procedure(procedure: Procedure) -> _Texts:
    yield ("title",), procedure.title
    yield from ((("before", number), text) for number, text in enumerate(procedure.before))
    for number, step in enumerate(procedure.steps):
        for field in _IN_A_STEP:
            if text := getattr(step, field):
                yield ("steps", number, field), text


def names_shown(rule: Rule) -> set[str]:
    """Return the names that the texts of a rule show."""
    shown = (text for path, text in rule.texts() if path[0] not in ("as_effect", "match"))
    return {name for text in shown for name in PLACEHOLDER.findall(text)}


def _translated(model: _M, texts: _Texts) -> _M:
    for path, english in texts:
        model = _with(model, path, _translation(english))
    return model


def _with(node: Any, path: KeyPath, text: str) -> Any:
    """Return a model, a list or a map with a text at a path; the original stays as it is."""
    if not path:
        return text
    part, rest = path[0], path[1:]
    if isinstance(node, BaseModel):
        field = str(part)
        return node.model_copy(update={field: _with(getattr(node, field), rest, text)})
    copy = node.copy()
    copy[part] = _with(node[part], rest, text)
    return copy


def _translation(english: str) -> str:
    text = gettext(english)
    for name in set(PLACEHOLDER.findall(text)) - set(PLACEHOLDER.findall(english)):
        raise InputError(f"the translation of {english!r} has {{{name}}}, which the English lacks")
    return text
