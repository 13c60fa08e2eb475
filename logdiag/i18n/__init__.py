"""Texts in the user's language: the message catalogue, sentences for times and lists, Korean particles."""

from logdiag.i18n.catalogue import (
    ENGLISH,
    N_,
    gettext,
    language,
    languages,
    ngettext,
    speaking,
)

__all__ = ["ENGLISH", "N_", "gettext", "language", "languages", "ngettext", "speaking"]
