"""Message catalogues: a gettext file for each language, ``reports/locale/ko/LC_MESSAGES/logdiag.po``.

Code, templates, rules and alarms are in English; `gettext` and `ngettext` return their texts in the language
that `speaking` selects. The ``.po`` files are read as they are: there is nothing to compile.
"""

import gettext as gnu
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from logdiag.errors import InputError
from logdiag.files.resources import folder

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ENGLISH = "en"

_FILE = "LC_MESSAGES/logdiag.po"
_spoken: ContextVar[tuple[str, gnu.NullTranslations]] = ContextVar(
    "spoken", default=(ENGLISH, gnu.NullTranslations())
)


def languages() -> tuple[str, ...]:
    """The languages of the reports, English first."""
    return (ENGLISH, *sorted(path.parent.parent.name for path in _locale().glob(f"*/{_FILE}")))


@contextmanager
def speaking(name: str, folders: Sequence[Path] = ()) -> Iterator[None]:
    """Let `gettext` answer in a language; ``folders`` have a folder ``locale`` with catalogues of their own.

    Raises:
        InputError: there is no such language, or a catalogue is broken.

    """
    translations = _translations(name)
    for path in _own_files(name, folders):
        own = _compile(_read(path, name))
        own.add_fallback(translations)
        translations = own
    token = _spoken.set((name, translations))
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """The selected language."""
    return _spoken.get()[0]


def gettext(text: str) -> str:
    """An English text in the selected language, or the text itself if the catalogue lacks it."""
    # The entry of the empty text is the header of the catalogue.
    return _spoken.get()[1].gettext(text) if text else ""


def ngettext(one: str, several: str, number: int) -> str:
    """One of two English texts in the selected language, by a number; placeholders are not filled in."""
    return _spoken.get()[1].ngettext(one, several, number)


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Mark a text that `gettext` is called with later, so that the extractor finds it."""
    return text


def in_every_language(text: str) -> Iterator[str]:
    """An English text, then its translations."""
    for name in languages():
        yield _translations(name).gettext(text)


def translated_texts(name: str, folders: Sequence[Path] = ()) -> frozenset[str]:
    """The English texts that the catalogues of a language have; of two by number, the first."""
    paths = [_locale() / name / _FILE, *_own_files(name, folders)]
    ids = (message.id for path in paths for message in _read(path, name) if message.string)
    return frozenset(id_ if isinstance(id_, str) else id_[0] for id_ in ids)


def _locale() -> Path:
    return folder("reports") / "locale"


def _own_files(name: str, folders: Sequence[Path]) -> list[Path]:
    paths = (folder / "locale" / name / _FILE for folder in folders)
    return [path for path in paths if path.is_file()]


@cache
def _translations(name: str) -> gnu.NullTranslations:
    if name not in languages():
        raise InputError(f"there is no language {name!r}; the languages are {', '.join(languages())}")
    return gnu.NullTranslations() if name == ENGLISH else _compile(_read(_locale() / name / _FILE, name))


def _read(path: Path, name: str) -> "Catalog":
    # Importing Babel takes 30 ms, and English does not need it.
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            return read_po(file, locale=name, abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        raise InputError(f"{path}: not a catalogue: {error}") from error


def _compile(catalog: "Catalog") -> gnu.NullTranslations:
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)
