"""The language that a diagnosis is told in: a gettext catalogue for each, ``reports/locale/ko`` and the like.

The code says everything in English, through `gettext` and `ngettext`; `speaking` decides what comes
out. A further language is a further folder with a ``.po`` file, which is read as it is: there is
nothing to compile. Templates may use the same two functions.
"""

import gettext as gnu
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from logdiag.errors import InputError
from logdiag.files.resources import folder

ENGLISH = "en"

_FILE = "LC_MESSAGES/logdiag.po"
_spoken: ContextVar[tuple[str, gnu.NullTranslations]] = ContextVar(
    "spoken", default=(ENGLISH, gnu.NullTranslations())
)


def languages() -> tuple[str, ...]:
    """The languages that a diagnosis can be told in, English first."""
    return (ENGLISH, *sorted(path.parent.parent.name for path in _locale().glob(f"*/{_FILE}")))


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Let `gettext` answer in a language.

    Raises:
        InputError: it is none that is known.

    """
    token = _spoken.set((name, _catalogue(name)))
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """The language at hand."""
    return _spoken.get()[0]


def gettext(text: str) -> str:
    """An English text in the language at hand, or as it is where that has none."""
    # Under the empty text a catalogue keeps what it says of itself.
    return _spoken.get()[1].gettext(text) if text else ""


def ngettext(one: str, several: str, number: int) -> str:
    """One of two English texts in the language at hand, by a number; it is not filled in."""
    return _spoken.get()[1].ngettext(one, several, number)


def N_(text: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """A text that `gettext` is asked for later: a mark for whoever collects them."""
    return text


def _locale() -> Path:
    return folder("reports") / "locale"


@cache
def _catalogue(name: str) -> gnu.NullTranslations:
    if name not in languages():
        raise InputError(f"there is no language {name!r}; the languages are {', '.join(languages())}")
    if name == ENGLISH:
        return gnu.NullTranslations()
    # Babel takes its time to import, and English does without.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (_locale() / name / _FILE).open("rb") as file:
        written = read_po(file, locale=name)
    compiled = io.BytesIO()
    write_mo(compiled, written)
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)
