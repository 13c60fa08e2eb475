"""Texts in the user's language: the message catalogue, times and lists in sentences, Korean particles."""

from logdiag.i18n.catalogue import (
    ENGLISH,
    N_,
    gettext,
    in_every_language,
    language,
    languages,
    ngettext,
    speaking,
    translated_texts,
)

__all__ = [
    "ENGLISH",
    "N_",
    "gettext",
    "in_every_language",
    "language",
    "languages",
    "ngettext",
    "speaking",
    "translated_texts",
]
