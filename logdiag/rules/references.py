"""Turns the references of rules and procedures into titles and links that a reader can follow.

``rules/references.csv`` has the documents by the short keys that rules use, and below the key of a document
the keys of its sections. Alarms, defects and field notices need no row: their ids identify them.
"""

import difflib
import re
from collections.abc import Iterable
from functools import cache

from logdiag.conditions import alarm_catalogue
from logdiag.i18n import gettext
from logdiag.model import Citation

_NOTES = ("assumed", "note")
"""Keys of remarks for readers of the rule: no document has them, so reports do not show them."""

_VERSION = re.compile(r"X\d{1,2}(\.\d{1,2}){0,3}")
_DEFECT = re.compile(r"defect (CSC[a-z]{2}\d{5})")
_NOTICE = re.compile(r"field notice (FN\d{5})")
# Cisco opens the page of a defect by its id; the path of a field notice contains more than the id.
_DEFECTS = "https://bst.cloudapps.cisco.com/bugsearch/bug/"
_SEARCH = "https://www.cisco.com/c/en/us/search.html?q="


def cite(references: Iterable[str]) -> tuple[Citation, ...]:
    """Return what the references of a rule lead to, each once, in the current language."""
    texts = [text for text in references if text.partition(": ")[0] not in _NOTES]
    # A user's own library may name documents that only its readers know.
    return tuple(dict.fromkeys(find(text) or Citation(text) for text in texts))


def find(text: str) -> Citation | None:
    """Return what one reference leads to; None if no table has its key."""
    alarm = alarm_catalogue.load().get(text.removeprefix("alarm "))
    if alarm is not None and text.startswith("alarm "):
        title = gettext("Alarm {id}: {title}").format(id=alarm.id, title=alarm.full_title())
        return Citation(title, id=alarm.id)
    if defect := _DEFECT.fullmatch(text):
        return Citation(gettext("Defect {id}").format(id=defect[1]), url=_DEFECTS + defect[1], id=defect[1])
    if notice := _NOTICE.fullmatch(text):
        title = gettext("Field notice {id}").format(id=notice[1])
        return Citation(title, url=_SEARCH + notice[1], id=notice[1])
    key, _, section = text.partition(": ")
    known = _rows()
    name, _, version = key.rpartition(" ")
    if key not in known and name in known and _VERSION.fullmatch(version):
        key, version = name, f" {version}"
    else:
        version = ""
    has_sections = any(one.startswith(f"{key}: ") for one in known)
    if key not in known or (section and has_sections and text not in known):
        return None
    if text in known and section:
        section = known[text]["title"]
    # Rules may write the name of a chapter with a small letter.
    title = known[key]["title"] + version
    return Citation(title, section[:1].upper() + section[1:] or None, known[key]["url"])


def complain(text: str) -> str | None:
    """Return what is wrong with a reference: no table has its key."""
    if text.partition(": ")[0] in _NOTES or find(text):
        return None
    alarms = (f"alarm {id_}" for id_ in alarm_catalogue.load())
    keys = [*_rows(), *alarms, "defect CSCab12345", "field notice FN12345", *_NOTES]
    (near,) = difflib.get_close_matches(text, keys, n=1, cutoff=0)
    return f"no table has the reference {text!r}; the nearest key is {near!r}"


@cache
def _rows() -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in alarm_catalogue.read_rows("references")}
