"""Texts in the user's language: a gettext file for each, ``reports/locale/ko/LC_MESSAGES/logdiag.po``.

Code, templates, rules and alarms are in English; `gettext` and `ngettext` return their texts in the language
that `speaking` selects. The installation compiles the shipped catalogues (``hatch_build.py``). With Babel,
the sources are read instead, so that an edit shows at once.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations, c2py
from pathlib import Path
from typing import NamedTuple

from logdiag.errors import InputError
from logdiag.files.resources import folder

ENGLISH = "en"

_FILE = "LC_MESSAGES/logdiag.po"


class Catalogue(NamedTuple):
    """The texts of a language by their English (of two by number, the first), each in its plural forms."""

    language: str
    texts: dict[str, tuple[str, ...]]
    plural: Callable[[int], int]
    """Which plural form a number takes."""


_ENGLISH = Catalogue(ENGLISH, {}, lambda number: number != 1)
_selected = ContextVar("_selected", default=_ENGLISH)


def languages() -> tuple[str, ...]:
    """Return the languages of the reports, English first."""
    return (ENGLISH, *sorted(path.parent.parent.name for path in _locale().glob(f"*/{_FILE}")))


@contextmanager
def speaking(name: str, folders: Sequence[Path] = ()) -> Iterator[None]:
    """Select the language of `gettext`; a folder ``locale`` in one of the ``folders`` adds catalogues.

    Raises:
        InputError: there is no such language, or a catalogue cannot be read.

    """
    token = _selected.set(_catalogue(name, folders))
    try:
        yield
    finally:
        _selected.reset(token)


def language() -> str:
    """Return the selected language."""
    return _selected.get().language


def gettext(text: str) -> str:
    """Return an English text in the selected language, or unchanged if the catalogue lacks it."""
    return ngettext(text, text, 1)


def ngettext(one: str, several: str, number: int) -> str:
    """Return one of two English texts in the selected language, by a number, with its placeholders."""
    catalogue = _selected.get()
    forms = catalogue.texts.get(one)
    if forms is None:
        return one if number == 1 else several
    return forms[min(catalogue.plural(number), len(forms) - 1)]


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark a text that `gettext` is called with later, so that the extractor finds it."""
    return text


def in_every_language(text: str) -> Iterator[str]:
    """Return an English text, then its translations."""
    for name in languages():
        yield _catalogue(name).texts.get(text, (text,))[0]


def translated_texts(name: str, folders: Sequence[Path] = ()) -> frozenset[str]:
    """Return the English texts that the catalogues of a language have; of two by number, the first."""
    return frozenset(_catalogue(name, folders).texts)


def _locale() -> Path:
    return folder("reports") / "locale"


def _catalogue(name: str, folders: Sequence[Path] = ()) -> Catalogue:
    """Return the catalogue of a language; catalogues of the folders override its texts."""
    if name not in languages():
        raise InputError(f"there is no language {name!r}; the languages are {', '.join(languages())}")
    if name == ENGLISH:
        return _ENGLISH
    catalogue = _shipped(name)
    for folder_ in folders:
        if (path := folder_ / "locale" / name / _FILE).is_file():
            # The user's own rules come with texts of their own, which may replace shipped ones.
            catalogue = catalogue._replace(texts={**catalogue.texts, **_read(path, name).texts})
    return catalogue


@cache
def _shipped(name: str) -> Catalogue:
    return _read(_locale() / name / _FILE, name)


def _read(path: Path, name: str) -> Catalogue:
    try:
        return _read_source(path, name)
    except ImportError:  # only who writes catalogues has Babel
        pass
    compiled = path.with_suffix(".mo")
    try:
        with compiled.open("rb") as file:
            found = GNUTranslations(file)
    except FileNotFoundError:
        how = f"compile it (msgfmt {path.name} -o {compiled.name}), or install 'logdiag[translate]'"
        raise InputError(f"{path}: a catalogue that is not compiled; {how}") from None
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise InputError(f"{compiled}: not a catalogue: {error}") from error
    texts: dict[str, tuple[str, ...]] = {}
    # A text is the key of its translation; of two by number, the first and the number of a form are.
    for key, text in sorted(found._catalog.items(), key=str):  # type: ignore[attr-defined]
        one = key if isinstance(key, str) else key[0]
        if one:  # the entry of the empty text is the header
            texts[one] = (*texts.get(one, ()), text)
    return Catalogue(name, texts, found.plural)  # type: ignore[attr-defined]


def _read_source(path: Path, name: str) -> Catalogue:
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            found = read_po(file, locale=name, abort_invalid=True)
        plural = c2py(found.plural_expr)
    except (PoFileError, ValueError, LookupError) as error:
        raise InputError(f"{path}: not a catalogue: {error}") from error
    texts: dict[str, tuple[str, ...]] = {}
    for message in found:
        one = message.id if isinstance(message.id, str) else message.id[0]
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        # The entry of the empty text is the header.
        if one and forms and all(forms):
            texts[one] = forms
    return Catalogue(name, texts, plural)
